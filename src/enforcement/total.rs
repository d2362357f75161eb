//! All workers together: which of them has to go when they have too much. The largest that has grown: to
//! replace one that has no more than it began with frees nothing.

use super::{
  excess::{Amount, Bound, Excess},
  limits::Limits,
  record::Verdict,
};

/// What a worker must have gained since it was ready, as a part of that and at least, to be worth replacing.
const GROWTH: (u64, u64) = (10, 1 << 20);

/// One worker's part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Share {
  /// What it has, in bytes: shared pages by its share where the kernel tells.
  pub memory: u64,
  /// What it had when it was ready, in the same measure or a larger one.
  pub baseline: u64,
}

impl Share {
  const fn has_grown(self) -> bool {
    let grown = self.memory.saturating_sub(self.baseline);
    grown >= GROWTH.1 && grown >= self.baseline / GROWTH.0
  }
}

/// What was seen of all workers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Total {
  /// Readings in a row at or above a limit.
  above: u32,
  told: bool,
}

impl Total {
  /// Take in a reading of all workers, of what processes have that are coming or going, and of the memory that is `available` on the machine. Gives what is to
  /// be done about which of `shares`. `counts`: as that of [`super::Reading`].
  pub fn judge(
    &mut self,
    shares: &[Share],
    others: u64,
    available: u64,
    counts: bool,
    limits: &Limits,
  ) -> Option<(usize, Verdict)> {
    let own = shares.iter().map(|share| share.memory).sum::<u64>();
    let sum = others + own;
    let excess = |bound, reading, limit, readings| Excess {
      bound,
      reading: Amount::Bytes(reading),
      limit: Amount::Bytes(limit),
      readings,
    };
    let largest = shares
      .iter()
      .enumerate()
      .filter(|(_, share)| share.has_grown())
      .max_by_key(|(_, share)| share.memory)
      .map(|(index, _)| index);
    if let Some((limit, _)) = limits.total.filter(|(limit, _)| limits.hard_total && own > *limit)
      && let Some(index) = largest
    {
      // Without those that come and go: nobody is killed for having a successor.
      self.above = 0;
      return Some((index, Verdict::Kill(excess(Bound::TotalMemory, own, limit, 1))));
    }
    if !counts {
      return None;
    }
    let total = limits.total.filter(|(_, from)| sum >= *from);
    let found = match (total, limits.reservation.filter(|reserved| available < *reserved)) {
      (Some((limit, _)), _) => Some((Bound::TotalMemory, sum, limit)),
      (None, Some(reserved)) => Some((Bound::Reservation, available, reserved)),
      (None, None) => None,
    };
    let Some((bound, reading, limit)) = found else {
      *self = Self::default();
      return None;
    };
    self.above = self.above.saturating_add(1);
    if self.above < limits.readings {
      return None;
    }
    let excess = excess(bound, reading, limit, self.above);
    let Some(index) = largest else {
      let of_all = shares.iter().enumerate().max_by_key(|(_, share)| share.memory)?.0;
      let first = !std::mem::replace(&mut self.told, true);
      return first.then_some((of_all, Verdict::TooLow(excess)));
    };
    Some((index, Verdict::Recycle(excess)))
  }

  /// One was recycled: what comes from here on is another measurement.
  pub const fn recycled(&mut self) {
    self.above = 0;
  }
}

#[cfg(test)]
mod tests {
  #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
  use proptest::prelude::*;
  use serde_json::{Value, json};

  use super::*;

  const MB: u64 = 1 << 20;

  fn limits(memory: &Value, hard: bool) -> Limits {
    let written = json!({ "resources": {
      "memoryManagement": memory, "enforcement": { "enforceHardLimits": hard },
    } });
    Limits::of(&crate::config::resolve(&written).unwrap().config)
  }

  fn shares(megabytes: &[(u64, u64)]) -> Vec<Share> {
    let share =
      |(memory, baseline): &(u64, u64)| Share { memory: memory * MB, baseline: baseline * MB };
    megabytes.iter().map(share).collect()
  }

