//! What the checks of one worker say about it. Pure.

use std::{fmt, io, time::Duration, time::SystemTime};

use super::posture::Posture;

/// Checks that an unhealthy worker must pass in a row to be healthy again, as with HAProxy's `rise`:
/// one answer between two hangs is no recovery.
pub const RISE: u32 = 2;

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

/// How a worker failed a check.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Failure {
  /// Its JavaScript did not answer a ping in this time: it is blocked, stopped or cut off.
  Hangs {
    /// How long it was given.
    patience: Duration,
    /// What its main thread was at.
    posture: Posture,
  },
  /// Its event loop did not turn, and its native thread lives: it is blocked.
  Blocked {
    /// For how long.
    silent: Duration,
    /// What its main thread was at.
    posture: Posture,
  },
  /// Not even its native thread did anything: it is stopped or defunct.
  Dead {
    /// For how long.
    silent: Duration,
    /// What its main thread was at.
    posture: Posture,
  },
  /// Its health endpoint did not answer in this time, and its JavaScript did.
  Slow(Duration),
  /// Its health endpoint answered this status.
  Answered(u16),
  /// Its health endpoint could not be asked.
  Refused(io::ErrorKind),
  /// The app closed its server and lives on: no request can reach it.
  ServerClosed,
}

impl Failure {
  /// Whether nothing that the worker still has to do can be expected to be done.
  #[must_use]
  pub const fn hangs(self) -> bool {
    matches!(self, Self::Hangs { .. } | Self::Blocked { .. } | Self::Dead { .. })
  }

  /// Whether it was found by the beats of the worker rather than by a check.
  #[must_use]
  pub const fn is_of_beats(self) -> bool {
    matches!(self, Self::Blocked { .. } | Self::Dead { .. })
  }
}

impl fmt::Display for Failure {
  fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    match self {
      Self::Hangs { patience, posture } => {
        write!(f, "its JavaScript did not answer within {} ms{posture}", patience.as_millis())
      }
      Self::Blocked { silent, posture } => {
        write!(f, "its event loop has not turned for {} ms{posture}", silent.as_millis())
      }
      Self::Dead { silent, posture } => {
        write!(f, "its process has shown no sign of life for {} ms{posture}", silent.as_millis())
      }
      Self::Slow(time) => {
        write!(f, "its health endpoint did not answer within {} ms", time.as_millis())
      }
      Self::Answered(status) => write!(f, "its health endpoint answered {status}"),
      Self::Refused(kind) => write!(f, "its health endpoint could not be asked: {kind}"),
      Self::ServerClosed => write!(f, "the app closed its server and opened no other one"),
    }
  }
}

/// The state of one worker's checks.
///
/// - Unknown | Healthy + `max_failures` failed in a row → Unhealthy
/// - any + condemned → Unhealthy
/// - Unknown + passed → Healthy
/// - Unhealthy + [`RISE`] passed in a row → Healthy
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Checkup {
  /// Whether it answers.
  pub status: Status,
  /// Failed checks since the last one that passed.
  pub consecutive_failures: u32,
  /// Checks passed since the last one that failed, as far as they count.
  passes: u32,
  /// How it last failed; forgotten when it is healthy again.
  pub failure: Option<Failure>,
  /// When it was last checked; `None` before the first time.
  pub last_check: Option<SystemTime>,
}

impl Checkup {
  /// Before the first check.
  pub const NEW: Self = Self {
    status: Status::Unknown,
    consecutive_failures: 0,
    passes: 0,
    failure: None,
    last_check: None,
  };

  /// After a check that passed. The proof of readiness is the first one.
  #[must_use]
  pub const fn passed(self, now: SystemTime) -> Self {
    let passes = self.passes.saturating_add(1);
    let recovers = !matches!(self.status, Status::Unhealthy) || passes >= RISE;
    Self {
      status: if recovers { Status::Healthy } else { Status::Unhealthy },
      consecutive_failures: 0,
      passes,
      failure: if recovers { None } else { self.failure },
      last_check: Some(now),
    }
  }

  /// After a check that failed; `max_failures` of them in a row make a worker unhealthy.
  #[must_use]
  pub const fn failed(self, failure: Failure, now: SystemTime, max_failures: u32) -> Self {
    let failures = self.consecutive_failures.saturating_add(1);
    let status = if failures >= max_failures { Status::Unhealthy } else { self.status };
    Self {
      status,
      consecutive_failures: failures,
      passes: 0,
      failure: Some(failure),
      last_check: Some(now),
    }
  }

  /// When its beats stopped for longer than they may: unhealthy at once, whatever the checks said.
  #[must_use]
  pub const fn condemned(self, failure: Failure, now: SystemTime) -> Self {
    self.failed(failure, now, 0)
  }

