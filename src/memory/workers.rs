//! How many workers there is room for. Pure.

use std::num::NonZeroUsize;

/// Part of the available memory that is given out, in per cent: what is measured is always a little old.
const GIVEN_OUT: u64 = 90;

/// What is to be shared out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Room {
  /// Processors that may be used.
  pub cpus: NonZeroUsize,
  /// Memory that the workers may have together, in bytes: what they have and what is available.
  pub memory: u64,
  /// Of that, what is to be left for others, in bytes.
  pub reserved: u64,
  /// What one worker needs, in bytes.
  pub per_worker: u64,
}

/// What there are fewest of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bound {
  /// More workers than processors only take turns.
  Processors,
  /// More workers would not fit into memory.
  Memory,
}

/// How many workers to run, at least one, and why not more.
#[must_use]
pub fn optimal(room: Room) -> (NonZeroUsize, Bound) {
  let budget = u128::from(room.memory.saturating_sub(room.reserved)) * u128::from(GIVEN_OUT) / 100;
  let fitting = budget / u128::from(room.per_worker.max(1));
  let fitting = usize::try_from(fitting).unwrap_or(usize::MAX);
  match NonZeroUsize::new(fitting) {
    Some(fitting) if fitting >= room.cpus => (room.cpus, Bound::Processors),
    Some(fitting) => (fitting, Bound::Memory),
    None => (NonZeroUsize::MIN, Bound::Memory),
  }
}

#[cfg(test)]
mod tests {
  #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
  use proptest::prelude::*;

  use super::*;

  fn room(cpus: usize, memory: u64, reserved: u64, per_worker: u64) -> Room {
    Room { cpus: NonZeroUsize::new(cpus).unwrap(), memory, reserved, per_worker }
  }

  #[test]
  fn the_scarcer_of_both_decides() {
    for (room, count, bound) in [
      (room(4, 10_000, 0, 100), 4, Bound::Processors),
      (room(64, 1_000, 0, 100), 9, Bound::Memory),
      (room(64, 1_000, 500, 100), 4, Bound::Memory),
      (room(8, 50, 0, 100), 1, Bound::Memory),
      (room(8, 1_000, 2_000, 100), 1, Bound::Memory),
      (room(3, u64::MAX, 0, 0), 3, Bound::Processors),
    ] {
      let (found, why) = optimal(room);
      assert_eq!((found.get(), why), (count, bound), "{room:?}");
    }
  }

  proptest! {
    #[test]
    fn they_fit_into_memory_or_there_is_one(
      cpus in 1_usize..1024, memory in any::<u64>(), reserved in any::<u64>(), per_worker in 1_u64..1 << 40,
    ) {
      let (count, _) = optimal(room(cpus, memory, reserved, per_worker));
      prop_assert!(count.get() <= cpus);
      let needed = u128::try_from(count.get()).unwrap() * u128::from(per_worker);
      prop_assert!(count.get() == 1 || needed <= u128::from(memory.saturating_sub(reserved)));
    }
  }
}
