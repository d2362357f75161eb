//! When the next check of a worker is due. Pure.
//!
//! Workers that became ready together would be checked together for ever, and the machine would be
//! busy with nothing but checks at that moment. So the first check comes anywhere within an interval,
//! and later ones drift.

use std::time::Duration;

use crate::config::Health;

/// The share of an interval by which a check may come sooner or later.
const DRIFT: f64 = 0.1;

/// From the proof of readiness to the first check. `random` is from 0 to 1.
#[must_use]
pub fn first(health: &Health, random: f64) -> Duration {
  health.grace_period.saturating_add(health.interval.mul_f64(share(random)))
}

/// From a check that passed to the next.
#[must_use]
pub fn next(health: &Health, random: f64) -> Duration {
  health.interval.mul_f64(1.0 - DRIFT + 2.0 * DRIFT * share(random))
}

/// From a check that failed to its repetition, which never waits longer than a check that passed.
#[must_use]
pub fn again(health: &Health, random: f64) -> Duration {
  health.retry_delay.min(next(health, random))
}

fn share(random: f64) -> f64 {
  if random.is_finite() { random.clamp(0.0, 1.0) } else { 0.5 }
}

#[cfg(test)]
mod tests {
  use proptest::prelude::*;

  use super::*;

  proptest! {
    #[test]
    fn stays_near_the_interval(
      interval in 1_u64..86_400_000, retry in 0_u64..86_400_000, grace in 0_u64..86_400_000,
      random in any::<f64>(),
    ) {
      let ms = Duration::from_millis;
      let health = Health {
        enabled: true,
        interval: ms(interval),
        timeout: ms(1),
        max_failures: 3,
        retry_delay: ms(retry),
        grace_period: ms(grace),
      };
      let first = first(&health, random);
      prop_assert!(first >= ms(grace) && first <= ms(grace + interval));
      let next = next(&health, random);
      prop_assert!(next >= ms(interval).mul_f64(0.89) && next <= ms(interval).mul_f64(1.11));
      let again = again(&health, random);
      prop_assert!(again <= ms(retry) && again <= next);
    }
  }
}
