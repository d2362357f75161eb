//! Which limit was reached, and by what.

use std::{fmt, time::Duration};

use crate::memory::shown;

/// A limit, by the field that sets it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Bound {
  /// Memory of a worker.
  WorkerMemory,
  /// Memory of a worker, from which on it is replaced.
  MemoryThreshold,
  /// Processor time of a worker.
  WorkerCpu,
  /// Processor time of a worker, from which on it is replaced.
  CpuThreshold,
  /// Memory of all workers.
  TotalMemory,
  /// Memory that is left to others.
  Reservation,
  /// Memory that a leak is about to fill.
  Leak,
  /// Requests of a worker.
  Requests,
  /// Age of a worker.
  Lifetime,
}

impl Bound {
  /// The path of the field.
  #[must_use]
  pub const fn field(self) -> &'static str {
    match self {
      Self::WorkerMemory => "resources.maxMemoryPerWorker",
      Self::MemoryThreshold => "processManagement.memoryThreshold",
      Self::WorkerCpu => "resources.maxCpuPerWorker",
      Self::CpuThreshold => "processManagement.cpuThreshold",
      Self::TotalMemory => "resources.memoryManagement.maxTotalMemory",
      Self::Reservation => "resources.memoryManagement.memoryReservation",
      Self::Leak => "resources.memoryManagement.leakDetection",
      Self::Requests => "processManagement.maxRequestsPerWorker",
      Self::Lifetime => "processManagement.maxWorkerLifetime",
    }
  }

  /// Whether a successor may be no better, so that the next recycling has to wait.
  #[must_use]
  pub const fn may_repeat(self) -> bool {
    !matches!(self, Self::Requests | Self::Lifetime)
  }
}

/// How much of something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Amount {
  /// Memory, in bytes.
  Bytes(u64),
  /// Processor time, in per cent of one core.
  Percent(u32),
  /// Requests.
  Requests(u64),
  /// An age.
  Age(Duration),
}

impl Amount {
  /// As a number for programs: bytes, per cent, requests or milliseconds.
  #[must_use]
  pub fn number(self) -> u64 {
    match self {
      Self::Bytes(number) | Self::Requests(number) => number,
      Self::Percent(number) => number.into(),
      Self::Age(age) => u64::try_from(age.as_millis()).unwrap_or(u64::MAX),
    }
  }
}

impl fmt::Display for Amount {
  fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    match self {
      Self::Bytes(bytes) => f.write_str(&shown(*bytes)),
      Self::Percent(percent) => write!(f, "{percent} % of a core"),
      Self::Requests(requests) => write!(f, "{requests} requests"),
      Self::Age(age) => write!(f, "{:.1} s", age.as_secs_f64()),
    }
  }
}

/// A limit that was reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Excess {
  /// Which.
  pub bound: Bound,
  /// What was read last.
  pub reading: Amount,
  /// What the limit is, as the configuration has it.
  pub limit: Amount,
  /// Readings in a row that said so.
  pub readings: u32,
}

impl fmt::Display for Excess {
  fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let Self { bound, reading, limit, readings } = self;
    let field = bound.field();
    match bound {
      Bound::WorkerMemory | Bound::MemoryThreshold => {
        write!(f, "{reading} of memory, {field} is {limit}")?;
      }
      Bound::WorkerCpu | Bound::CpuThreshold => write!(f, "took {reading}, {field} is {limit}")?,
      Bound::TotalMemory => write!(f, "all workers have {reading} of memory, {field} is {limit}")?,
      Bound::Reservation => write!(f, "{reading} of memory are free, {field} is {limit}")?,
      Bound::Leak => write!(f, "leaks memory and has {reading}, its limit is {limit}")?,
      Bound::Requests => write!(f, "was given {reading}, {field} is {limit}")?,
      Bound::Lifetime => write!(f, "is {reading} old, {field} is {limit}")?,
    }
    if *readings > 1 { write!(f, " ({readings} readings in a row)") } else { Ok(()) }
  }
}

#[cfg(test)]
mod tests {
  use super::*;

  #[test]
  fn names_the_limit_and_the_reading() {
    let excess =
      |bound, reading, limit, readings| Excess { bound, reading, limit, readings }.to_string();
    let mb = |mb: u64| Amount::Bytes(mb << 20);
    assert_eq!(
      excess(Bound::WorkerMemory, mb(312), mb(300), 3),
      "312 MB of memory, resources.maxMemoryPerWorker is 300 MB (3 readings in a row)"
    );
    assert_eq!(
      excess(Bound::WorkerCpu, Amount::Percent(99), Amount::Percent(50), 1),
      "took 99 % of a core, resources.maxCpuPerWorker is 50 % of a core"
    );
    assert_eq!(
      excess(Bound::Requests, Amount::Requests(95), Amount::Requests(100), 1),
      "was given 95 requests, processManagement.maxRequestsPerWorker is 100 requests"
    );
    let age = Amount::Age(Duration::from_millis(59_100));
    assert_eq!(
      excess(Bound::Lifetime, age, Amount::Age(Duration::from_mins(1)), 1),
      "is 59.1 s old, processManagement.maxWorkerLifetime is 60.0 s"
    );
    assert_eq!((age.number(), mb(1).number()), (59_100, 1 << 20));
  }
}
