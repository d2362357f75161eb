//! What the checks of one worker say about it. Pure.

use std::time::SystemTime;

/// Whether a worker answers its checks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
  /// Not checked yet: it is still starting.
  Unknown,
  /// It answered its last check, or has not failed often enough.
  Healthy,
  /// It failed too many checks in a row.
  Unhealthy,
}

impl Status {
  /// The public name.
  #[must_use]
  pub const fn name(self) -> &'static str {
    match self {
      Self::Unknown => "unknown",
      Self::Healthy => "healthy",
      Self::Unhealthy => "unhealthy",
    }
  }
}

/// The state of one worker's checks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Checkup {
  /// Whether it answers.
  pub status: Status,
  /// Failed checks since the last one that passed.
  pub consecutive_failures: u32,
  /// When it was last checked; `None` before the first time.
  pub last_check: Option<SystemTime>,
}

impl Checkup {
  /// Before the first check.
  pub const NEW: Self = Self { status: Status::Unknown, consecutive_failures: 0, last_check: None };

  /// After a check that passed. The proof of readiness is the first one.
  #[must_use]
  pub const fn passed(now: SystemTime) -> Self {
    Self { status: Status::Healthy, consecutive_failures: 0, last_check: Some(now) }
  }

  /// After a check that failed; `max_failures` of them in a row make a worker unhealthy.
  #[must_use]
  pub const fn failed(self, now: SystemTime, max_failures: u32) -> Self {
    let failures = self.consecutive_failures.saturating_add(1);
    let status = if failures >= max_failures { Status::Unhealthy } else { self.status };
    Self { status, consecutive_failures: failures, last_check: Some(now) }
  }
}

#[cfg(test)]
mod tests {
  use super::*;

  #[test]
  fn only_failures_in_a_row_count() {
    let now = SystemTime::now();
    let once = Checkup::passed(now).failed(now, 2);
    assert_eq!((once.status, once.consecutive_failures), (Status::Healthy, 1));
    let twice = once.failed(now, 2);
    assert_eq!((twice.status, twice.consecutive_failures), (Status::Unhealthy, 2));
    assert_eq!(Checkup::passed(now).consecutive_failures, 0);
  }
}
