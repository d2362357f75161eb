//! What the configuration says about limits, as numbers.

use std::time::Duration;

use super::excess::Bound;
use crate::{config::Config, memory::settings::Settings};

/// Between two looks at what is due by requests or by age.
const COUNTING: Duration = Duration::from_millis(500);
/// Between two looks at limits that a worker is killed for.
const HARD: Duration = Duration::from_secs(1);
/// The same where hard limits are enforced.
const HARDEST: Duration = Duration::from_millis(100);

/// Limits of workers.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Limits {
  /// Memory: what it may be, when a word is said, how leaks are found.
  pub memory: Settings,
  /// From how much memory on a worker is replaced, in bytes, which field says so, and what it says.
  pub soft_memory: Option<(u64, Bound, u64)>,
  /// Above how much memory a worker is killed, in bytes.
  pub hard_memory: Option<u64>,
  /// Above how much processor time a worker is replaced, in per cent of a core, and which field says so.
  pub soft_cpu: Option<(f64, Bound)>,
  /// Above how much it is killed.
  pub hard_cpu: Option<f64>,
  /// Memory of all workers: what they may have, and from how much on one is replaced, in bytes.
  pub total: Option<(u64, u64)>,
  /// Whether one is killed as soon as they have more than they may.
  pub hard_total: bool,
  /// What must be free for others, in bytes.
  pub reservation: Option<u64>,
  /// Whether a worker that leaks is replaced before its limit.
  pub recycles_leaks: bool,
  /// Requests after which a worker is replaced.
  pub requests: Option<u64>,
  /// Age at which a worker is replaced.
  pub lifetime: Option<Duration>,
  /// Readings in a row for a soft limit.
  pub readings: u32,
  /// Between two looks at what takes one reading.
  pub look: Duration,
}

impl Limits {
  /// Those of `config`.
  #[must_use]
  pub fn of(config: &Config) -> Self {
    let (resources, process) = (&config.resources, &config.process_management);
    let (enforcement, memory) = (&resources.enforcement, Settings::of(resources));
    let part = |limit: u64| share(limit, memory.thresholds.critical);
    let watched = |limit: Option<u64>| limit.filter(|limit| memory.enabled && *limit > 0);
    let (per_worker, total) = (watched(memory.per_worker), watched(memory.total));
    let worker = per_worker.map(|limit| (part(limit), Bound::WorkerMemory, limit));
    let threshold = watched(process.memory_threshold.map(|size| size.0));
    let threshold = threshold.map(|limit| (limit, Bound::MemoryThreshold, limit));
    let percent = |limit: Option<f64>, bound| limit.filter(|it| *it > 0.0).map(|it| (it, bound));
    let cpu = percent(resources.max_cpu_per_worker, Bound::WorkerCpu);
    let cpu_threshold = percent(process.cpu_threshold, Bound::CpuThreshold);
    let hard = enforcement.enforce_hard_limits;
    let hard_memory = per_worker.filter(|_| hard || enforcement.kill_on_memory_exceed);
    let hard_cpu = cpu.map(|it| it.0).filter(|_| hard || enforcement.kill_on_cpu_exceed);
    let (requests, lifetime) = (process.max_requests_per_worker, process.max_worker_lifetime);
    let counts = requests.is_some() || lifetime.is_some();
    let mut look = memory.interval;
    for (needed, most) in [
      (counts, COUNTING),
      (hard_memory.is_some() || hard_cpu.is_some(), HARD),
      (hard && (per_worker.or(total).is_some() || cpu.is_some()), HARDEST),
    ] {
      if needed {
        look = look.min(most);
      }
    }
    Self {
      soft_memory: [worker, threshold].into_iter().flatten().min_by_key(|limit| limit.0),
      hard_memory,
      soft_cpu: [cpu, cpu_threshold].into_iter().flatten().min_by(|a, b| a.0.total_cmp(&b.0)),
      hard_cpu,
      total: total.map(|limit| (limit, part(limit))),
      hard_total: hard,
      reservation: watched(Some(memory.reserved)),
      recycles_leaks: memory.enabled
        && memory.detects_leaks
        && resources.memory_management.leak_detection.recycle,
      requests: requests.map(u64::from),
      lifetime: lifetime.map(|age| age.0),
      readings: enforcement.consecutive_checks.max(1),
      look,
      memory,
    }
  }

