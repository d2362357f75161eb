//! Whether and when a dead worker is started again. Pure.
//!
//! A *streak* counts restarts that did not help; each half minute of uptime forgives one. So
//! `maxRestarts` is the burst that is allowed, and two restarts a minute the rate that may go on for
//! ever: the two numbers that Erlang's supervisors call intensity and period. The wait grows
//! geometrically over a fixed number of steps, the rule of systemd's `RestartSteps`, with jitter so
//! that workers that died together do not come back together.

use std::time::Duration;

use crate::config::Restart;

/// Uptime that takes one restart off the streak.
const FORGIVEN: Duration = Duration::from_secs(30);
/// Steps from the first wait to the longest.
const STEPS: i32 = 5;
/// The longest wait is this many times the first,
const GROWTH: f64 = 16.0;
/// but not over this, as a healthy release should not wait long for its worker.
const LONGEST: Duration = Duration::from_secs(15);
/// Share of a wait that jitter may add.
const JITTER: f64 = 0.2;

/// Restarts of one slot that did not help.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Streak {
  restarts: u32,
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
    Self { restarts: self.restarts.saturating_sub(forgiven) }
  }

  /// A worker died after `uptime` (zero when it never became ready). `jitter` is a random number
  /// from 0 to 1.
  #[must_use]
  pub fn died(self, uptime: Duration, policy: &Restart, jitter: f64) -> (Self, Decision) {
    let Self { restarts } = self.forgiven(uptime);
    if restarts >= policy.max_restarts {
      return (Self { restarts }, Decision::GiveUp { restarts });
    }
    let after = wait(restarts, policy.delay).mul_f64(1.0 + JITTER * jitter.clamp(0.0, 1.0));
    (Self { restarts: restarts + 1 }, Decision::Again { after })
  }
}

/// The wait before restart number `restart`, counted from 0.
fn wait(restart: u32, first: Duration) -> Duration {
  let longest = first.mul_f64(GROWTH).min(LONGEST).max(first);
  if first.is_zero() {
    return first;
  }
  let step = i32::try_from(restart).unwrap_or(STEPS).min(STEPS);
  let growth = longest.as_secs_f64() / first.as_secs_f64();
  first.mul_f64(growth.powf(f64::from(step) / f64::from(STEPS)))
}

#[cfg(test)]
mod tests {
  use proptest::prelude::*;

  use super::*;

  fn policy(max_restarts: u32, delay: Duration) -> Restart {
    Restart { respawn: true, max_restarts, delay }
  }

  #[test]
  fn waits_longer_each_time_and_then_gives_up() {
    let policy = policy(3, Duration::from_secs(2));
    let mut streak = Streak::default();
    let mut waits = Vec::new();
    let gave_up_after = loop {
      let (next, decision) = streak.died(Duration::ZERO, &policy, 0.0);
      streak = next;
      match decision {
        Decision::Again { after } => waits.push(after.as_secs_f64()),
        Decision::GiveUp { restarts } => break restarts,
      }
    };
    assert_eq!(gave_up_after, 3);
    let rounded: Vec<f64> = waits.iter().map(|wait| (wait * 10.0).round() / 10.0).collect();
    assert_eq!(rounded, [2.0, 3.0, 4.5]);
  }

  #[test]
  fn uptime_forgives() {
    let policy = policy(1, Duration::from_secs(1));
    let (streak, _) = Streak::default().died(Duration::ZERO, &policy, 0.0);
    let (_, decision) = streak.died(Duration::from_secs(29), &policy, 0.0);
    assert_eq!(decision, Decision::GiveUp { restarts: 1 });
    let (_, decision) = streak.died(Duration::from_secs(30), &policy, 0.0);
    assert_eq!(decision, Decision::Again { after: Duration::from_secs(1) });
  }

  #[test]
  fn none_allowed_means_none() {
    let (_, decision) =
      Streak::default().died(Duration::MAX, &policy(0, Duration::from_secs(1)), 0.0);
    assert_eq!(decision, Decision::GiveUp { restarts: 0 });
  }

  proptest! {
    #[test]
    fn waits_are_bounded_and_never_shrink(restart in 0_u32..100, first in 0_u64..100_000) {
      let first = Duration::from_millis(first);
      let (now, next) = (wait(restart, first), wait(restart + 1, first));
      prop_assert!(now <= next);
      prop_assert!(now >= first && now <= first.max(LONGEST) + Duration::from_micros(1));
    }
  }
}
