//! The life of a worker's process as a pure state machine: no clock, no process, no channel.

use std::time::Duration;

use tokio::time::Instant;

use crate::config::Timing;

/// State transitions:
/// - Starting + ready → Running
/// - Starting + deadline → as hung (it was not ready in time)
/// - Starting + stop → Terminating
/// - Running + stop → Draining
/// - Draining + idle → Leaving
/// - Draining | Leaving + deadline → Terminating
/// - Terminating + deadline → Killing
/// - any but Diagnosing, Killing, Exited + hung → Diagnosing, or Killing when no time is given for that
/// - Diagnosing + diagnosed → Killing
/// - any but Exited + kill → Killing
/// - any + exited → Exited
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
  /// Spawned, has not proved that it is ready.
  Starting {
    /// When patience ends.
    deadline: Instant,
  },
  /// Proved ready; may get requests.
  Running,
  /// Gets no new requests; the ones that it has are finishing.
  Draining {
    /// When it is told to leave all the same.
    deadline: Instant,
  },
  /// Has no requests and was asked to leave.
  Leaving {
    /// When SIGTERM follows.
    deadline: Instant,
  },
  /// Got SIGTERM.
  Terminating {
    /// When SIGKILL follows.
    deadline: Instant,
  },
  /// It hangs, and it is being found out where.
  Diagnosing,
  /// Got SIGKILL, process group and all.
  Killing,
  /// Reaped. Terminal.
  Exited,
}

/// What can happen to a worker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Input {
  /// It proved that it is ready.
  Ready,
  /// Somebody wants it gone, politely.
  Stop {
    /// When SIGTERM follows, whatever it still has to do.
    by: Instant,
  },
  /// It hangs: nothing that it has to do can be expected to be done.
  Hung,
  /// It was found out where it hangs, or could not be.
  Diagnosed,
  /// Somebody wants it gone at once.
  Kill,
  /// Its last request is finished.
  Idle,
  /// The deadline of the present state passed.
  Deadline,
  /// Its process was reaped.
  Exited,
}

/// What must be done after a transition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
  /// Nothing.
  None,
  /// Tell the supervisor that it is ready.
  AnnounceReady,
  /// Watch for its last request to finish.
  AwaitIdle,
  /// Ask it over the channel to leave.
  AskToLeave,
  /// Send SIGTERM.
  Terminate,
  /// Find out where it hangs.
  Diagnose,
  /// Send SIGKILL to its process group.
  Kill,
  /// Tell the supervisor that it is gone.
  AnnounceExit,
}

impl State {
  /// Apply `input` at `now`. A late or duplicate input keeps the state and asks for nothing.
  #[must_use]
  pub fn on(self, input: Input, now: Instant, timing: Timing) -> (Self, Effect) {
    use State::{Diagnosing, Draining, Exited, Killing, Leaving, Running, Starting, Terminating};
    let terminating = Terminating { deadline: now + timing.kill };
    match (self, input) {
      (Exited, _) => (Exited, Effect::None),
      (_, Input::Exited) => (Exited, Effect::AnnounceExit),
      (Starting { .. }, Input::Ready) => (Running, Effect::AnnounceReady),
      (Terminating { .. }, Input::Deadline) => (Killing, Effect::Kill),
      (Starting { .. }, Input::Stop { .. }) => (terminating, Effect::Terminate),
      (Running, Input::Stop { by }) => (Draining { deadline: by }, Effect::AwaitIdle),
      // Whatever time the requests left over, leaving gets a moment of its own.
      (Draining { deadline }, Input::Idle) => {
        (Leaving { deadline: deadline.max(now + LEAVE) }, Effect::AskToLeave)
      }
      (Draining { .. } | Leaving { .. }, Input::Deadline) => (terminating, Effect::Terminate),
      (Starting { .. }, Input::Deadline)
      | (
        Starting { .. } | Running | Draining { .. } | Leaving { .. } | Terminating { .. },
        Input::Hung,
      ) if !timing.diagnosis.is_zero() => (Diagnosing, Effect::Diagnose),
      (
        Starting { .. } | Running | Draining { .. } | Leaving { .. } | Terminating { .. },
        Input::Hung | Input::Kill,
      )
      | (Starting { .. }, Input::Deadline)
      | (Diagnosing, Input::Diagnosed | Input::Kill) => (Killing, Effect::Kill),
      // Listed, not `_ =>`: adding a state or an input must break this match.
      (
        Running | Draining { .. } | Leaving { .. } | Terminating { .. } | Diagnosing | Killing,
        Input::Ready,
      )
      | (
        Draining { .. } | Leaving { .. } | Terminating { .. } | Diagnosing | Killing,
        Input::Stop { .. },
      )
      | (Diagnosing, Input::Hung)
      | (Killing, Input::Hung | Input::Kill)
      | (
        Starting { .. } | Running | Draining { .. } | Leaving { .. } | Terminating { .. } | Killing,
        Input::Diagnosed,
      )
      | (
        Starting { .. } | Running | Leaving { .. } | Terminating { .. } | Diagnosing | Killing,
        Input::Idle,
      )
      | (Running | Diagnosing | Killing, Input::Deadline) => (self, Effect::None),
    }
  }

