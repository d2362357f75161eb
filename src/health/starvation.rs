//! Whether a worker that did not answer in time had the time. Pure.
//!
//! A check measures a worker and the machine at once. Where the machine gave the worker no processor,
//! or gave the master none to hear the answer, the failure says nothing about the worker, and killing
//! it would load the machine more. A worker that slept or was stopped had its chance.

use std::time::Duration;

/// What was seen of a check that got no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Evidence {
  /// How long the worker was given.
  pub patience: Duration,
  /// How much later than that the master noticed.
  pub late: Duration,
  /// What the worker's main thread did meanwhile; `None` where the platform does not tell.
  pub thread: Option<Share>,
}

/// What a thread did with a span of time. The rest it slept, or was stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Share {
  /// It ran.
  pub ran: Duration,
  /// It wanted to run and was not let.
  pub waited: Duration,
}

/// What is made of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Weight {
  /// The worker failed.
  Counts,
  /// It is not to blame.
  Excused {
    /// Processor time that it had in excused checks in a row. When that comes to the time it is
    /// given for one check, it has had as much as any worker: an endless loop is found on the
    /// busiest machine.
    had: Duration,
  },
}

/// Weigh a check without an answer. `had` is what the last one in a row left, zero for the first.
#[must_use]
pub fn weigh(seen: Evidence, had: Duration) -> Weight {
  let half = seen.patience / 2;
  // An answer may lie in the channel, unread: the worker had less time than the clock says, or more.
  if seen.late >= half && !seen.late.is_zero() {
    return Weight::Excused { had };
  }
  match seen.thread {
    Some(Share { ran, waited }) if waited > half => {
      let had = had.saturating_add(ran);
      if had < seen.patience { Weight::Excused { had } } else { Weight::Counts }
    }
    _ => Weight::Counts,
  }
}

#[cfg(test)]
mod tests {
  use proptest::prelude::*;

  use super::*;

  const fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
  }

  fn seen(late: u64, thread: Option<(u64, u64)>) -> Evidence {
    let thread = thread.map(|(ran, waited)| Share { ran: ms(ran), waited: ms(waited) });
    Evidence { patience: ms(100), late: ms(late), thread }
  }

  #[test]
  fn weighs() {
    for (evidence, had, weight) in [
      // Stopped, or asleep.
      (seen(0, Some((0, 0))), 0, Weight::Counts),
      // A loop that has the processor.
      (seen(1, Some((98, 2))), 0, Weight::Counts),
      (seen(1, None), 0, Weight::Counts),
      // No processor at all.
      (seen(0, Some((0, 100))), 0, Weight::Excused { had: ms(0) }),
      // A loop on a busy machine: once, twice, three times, and then no more.
      (seen(0, Some((30, 70))), 0, Weight::Excused { had: ms(30) }),
      (seen(0, Some((30, 70))), 60, Weight::Excused { had: ms(90) }),
      (seen(0, Some((30, 70))), 90, Weight::Counts),
      // The master was late.
      (seen(60, Some((0, 0))), 10, Weight::Excused { had: ms(10) }),
      (seen(40, Some((0, 0))), 0, Weight::Counts),
    ] {
      assert_eq!(weigh(evidence, ms(had)), weight, "{evidence:?} {had}");
    }
  }

  proptest! {
    #[test]
    fn a_loop_that_gets_some_processor_is_found(share in 5_u64..=100) {
      let mut had = Duration::ZERO;
      let checks = (1..=21).find(|_| match weigh(seen(0, Some((share, 100 - share))), had) {
        Weight::Counts => true,
        Weight::Excused { had: more } => { had = more; false }
      });
      prop_assert!(checks.is_some_and(|checks| checks * share < 100 + 2 * share));
    }

    #[test]
    fn one_that_gets_none_is_never_blamed(checks in 1_usize..1000, waited in 51_u64..200) {
      let mut had = Duration::ZERO;
      for _ in 0..checks {
        let weight = weigh(seen(0, Some((0, waited))), had);
        let Weight::Excused { had: more } = weight else {
          return Err(TestCaseError::fail("blamed"));
        };
        had = more;
      }
    }

    #[test]
    fn one_that_sleeps_is_blamed_at_once(ran in 0_u64..100, had in 0_u64..100) {
      prop_assert_eq!(weigh(seen(0, Some((ran, 0))), ms(had)), Weight::Counts);
    }
  }
}
