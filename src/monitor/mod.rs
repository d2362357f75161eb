//! What worker processes use of the machine.

pub mod limits;
pub mod thread;

use std::{
  collections::HashMap,
  time::{Duration, Instant},
};

use sysinfo::{Pid, ProcessRefreshKind, ProcessesToUpdate, System};

/// What one process uses.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Usage {
  /// Resident memory, in bytes.
  pub rss: u64,
  /// Processor time since the last reading, in per cent of one core; the first reading of a process
  /// covers its life so far.
  pub cpu: f64,
}

/// Reads processes, and remembers the last reading of each.
#[derive(Debug, Default)]
pub struct Meter {
  /// `None` until the first reading, and where the platform cannot be read.
  system: Option<System>,
  last: HashMap<u32, Reading>,
}

#[derive(Debug, Clone, Copy)]
struct Reading {
  at: Instant,
  cpu: Duration,
}

impl Meter {
  /// Read `processes`, each a pid and its age. One that is gone is left out.
  pub fn read(&mut self, processes: &[(u32, Duration)]) -> HashMap<u32, Usage> {
    if self.system.is_none() {
      self.system = System::new().inspect_err(|error| tracing::warn!(%error, "no readings")).ok();
    }
    let Some(system) = &mut self.system else {
      return HashMap::new();
    };
    let pids: Vec<Pid> = processes.iter().map(|(pid, _)| Pid::from_u32(*pid)).collect();
    let kind = ProcessRefreshKind::nothing().with_cpu().with_memory().without_tasks();
    system.refresh_processes_specifics(ProcessesToUpdate::Some(&pids), true, kind);
    let now = Instant::now();
    let mut usages = HashMap::with_capacity(processes.len());
    let mut seen = HashMap::with_capacity(processes.len());
    for (pid, age) in processes {
      let Some(process) = system.process(Pid::from_u32(*pid)) else {
        continue;
      };
      let cpu = Duration::from_millis(process.accumulated_cpu_time());
      let (since, before) = self
        .last
        .get(pid)
        .map_or((*age, Duration::ZERO), |last| (now.duration_since(last.at), last.cpu));
      usages.insert(
        *pid,
        Usage { rss: process.memory(), cpu: percent(cpu.saturating_sub(before), since) },
      );
      seen.insert(*pid, Reading { at: now, cpu });
    }
    self.last = seen;
    usages
  }
}

fn percent(part: Duration, whole: Duration) -> f64 {
  if whole.is_zero() { 0.0 } else { 100.0 * part.as_secs_f64() / whole.as_secs_f64() }
}

#[cfg(test)]
mod tests {
  #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
  use super::*;

  #[test]
  fn reads_a_living_process_and_leaves_out_a_dead_one() {
    let own = std::process::id();
    let mut meter = Meter::default();
    let usages = meter.read(&[(own, Duration::from_secs(1)), (u32::MAX - 1, Duration::ZERO)]);
    assert_eq!(usages.len(), 1);
    assert!(usages.get(&own).unwrap().rss > 1024 * 1024);
  }

  #[test]
  fn per_cent_of_one_core() {
    assert!((percent(Duration::from_millis(500), Duration::from_secs(1)) - 50.0).abs() < 1e-9);
    assert!(percent(Duration::from_millis(500), Duration::ZERO).abs() < 1e-9);
  }
}
