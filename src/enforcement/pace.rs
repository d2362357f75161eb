//! How often one slot may be recycled for reaching a limit. A successor that reaches it as fast as the one
//! before it is no better, so each recycling that did not last makes the next wait twice as long.

use std::time::Duration;

/// What a failed try waits for at least, before it is doubled.
const SHORTEST: Duration = Duration::from_secs(1);
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
  /// Successors in a row that failed.
  failures: u32,
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

  /// The successor serves.
  pub const fn succeeded(&mut self) {
    self.failures = 0;
  }

  /// The successor failed, which says nothing of the limit: the next try waits twice as long as the last.
  pub fn failed(&mut self, now: Duration, patience: Duration) {
    self.failures = self.failures.saturating_add(1);
    self.short = self.short.saturating_sub(1);
    let factor = 1_u32.checked_shl(self.failures).unwrap_or(u32::MAX);
    self.next = now + patience.max(SHORTEST).saturating_mul(factor).min(LONGEST);
  }
}

#[cfg(test)]
mod tests {
  use proptest::prelude::*;

  use super::*;

  const PATIENCE: Duration = Duration::from_secs(90);

  #[test]
  fn a_successor_that_fails_is_tried_again_later_each_time_and_accuses_no_limit() {
    let (mut pace, mut now, mut waits) = (Pace::default(), Duration::ZERO, Vec::new());
    for _ in 0..14 {
      assert!(!pace.recycled(now, Duration::ZERO, Duration::ZERO));
      pace.failed(now, Duration::ZERO);
      assert!(!pace.allows(now));
      waits.push((pace.next - now).as_secs());
      now = pace.next;
    }
    assert_eq!(waits[..4], [2, 4, 8, 16]);
    assert_eq!(waits[13], LONGEST.as_secs());
    pace.succeeded();
    pace.failed(now, Duration::ZERO);
    assert_eq!((pace.next - now).as_secs(), 2);
  }

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
