//! What could be better about the memory of workers, with the number and the reason. Pure.

use std::num::NonZeroUsize;

use super::{
  leak::Evidence,
  limits::{Level, Thresholds, level},
  shown,
  workers::{Bound, Room, optimal},
};
use crate::monitor::reading::{Memory, float, percent};

/// What is known.
#[derive(Debug, Clone, PartialEq)]
pub struct Facts {
  /// Processors that may be used.
  pub cpus: NonZeroUsize,
  /// Memory of the machine or container.
  pub memory: Memory,
  /// What all workers may have together, in bytes.
  pub budget: u64,
  /// Of that, what is to be left for others, in bytes.
  pub reserved: u64,
  /// What one worker needs, in bytes.
  pub per_worker: u64,
  /// What one worker may have, in bytes, if that is limited.
  pub limit: Option<u64>,
  /// When something is said.
  pub thresholds: Thresholds,
  /// The workers.
  pub workers: Vec<Worker>,
}

/// A worker.
#[derive(Debug, Clone, PartialEq)]
pub struct Worker {
  /// The id of its slot.
  pub id: String,
  /// Resident memory, in bytes.
  pub resident: u64,
  /// Set when it leaks.
  pub leak: Option<Evidence>,
}

/// Something that could be better.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recommendation {
  /// Stable, such as `reduce-workers`.
  pub kind: &'static str,
  /// The worker that it is about, if it is about one.
  pub worker: Option<String>,
  /// The number that is recommended: workers, or bytes.
  pub value: u64,
  /// What to do and why, in a sentence.
  pub message: String,
}

/// Everything that could be better, most urgent first.
#[must_use]
pub fn recommend(facts: &Facts) -> Vec<Recommendation> {
  let mut found: Vec<Recommendation> = facts.workers.iter().filter_map(repair).collect();
  found.extend(swapped(facts));
  found.extend(facts.workers.iter().filter_map(|worker| room(worker, facts)));
  found.extend(count(facts));
  found
}

fn repair(worker: &Worker) -> Option<Recommendation> {
  let leak = worker.leak?;
  let hours = leak.exhausted_in.as_secs_f64() / 3600.0;
  let per_hour = shown(whole(leak.per_hour));
  Some(Recommendation {
    kind: "repair-leak",
    worker: Some(worker.id.clone()),
    value: whole(leak.per_hour),
    message: format!(
      "find the leak in {}: it grows by {per_hour} an hour, from {} to {}, and reaches its limit of {} in {hours:.1} hours; restart it until then",
      worker.id,
      shown(leak.baseline),
      shown(leak.present),
      shown(leak.limit),
    ),
  })
}

fn swapped(facts: &Facts) -> Option<Recommendation> {
  let used = facts.memory.swap_total.saturating_sub(facts.memory.swap_free);
  let share = percent(float(used), float(facts.memory.swap_total));
  (share >= facts.thresholds.warning).then(|| Recommendation {
    kind: "reduce-swapping",
    worker: None,
    value: used,
    message: format!(
      "give this machine {} more memory, or it less to do: {share:.0} % of its swap space is in use, and what lies there is slow",
      shown(used)
    ),
  })
}

/// A limit that a worker has reached is met by every new one as well, sooner or later.
fn room(worker: &Worker, facts: &Facts) -> Option<Recommendation> {
  let limit = facts.limit?;
  let near = level(worker.resident, limit, facts.thresholds) >= Level::Warning;
  if !near || worker.leak.is_some() {
    return None;
  }
  // So that it would be half-way to a warning from where it is now.
  let share = facts.thresholds.warning / 100.0;
  let value = whole(float(worker.resident) / share * 1.25);
  Some(Recommendation {
    kind: "raise-worker-limit",
    worker: Some(worker.id.clone()),
    value,
    message: format!(
      "raise maxMemoryPerWorker to {}: {} has {}, which is {:.0} % of its limit of {}, and does not leak",
      shown(value),
      worker.id,
      shown(worker.resident),
      percent(float(worker.resident), float(limit)),
      shown(limit),
    ),
  })
}

