//! What is to be done, and why.

/// What is to be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
  /// Start workers.
  Up,
  /// Stop workers.
  Down,
  /// Leave it.
  Hold,
}

impl Action {
  /// The public name.
  #[must_use]
  pub const fn name(self) -> &'static str {
    match self {
      Self::Up => "up",
      Self::Down => "down",
      Self::Hold => "hold",
    }
  }

  /// What leads from `from` workers to `to`.
  #[must_use]
  pub fn between(from: u32, to: u32) -> Self {
    match to.cmp(&from) {
      std::cmp::Ordering::Greater => Self::Up,
      std::cmp::Ordering::Less => Self::Down,
      std::cmp::Ordering::Equal => Self::Hold,
    }
  }
}

/// The outcome of one evaluation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
  /// Workers there are.
  pub from: u32,
  /// Workers there are to be.
  pub to: u32,
  /// Why, in words and numbers.
  pub reason: String,
}

impl Decision {
  /// Leave `count` workers as they are.
  #[must_use]
  pub const fn hold(count: u32, reason: String) -> Self {
    Self { from: count, to: count, reason }
  }

  /// What is to be done.
  #[must_use]
  pub fn action(&self) -> Action {
    Action::between(self.from, self.to)
  }
}
