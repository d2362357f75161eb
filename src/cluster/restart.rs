//! Whether and when a dead worker is started again. Pure.
//!
//! A death is *early* when the process never became ready, or had been ready for less than `minUptime` and
//! no request of a client was in its hands. `maxRestarts` early deaths in a row are answered by a restart, the
//! next one gives the slot up: such a release does not start. A worker that served is brought back without
//! end, like a container of Kubernetes: its waits grow up to five minutes, and half a minute of uptime takes one
//! step back.
//!
//! The waits grow geometrically by the rule of systemd's `RestartSteps`, with jitter so that workers that died
//! together do not come back together.

use std::time::Duration;

use crate::config::Restart;

/// Uptime that takes one restart off the streak.
const FORGIVEN: Duration = Duration::from_secs(30);
/// After [`STEPS`] restarts a wait is this many times the first.
const GROWTH: f64 = 16.0;
/// Restarts over which the wait grows by [`GROWTH`].
const STEPS: f64 = 5.0;
/// The longest wait, that of Kubernetes' `CrashLoopBackOff`.
const LONGEST: Duration = Duration::from_mins(5);
/// Share of a wait that jitter may add.
const JITTER: f64 = 0.2;

/// Restarts of one slot that did not help.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Streak {
  /// Restarts that lengthen the next wait.
  restarts: u32,
  /// Early deaths in a row.
  early: u32,
}

/// The life of a process that died.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Life {
  /// How long the process had been ready; `None` when it never was.
  pub uptime: Option<Duration>,
  /// Whether it broke off a request of a client when it died.
  pub broke_request: bool,
}

impl Life {
  /// Of a process that never became ready.
  pub const UNREADY: Self = Self { uptime: None, broke_request: false };

  /// Whether the death counts towards giving the slot up.
  fn is_early(self, min_uptime: Duration) -> bool {
    self.uptime.is_none_or(|uptime| uptime < min_uptime && !self.broke_request)
  }
}

/// What to do about a death.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
  /// Start it again.
  Again {
    /// After this long.
    after: Duration,
  },
  /// Leave it dead: it would only die again.
  GiveUp {
    /// Restarts that were tried.
    restarts: u32,
  },
}

impl Streak {
  /// What is left of it after that much uptime.
  #[must_use]
  pub fn forgiven(self, uptime: Duration) -> Self {
    let forgiven = u32::try_from(uptime.as_secs() / FORGIVEN.as_secs()).unwrap_or(u32::MAX);
    Self { restarts: self.restarts.saturating_sub(forgiven), ..self }
  }

  /// A worker died. `jitter` is a random number from 0 to 1.
  #[must_use]
  pub fn died(self, life: Life, policy: &Restart, jitter: f64) -> (Self, Decision) {
    let Self { restarts, early } = self.forgiven(life.uptime.unwrap_or_default());
    let is_early = life.is_early(policy.min_uptime);
    if is_early && early >= policy.max_restarts {
      return (Self { restarts, early }, Decision::GiveUp { restarts: early });
    }
    let early = if is_early { early.saturating_add(1) } else { 0 };
    (Self { restarts: restarts.saturating_add(1), early }, again(restarts, policy.delay, jitter))
  }

  /// Whether no restart lengthens the next wait.
  #[must_use]
  pub const fn is_calm(self) -> bool {
    self.restarts == 0
  }

  /// A worker is to be replaced because it is not well. Such replacements never give a slot up: the
  /// cause may be outside.
  #[must_use]
  pub fn replaced(self, uptime: Duration, policy: &Restart, jitter: f64) -> (Self, Duration) {
    let Self { restarts, early } = self.forgiven(uptime);
    let next = Self { restarts: restarts.saturating_add(1), early };
    (next, jittered(wait(restarts, policy.delay), jitter))
  }
}

fn again(restarts: u32, delay: Duration, jitter: f64) -> Decision {
  Decision::Again { after: jittered(wait(restarts, delay), jitter) }
}

fn jittered(wait: Duration, jitter: f64) -> Duration {
  wait.mul_f64(1.0 + JITTER * jitter.clamp(0.0, 1.0))
}