  /// When [`Input::Deadline`] is due.
  #[must_use]
  pub const fn deadline(self) -> Option<Instant> {
    match self {
      Self::Starting { deadline }
      | Self::Draining { deadline }
      | Self::Leaving { deadline }
      | Self::Terminating { deadline } => Some(deadline),
      Self::Running | Self::Diagnosing | Self::Killing | Self::Exited => None,
    }
  }

  /// Whether it was told to go, by us.
  #[must_use]
  pub const fn is_asked_to_go(self) -> bool {
    matches!(
      self,
      Self::Draining { .. }
        | Self::Leaving { .. }
        | Self::Terminating { .. }
        | Self::Diagnosing
        | Self::Killing
    )
  }
}

/// The least time a drained worker has to leave before SIGTERM.
const LEAVE: Duration = Duration::from_secs(1);

#[cfg(test)]
mod tests {
  use super::*;

  const TIMING: Timing = Timing {
    startup: Duration::from_secs(60),
    graceful_shutdown: Duration::from_secs(30),
    kill: Duration::from_secs(5),
    diagnosis: Duration::from_secs(1),
  };

  /// One row per line of the table in the doc comment of [`State`].
  #[test]
  fn follows_its_table() {
    let now = Instant::now();
    let later = now + Duration::from_secs(9);
    let starting = State::Starting { deadline: later };
    let by = now + TIMING.graceful_shutdown;
    let draining = State::Draining { deadline: by };
    let leaving = State::Leaving { deadline: later };
    let terminating = State::Terminating { deadline: now + TIMING.kill };
    for (state, input, next, effect) in [
      (starting, Input::Ready, State::Running, Effect::AnnounceReady),
      (starting, Input::Deadline, State::Diagnosing, Effect::Diagnose),
      (starting, Input::Stop { by }, terminating, Effect::Terminate),
      (State::Running, Input::Stop { by }, draining, Effect::AwaitIdle),
      (State::Draining { deadline: later }, Input::Idle, leaving, Effect::AskToLeave),
      (draining, Input::Deadline, terminating, Effect::Terminate),
      (leaving, Input::Deadline, terminating, Effect::Terminate),
      (terminating, Input::Deadline, State::Killing, Effect::Kill),
      (starting, Input::Kill, State::Killing, Effect::Kill),
      (State::Running, Input::Kill, State::Killing, Effect::Kill),
      (draining, Input::Kill, State::Killing, Effect::Kill),
      (leaving, Input::Kill, State::Killing, Effect::Kill),
      (terminating, Input::Kill, State::Killing, Effect::Kill),
      (starting, Input::Hung, State::Diagnosing, Effect::Diagnose),
      (State::Running, Input::Hung, State::Diagnosing, Effect::Diagnose),
      (draining, Input::Hung, State::Diagnosing, Effect::Diagnose),
      (State::Diagnosing, Input::Diagnosed, State::Killing, Effect::Kill),
      (State::Diagnosing, Input::Kill, State::Killing, Effect::Kill),
      (State::Diagnosing, Input::Stop { by }, State::Diagnosing, Effect::None),
      (State::Diagnosing, Input::Exited, State::Exited, Effect::AnnounceExit),
      (starting, Input::Exited, State::Exited, Effect::AnnounceExit),
      (State::Running, Input::Exited, State::Exited, Effect::AnnounceExit),
      (State::Killing, Input::Exited, State::Exited, Effect::AnnounceExit),
    ] {
      assert_eq!(state.on(input, now, TIMING), (next, effect), "{state:?} + {input:?}");
    }
  }

  #[test]
  fn one_that_hangs_is_killed_at_once_where_no_time_is_given_to_find_out_why() {
    let timing = Timing { diagnosis: Duration::ZERO, ..TIMING };
    let now = Instant::now();
    let killed = (State::Killing, Effect::Kill);
    assert_eq!(State::Running.on(Input::Hung, now, timing), killed);
    assert_eq!(State::Starting { deadline: now }.on(Input::Deadline, now, timing), killed);
  }

  #[test]
  fn a_second_stop_does_not_extend_the_deadline() {
    let now = Instant::now();
    let later = now + Duration::from_secs(4);
    let (draining, _) = State::Running.on(Input::Stop { by: now }, now, TIMING);
    let again = draining.on(Input::Stop { by: later }, later, TIMING);
    assert_eq!(again, (draining, Effect::None));
  }

  #[test]
  fn an_exit_is_announced_once_and_ends_everything() {
    let now = Instant::now();
    let stop = Input::Stop { by: now };
    for input in [
      Input::Ready,
      stop,
      Input::Hung,
      Input::Diagnosed,
      Input::Kill,
      Input::Idle,
      Input::Deadline,
      Input::Exited,
    ] {
      assert_eq!(State::Exited.on(input, now, TIMING), (State::Exited, Effect::None));
    }
  }

  #[test]
  fn a_worker_drained_at_the_last_moment_may_still_leave_by_itself() {
    let now = Instant::now();
    let (state, _) = State::Draining { deadline: now }.on(Input::Idle, now, TIMING);
    assert_eq!(state.deadline(), Some(now + LEAVE));
  }
}
