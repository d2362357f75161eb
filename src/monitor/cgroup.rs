//! What cgroups tell besides their limits: how much of a limit is used, and how often the kernel killed
//! for lack of memory. Pure over a [`Tree`], as [`super::limits`].
//!
//! Sources: the kernel's `admin-guide/cgroup-v2.rst` (`memory.events`, `memory.stat`) and
//! `admin-guide/cgroup-v1/memory.rst` (`memory.oom_control`, `memory.stat`).

use std::{
  fs,
  path::{Path, PathBuf},
  sync::OnceLock,
};

use super::{
  limits::{Group, Tree, groups},
  reading::Memory,
};

/// `memory` of the machine as a process of this container may count on it.
#[must_use]
pub fn within(memory: Memory) -> Memory {
  within_tree(memory, &read_file)
}

/// [`within`] in a tree.
#[must_use]
pub fn within_tree(memory: Memory, tree: Tree<'_>) -> Memory {
  groups(tree).iter().filter_map(|group| Share::of(group, tree)).fold(memory, |memory, share| {
    // Pages of files that nobody uses are given up before anything is refused.
    let held = share.used.saturating_sub(share.reclaimable);
    Memory {
      total: memory.total.min(share.limit),
      free: memory.free.min(share.limit.saturating_sub(share.used)),
      available: memory.available.min(share.limit.saturating_sub(held)),
      ..memory
    }
  })
}

/// A limit and what is used of it, in bytes.
struct Share {
  limit: u64,
  used: u64,
  reclaimable: u64,
}

impl Share {
  /// `None` for a group without a limit.
  fn of(group: &Group, tree: Tree<'_>) -> Option<Self> {
    let (directory, limit, used, stat) = match group {
      Group::Unified(directory) => (directory, "memory.max", "memory.current", "inactive_file"),
      Group::Memory(directory) => {
        (directory, "memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file")
      }
      Group::Cpu(_) => return None,
    };
    let number = |name: &str| tree(&directory.join(name))?.trim().parse::<u64>().ok();
    let reclaimable = tree(&directory.join("memory.stat"));
    Some(Self {
      // "max" is no number, and no limit.
      limit: number(limit)?,
      used: number(used)?,
      reclaimable: reclaimable.and_then(|text| count(&text, stat)).unwrap_or_default(),
    })
  }
}

/// Watches a child for the out-of-memory killer, which leaves no other trace of itself than a count.
///
/// The count is that of the nearest memory cgroup, which also has what the machine as a whole had to
/// kill; where there is none, that of the machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Witness {
  file: PathBuf,
  before: Option<u64>,
}

/// The machine's own count is in here.
const MACHINE: &str = "/proc/vmstat";

impl Witness {
  /// Begin to watch a child of this process, which is born into the same cgroup.
  #[must_use]
  pub fn of_child() -> Self {
    // Found once: the kernel writes a long text for it, which a start need not wait for.
    static FILE: OnceLock<PathBuf> = OnceLock::new();
    Self::at(&read_file, FILE.get_or_init(|| nearest(&read_file)).clone())
  }

  fn at(tree: Tree<'_>, file: PathBuf) -> Self {
    Self { before: kills(tree, &file), file }
  }

  /// All is well up to now: what the killer did so far was to others.
  pub fn refresh(&mut self) {
    self.before = kills(&read_file, &self.file);
  }

  /// Whether the killer struck since the last [`Witness::refresh`].
  #[must_use]
  pub fn saw_kill(&self) -> bool {
    self.saw_kill_in(&read_file)
  }

  fn saw_kill_in(&self, tree: Tree<'_>) -> bool {
    let now = kills(tree, &self.file);
    matches!((self.before, now), (Some(before), Some(now)) if now > before)
  }
}

/// The file with the count for this process.
fn nearest(tree: Tree<'_>) -> PathBuf {
  let mut files = groups(tree).into_iter().filter_map(|group| match group {
    Group::Unified(directory) => Some(directory.join("memory.events")),
    Group::Memory(directory) => Some(directory.join("memory.oom_control")),
    Group::Cpu(_) => None,
  });
  // Those above it count for others as well.
  files.find(|file| kills(tree, file).is_some()).unwrap_or_else(|| PathBuf::from(MACHINE))
}

fn kills(tree: Tree<'_>, file: &Path) -> Option<u64> {
  count(&tree(file)?, "oom_kill")
}

/// The number in a `name number` line.
fn count(text: &str, name: &str) -> Option<u64> {
  text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' ')?.trim().parse().ok())
}

fn read_file(path: &Path) -> Option<String> {
  fs::read_to_string(path).ok()
}

#[cfg(test)]
mod tests {
  use proptest::prelude::*;

  use super::*;

  const V2: &str = "30 23 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n";
  const V1: &str = "40 31 0:32 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n";

