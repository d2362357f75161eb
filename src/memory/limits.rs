//! How near to its limit a worker is. Pure.

use crate::monitor::reading::{float, percent};

/// From where on something is said, and done, in per cent of a limit.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Thresholds {
  /// From where on a warning is given. Default 80.
  pub warning: f64,
  /// From where on something is done. Default 95.
  pub critical: f64,
}

impl Thresholds {
  /// From how many bytes of `limit` on a warning is given.
  #[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a part of a size, and `as` saturates"
  )]
  #[must_use]
  pub const fn warning_of(&self, limit: u64) -> u64 {
    (float(limit) * self.warning / 100.0) as u64
  }
}

impl Default for Thresholds {
  fn default() -> Self {
    Self { warning: 80.0, critical: 95.0 }
  }
}

/// How near it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
  /// Below every threshold.
  Ok,
  /// At the warning threshold or above.
  Warning,
  /// At the critical threshold or above.
  Critical,
  /// Above the limit.
  Exceeded,
}

impl Level {
  /// The public name.
  #[must_use]
  pub const fn name(self) -> &'static str {
    match self {
      Self::Ok => "ok",
      Self::Warning => "warning",
      Self::Critical => "critical",
      Self::Exceeded => "exceeded",
    }
  }
}

/// Where `used` bytes stand against `limit`; a limit of 0 is exceeded by anything.
#[must_use]
pub fn level(used: u64, limit: u64, thresholds: Thresholds) -> Level {
  if used > limit {
    return Level::Exceeded;
  }
  match percent(float(used), float(limit)) {
    share if share >= thresholds.critical => Level::Critical,
    share if share >= thresholds.warning => Level::Warning,
    _ => Level::Ok,
  }
}

#[cfg(test)]
mod tests {
  use proptest::prelude::*;

  use super::*;

  #[test]
  fn each_level_begins_at_its_threshold() {
    for (used, limit, expected) in [
      (0, 100, Level::Ok),
      (79, 100, Level::Ok),
      (80, 100, Level::Warning),
      (94, 100, Level::Warning),
      (95, 100, Level::Critical),
      (100, 100, Level::Critical),
      (101, 100, Level::Exceeded),
      (1, 0, Level::Exceeded),
      (0, 0, Level::Ok),
      (1 << 60, u64::MAX, Level::Ok),
    ] {
      assert_eq!(level(used, limit, Thresholds::default()), expected, "{used} of {limit}");
    }
  }

  proptest! {
    #[test]
    fn more_memory_is_never_a_lower_level(used in 0_u64..1 << 50, more in 0_u64..1 << 40, limit in 1_u64..1 << 50) {
      let at = |used| level(used, limit, Thresholds::default());
      prop_assert!(at(used) <= at(used + more));
    }
  }
}
