//! Linux: `/proc`, and the clock that the kernel keeps for every process.
//!
//! The files are opened once and read again in place: one `pread` into a buffer on the stack for a
//! process, no path to resolve, nothing allocated. An open file of `/proc/PID` belongs to that process
//! and not to its number: when the process is gone it says so, whoever has the number by then.

use std::{
  fs::{self, File, OpenOptions},
  io,
  os::unix::fs::{FileExt as _, MetadataExt as _, OpenOptionsExt as _},
  time::Duration,
};

use nix::{
  time::{ClockId, clock_getcpuclockid, clock_gettime},
  unistd::{Pid, SysconfVar, sysconf},
};

use super::{
  parse::{self, Stat},
  reading::{ProcessReading, SystemReading, Unreadable},
};

/// More than the 24 fields that are read of `stat` can take.
const STAT: usize = 1024;

/// A process that is read again and again.
#[derive(Debug)]
pub struct Process {
  pid: u32,
  stat: File,
  /// Its directory of descriptors. Since Linux 6.2 the size of it is their number.
  descriptors: File,
  /// The clock of its processor time, in nanoseconds; `None` where a sandbox has none.
  clock: Option<ClockId>,
  units: Units,
}

/// What the kernel counts in.
#[derive(Debug, Clone, Copy)]
struct Units {
  ticks_per_second: u64,
  page: u64,
}

impl Units {
  fn of_kernel() -> Self {
    let ask = |name, usual| {
      let known = sysconf(name).ok().flatten();
      known.and_then(|value| u64::try_from(value).ok()).filter(|value| *value > 0).unwrap_or(usual)
    };
    Self { ticks_per_second: ask(SysconfVar::CLK_TCK, 100), page: ask(SysconfVar::PAGE_SIZE, 4096) }
  }

  fn time(self, ticks: u64) -> Duration {
    let second = self.ticks_per_second;
    Duration::new(
      ticks / second,
      u32::try_from(ticks % second * 1_000_000_000 / second).unwrap_or(0),
    )
  }
}

impl Process {
  /// Find process `pid`.
  ///
  /// # Errors
  /// [`Unreadable`].
  pub fn open(pid: u32) -> Result<Self, Unreadable> {
    let raw = i32::try_from(pid).ok().filter(|pid| *pid > 0).ok_or(Unreadable::Gone)?;
    let stat = File::open(format!("/proc/{pid}/stat")).map_err(why)?;
    let descriptors = OpenOptions::new()
      .read(true)
      // It is never read from: the number of its entries may be seen by those who may not list it.
      .custom_flags(libc::O_PATH | libc::O_DIRECTORY | libc::O_CLOEXEC)
      .open(format!("/proc/{pid}/fd"))
      .map_err(why)?;
    let clock = clock_getcpuclockid(Pid::from_raw(raw)).ok();
    Ok(Self { pid, stat, descriptors, clock, units: Units::of_kernel() })
  }

  /// Read it.
  ///
  /// # Errors
  /// [`Unreadable::Gone`] when it has ended since, [`Unreadable::Forbidden`] when its descriptors may
  /// not be counted.
  pub fn read(&self) -> Result<ProcessReading, Unreadable> {
    // Before `stat`: if that still belongs to the process, so did its number until here.
    let clock = self.clock.and_then(|clock| clock_gettime(clock).ok()).map(Duration::from);
    let mut buffer = [0; STAT];
    let read = self.stat.read_at(&mut buffer, 0).map_err(why)?;
    let stat = Stat::parse(buffer.get(..read).unwrap_or_default()).ok_or(Unreadable::Gone)?;
    if stat.has_ended() {
      return Err(Unreadable::Gone);
    }
    let boot = clock_gettime(ClockId::CLOCK_BOOTTIME).map(Duration::from).unwrap_or_default();
    Ok(ProcessReading {
      cpu: clock.unwrap_or_else(|| self.units.time(stat.cpu_ticks)),
      rss: stat.rss_pages.saturating_mul(self.units.page),
      vms: stat.vms,
      threads: stat.threads,
      descriptors: self.descriptors()?,
      uptime: boot.saturating_sub(self.units.time(stat.started_ticks)),
    })
  }

  fn descriptors(&self) -> Result<u32, Unreadable> {
    let size = self.descriptors.metadata().map_err(why)?.size();
    if size > 0 {
      return Ok(u32::try_from(size).unwrap_or(u32::MAX));
    }
    // An older kernel, or a process that has none.
    let entries = fs::read_dir(format!("/proc/{}/fd", self.pid)).map_err(why)?;
    Ok(u32::try_from(entries.count()).unwrap_or(u32::MAX))
  }
}

/// The share of process `pid` in the memory that is resident, in bytes: a page that N processes share
/// counts as an Nth. `None` where the kernel does not tell. The kernel walks all its pages for it: about
/// a millisecond for each 100 MB.
#[must_use]
pub fn pss(pid: u32) -> Option<u64> {
  let text = fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).ok()?;
  parse::rollup(&text, "Pss")
}

fn why(error: io::Error) -> Unreadable {
  if error.kind() == io::ErrorKind::PermissionDenied {
    Unreadable::Forbidden
  } else {
    // The number is not taken, or was given up between two steps (`ESRCH`).
    Unreadable::Gone
  }
}

/// The machine.
#[derive(Debug)]
pub struct Machine {
  buffer: String,
}

impl Machine {
  /// Prepare to read.
  #[must_use]
  pub const fn new() -> Self {
    Self { buffer: String::new() }
  }

  /// Read it; what the kernel does not tell is 0.
  pub fn read(&mut self) -> SystemReading {
    let uptime = clock_gettime(ClockId::CLOCK_BOOTTIME).map(Duration::from).unwrap_or_default();
    SystemReading {
      cpu: self.text("/proc/stat", parse::cpu_time).unwrap_or_default(),
      load: self.text("/proc/loadavg", parse::load).unwrap_or_default(),
      memory: self.text("/proc/meminfo", parse::memory).unwrap_or_default(),
      uptime,
    }
  }

  fn text<T>(&mut self, path: &str, parse: impl Fn(&str) -> Option<T>) -> Option<T> {
    self.buffer.clear();
    io::Read::read_to_string(&mut File::open(path).ok()?, &mut self.buffer).ok()?;
    parse(&self.buffer)
  }
}

impl Default for Machine {
  fn default() -> Self {
    Self::new()
  }
}
