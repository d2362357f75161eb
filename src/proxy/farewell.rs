//! How tunnels to a worker that goes are ended: when, and with which words.

use std::time::Duration;

use tokio::time::Instant;

/// WebSocket close code of a service that comes back: connect again (RFC 6455, 11.7, registered).
const SERVICE_RESTART: u16 = 1012;
/// WebSocket close code of a server that goes down (RFC 6455, 7.4.1).
const GOING_AWAY: u16 = 1001;
/// How long a client may take to answer a close frame.
pub(super) const ANSWER: Duration = Duration::from_secs(3);

/// What the tunnels of a worker are told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Farewell {
  /// The close code for WebSockets.
  pub(super) code: u16,
  /// Its reason, in words.
  pub(super) reason: &'static str,
  /// When the first one is ended.
  pub(super) from: Instant,
  /// How long after that the last one is.
  pub(super) window: Duration,
}

impl Farewell {
  /// The worker goes, and others take its place: its tunnels are ended over `window`, so that not all
  /// clients come back at once, and in time for their answers before `by`.
  #[must_use]
  pub fn restart(window: Duration, by: Instant) -> Self {
    let from = Instant::now();
    let room = by.saturating_duration_since(from).saturating_sub(ANSWER);
    Self { code: SERVICE_RESTART, reason: "service restart", from, window: window.min(room) }
  }

  /// Everything goes: there is nothing to come back to, so nothing to spread.
  #[must_use]
  pub fn shutdown() -> Self {
    Self {
      code: GOING_AWAY,
      reason: "server shutdown",
      from: Instant::now(),
      window: Duration::ZERO,
    }
  }

  /// When one tunnel is ended; `chance` is from 0 to 1.
  pub(super) fn moment(&self, chance: f64) -> Instant {
    self.from + self.window.mul_f64(chance.clamp(0.0, 1.0))
  }

  /// When the last one is.
  pub(super) fn end(&self) -> Instant {
    self.from + self.window
  }
}

#[cfg(test)]
mod tests {
  use proptest::prelude::*;

  use super::*;

  proptest! {
    #[test]
    fn every_moment_is_in_the_window_and_leaves_time_for_an_answer(
      window in 0_u64..100_000, patience in 0_u64..100_000, chance in 0.0..=1.0_f64,
    ) {
      let by = Instant::now() + Duration::from_millis(patience);
      let farewell = Farewell::restart(Duration::from_millis(window), by);
      let moment = farewell.moment(chance);
      prop_assert!(farewell.from <= moment && moment <= farewell.end());
      prop_assert!(farewell.window <= Duration::from_millis(window));
      prop_assert!(moment + ANSWER <= by || farewell.window.is_zero());
    }
  }

  #[test]
  fn a_shutdown_does_not_wait() {
    let farewell = Farewell::shutdown();
    assert_eq!((farewell.code, farewell.moment(1.0)), (1001, farewell.from));
  }
}
