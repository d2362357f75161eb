//! What a worker's process is given by the operating system: its priority, its processor, its place among
//! readers of files, its number of descriptors.
//!
//! The master sets it right after the spawn, on all threads that the process has by then, until there is no
//! new one: threads inherit from the one that starts them, and the runtime has not got beyond its loader.
//! Nothing runs between fork and exec for it (see [`super::spawner`]).

/// What a worker's process is to have. The default leaves all as it is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tuning {
  /// Its nice value, -20 to 19; `None` for the master's.
  pub nice: Option<i32>,
  /// Which of the processors that the master may use is its own, counted round from 0.
  pub processor: Option<usize>,
  /// Whether its files come first among those of the same class.
  pub files_first: bool,
  /// Descriptors that it may have open.
  pub descriptors: Option<u32>,
}

/// A setting that the operating system refused. The worker runs without.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
  /// The field that asked for it.
  pub field: &'static str,
  /// What the operating system said.
  pub reason: String,
}

impl Tuning {
  /// Give it to process `pid`. Gives what was refused.
  #[must_use]
  pub fn apply(&self, pid: u32) -> Vec<Refusal> {
    if *self == Self::default() {
      return Vec::new();
    }
    let nice = self.nice.map(|nice| {
      ("resources.priorityLevel", system::each_thread(pid, |it| system::set_nice(it, nice)))
    });
    let processor = self.processor.map(|processor| {
      let bound = system::each_thread(pid, |it| system::bind(it, processor));
      ("resources.performanceOptimization.cpuOptimization", bound)
    });
    let files = self.files_first.then(|| {
      let put = system::each_thread(pid, system::put_first);
      ("resources.performanceOptimization.ioOptimization", put)
    });
    let descriptors = self
      .descriptors
      .map(|most| ("resources.fileDescriptorLimit", system::limit_descriptors(pid, most)));
    [nice, processor, files, descriptors]
      .into_iter()
      .flatten()
      .filter_map(|(field, set)| Some(Refusal { field, reason: set.err()?.to_string() }))
      .collect()
  }
}

#[cfg(target_os = "linux")]
mod system {
  use std::{collections::BTreeSet, fs, io};

  use nix::{
    sched::{CpuSet, sched_getaffinity, sched_setaffinity},
    unistd::Pid,
  };

  /// Rounds after which threads are still new: a process that starts them faster than we look.
  const ROUNDS: u8 = 16;

  /// Do `set` to every thread of process `pid`. One that has ended meanwhile needs nothing.
  pub fn each_thread(pid: u32, set: impl Fn(u32) -> io::Result<()>) -> io::Result<()> {
    let mut done = BTreeSet::new();
    for _ in 0..ROUNDS {
      let threads: Vec<u32> = match fs::read_dir(format!("/proc/{pid}/task")) {
        Ok(entries) => {
          entries.flatten().filter_map(|it| it.file_name().to_str()?.parse().ok()).collect()
        }
        // Without `/proc`, the main thread is all that is known.
        Err(_) => vec![pid],
      };
      let new: Vec<u32> = threads.into_iter().filter(|thread| done.insert(*thread)).collect();
      if new.is_empty() {
        break;
      }
      for thread in new {
        match set(thread) {
          Err(error) if error.raw_os_error() != Some(libc::ESRCH) => return Err(error),
          _ => {}
        }
      }
    }
    Ok(())
  }

  pub fn set_nice(thread: u32, nice: i32) -> io::Result<()> {
    // SAFETY: three integers; it touches no memory of ours.
    ok(unsafe { libc::setpriority(libc::PRIO_PROCESS, thread, nice) })
  }

  pub fn bind(thread: u32, processor: usize) -> io::Result<()> {
    let allowed = sched_getaffinity(Pid::from_raw(0))?;
    let processors: Vec<usize> =
      (0..CpuSet::count()).filter(|cpu| allowed.is_set(*cpu).unwrap_or(false)).collect();
    let Some(own) = processors.get(processor % processors.len().max(1)) else {
      return Ok(());
    };
    let mut set = CpuSet::new();
    set.set(*own)?;
    Ok(sched_setaffinity(Pid::from_raw(i32::try_from(thread).unwrap_or(i32::MAX)), &set)?)
  }

