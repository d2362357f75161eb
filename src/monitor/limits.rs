//! How much of the machine this process may use: processors by affinity mask and cgroup quota, memory
//! by the machine and every cgroup above the process. Version 1, version 2 and both at once; nested
//! groups; container mounts that show a part of the tree only.
//!
//! Parsing is pure over a [`Tree`], so that it is tested on recorded ones; [`Machine::read`] is the
//! thin reader. Sources: the kernel's `admin-guide/cgroup-v2.rst`, `admin-guide/cgroup-v1/memory.rst`,
//! `scheduler/sched-bwc.rst` and `filesystems/proc.rst` (`mountinfo`, `status`).

use std::{
  fs,
  num::NonZeroUsize,
  path::{Path, PathBuf},
  thread,
};

/// The text of a file, or nothing when there is no such file or it may not be read.
pub type Tree<'tree> = &'tree dyn Fn(&Path) -> Option<String>;

/// What the machine has for this process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Machine {
  /// Processors: the smaller of affinity mask and cgroup quota rounded up, at least 1.
  pub cpus: NonZeroUsize,
  /// Memory in bytes: the smallest of the machine's and of every cgroup limit above this process.
  pub memory: u64,
}

impl Machine {
  /// Read it now. Limits can change while a process lives.
  #[must_use]
  pub fn read() -> Self {
    Self { cpus: cpu_count(), memory: memory_limit() }
  }
}

/// Processors that this process may use, now.
#[must_use]
pub fn cpu_count() -> NonZeroUsize {
  let known = || thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
  cpus_in(&read_file).unwrap_or_else(known)
}

/// Memory that this process may use, now, in bytes. `u64::MAX` where the platform does not tell.
#[must_use]
pub fn memory_limit() -> u64 {
  let limit = memory_in(&read_file);
  // Without /proc there are no cgroups either.
  limit.or_else(machine_memory).unwrap_or(u64::MAX)
}

fn read_file(path: &Path) -> Option<String> {
  fs::read_to_string(path).ok()
}

fn machine_memory() -> Option<u64> {
  let mut system = sysinfo::System::new().ok()?;
  system.refresh_memory();
  Some(system.total_memory()).filter(|total| *total > 0)
}

/// [`cpu_count`] in a tree; `None` when it has no affinity mask.
#[must_use]
pub fn cpus_in(tree: Tree<'_>) -> Option<NonZeroUsize> {
  let status = tree(Path::new("/proc/self/status"))?;
  let allowed = field(&status, "Cpus_allowed_list").and_then(list_len)?;
  let quota = groups(tree).iter().filter_map(|group| quota(group, tree)).min();
  NonZeroUsize::new(quota.map_or(allowed, |quota| quota.min(allowed)).max(1))
}

/// [`memory_limit`] in a tree; `None` when it does not tell what the machine has.
#[must_use]
pub fn memory_in(tree: Tree<'_>) -> Option<u64> {
  let meminfo = tree(Path::new("/proc/meminfo"))?;
  let total: u64 = field(&meminfo, "MemTotal")?.split_whitespace().next()?.parse().ok()?;
  let machine = total.saturating_mul(1024);
  let limit = groups(tree).iter().filter_map(|group| memory_of(group, tree)).min();
  Some(limit.map_or(machine, |limit| limit.min(machine)))
}

/// A directory that limits this process: its own group or one above it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Group {
  /// Of the one hierarchy of version 2.
  Unified(PathBuf),
  /// Of a version 1 hierarchy with the `cpu` controller.
  Cpu(PathBuf),
  /// Of a version 1 hierarchy with the `memory` controller.
  Memory(PathBuf),
}

