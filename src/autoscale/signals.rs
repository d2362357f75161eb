//! What one look at a cluster measures.

use std::{fmt, time::Duration};

use crate::config::ScaleUpThresholdConfig;

/// What was measured since the look before.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Signals {
  /// Workers that are meant to stay, in whatever state.
  pub workers: u32,
  /// Of them, those that served since the look before. Only these are measured: what a worker takes while it
  /// starts says nothing about the load.
  pub serving: u32,
  /// Of them, those that are about to serve.
  pub booting: u32,
  /// Mean processor time of those that serve, in per cent of one core; `None` if it could not be read.
  pub cpu: Option<f64>,
  /// Mean memory of those that serve, in per cent of their limit; `None` if they have none.
  pub memory: Option<f64>,
  /// Mean time of the requests that were answered; `None` if there were none.
  pub response_time: Option<Duration>,
  /// Mean number of requests that waited: for a worker to be there, or behind another one on a worker.
  pub queue: f64,
  /// For how long at least one worker has had nothing to do.
  pub idle: Duration,
  /// Requests that were given to workers, per second.
  pub throughput: f64,
  /// What the machine has left.
  pub room: Room,
}

/// What the machine has left for more workers.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Room {
  /// Processors that this process and its workers may use.
  pub cpus: f64,
  /// Processor time that all workers take, in per cent of one core.
  pub cpu_used: f64,
  /// Memory that all workers may have, in bytes.
  pub memory: u64,
  /// Memory that they have.
  pub memory_used: u64,
  /// Memory of the largest of them.
  pub memory_of_one: u64,
}

/// What can ask for more workers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signal {
  /// Processor time.
  Cpu,
  /// Memory.
  Memory,
  /// Time of a request.
  ResponseTime,
  /// Requests that wait.
  Queue,
}

impl Signal {
  /// All of them.
  pub const ALL: [Self; 4] = [Self::Cpu, Self::Memory, Self::ResponseTime, Self::Queue];

  /// The signals that show the same, itself among them. Requests are slow and wait for the same reasons, of which
  /// too few workers are only one: what did not help the one does not help the other.
  #[must_use]
  pub const fn alike(self) -> &'static [Self] {
    match self {
      Self::Cpu => &[Self::Cpu],
      Self::Memory => &[Self::Memory],
      Self::ResponseTime | Self::Queue => &[Self::ResponseTime, Self::Queue],
    }
  }

  /// Its value in `signals`, if it has one.
  #[must_use]
  pub fn value(self, signals: &Signals) -> Option<f64> {
    match self {
      Self::Cpu => signals.cpu,
      Self::Memory => signals.memory,
      Self::ResponseTime => signals.response_time.map(|time| time.as_secs_f64() * 1000.0),
      Self::Queue => Some(signals.queue),
    }
  }

  /// Above which value it asks for more workers.
  #[must_use]
  pub fn threshold(self, up: &ScaleUpThresholdConfig) -> f64 {
    match self {
      Self::Cpu => up.cpu,
      Self::Memory => up.memory,
      Self::ResponseTime => up.response_time.0.as_secs_f64() * 1000.0,
      Self::Queue => up.queue_length.into(),
    }
  }

  /// A value of it, in words.
  #[must_use]
  pub fn say(self, value: f64) -> String {
    match self {
      Self::Cpu => format!("{value:.0} % of a core per worker"),
      Self::Memory => format!("{value:.0} % of the memory limit per worker"),
      Self::ResponseTime => format!("{value:.0} ms per request"),
      Self::Queue => format!("{value:.1} requests waiting"),
    }
  }
}

impl fmt::Display for Signal {
  fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    f.write_str(match self {
      Self::Cpu => "cpu",
      Self::Memory => "memory",
      Self::ResponseTime => "responseTime",
      Self::Queue => "queueLength",
    })
  }
}
