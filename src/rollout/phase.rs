//! How far a deployment had come when it failed.

use std::fmt;

/// A part of a deployment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
  /// The first worker alone.
  Canary,
  /// The others.
  Rollout,
  /// All of them together.
  AtOnce,
}

impl Phase {
  /// The public name.
  #[must_use]
  pub const fn name(self) -> &'static str {
    match self {
      Self::Canary => "canary",
      Self::Rollout => "rollout",
      Self::AtOnce => "at-once",
    }
  }
}

impl fmt::Display for Phase {
  fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    f.write_str(match self {
      Self::Canary => "its canary",
      Self::Rollout => "after its canary",
      Self::AtOnce => "which was to be replaced with all others",
    })
  }
}
