//! What the main thread of a worker is at, by its state and its processor time. Pure.

use std::{fmt, time::Duration};

use super::starvation::Share;

/// What it is at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Posture {
  /// It runs: a loop without end, or a long one.
  Runs,
  /// It sleeps in a call that has not returned.
  Sleeps,
  /// It waits for a device and cannot be interrupted.
  Device,
  /// A signal such as SIGSTOP, or a debugger, holds the whole process.
  Stopped,
  /// It has ended, and other threads keep the process.
  Ended,
  /// The platform does not tell.
  Unknown,
}

impl Posture {
  /// From the letter that Linux shows in `/proc/<pid>/stat` (`proc_pid_stat(5)`), and what the thread
  /// had of the `elapsed` time.
  #[must_use]
  pub fn of(state: char, share: Option<Share>, elapsed: Duration) -> Self {
    match state {
      'T' | 't' => Self::Stopped,
      'Z' | 'X' | 'x' => Self::Ended,
      'D' => Self::Device,
      'R' => Self::Runs,
      // It may be seen between two turns of a loop that sleeps a little.
      'S' | 'I' if share.is_some_and(|share| share.ran > elapsed / 2) => Self::Runs,
      'S' | 'I' => Self::Sleeps,
      _ => Self::Unknown,
    }
  }

  /// The public name.
  #[must_use]
  pub const fn name(self) -> &'static str {
    match self {
      Self::Runs => "running",
      Self::Sleeps => "sleeping",
      Self::Device => "uninterruptible",
      Self::Stopped => "stopped",
      Self::Ended => "ended",
      Self::Unknown => "unknown",
    }
  }

  /// Whether its JavaScript could say where it is, if it were asked.
  #[must_use]
  pub const fn can_tell(self) -> bool {
    match self {
      Self::Runs | Self::Sleeps | Self::Unknown => true,
      Self::Device | Self::Stopped | Self::Ended => false,
    }
  }
}

/// With a colon in front, to end a sentence; nothing where nothing is known.
impl fmt::Display for Posture {
  fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    f.write_str(match self {
      Self::Runs => ": its main thread runs without a pause",
      Self::Sleeps => ": its main thread sleeps in a call that does not return",
      Self::Device => ": its main thread waits for a device",
      Self::Stopped => ": it was stopped by a signal",
      Self::Ended => ": its main thread has ended",
      Self::Unknown => "",
    })
  }
}

#[cfg(test)]
mod tests {
  use super::*;

  #[test]
  fn tells_a_loop_from_a_sleep_and_both_from_a_stop() {
    let second = Duration::from_secs(1);
    let ran = |ms| Some(Share { ran: Duration::from_millis(ms), waited: Duration::ZERO });
    for (state, share, posture) in [
      ('R', ran(990), Posture::Runs),
      // Where the machine gives it little, it runs all the same.
      ('R', ran(10), Posture::Runs),
      ('R', None, Posture::Runs),
      ('S', ran(0), Posture::Sleeps),
      ('S', None, Posture::Sleeps),
      ('S', ran(700), Posture::Runs),
      ('D', ran(0), Posture::Device),
      ('T', ran(700), Posture::Stopped),
      ('t', None, Posture::Stopped),
      ('Z', ran(0), Posture::Ended),
      ('?', None, Posture::Unknown),
    ] {
      assert_eq!(Posture::of(state, share, second), posture, "{state} {share:?}");
    }
  }
}
