//! What a reading gives, on every platform, and why there may be none.

use std::{fmt, time::Duration};

/// One process, as the operating system counts it now. Sums, no rates.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ProcessReading {
  /// Processor time of all its threads, those that ended included.
  pub cpu: Duration,
  /// Resident memory in bytes, shared pages counted whole.
  pub rss: u64,
  /// Address space in bytes.
  pub vms: u64,
  /// Since it was started.
  pub uptime: Duration,
  /// What takes the kernel as long as all the rest, where it was asked for.
  pub counts: Option<Counts>,
}

/// What a process has of the kernel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Counts {
  /// Threads.
  pub threads: u32,
  /// Open descriptors.
  pub descriptors: u32,
}

/// How much of a process is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Depth {
  /// Processor time, memory, age.
  Brief,
  /// [`Counts`] too.
  Whole,
}

/// The machine, as the operating system counts it now.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct SystemReading {
  /// Processor time since boot, of all processors.
  pub cpu: CpuTime,
  /// Means of the processes that run or want to, over 1, 5 and 15 minutes.
  pub load: [f64; 3],
  /// Memory.
  pub memory: Memory,
  /// Since boot.
  pub uptime: Duration,
}

/// Processor time in units of the platform's own: only ratios have a meaning.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct CpuTime {
  /// Spent on anything.
  pub busy: f64,
  /// All that there was.
  pub total: f64,
}

/// Memory of a machine, or of the container that it is seen from, in bytes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Memory {
  /// All of it.
  pub total: u64,
  /// Used for nothing at all.
  pub free: u64,
  /// What a new process could have, caches that can be given up included.
  pub available: u64,
  /// Swap space.
  pub swap_total: u64,
  /// Swap space that is not used.
  pub swap_free: u64,
}

/// Why a process cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unreadable {
  /// There is none of this id, or it has ended.
  Gone,
  /// It belongs to somebody else.
  Forbidden,
}

impl fmt::Display for Unreadable {
  fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    f.write_str(match self {
      Self::Gone => "there is no such process",
      Self::Forbidden => "it may not be read",
    })
  }
}

/// Part of a whole, in per cent; 0 of nothing.
#[must_use]
pub fn percent(part: f64, whole: f64) -> f64 {
  if whole > 0.0 { 100.0 * part / whole } else { 0.0 }
}

/// A count as a floating-point number.
#[expect(clippy::cast_precision_loss, reason = "53 bits are enough to show a person")]
#[must_use]
pub const fn float(number: u64) -> f64 {
  number as f64
}
