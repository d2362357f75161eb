//! How often one slot may be recycled for reaching a limit. A successor that reaches it as fast as the one
//! before it is no better, so each recycling that did not last makes the next wait twice as long.

use std::time::Duration;

/// The longest wait.
const LONGEST: Duration = Duration::from_hours(1);
/// A worker that lasted so many times as long as it takes to see a limit reached was worth it.
const LASTED: u32 = 20;
/// Recyclings in a row that did not last, after which the limit is said to be too low.
const IN_VAIN: u32 = 4;

/// The pace of one slot.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Pace {
  /// Recyclings in a row that did not last.
  short: u32,
  /// Before that, none is due.
  next: Duration,
}

impl Pace {
  /// Whether the slot may be recycled `now`.
  #[must_use]
  pub fn allows(&self, now: Duration) -> bool {
    now >= self.next
  }

  /// It is recycled `now`; its worker `lived` so long, and it takes `patience` to see a limit reached.
  /// Says whether this has been in vain often enough to be told.
  pub fn recycled(&mut self, now: Duration, lived: Duration, patience: Duration) -> bool {
    let lasted = lived >= patience.saturating_mul(LASTED);
    self.short = if lasted { 0 } else { self.short.saturating_add(1) };
    let wait = patience.saturating_mul(1_u32.checked_shl(self.short).unwrap_or(u32::MAX));
    self.next = now + wait.min(LONGEST);
    self.short == IN_VAIN
  }
}

#[cfg(test)]
mod tests {
  use proptest::prelude::*;

  use super::*;

  const PATIENCE: Duration = Duration::from_secs(90);

  #[test]
  fn waits_twice_as_long_each_time_that_it_did_not_help() {
    let (mut pace, mut now, mut told) = (Pace::default(), Duration::ZERO, Vec::new());
    let mut waits = Vec::new();
    for round in 0..6 {
      assert!(pace.allows(now));
      if pace.recycled(now, PATIENCE, PATIENCE) {
        told.push(round);
      }
      waits.push((pace.next - now).as_secs() / 90);
      now = pace.next;
    }
    assert_eq!(waits, [2, 4, 8, 16, 32, 40]);
    assert_eq!(told, [3]);
    pace.recycled(now, PATIENCE * LASTED, PATIENCE);
    assert_eq!(pace.next, now + PATIENCE);
  }

  proptest! {
    #[test]
    fn never_waits_for_ever_nor_less_than_it_takes_to_see(
      lives in proptest::collection::vec(0_u64..10_000, 1..80), patience in 1_u64..3_600_000,
    ) {
      let (mut pace, patience) = (Pace::default(), Duration::from_millis(patience));
      let mut now = Duration::ZERO;
      for lived in lives {
        pace.recycled(now, Duration::from_secs(lived), patience);
        prop_assert!(pace.next - now >= patience.min(LONGEST) && pace.next - now <= LONGEST);
        now = pace.next;
      }
    }
  }
}