/// Every group that limits this process, own ones first.
#[must_use]
pub fn groups(tree: Tree<'_>) -> Vec<Group> {
  let text = |path: &str| tree(Path::new(path)).unwrap_or_default();
  let (memberships, mounts) = (text("/proc/self/cgroup"), text("/proc/self/mountinfo"));
  let mounts: Vec<Mount> = mounts.lines().filter_map(Mount::parse).collect();
  memberships
    .lines()
    .filter_map(|line| {
      let mut parts = line.splitn(3, ':').skip(1);
      Some((parts.next()?, parts.next()?))
    })
    .flat_map(|(controllers, path)| {
      let kinds = [
        (controllers.is_empty()).then_some(Group::Unified as fn(PathBuf) -> Group),
        has(controllers, "cpu").then_some(Group::Cpu as fn(PathBuf) -> Group),
        has(controllers, "memory").then_some(Group::Memory as fn(PathBuf) -> Group),
      ];
      // One that is mounted twice shows the same limits twice.
      let mount = mounts.iter().find(|mount| mount.carries(controllers));
      let directories = mount.map(|mount| mount.directories(path)).unwrap_or_default();
      kinds
        .into_iter()
        .flatten()
        .flat_map(move |kind| directories.clone().into_iter().map(kind))
        .collect::<Vec<_>>()
    })
    .collect()
}

/// One line of `mountinfo` that mounts cgroups.
struct Mount {
  /// Which part of the hierarchy is shown, as a path in it.
  root: String,
  /// Where.
  point: PathBuf,
  /// The controllers of a version 1 hierarchy; `None` for version 2.
  controllers: Option<String>,
}

impl Mount {
  fn parse(line: &str) -> Option<Self> {
    let (mount, source) = line.split_once(" - ")?;
    let mut mount = mount.split(' ').skip(3);
    let (root, point) = (unescape(mount.next()?), unescape(mount.next()?));
    let mut source = source.split(' ');
    let (kind, _device, options) = (source.next()?, source.next()?, source.next()?);
    let controllers = match kind {
      "cgroup" => Some(options.to_owned()),
      "cgroup2" => None,
      _ => return None,
    };
    Some(Self { root, point: point.into(), controllers })
  }

  /// Whether it shows the hierarchy that a line of `/proc/self/cgroup` names.
  fn carries(&self, controllers: &str) -> bool {
    match &self.controllers {
      None => controllers.is_empty(),
      Some(options) => {
        !controllers.is_empty() && controllers.split(',').all(|name| has(options, name))
      }
    }
  }

  /// The directories from `path` up to the mount point.
  fn directories(&self, path: &str) -> Vec<PathBuf> {
    // A path that lies outside of what is mounted, as in a container with the host's view of itself,
    // leaves the mount point: it is what the container was given.
    let inside = Path::new(path).strip_prefix(&self.root).unwrap_or(Path::new(""));
    let escapes = inside.components().any(|part| !matches!(part, std::path::Component::Normal(_)));
    let own = if escapes { self.point.clone() } else { self.point.join(inside) };
    own
      .ancestors()
      .take_while(|directory| directory.starts_with(&self.point))
      .map(Path::to_path_buf)
      .collect()
  }
}

/// Processors of a group's quota, rounded up: with half a processor's time one is kept busy.
fn quota(group: &Group, tree: Tree<'_>) -> Option<usize> {
  let number = |path: PathBuf| tree(&path).and_then(|text| text.trim().parse::<u64>().ok());
  let (quota, period) = match group {
    Group::Unified(directory) => {
      let text = tree(&directory.join("cpu.max"))?;
      let mut parts = text.split_whitespace();
      // "max" is no number, and no limit.
      let quota = parts.next()?.parse().ok()?;
      (quota, parts.next().map_or(Some(100_000), |period| period.parse().ok())?)
    }
    // -1 is no limit.
    Group::Cpu(directory) => {
      (number(directory.join("cpu.cfs_quota_us"))?, number(directory.join("cpu.cfs_period_us"))?)
    }
    Group::Memory(_) => return None,
  };
  if quota == 0 || period == 0 {
    return None;
  }
  usize::try_from(u64::div_ceil(quota, period)).ok()
}

/// Bytes that a group may have. What version 1 calls no limit is more than any machine has.
fn memory_of(group: &Group, tree: Tree<'_>) -> Option<u64> {
  let file = match group {
    Group::Unified(directory) => directory.join("memory.max"),
    Group::Memory(directory) => directory.join("memory.limit_in_bytes"),
    Group::Cpu(_) => return None,
  };
  tree(&file)?.trim().parse().ok()
}