  /// Whether it passed as many in a row as an unhealthy worker must: its proof of readiness and a
  /// check after it are enough.
  #[must_use]
  pub const fn is_proven(&self) -> bool {
    matches!(self.status, Status::Healthy) && self.passes >= RISE
  }

  /// Whether it failed so often that it gets no requests.
  #[must_use]
  pub fn is_sick(&self) -> bool {
    self.status == Status::Unhealthy
  }

  /// Whether it is unhealthy and cannot be expected to finish anything.
  #[must_use]
  pub fn hangs(&self) -> bool {
    self.is_sick() && self.failure.is_some_and(Failure::hangs)
  }
}

#[cfg(test)]
mod tests {
  use proptest::prelude::*;

  use super::*;

  const BAD: Failure = Failure::Answered(500);

  #[test]
  fn only_failures_in_a_row_count() {
    let now = SystemTime::UNIX_EPOCH;
    let once = Checkup::NEW.passed(now).failed(BAD, now, 2);
    assert_eq!((once.status, once.consecutive_failures), (Status::Healthy, 1));
    let twice = once.failed(BAD, now, 2);
    assert_eq!((twice.status, twice.consecutive_failures), (Status::Unhealthy, 2));
    assert_eq!(once.passed(now).consecutive_failures, 0);
  }

  #[test]
  fn recovers_after_two_in_a_row() {
    let now = SystemTime::UNIX_EPOCH;
    let sick = Checkup::NEW.passed(now).failed(BAD, now, 1);
    let better = sick.passed(now);
    assert_eq!((better.status, better.failure), (Status::Unhealthy, Some(BAD)));
    assert!(better.failed(BAD, now, 3).passed(now).is_sick());
    let well = better.passed(now);
    assert_eq!((well.status, well.failure), (Status::Healthy, None));
  }

  #[test]
  fn only_a_hang_is_beyond_hope() {
    let now = SystemTime::UNIX_EPOCH;
    let time = Duration::from_millis(5);
    for (failure, hangs) in [
      (Failure::Hangs { patience: time, posture: Posture::Runs }, true),
      (Failure::Blocked { silent: time, posture: Posture::Sleeps }, true),
      (Failure::Dead { silent: time, posture: Posture::Stopped }, true),
      (Failure::Slow(time), false),
      (BAD, false),
      (Failure::Refused(io::ErrorKind::ConnectionRefused), false),
    ] {
      assert_eq!(Checkup::NEW.failed(failure, now, 1).hangs(), hangs);
      assert!(!Checkup::NEW.failed(failure, now, 2).hangs());
    }
  }

  #[test]
  fn says_what_it_saw() {
    let time = Duration::from_millis(30_000);
    for (failure, sentence) in [
      (
        Failure::Hangs { patience: time, posture: Posture::Runs },
        "its JavaScript did not answer within 30000 ms: its main thread runs without a pause",
      ),
      (
        Failure::Blocked { silent: time, posture: Posture::Sleeps },
        "its event loop has not turned for 30000 ms: its main thread sleeps in a call that does not return",
      ),
      (
        Failure::Dead { silent: time, posture: Posture::Stopped },
        "its process has shown no sign of life for 30000 ms: it was stopped by a signal",
      ),
      (
        Failure::Hangs { patience: time, posture: Posture::Unknown },
        "its JavaScript did not answer within 30000 ms",
      ),
    ] {
      assert_eq!(failure.to_string(), sentence);
    }
  }

  #[test]
  fn silence_condemns_at_once_and_beats_bring_back() {
    let now = SystemTime::UNIX_EPOCH;
    let failure = Failure::Blocked { silent: Duration::from_secs(30), posture: Posture::Runs };
    let condemned = Checkup::NEW.passed(now).condemned(failure, now);
    assert!(condemned.hangs() && condemned.passed(now).is_sick());
    assert!(!condemned.passed(now).passed(now).is_sick());
  }

  proptest! {
    #[test]
    fn a_turn_takes_the_whole_threshold(
      answers in prop::collection::vec(any::<bool>(), 0..64), max in 1_u32..6,
    ) {
      let now = SystemTime::UNIX_EPOCH;
      let (mut checkup, mut row) = (Checkup::NEW.passed(now), (true, 1_u32));
      for answer in answers {
        row = if row.0 == answer { (answer, row.1 + 1) } else { (answer, 1) };
        let before = checkup.is_sick();
        checkup =
          if answer { checkup.passed(now) } else { checkup.failed(BAD, now, max) };
        match (before, checkup.is_sick()) {
          (false, true) => prop_assert!(!answer && row.1 >= max),
          (true, false) => prop_assert!(answer && row.1 >= RISE),
          (true, true) => prop_assert!(!answer || row.1 < RISE),
          (false, false) => prop_assert!(answer || row.1 < max),
        }
      }
    }
  }
}
