//! Whether a release answers worse than the one before it. Pure.
//!
//! Health checks see what the app says of itself; this sees what clients were told. Wrong answers of a
//! single kind of request are no proof, and a database that is gone is not the fault of a release: so most
//! answers have to be bad, and far more than of the others at the same time.

/// Fewer bad answers than this say nothing.
const LEAST: u64 = 5;
/// The share of bad answers above which a release is bad,
const MOST: f64 = 0.5;
/// if it is so many times that of the others.
const WORSE: f64 = 2.0;

/// Answers that were given.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Traffic {
  /// All of them.
  pub answers: u64,
  /// Those with a 5xx status, and those that did not come.
  pub bad: u64,
}

impl Traffic {
  /// What came after `before`.
  #[must_use]
  pub const fn since(self, before: Self) -> Self {
    Self {
      answers: self.answers.saturating_sub(before.answers),
      bad: self.bad.saturating_sub(before.bad),
    }
  }

  /// Whether these are so much worse than those of the `others` that the release is to blame.
  #[must_use]
  pub fn is_bad_beside(self, others: Self) -> bool {
    self.bad >= LEAST && self.share() > MOST && self.share() > WORSE * others.share()
  }

  fn share(self) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "a share")]
    let share = self.bad as f64 / self.answers.max(1) as f64;
    share
  }
}

#[cfg(test)]
mod tests {
  use super::*;

  const fn of(bad: u64, answers: u64) -> Traffic {
    Traffic { answers, bad }
  }

  #[test]
  fn a_release_is_bad_if_most_answers_are_and_those_of_others_are_not() {
    for (traffic, others, bad) in [
      (of(20, 20), of(0, 100), true),
      (of(11, 20), of(10, 100), true),
      (of(10, 20), of(0, 100), false),
      (of(4, 4), of(0, 100), false),
      (of(20, 20), of(60, 100), false),
      (of(20, 20), of(0, 0), true),
      (of(0, 0), of(0, 0), false),
    ] {
      assert_eq!(traffic.is_bad_beside(others), bad, "{traffic:?} beside {others:?}");
    }
    assert_eq!(of(3, 9).since(of(1, 4)), of(2, 5));
    assert_eq!(of(0, 1).since(of(1, 4)), of(0, 0));
  }
}
