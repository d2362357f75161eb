//! Linux: `/proc`, and the clock that the kernel keeps for every process.
//!
//! The files are opened once and read again in place: one `pread` into a buffer on the stack, no path to
//! resolve, nothing allocated. An open file of `/proc/PID` belongs to that process
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
  reading::{Counts, Depth, ProcessReading, SystemReading, Unreadable},
};

/// More than `stat` can take, as far as it is read.
const STAT: usize = 1024;
/// More than `statm` can take: seven numbers.
const STATM: usize = 160;

/// A process that is read again and again.
///
/// `stat` has nearly everything, and takes the kernel longer to write than all the rest together. So it
/// is read once, and then only what changes, each where it is cheapest: three times less.
#[derive(Debug)]
pub struct Process {
  pid: u32,
  /// Its memory.
  statm: File,
  /// Its directory of threads. The links of it are two more than there are threads.
  threads: File,
  /// Its directory of descriptors. Since Linux 6.2 the size of it is their number.
  descriptors: File,
  time: Time,
  /// Since boot.
  started: Duration,
  units: Units,
}

/// Where its processor time is found.
#[derive(Debug)]
enum Time {
  /// The clock that the kernel keeps for it, in nanoseconds.
  Clock(ClockId),
  /// `stat`, in ticks, where a sandbox has no such clocks.
  Stat(File),
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
    let statm = File::open(format!("/proc/{pid}/statm")).map_err(why)?;
    let text = File::open(format!("/proc/{pid}/stat")).map_err(why)?;
    let stat = stat(&text)?;
    let units = Units::of_kernel();
    let time = match clock_getcpuclockid(Pid::from_raw(raw)) {
      Ok(clock) => Time::Clock(clock),
      Err(_) => Time::Stat(text),
    };
    Ok(Self {
      pid,
      statm,
      threads: directory(pid, "task")?,
      descriptors: directory(pid, "fd")?,
      time,
      started: units.time(stat.started_ticks),
      units,
    })
  }

  /// Read it.
  ///
  /// # Errors
  /// [`Unreadable::Gone`] when it has ended since, [`Unreadable::Forbidden`] when its descriptors are asked for
  /// and may not be counted.
  pub fn read(&self, depth: Depth) -> Result<ProcessReading, Unreadable> {
    // First: if `statm` still belongs to the process, so did its number until here.
    let cpu = match &self.time {
      Time::Clock(clock) => {
        clock_gettime(*clock).map(Duration::from).map_err(|_| Unreadable::Gone)?
      }
      Time::Stat(text) => self.units.time(stat(text)?.cpu_ticks),
    };
    let mut buffer = [0; STATM];
    let text = read(&self.statm, &mut buffer)?;
    let (size, resident) = parse::statm(text).ok_or(Unreadable::Gone)?;
    if size == 0 {
      // It has ended and was not reaped, or is a thread of the kernel.
      stat(&File::open(format!("/proc/{}/stat", self.pid)).map_err(why)?)?;
    }
    let boot = clock_gettime(ClockId::CLOCK_BOOTTIME).map(Duration::from).unwrap_or_default();
    Ok(ProcessReading {
      cpu,
      rss: resident.saturating_mul(self.units.page),
      vms: size.saturating_mul(self.units.page),
      uptime: boot.saturating_sub(self.started),
      counts: if depth == Depth::Whole { Some(self.counts()?) } else { None },
    })
  }

  fn counts(&self) -> Result<Counts, Unreadable> {
    let links = self.threads.metadata().map_err(why)?.nlink();
    let threads = u32::try_from(links.saturating_sub(2)).unwrap_or(u32::MAX).max(1);
    Ok(Counts { threads, descriptors: self.descriptors()? })
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

fn directory(pid: u32, name: &str) -> Result<File, Unreadable> {
  OpenOptions::new()
    .read(true)
    // Never read from: the number of its entries may be seen by those who may not list them.
    .custom_flags(libc::O_PATH | libc::O_DIRECTORY | libc::O_CLOEXEC)
    .open(format!("/proc/{pid}/{name}"))
    .map_err(why)
}

fn read<'buffer>(file: &File, buffer: &'buffer mut [u8]) -> Result<&'buffer [u8], Unreadable> {
  let length = file.read_at(buffer, 0).map_err(why)?;
  Ok(buffer.get(..length).unwrap_or_default())
}

/// `stat` of a process that has not ended.
fn stat(file: &File) -> Result<Stat, Unreadable> {
  let mut buffer = [0; STAT];
  let stat = Stat::parse(read(file, &mut buffer)?).ok_or(Unreadable::Gone)?;
  if stat.has_ended() { Err(Unreadable::Gone) } else { Ok(stat) }
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
