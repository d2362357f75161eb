//! Every other platform, by `sysinfo`. The same signatures as Linux's own readings.

use std::time::Duration;

use sysinfo::{Pid, ProcessRefreshKind, ProcessesToUpdate, System};

use super::reading::{Counts, CpuTime, Depth, Memory, ProcessReading, SystemReading, Unreadable};

/// A process that is read again and again.
#[derive(Debug)]
pub struct Process {
  pid: Pid,
  system: std::sync::Mutex<System>,
}

impl Process {
  /// Find process `pid`.
  ///
  /// # Errors
  /// [`Unreadable`].
  pub fn open(pid: u32) -> Result<Self, Unreadable> {
    let system = System::new().map_err(|_| Unreadable::Forbidden)?;
    let process = Self { pid: Pid::from_u32(pid), system: std::sync::Mutex::new(system) };
    process.read(Depth::Whole).map(|_| process)
  }

  /// Read it.
  ///
  /// # Errors
  /// [`Unreadable`].
  pub fn read(&self, depth: Depth) -> Result<ProcessReading, Unreadable> {
    // A lock that is held for one reading only; readings of one process come one at a time.
    let mut system = self.system.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let kind = ProcessRefreshKind::nothing().with_cpu().with_memory().with_tasks();
    system.refresh_processes_specifics(ProcessesToUpdate::Some(&[self.pid]), true, kind);
    let process = system.process(self.pid).ok_or(Unreadable::Gone)?;
    let counts = match depth {
      Depth::Brief => None,
      Depth::Whole => {
        let open = process.open_files().ok_or(Unreadable::Forbidden)?;
        let descriptors = u32::try_from(open).unwrap_or(u32::MAX);
        Some(Counts { threads: threads(self.pid, process), descriptors })
      }
    };
    Ok(ProcessReading {
      cpu: Duration::from_millis(process.accumulated_cpu_time()),
      rss: process.memory(),
      vms: process.virtual_memory(),
      uptime: Duration::from_secs(process.run_time()),
      counts,
    })
  }
}

/// `sysinfo` counts threads on Linux only.
#[cfg(target_os = "macos")]
fn threads(pid: Pid, _process: &sysinfo::Process) -> u32 {
  let mut info = std::mem::MaybeUninit::<libc::proc_taskinfo>::zeroed();
  let size = i32::try_from(size_of::<libc::proc_taskinfo>()).unwrap_or(0);
  let pid = i32::try_from(pid.as_u32()).unwrap_or(0);
  // SAFETY: the kernel writes at most `size` bytes to `info`, which is as large, and any bytes are a
  // valid `proc_taskinfo`.
  let info = unsafe {
    libc::proc_pidinfo(pid, libc::PROC_PIDTASKINFO, 0, info.as_mut_ptr().cast(), size);
    info.assume_init()
  };
  u32::try_from(info.pti_threadnum).unwrap_or(1).max(1)
}

#[cfg(not(target_os = "macos"))]
fn threads(_pid: Pid, process: &sysinfo::Process) -> u32 {
  process.tasks().map_or(1, |tasks| u32::try_from(tasks.len()).unwrap_or(u32::MAX).max(1))
}

/// Not told by these platforms.
#[must_use]
pub const fn pss(_pid: u32) -> Option<u64> {
  None
}

/// The machine.
#[derive(Debug, Default)]
pub struct Machine {
  system: Option<System>,
  cpu: CpuTime,
}

impl Machine {
  /// Prepare to read.
  #[must_use]
  pub fn new() -> Self {
    Self::default()
  }

  /// Read it; what the platform does not tell is 0.
  pub fn read(&mut self) -> SystemReading {
    if self.system.is_none() {
      self.system = System::new().ok();
    }
    let Some(system) = &mut self.system else {
      return SystemReading::default();
    };
    system.refresh_memory();
    system.refresh_cpu_usage();
    // Only the share since the last look is told; a sum of such shares is as good as one of times.
    let share = f64::from(system.global_cpu_usage()) / 100.0;
    self.cpu = CpuTime { busy: self.cpu.busy + share, total: self.cpu.total + 1.0 };
    let load = System::load_average().unwrap_or_default();
    SystemReading {
      cpu: self.cpu,
      load: [load.one, load.five, load.fifteen],
      memory: Memory {
        total: system.total_memory(),
        free: system.free_memory(),
        available: system.available_memory(),
        swap_total: system.total_swap(),
        swap_free: system.free_swap(),
      },
      uptime: Duration::from_secs(System::uptime().unwrap_or_default()),
    }
  }
}

#[cfg(test)]
mod tests {
  #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
  use super::*;

  #[test]
  fn reads_this_process_and_no_dead_one() {
    let own = Process::open(std::process::id()).unwrap().read(Depth::Whole).unwrap();
    assert!(own.rss > 1024 * 1024 && own.vms >= own.rss);
    assert!(own.counts.is_some_and(|it| it.threads >= 1 && it.descriptors >= 3));
    assert_eq!(Process::open(u32::MAX - 1).unwrap_err(), Unreadable::Gone);
    assert!(Machine::new().read().memory.total > 1024 * 1024);
  }
}