  #[test]
  fn the_largest_that_has_grown_goes_after_readings_in_a_row() {
    let limits = limits(&json!({ "maxTotalMemory": "200MB" }), false);
    let mut total = Total::default();
    let all = shares(&[(90, 90), (70, 40), (60, 40)]);
    assert_eq!(total.judge(&all, 0, u64::MAX, true, &limits), None);
    // Looks between two readings do not count.
    assert_eq!(total.judge(&all, 0, u64::MAX, false, &limits), None);
    assert_eq!(total.judge(&all, 0, u64::MAX, true, &limits), None);
    let Some((1, Verdict::Recycle(excess))) = total.judge(&all, 0, u64::MAX, true, &limits) else {
      panic!("the second is the largest that has grown");
    };
    assert_eq!((excess.bound, excess.reading.number()), (Bound::TotalMemory, 220 * MB));
    total.recycled();
    assert_eq!(total.judge(&all, 0, u64::MAX, true, &limits), None);
    // Processes that come or go count, and are not chosen.
    let few = shares(&[(100, 50)]);
    let mut total = Total::default();
    let judged = [(); 3].map(|()| total.judge(&few, 90 * MB, u64::MAX, true, &limits));
    assert!(judged[..2].iter().all(Option::is_none) && judged[2].is_some());
  }

  #[test]
  fn workers_that_have_not_grown_are_left_alone_and_that_is_told_once() {
    let limits = limits(&json!({ "maxTotalMemory": "200MB" }), false);
    let mut total = Total::default();
    let all = shares(&[(150, 149), (60, 55)]);
    let found: Vec<_> =
      (0..20).filter_map(|_| total.judge(&all, 0, u64::MAX, true, &limits)).collect();
    assert_eq!(found.len(), 1);
    assert!(matches!(found[0], (0, Verdict::TooLow(_))));
  }

  #[test]
  fn hard_means_at_once() {
    let limits = limits(&json!({ "maxTotalMemory": "200MB" }), true);
    let mut total = Total::default();
    assert_eq!(total.judge(&shares(&[(199, 50)]), 0, u64::MAX, false, &limits), None);
    let found = total.judge(&shares(&[(100, 50), (101, 50)]), 0, u64::MAX, false, &limits);
    assert!(matches!(found, Some((1, Verdict::Kill(_)))));
  }

  #[test]
  fn what_must_be_left_to_others_counts_as_well() {
    let limits = limits(&json!({ "memoryReservation": "1MB" }), false);
    let mut total = Total::default();
    let all = shares(&[(100, 50)]);
    let found = [0, 0, 0].map(|free| total.judge(&all, 0, free, true, &limits));
    let Some((0, Verdict::Recycle(excess))) = found[2] else { panic!("{found:?}") };
    assert_eq!(excess.bound, Bound::Reservation);
    assert_eq!(total.judge(&all, 0, MB, true, &limits), None);
  }

  proptest! {
    #[test]
    fn chooses_only_who_has_grown_and_nobody_larger_has(
      megabytes in proptest::collection::vec((1_u64..400, 1_u64..400), 1..16), hard in any::<bool>(),
    ) {
      let limits = limits(&json!({ "maxTotalMemory": "300MB" }), hard);
      let (all, mut total) = (shares(&megabytes), Total::default());
      for _ in 0..5 {
        match total.judge(&all, 0, u64::MAX, true, &limits) {
          Some((chosen, Verdict::Recycle(_) | Verdict::Kill(_))) => {
            prop_assert!(all[chosen].has_grown());
            prop_assert!(all.iter().all(|it| !it.has_grown() || it.memory <= all[chosen].memory));
            prop_assert!(all.iter().map(|it| it.memory).sum::<u64>() >= 285 * MB);
          }
          Some((_, Verdict::TooLow(_))) => prop_assert!(!all.iter().any(|it| it.has_grown())),
          Some((_, Verdict::Fine)) => prop_assert!(false, "fine is nothing to tell"),
          None => {}
        }
      }
    }
  }
}