fn count(facts: &Facts) -> Option<Recommendation> {
  let present = facts.workers.len();
  let (best, bound) = optimal(Room {
    cpus: facts.cpus,
    memory: facts.budget,
    reserved: facts.reserved,
    per_worker: facts.per_worker,
  });
  let best = best.get();
  let why = match bound {
    Bound::Memory => format!(
      "there are {} for workers, and one needs {}",
      shown(facts.budget.saturating_sub(facts.reserved)),
      shown(facts.per_worker)
    ),
    Bound::Processors => format!("there are {} processors for them", facts.cpus),
  };
  let kind = match present.cmp(&best) {
    _ if present == 0 => return None,
    std::cmp::Ordering::Equal => return None,
    std::cmp::Ordering::Less => "add-workers",
    std::cmp::Ordering::Greater => "reduce-workers",
  };
  Some(Recommendation {
    kind,
    worker: None,
    value: u64::try_from(best).unwrap_or(u64::MAX),
    message: format!("run {best} workers instead of {present}: {why}"),
  })
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "`as` saturates")]
const fn whole(number: f64) -> u64 {
  number as u64
}

#[cfg(test)]
mod tests {
  #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
  use std::time::Duration;

  use super::*;

  const MB: u64 = 1 << 20;

  fn facts(workers: usize) -> Facts {
    let worker = |number| Worker { id: format!("worker-{number}"), resident: 100 * MB, leak: None };
    Facts {
      cpus: NonZeroUsize::new(4).unwrap(),
      memory: Memory {
        total: 8000 * MB,
        free: 4000 * MB,
        available: 4000 * MB,
        ..Memory::default()
      },
      budget: 4000 * MB,
      reserved: 0,
      per_worker: 100 * MB,
      limit: Some(500 * MB),
      thresholds: Thresholds::default(),
      workers: (1..=workers).map(worker).collect(),
    }
  }

  fn kinds(facts: &Facts) -> Vec<(&'static str, u64)> {
    recommend(facts).into_iter().map(|found| (found.kind, found.value)).collect()
  }

  #[test]
  fn all_is_well_or_nothing_is_known() {
    assert_eq!(kinds(&facts(4)), []);
    assert_eq!(kinds(&facts(0)), []);
  }

  #[test]
  fn names_the_number_of_workers_and_what_decides_it() {
    let found = recommend(&facts(6));
    assert_eq!(found[0].message, "run 4 workers instead of 6: there are 4 processors for them");
    assert_eq!(kinds(&facts(2)), [("add-workers", 4)]);
    let scarce = Facts { budget: 350 * MB, reserved: 10 * MB, ..facts(4) };
    let found = recommend(&scarce);
    assert_eq!(found[0].kind, "reduce-workers");
    let expected = "run 3 workers instead of 4: there are 340 MB for workers, and one needs 100 MB";
    assert_eq!(found[0].message, expected);
  }

  #[test]
  fn names_a_limit_that_is_too_tight() {
    let tight = Facts { limit: Some(110 * MB), ..facts(4) };
    let found = recommend(&tight);
    assert_eq!(found.len(), 4);
    assert_eq!(
      (found[0].kind, found[0].worker.as_deref()),
      ("raise-worker-limit", Some("worker-1"))
    );
    assert!(found[0].message.contains("91 % of its limit of 110 MB"), "{}", found[0].message);
    assert!(found[0].value > 125 * MB);
  }

  #[test]
  fn names_a_leak_with_its_pace_first() {
    let mut facts = facts(5);
    facts.workers[2].leak = Some(Evidence {
      baseline: 80 * MB,
      present: 100 * MB,
      per_hour: 20.0 * 1_048_576.0,
      per_thousand_requests: None,
      tau: 1.0,
      minima: 16,
      observed: Duration::from_secs(3600),
      limit: 500 * MB,
      exhausted_in: Duration::from_secs(72_000),
    });
    let found = recommend(&facts);
    assert_eq!((found[0].kind, found[0].worker.as_deref()), ("repair-leak", Some("worker-3")));
    assert!(found[0].message.contains("20 MB an hour") && found[0].message.contains("20.0 hours"));
    assert_eq!(found[1].kind, "reduce-workers");
  }

  #[test]
  fn names_swap_in_use() {
    let mut facts = facts(4);
    facts.memory.swap_total = 1000 * MB;
    facts.memory.swap_free = 100 * MB;
    assert_eq!(kinds(&facts), [("reduce-swapping", 900 * MB)]);
  }
}
