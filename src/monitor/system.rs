//! The machine, read again and again, as this process may use it: memory is that of the container.

use std::time::{Duration, Instant};

use super::{
  cgroup,
  limits::cpu_count,
  platform::Machine,
  reading::{CpuTime, Memory, percent},
  sampler::SHORTEST,
};

/// The machine at one moment.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SystemSample {
  /// Processors that this process may use.
  pub cores: usize,
  /// Per cent of all processors of the machine that were busy since the last reading; `None` at the
  /// first one.
  pub usage: Option<f64>,
  /// Means of the processes that run or want to, over 1, 5 and 15 minutes.
  pub load: [f64; 3],
  /// Memory that this process and its likes may use.
  pub memory: Memory,
  /// Since the machine was started.
  pub uptime: Duration,
}

/// Reads the machine, and remembers the last reading.
#[derive(Debug, Default)]
pub struct SystemMeter {
  machine: Machine,
  last: Option<(Instant, CpuTime)>,
  usage: Option<f64>,
}

impl SystemMeter {
  /// Read it.
  pub fn read(&mut self) -> SystemSample {
    let reading = self.machine.read();
    let now = Instant::now();
    match self.last {
      None => self.last = Some((now, reading.cpu)),
      Some((since, before)) if now.saturating_duration_since(since) >= SHORTEST => {
        // Counters of kernels before 6.0 may step back by a little.
        let busy = (reading.cpu.busy - before.busy).max(0.0);
        let total = reading.cpu.total - before.total;
        // Nothing was counted yet: the clock of these counters is coarse.
        if total > 0.0 {
          self.usage = Some(percent(busy, total).min(100.0));
          self.last = Some((now, reading.cpu));
        }
      }
      Some(_) => {}
    }
    SystemSample {
      cores: cpu_count().get(),
      usage: self.usage,
      load: reading.load,
      memory: cgroup::within(reading.memory),
      uptime: reading.uptime,
    }
  }
}

#[cfg(test)]
mod tests {
  use super::*;

  #[test]
  fn reads_this_machine() {
    let mut meter = SystemMeter::default();
    let first = meter.read();
    assert_eq!(first.usage, None);
    assert!(first.cores >= 1 && first.uptime > Duration::ZERO);
    let memory = first.memory;
    assert!(memory.total > 1024 * 1024 && memory.available <= memory.total);
    assert!(memory.free <= memory.total && memory.swap_free <= memory.swap_total);
    let end = Instant::now() + Duration::from_secs(20);
    let usage = loop {
      if let Some(usage) = meter.read().usage {
        break usage;
      }
      assert!(Instant::now() < end);
    };
    assert!((0.0..=100.0).contains(&usage));
  }
}