/// The wait before restart number `restart`, counted from 0.
fn wait(restart: u32, first: Duration) -> Duration {
  let longest = LONGEST.max(first);
  let grown = first.as_secs_f64() * GROWTH.powf(f64::from(restart) / STEPS);
  Duration::try_from_secs_f64(grown).map_or(longest, |grown| grown.min(longest))
}

#[cfg(test)]
mod tests {
  use proptest::prelude::*;

  use super::*;

  const SECOND: Duration = Duration::from_secs(1);

  fn policy(max_restarts: u32, delay: Duration) -> Restart {
    Restart { respawn: true, max_restarts, delay, min_uptime: SECOND }
  }

  fn ready_for(uptime: Duration) -> Life {
    Life { uptime: Some(uptime), broke_request: false }
  }

  #[test]
  fn waits_longer_each_time_and_then_gives_up_a_release_that_does_not_start() {
    let policy = policy(3, Duration::from_secs(2));
    let mut streak = Streak::default();
    let mut waits = Vec::new();
    let gave_up_after = loop {
      let (next, decision) = streak.died(Life::UNREADY, &policy, 0.0);
      streak = next;
      match decision {
        Decision::Again { after } => waits.push(after.as_secs_f64()),
        Decision::GiveUp { restarts } => break restarts,
      }
    };
    assert_eq!(gave_up_after, 3);
    let rounded: Vec<f64> = waits.iter().map(|wait| (wait * 10.0).round() / 10.0).collect();
    assert_eq!(rounded, [2.0, 3.5, 6.1]);
  }

  #[test]
  fn only_early_deaths_in_a_row_give_a_slot_up() {
    let policy = policy(1, SECOND);
    for (second, given_up) in [
      (Life::UNREADY, true),
      (ready_for(Duration::from_millis(999)), true),
      (ready_for(SECOND), false),
      (Life { broke_request: true, ..ready_for(Duration::ZERO) }, false),
    ] {
      let (streak, _) = Streak::default().died(Life::UNREADY, &policy, 0.0);
      let (after, decision) = streak.died(second, &policy, 0.0);
      assert_eq!(matches!(decision, Decision::GiveUp { restarts: 1 }), given_up, "{second:?}");
      if !given_up {
        // The count of early deaths begins again.
        let (_, third) = after.died(Life::UNREADY, &policy, 0.0);
        assert!(matches!(third, Decision::Again { .. }));
      }
    }
  }

  #[test]
  fn uptime_shortens_the_waits() {
    let policy = policy(1, SECOND);
    let (streak, _) = Streak::default().died(ready_for(SECOND), &policy, 0.0);
    let (_, decision) = streak.died(ready_for(Duration::from_secs(30)), &policy, 0.0);
    assert_eq!(decision, Decision::Again { after: SECOND });
  }

  #[test]
  fn none_allowed_means_none_for_one_that_does_not_start() {
    let policy = policy(0, SECOND);
    let (_, decision) = Streak::default().died(Life::UNREADY, &policy, 0.0);
    assert_eq!(decision, Decision::GiveUp { restarts: 0 });
    let (_, decision) = Streak::default().died(ready_for(SECOND), &policy, 0.0);
    assert_eq!(decision, Decision::Again { after: SECOND });
  }

  proptest! {
    #[test]
    fn one_that_served_is_brought_back_without_end_and_within_six_minutes(
      uptimes in prop::collection::vec(1_000_u64..40_000, 1..200), max_restarts in 0_u32..4,
    ) {
      let policy = policy(max_restarts, Duration::from_secs(2));
      let mut streak = Streak::default();
      for uptime in uptimes {
        let (next, decision) = streak.died(ready_for(Duration::from_millis(uptime)), &policy, 1.0);
        streak = next;
        let Decision::Again { after } = decision else {
          return Err(TestCaseError::fail("given up"));
        };
        prop_assert!(after <= LONGEST.mul_f64(1.2));
      }
    }

    #[test]
    fn waits_are_bounded_and_never_shrink(restart in 0_u32..u32::MAX, first in 0_u64..1_000_000) {
      let first = Duration::from_millis(first);
      let (now, next) = (wait(restart, first), wait(restart.saturating_add(1), first));
      prop_assert!(now <= next);
      prop_assert!(now >= first && now <= first.max(LONGEST));
    }
  }
}