/// The value of a `Name: value` line.
fn field<'text>(text: &'text str, name: &str) -> Option<&'text str> {
  let named = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
  named.map(str::trim)
}

/// How many numbers a list such as `0-3,8` names.
fn list_len(list: &str) -> Option<usize> {
  list.split(',').try_fold(0_usize, |sum, part| {
    let (first, last) = part.split_once('-').unwrap_or((part, part));
    let (first, last): (usize, usize) = (first.trim().parse().ok()?, last.trim().parse().ok()?);
    sum.checked_add(last.checked_sub(first)?.checked_add(1)?)
  })
}

fn has(list: &str, name: &str) -> bool {
  list.split(',').any(|item| item == name)
}

/// `mountinfo` writes space, tab, newline and backslash in octal.
fn unescape(text: &str) -> String {
  [("\\040", " "), ("\\011", "\t"), ("\\012", "\n"), ("\\134", "\\")]
    .into_iter()
    .fold(text.to_owned(), |text, (code, character)| text.replace(code, character))
}

#[cfg(test)]
mod tests {
  use proptest::prelude::{any, prop, prop_assert, proptest};

  use super::*;

  const MEMINFO: &str = "MemTotal:       16384 kB\nMemFree:  1 kB\n";
  const V2_MOUNT: &str = "30 23 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw\n";

  fn status(cpus: &str) -> String {
    format!("Name:\tnode\nCpus_allowed:\tff\nCpus_allowed_list:\t{cpus}\n")
  }

  /// A recorded tree, with eight processors and 16 MiB where it does not say otherwise.
  fn machine(files: &[(&str, &str)]) -> (usize, u64) {
    let eight = status("0-7");
    let tree = |path: &Path| {
      let path = path.to_str()?;
      let recorded = files.iter().find(|(name, _)| *name == path).map(|(_, text)| *text);
      let usual = match path {
        "/proc/self/status" => Some(eight.as_str()),
        "/proc/meminfo" => Some(MEMINFO),
        _ => None,
      };
      recorded.or(usual).map(str::to_owned)
    };
    (cpus_in(&tree).map_or(0, NonZeroUsize::get), memory_in(&tree).unwrap_or_default())
  }

  const MIB: u64 = 1024 * 1024;

  #[test]
  fn a_machine_without_limits() {
    assert_eq!(machine(&[]), (8, 16 * MIB));
    let files = [("/proc/self/cgroup", "0::/user.slice\n"), ("/proc/self/mountinfo", V2_MOUNT)];
    assert_eq!(machine(&files), (8, 16 * MIB));
  }

  #[test]
  fn affinity_in_every_form() {
    for (list, count) in [("0", 1), ("0-3", 4), ("0-1,4,6-7", 5), ("3,1023", 2)] {
      let status = status(list);
      assert_eq!(machine(&[("/proc/self/status", &status)]).0, count, "{list}");
    }
  }

  #[test]
  fn version_2_takes_the_tightest_of_all_ancestors() {
    let files = [
      ("/proc/self/cgroup", "0::/system.slice/app.service/inner\n"),
      ("/proc/self/mountinfo", V2_MOUNT),
      ("/sys/fs/cgroup/system.slice/app.service/inner/cpu.max", "max 100000\n"),
      ("/sys/fs/cgroup/system.slice/app.service/inner/memory.max", "8388608\n"),
      ("/sys/fs/cgroup/system.slice/app.service/cpu.max", "250000 100000\n"),
      ("/sys/fs/cgroup/system.slice/app.service/memory.max", "max\n"),
      ("/sys/fs/cgroup/system.slice/memory.max", "4194304\n"),
    ];
    assert_eq!(machine(&files), (3, 4 * MIB));
  }

  #[test]
  fn version_2_in_a_container_with_its_own_view() {
    let files = [
      ("/proc/self/cgroup", "0::/\n"),
      ("/proc/self/mountinfo", V2_MOUNT),
      ("/sys/fs/cgroup/cpu.max", "50000 100000\n"),
      ("/sys/fs/cgroup/memory.max", "2097152\n"),
    ];
    assert_eq!(machine(&files), (1, 2 * MIB));
  }

