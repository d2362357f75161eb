//! Configurations made for the machine: how many workers, how much memory for each. Pure over what the
//! machine or container has.

use serde_json::{Value, json};

use super::{defaults::MAX_WORKERS, merge::merge, presets::ServerType, units::Bytes};
use crate::monitor::limits::Machine;

/// Of all memory, what is left to the operating system, its file cache and the master: a quarter.
const SHARE_FOR_WORKERS: (u64, u64) = (3, 4);
/// What a worker with a usual app has at least: a runtime takes 40 to 60 MB before the app's own code.
const LEAST_MEMORY: u64 = 128 << 20;
/// What a worker needs at most: a heap of V8 is not larger than about 4 GB by default.
const MOST_MEMORY: u64 = 4 << 30;

/// How many workers, and how much memory for each, with `per_cpu` workers wanted for a processor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Share {
  /// Workers: as many as processors ask for and memory allows, at least one.
  pub workers: u32,
  /// What each may have.
  pub memory: Bytes,
}

/// Divide a machine.
#[must_use]
pub fn share(machine: Machine, per_cpu: u32, spare_cpus: u32) -> Share {
  let (part, whole) = SHARE_FOR_WORKERS;
  let budget = machine.memory / whole * part;
  let cpus = u32::try_from(machine.cpus.get()).unwrap_or(MAX_WORKERS).saturating_sub(spare_cpus);
  let wanted = cpus.max(1).saturating_mul(per_cpu).clamp(1, MAX_WORKERS);
  let fitting = u32::try_from(budget / LEAST_MEMORY).unwrap_or(MAX_WORKERS);
  let workers = wanted.min(fitting).max(1);
  let each = (budget / u64::from(workers)).min(MOST_MEMORY);
  // Whole megabytes are easier to read; a machine with less than one does not run this.
  Share { workers, memory: Bytes(((each >> 20).max(1)) << 20) }
}

/// What suits a kind of server on this machine.
#[must_use]
pub fn recommended(server: ServerType, machine: Machine) -> Value {
  let share = match server {
    // Balanced by processors: more workers than processors take turns without being faster.
    ServerType::Api | ServerType::Web => share(machine, 1, 0),
    // It shares its machine with others; half of the processors is still two where there are four.
    ServerType::Microservice => {
      let half = u32::try_from(machine.cpus.get() / 2).unwrap_or(0);
      share(machine, 1, half)
    }
    // Busy workers would keep the master's proxy from its processor.
    ServerType::Worker => share(machine, 1, 1),
  };
  merge(server.preset(), sized(share))
}

/// What suits any app on this machine.
#[must_use]
pub fn intelligent(machine: Machine) -> Value {
  let share = share(machine, 1, 0);
  let rest = json!({
    // More than twice the processors only take turns.
    "autoScaling": {
      "minWorkers": share.workers.min(2),
      "maxWorkers": share.workers.saturating_mul(2).min(MAX_WORKERS),
    },
    "loadBalancing": { "strategy": "least-connections" },
  });
  merge(sized(share), rest)
}

fn sized(share: Share) -> Value {
  json!({
    "workers": share.workers,
    "resources": { "maxMemoryPerWorker": share.memory.to_string() },
  })
}

#[cfg(test)]
mod tests {
  #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
  use std::num::NonZeroUsize;

  use proptest::prelude::{prop_assert, proptest};

  use super::*;

  fn machine(cpus: usize, memory: u64) -> Machine {
    Machine { cpus: NonZeroUsize::new(cpus).unwrap(), memory }
  }

  #[test]
  fn divides_by_processors_and_by_memory() {
    const GB: u64 = 1 << 30;
    for (cpus, memory, workers, each) in [
      (4, 8 * GB, 4, "1536MB"),
      (8, GB, 6, "128MB"),
      (2, 64 * GB, 2, "4GB"),
      (1, 64 << 20, 1, "48MB"),
    ] {
      let share = share(machine(cpus, memory), 1, 0);
      assert_eq!((share.workers, share.memory), (workers, Bytes::parse(each).unwrap()), "{cpus}");
    }
    assert_eq!(share(machine(4, 8 * GB), 1, 1).workers, 3);
    assert_eq!(share(machine(1, 8 * GB), 1, 1).workers, 1);
    assert_eq!(recommended(ServerType::Microservice, machine(4, 8 * GB))["workers"], 2);
  }

  proptest! {
    #[test]
    fn never_gives_away_more_than_there_is(cpus in 1_usize..2_000, memory in (2_u64 << 20)..(1 << 44)) {
      let share = share(machine(cpus, memory), 1, 0);
      prop_assert!((1..=MAX_WORKERS).contains(&share.workers));
      prop_assert!(share.memory.0 * u64::from(share.workers) <= memory);
    }
  }
}
