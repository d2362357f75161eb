//! The state of a cluster as a whole, and every way from one to another. Pure.
//!
//! | from | step | to |
//! |---|---|---|
//! | stopped, error | begin | initializing |
//! | initializing | spawn | starting |
//! | initializing | fail | error |
//! | starting | open | running |
//! | running | scale | scaling |
//! | scaling | scaled | running |
//! | running, scaling | lose | error |
//! | error | recover | running |
//! | starting, running, scaling, error | stop | stopping |
//! | initializing, stopping, error | end | stopped |
//! | stopped | fail | error |
//!
//! A start that fails ends what it has begun, so it comes to `error` by way of `stopped`. In `error` a
//! cluster either has no workers, and can be started again, or it has some that were all given up, and
//! they can be restarted or scaled.

/// State of the cluster as a whole, in the words of the public `ClusterState`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClusterState {
  /// `start()` was called; no worker has been started yet.
  Initializing,
  /// The first workers are starting.
  Starting,
  /// The public port is open.
  Running,
  /// It runs, and the number of its workers is being changed.
  Scaling,
  /// Requests finish, workers leave.
  Stopping,
  /// `start()` has not been called, or the cluster was stopped.
  Stopped,
  /// The start failed, or every worker was given up.
  Error,
}

/// What can happen to a state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
  /// `start()` was called.
  Begin,
  /// The port is reserved, workers are started.
  Spawn,
  /// All are ready, the port is open.
  Open,
  /// The number of workers is to change.
  Scale,
  /// It has changed, or could not.
  Scaled,
  /// The last worker was given up.
  Lose,
  /// A worker serves again.
  Recover,
  /// `stop()` was called.
  Stop,
  /// Nothing is left.
  End,
  /// The start failed.
  Fail,
}

impl ClusterState {
  /// All of them.
  pub const ALL: [Self; 7] = [
    Self::Initializing,
    Self::Starting,
    Self::Running,
    Self::Scaling,
    Self::Stopping,
    Self::Stopped,
    Self::Error,
  ];

  /// The public name.
  #[must_use]
  pub const fn name(self) -> &'static str {
    match self {
      Self::Initializing => "initializing",
      Self::Starting => "starting",
      Self::Running => "running",
      Self::Scaling => "scaling",
      Self::Stopping => "stopping",
      Self::Stopped => "stopped",
      Self::Error => "error",
    }
  }

  /// The state after `step`; `None` when that is no step of this state.
  #[must_use]
  pub const fn after(self, step: Step) -> Option<Self> {
    Some(match (self, step) {
      (Self::Stopped | Self::Error, Step::Begin) => Self::Initializing,
      (Self::Initializing, Step::Spawn) => Self::Starting,
      (Self::Initializing | Self::Stopped, Step::Fail)
      | (Self::Running | Self::Scaling, Step::Lose) => Self::Error,
      (Self::Starting, Step::Open)
      | (Self::Scaling, Step::Scaled)
      | (Self::Error, Step::Recover) => Self::Running,
      (Self::Running, Step::Scale) => Self::Scaling,
      (Self::Starting | Self::Running | Self::Scaling | Self::Error, Step::Stop) => Self::Stopping,
      (Self::Initializing | Self::Stopping | Self::Error, Step::End) => Self::Stopped,
      _ => return None,
    })
  }

  /// Whether the cluster has a run that can be told what to do.
  #[must_use]
  pub const fn is_up(self) -> bool {
    matches!(self, Self::Running | Self::Scaling | Self::Error)
  }
}

#[cfg(test)]
mod tests {
  use super::{ClusterState::*, Step::*, *};

  const STEPS: [Step; 10] = [Begin, Spawn, Open, Scale, Scaled, Lose, Recover, Stop, End, Fail];

  #[test]
  fn the_table_is_what_is_documented_and_nothing_else() {
    let table = [
      (Stopped, Begin, Initializing),
      (Error, Begin, Initializing),
      (Initializing, Spawn, Starting),
      (Initializing, Fail, Error),
      (Starting, Open, Running),
      (Running, Scale, Scaling),
      (Scaling, Scaled, Running),
      (Running, Lose, Error),
      (Scaling, Lose, Error),
      (Error, Recover, Running),
      (Starting, Stop, Stopping),
      (Running, Stop, Stopping),
      (Scaling, Stop, Stopping),
      (Error, Stop, Stopping),
      (Initializing, End, Stopped),
      (Stopping, End, Stopped),
      (Error, End, Stopped),
      (Stopped, Fail, Error),
    ];
    for from in ClusterState::ALL {
      for step in STEPS {
        let row = table.iter().find(|(state, taken, _)| (*state, *taken) == (from, step));
        assert_eq!(from.after(step), row.map(|(_, _, to)| *to), "{from:?} {step:?}");
      }
    }
  }

  #[test]
  fn every_state_can_be_reached_and_left() {
    let mut reached = vec![Stopped];
    while let Some(next) = reached
      .iter()
      .flat_map(|state| STEPS.map(|step| state.after(step)))
      .flatten()
      .find(|next| !reached.contains(next))
    {
      reached.push(next);
    }
    assert_eq!(reached.len(), ClusterState::ALL.len());
    for state in ClusterState::ALL {
      assert!(STEPS.iter().any(|step| state.after(*step).is_some()), "{state:?}");
    }
  }
}