  /// The first of eight places in the class that processes have by default, which everybody may take.
  pub fn put_first(thread: u32) -> io::Result<()> {
    const WHO_PROCESS: libc::c_int = 1;
    const BEST_EFFORT: libc::c_int = 2 << 13;
    // SAFETY: three integers; it touches no memory of ours.
    let set = unsafe { libc::syscall(libc::SYS_ioprio_set, WHO_PROCESS, thread, BEST_EFFORT) };
    ok(i32::try_from(set).unwrap_or(-1))
  }

  pub fn limit_descriptors(pid: u32, most: u32) -> io::Result<()> {
    let limit = libc::rlimit { rlim_cur: most.into(), rlim_max: most.into() };
    let pid = i32::try_from(pid).unwrap_or(i32::MAX);
    // SAFETY: `limit` lives until the call returns, and nothing is written.
    ok(unsafe { libc::prlimit(pid, libc::RLIMIT_NOFILE, &raw const limit, std::ptr::null_mut()) })
  }

  fn ok(result: libc::c_int) -> io::Result<()> {
    if result < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
  }
}

#[cfg(not(target_os = "linux"))]
mod system {
  use std::io;

  /// Priorities are of processes here.
  pub fn each_thread(pid: u32, set: impl Fn(u32) -> io::Result<()>) -> io::Result<()> {
    set(pid)
  }

  pub fn set_nice(process: u32, nice: i32) -> io::Result<()> {
    // SAFETY: three integers; it touches no memory of ours.
    let set = unsafe { libc::setpriority(libc::PRIO_PROCESS, process, nice) };
    if set < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
  }

  pub fn bind(_: u32, _: usize) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
  }

  pub fn put_first(_: u32) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
  }

  pub fn limit_descriptors(_: u32, _: u32) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
  }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
  #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
  use std::{
    fs,
    process::{Child, Command, Stdio},
  };

  use super::*;

  fn cat() -> Child {
    Command::new("cat").stdin(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap()
  }

  #[test]
  fn gives_a_process_what_it_is_to_have() {
    let mut child = cat();
    let tuning =
      Tuning { nice: Some(10), processor: Some(0), files_first: true, descriptors: Some(64) };
    assert_eq!(tuning.apply(child.id()), []);
    let read = |file: &str| fs::read_to_string(format!("/proc/{}/{file}", child.id())).unwrap();
    let stat = read("stat");
    assert_eq!(stat.rsplit_once(") ").unwrap().1.split(' ').nth(16), Some("10"));
    let files = read("limits");
    let files = files.lines().find(|line| line.starts_with("Max open files")).unwrap();
    assert_eq!(files.split_whitespace().skip(3).take(2).collect::<Vec<_>>(), ["64", "64"]);
    let status = read("status");
    let allowed = status.lines().find_map(|line| line.strip_prefix("Cpus_allowed_list:")).unwrap();
    assert!(allowed.trim().parse::<u32>().is_ok(), "{allowed}");
    // SAFETY: two integers; it touches no memory of ours.
    let place = unsafe { libc::syscall(libc::SYS_ioprio_get, 1, child.id()) };
    assert_eq!(place, 2 << 13);
    child.kill().unwrap();
    child.wait().unwrap();
  }

  #[test]
  fn nothing_is_asked_of_the_system_by_default_and_refusals_are_named() {
    assert_eq!(Tuning::default().apply(u32::MAX), []);
    // More than any system allows.
    let mut child = cat();
    let most = Tuning { descriptors: Some(u32::MAX), ..Tuning::default() };
    let refused = most.apply(child.id());
    assert_eq!(refused.first().map(|it| it.field), Some("resources.fileDescriptorLimit"));
    child.kill().unwrap();
    child.wait().unwrap();
  }
}