  #[test]
  fn version_1_in_a_container_that_sees_the_names_of_the_host() {
    let files = [
      (
        "/proc/self/cgroup",
        "5:memory:/docker/abc/sub\n4:cpu,cpuacct:/docker/abc\n0::/docker/abc\n",
      ),
      (
        "/proc/self/mountinfo",
        "31 23 0:28 / /sys/fs/cgroup rw - tmpfs tmpfs rw,mode=755\n\
         40 31 0:32 /docker/abc /sys/fs/cgroup/memory ro - cgroup cgroup rw,memory\n\
         41 31 0:30 /docker/abc /sys/fs/cgroup/cpu,cpuacct ro master:1 - cgroup cgroup rw,cpu,cpuacct\n",
      ),
      ("/sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n"),
      ("/sys/fs/cgroup/memory/sub/memory.limit_in_bytes", "6291456\n"),
      ("/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us", "150000\n"),
      ("/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us", "100000\n"),
    ];
    assert_eq!(machine(&files), (2, 6 * MIB));
  }

  #[test]
  fn version_1_without_a_quota_and_with_both_versions_mounted() {
    let files = [
      ("/proc/self/cgroup", "4:memory:/a\n1:cpu:/\n0::/b\n"),
      (
        "/proc/self/mountinfo",
        "32 31 0:29 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu\n\
         35 31 0:32 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n\
         41 31 0:38 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n",
      ),
      ("/sys/fs/cgroup/cpu/cpu.cfs_quota_us", "-1\n"),
      ("/sys/fs/cgroup/cpu/cpu.cfs_period_us", "100000\n"),
      ("/sys/fs/cgroup/memory/a/memory.limit_in_bytes", "5242880\n"),
      ("/sys/fs/cgroup/unified/b/cpu.max", "400000 100000\n"),
    ];
    assert_eq!(machine(&files), (4, 5 * MIB));
  }

  #[test]
  fn a_path_outside_of_the_mount_leaves_the_mount_point() {
    for path in ["/elsewhere", "/../..", "/docker/abcdef", "/docker/abc/../x"] {
      let cgroup = format!("0::{path}\n");
      let files = [
        ("/proc/self/cgroup", cgroup.as_str()),
        ("/proc/self/mountinfo", "30 23 0:26 /docker/abc /my\\040groups rw - cgroup2 cgroup2 rw\n"),
        ("/my groups/cpu.max", "200000 100000\n"),
      ];
      assert_eq!(machine(&files).0, 2, "{path}");
    }
  }

  #[test]
  fn this_machine_can_be_read() {
    let machine = Machine::read();
    // The standard library rounds the quota down.
    assert!(machine.cpus >= thread::available_parallelism().unwrap_or(NonZeroUsize::MIN));
    assert!(machine.memory > MIB);
  }

  proptest! {
    #[test]
    fn whatever_the_files_say_there_is_a_processor(
      texts in prop::collection::vec("[a-z0-9 :,/.\\-\n]{0,60}", 6),
      quota in any::<i64>(), period in any::<i64>(),
    ) {
      let cpu_max = format!("{quota} {period}");
      let files = [
        ("/proc/self/cgroup", "0::/a\n"),
        ("/proc/self/mountinfo", V2_MOUNT),
        ("/sys/fs/cgroup/a/cpu.max", cpu_max.as_str()),
        ("/sys/fs/cgroup/cpu.max", texts[0].as_str()),
        ("/sys/fs/cgroup/memory.max", texts[1].as_str()),
      ];
      prop_assert!((1..=8).contains(&machine(&files).0));
      let files = [
        ("/proc/self/cgroup", texts[2].as_str()),
        ("/proc/self/mountinfo", texts[3].as_str()),
        ("/proc/meminfo", texts[4].as_str()),
        ("/proc/self/status", texts[5].as_str()),
      ];
      let _no_panic = machine(&files);
    }
  }
}