  fn tree<'tree>(files: &'tree [(&'tree str, &'tree str)]) -> impl Fn(&Path) -> Option<String> {
    |path| {
      let found = files.iter().find(|(name, _)| Path::new(name) == path);
      found.map(|(_, text)| (*text).to_owned())
    }
  }

  const MACHINE: Memory =
    Memory { total: 1000, free: 500, available: 800, swap_total: 10, swap_free: 5 };

  #[test]
  fn without_a_limit_the_memory_is_the_machines() {
    assert_eq!(within_tree(MACHINE, &tree(&[])), MACHINE);
    let files = [
      ("/proc/self/cgroup", "0::/a\n"),
      ("/proc/self/mountinfo", V2),
      ("/sys/fs/cgroup/a/memory.max", "max\n"),
      ("/sys/fs/cgroup/a/memory.current", "400\n"),
    ];
    assert_eq!(within_tree(MACHINE, &tree(&files)), MACHINE);
  }

  #[test]
  fn version_2_every_group_above_counts() {
    let files = [
      ("/proc/self/cgroup", "0::/a/b\n"),
      ("/proc/self/mountinfo", V2),
      ("/sys/fs/cgroup/a/b/memory.max", "300\n"),
      ("/sys/fs/cgroup/a/b/memory.current", "200\n"),
      ("/sys/fs/cgroup/a/b/memory.stat", "anon 150\ninactive_file 40\nactive_file 10\n"),
      ("/sys/fs/cgroup/a/memory.max", "600\n"),
      ("/sys/fs/cgroup/a/memory.current", "550\n"),
    ];
    let expected = Memory { total: 300, free: 50, available: 50, ..MACHINE };
    assert_eq!(within_tree(MACHINE, &tree(&files)), expected);
  }

  #[test]
  fn version_1_counts_files_that_nobody_uses_as_available() {
    let files = [
      ("/proc/self/cgroup", "4:memory:/docker/x\n"),
      ("/proc/self/mountinfo", V1),
      ("/sys/fs/cgroup/memory/docker/x/memory.limit_in_bytes", "400\n"),
      ("/sys/fs/cgroup/memory/docker/x/memory.usage_in_bytes", "300\n"),
      ("/sys/fs/cgroup/memory/docker/x/memory.stat", "inactive_file 1\ntotal_inactive_file 100\n"),
    ];
    let expected = Memory { total: 400, free: 100, available: 200, ..MACHINE };
    assert_eq!(within_tree(MACHINE, &tree(&files)), expected);
  }

  #[test]
  fn a_kill_is_seen_by_the_nearest_group_that_counts() {
    for (cgroup, mounts, file, before, after) in [
      (
        "0::/a/b\n",
        V2,
        "/sys/fs/cgroup/a/memory.events",
        "max 3\noom 1\noom_kill 1\n",
        "oom_kill 2\n",
      ),
      (
        "4:memory:/d\n",
        V1,
        "/sys/fs/cgroup/memory/d/memory.oom_control",
        "oom_kill_disable 0\nunder_oom 0\noom_kill 0\n",
        "oom_kill_disable 0\nunder_oom 0\noom_kill 1\n",
      ),
      ("", "", "/proc/vmstat", "nr_free_pages 1\noom_kill 7\n", "oom_kill 8\n"),
    ] {
      let at =
        |text| [("/proc/self/cgroup", cgroup), ("/proc/self/mountinfo", mounts), (file, text)];
      let (before, after) = (at(before), at(after));
      let witness = Witness::at(&tree(&before), nearest(&tree(&before)));
      assert!(!witness.saw_kill_in(&tree(&before)), "{file}");
      assert!(witness.saw_kill_in(&tree(&after)), "{file}");
      // A count that cannot be read any more proves nothing.
      assert!(!witness.saw_kill_in(&tree(&[])), "{file}");
    }
  }

  #[test]
  fn another_groups_kills_are_not_ours() {
    let files = |own, parent| {
      [
        ("/proc/self/cgroup", "0::/a/b\n"),
        ("/proc/self/mountinfo", V2),
        ("/sys/fs/cgroup/a/b/memory.events", own),
        ("/sys/fs/cgroup/a/memory.events", parent),
      ]
    };
    let (before, after) =
      (files("oom_kill 0\n", "oom_kill 0\n"), files("oom_kill 0\n", "oom_kill 4\n"));
    let witness = Witness::at(&tree(&before), nearest(&tree(&before)));
    assert!(!witness.saw_kill_in(&tree(&after)));
  }

  proptest! {
    #[test]
    fn a_container_never_has_more_than_the_machine(limit in any::<u64>(), used in any::<u64>(), stat in ".{0,60}") {
      let (limit, used) = (limit.to_string(), used.to_string());
      let files = [
        ("/proc/self/cgroup", "0::/\n"),
        ("/proc/self/mountinfo", V2),
        ("/sys/fs/cgroup/memory.max", limit.as_str()),
        ("/sys/fs/cgroup/memory.current", used.as_str()),
        ("/sys/fs/cgroup/memory.stat", stat.as_str()),
      ];
      let memory = within_tree(MACHINE, &tree(&files));
      prop_assert!(memory.total <= MACHINE.total && memory.free <= MACHINE.free);
      prop_assert!(memory.available <= MACHINE.available);
    }
  }
}