  /// Whether there is anything to look at.
  #[must_use]
  pub const fn watch(&self) -> bool {
    self.memory.enabled
      || self.soft_cpu.is_some()
      || self.hard_cpu.is_some()
      || self.requests.is_some()
      || self.lifetime.is_some()
  }

  /// How long it takes to see that a soft limit was reached.
  #[must_use]
  pub fn patience(&self) -> Duration {
    self.memory.interval.saturating_mul(self.readings)
  }
}

/// `percent` of `limit`.
#[expect(
  clippy::cast_possible_truncation,
  clippy::cast_sign_loss,
  clippy::cast_precision_loss,
  reason = "a part of a size, and `as` saturates"
)]
fn share(limit: u64, percent: f64) -> u64 {
  (limit as f64 * percent / 100.0) as u64
}

#[cfg(test)]
mod tests {
  #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
  use serde_json::{Value, json};

  use super::*;

  fn limits(written: &Value) -> Limits {
    Limits::of(&crate::config::resolve(written).unwrap().config)
  }

  #[test]
  fn nothing_is_limited_by_default() {
    let usual = limits(&json!({}));
    assert_eq!((usual.soft_memory, usual.hard_memory, usual.total), (None, None, None));
    assert_eq!((usual.soft_cpu, usual.hard_cpu, usual.reservation), (None, None, None));
    assert_eq!((usual.requests, usual.lifetime, usual.recycles_leaks), (None, None, false));
    assert_eq!((usual.look, usual.readings), (Duration::from_secs(30), 3));
    assert!(usual.watch(), "leaks are looked for");
    let off = json!({ "resources": { "memoryManagement": { "enabled": false } } });
    assert!(!limits(&off).watch());
  }

  #[test]
  fn the_lower_of_two_limits_holds() {
    let both = |threshold| {
      limits(&json!({
        "resources": { "maxMemoryPerWorker": "100MB", "maxCpuPerWorker": 80 },
        "processManagement": { "memoryThreshold": threshold, "cpuThreshold": 60 },
      }))
    };
    let mb = |mb: u64| mb << 20;
    assert_eq!(both("50MB").soft_memory, Some((mb(50), Bound::MemoryThreshold, mb(50))));
    assert_eq!(both("99MB").soft_memory, Some((mb(95), Bound::WorkerMemory, mb(100))));
    assert_eq!(both("1MB").soft_cpu, Some((60.0, Bound::CpuThreshold)));
    assert_eq!(both("1MB").hard_memory, None);
  }

  #[test]
  fn hard_limits_are_looked_at_more_often() {
    let with = |enforcement: Value| {
      limits(&json!({ "resources": {
        "maxMemoryPerWorker": "100MB", "maxCpuPerWorker": 80, "enforcement": enforcement,
      } }))
    };
    let none = with(json!({}));
    assert_eq!((none.hard_memory, none.hard_cpu, none.look.as_secs()), (None, None, 30));
    let memory = with(json!({ "killOnMemoryExceed": true }));
    assert_eq!((memory.hard_memory, memory.hard_cpu), (Some(100 << 20), None));
    assert_eq!(memory.look, HARD);
    let cpu = with(json!({ "killOnCpuExceed": true }));
    assert_eq!((cpu.hard_memory, cpu.hard_cpu, cpu.look), (None, Some(80.0), HARD));
    let all = with(json!({ "enforceHardLimits": true }));
    assert_eq!((all.hard_memory, all.hard_cpu), (Some(100 << 20), Some(80.0)));
    assert_eq!(all.look, HARDEST);
    let counted = limits(&json!({ "processManagement": { "maxRequestsPerWorker": 10 } }));
    assert_eq!((counted.requests, counted.look), (Some(10), COUNTING));
  }
}
