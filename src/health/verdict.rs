//! From the state of the workers to the health of the cluster. Pure.

/// Health of the cluster as a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
  /// Every worker that should run does, and answers.
  Healthy,
  /// Some serve, some do not.
  Degraded,
  /// None serves.
  Critical,
}

impl Verdict {
  /// Judge a cluster that should have `wanted` workers, of which `serving` run and answer.
  #[must_use]
  pub const fn of(wanted: usize, serving: usize) -> Self {
    match serving {
      0 => Self::Critical,
      _ if serving < wanted => Self::Degraded,
      _ => Self::Healthy,
    }
  }

  /// The public name.
  #[must_use]
  pub const fn name(self) -> &'static str {
    match self {
      Self::Healthy => "healthy",
      Self::Degraded => "degraded",
      Self::Critical => "critical",
    }
  }
}

#[cfg(test)]
mod tests {
  use super::*;

  #[test]
  fn judges() {
    for (wanted, serving, verdict) in [
      (4, 4, Verdict::Healthy),
      (4, 3, Verdict::Degraded),
      (4, 1, Verdict::Degraded),
      (4, 0, Verdict::Critical),
      (0, 0, Verdict::Critical),
    ] {
      assert_eq!(Verdict::of(wanted, serving), verdict);
    }
  }
}
