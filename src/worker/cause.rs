//! Why a worker died, named so that a person can act on it.

use std::{fmt, process::ExitStatus, sync::Arc};

use nix::sys::signal::Signal;

use crate::{
  enforcement::Excess,
  health::{checkup::Failure, diagnosis::Diagnosis},
};

/// The cause of a worker's death.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cause {
  /// It was asked to stop and did.
  AskedFor {
    /// Exit code, unless a signal ended it.
    code: Option<i32>,
    /// The signal that ended it, ours included.
    signal: Option<i32>,
  },
  /// It left by itself with this code.
  Exited {
    /// The exit code; 0 is a death too when nobody asked for it.
    code: i32,
  },
  /// A signal ended it that we did not send.
  Signalled {
    /// The signal number.
    signal: i32,
  },
  /// The kernel killed it because its cgroup or the machine had no memory left.
  OutOfMemory {
    /// The signal number.
    signal: i32,
  },
  /// The JavaScript engine ran out of heap and aborted.
  HeapExhausted {
    /// The signal number that the abort raised.
    signal: i32,
  },
  /// It was above a hard limit, so we killed it.
  OverLimit {
    /// The limit, and what it had.
    excess: Excess,
  },
  /// It hung, so we killed it.
  Hung {
    /// How that showed.
    failure: Failure,
    /// Where it hung, if there was time to find out.
    diagnosis: Option<Arc<Diagnosis>>,
  },
  /// It was not ready in time, so we killed it.
  StartupTimeout,
  /// The public one among its servers could not be told, so we killed it.
  NoPublicServer,
  /// Its process could not be started at all.
  SpawnFailed,
}

/// What V8 and JavaScriptCore print before they abort for lack of heap.
const HEAP_MESSAGES: [&str; 2] = ["heap out of memory", "JavaScriptCore: out of memory"];

impl Cause {
  /// Tell the cause from how the process ended.
  ///
  /// `asked` says whether we had asked it to stop, `oom_kill` whether the out-of-memory killer of the
  /// kernel was at work; `stderr` are its last lines.
  #[must_use]
  pub fn of(status: ExitStatus, asked: bool, oom_kill: bool, stderr: &[String]) -> Self {
    use std::os::unix::process::ExitStatusExt as _;
    let (code, signal) = (status.code(), status.signal());
    match (asked, code, signal) {
      (true, code, signal) => Self::AskedFor { code, signal },
      (false, _, Some(signal)) if signal == libc::SIGABRT && heap_exhausted(stderr) => {
        Self::HeapExhausted { signal }
      }
      (false, _, Some(signal)) if signal == libc::SIGKILL && oom_kill => {
        Self::OutOfMemory { signal }
      }
      (false, _, Some(signal)) => Self::Signalled { signal },
      (false, code, None) => Self::Exited { code: code.unwrap_or(-1) },
    }
  }

  /// The exit code, where there was one.
  #[must_use]
  pub const fn exit_code(&self) -> Option<i32> {
    match self {
      Self::AskedFor { code, .. } => *code,
      Self::Exited { code } => Some(*code),
      Self::Signalled { .. }
      | Self::OutOfMemory { .. }
      | Self::HeapExhausted { .. }
      | Self::OverLimit { .. }
      | Self::Hung { .. }
      | Self::StartupTimeout
      | Self::NoPublicServer
      | Self::SpawnFailed => None,
    }
  }

  /// Where it hung, as far as that was found out.
  #[must_use]
  pub fn diagnosis(&self) -> Option<&Diagnosis> {
    match self {
      Self::Hung { diagnosis, .. } => diagnosis.as_deref(),
      Self::AskedFor { .. }
      | Self::Exited { .. }
      | Self::Signalled { .. }
      | Self::OutOfMemory { .. }
      | Self::HeapExhausted { .. }
      | Self::OverLimit { .. }
      | Self::StartupTimeout
      | Self::NoPublicServer
      | Self::SpawnFailed => None,
    }
  }

  /// The name of the signal that ended it, where one did.
  #[must_use]
  pub fn signal_name(&self) -> Option<String> {
    match self {
      Self::AskedFor { signal, .. } => signal.map(name),
      Self::Signalled { signal }
      | Self::OutOfMemory { signal }
      | Self::HeapExhausted { signal } => Some(name(*signal)),
      Self::Hung { .. } | Self::StartupTimeout | Self::NoPublicServer | Self::OverLimit { .. } => {
        Some(name(libc::SIGKILL))
      }
      Self::Exited { .. } | Self::SpawnFailed => None,
    }
  }
}

impl fmt::Display for Cause {
  fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    match self {
      Self::AskedFor { .. } => f.write_str("was asked to stop"),
      Self::Exited { code } => write!(f, "exited with code {code}"),
      Self::Signalled { signal } => write!(f, "was killed by {}", name(*signal)),
      Self::OutOfMemory { .. } => {
        f.write_str("was killed by the kernel because there was no memory left")
      }
      Self::HeapExhausted { .. } => f.write_str("ran out of JavaScript heap memory"),
      Self::OverLimit { excess } => write!(f, "was killed at a hard limit: {excess}"),
      Self::Hung { failure, diagnosis } => {
        write!(f, "hung: {failure}")?;
        match diagnosis.as_ref().and_then(|diagnosis| diagnosis.place()) {
          Some(place) => write!(f, "; {place}"),
          None => Ok(()),
        }
      }
      Self::StartupTimeout => f.write_str("did not become ready in time"),
      Self::NoPublicServer => f.write_str("has no server that is known to be the public one"),
      Self::SpawnFailed => f.write_str("could not be started"),
    }
  }
}

fn name(signal: i32) -> String {
  Signal::try_from(signal).map_or_else(|_| format!("signal {signal}"), |s| s.as_str().to_owned())
}

fn heap_exhausted(stderr: &[String]) -> bool {
  stderr.iter().any(|line| HEAP_MESSAGES.iter().any(|message| line.contains(message)))
}

#[cfg(test)]
mod tests {
  use super::*;
  use std::os::unix::process::ExitStatusExt as _;

  fn raw(status: i32) -> ExitStatus {
    ExitStatus::from_raw(status)
  }

  #[test]
  fn names_the_cause() {
    let abort = ["FATAL ERROR: Reached heap limit - JavaScript heap out of memory".to_owned()];
    for (status, asked, oom, stderr, reason, code, signal) in [
      (raw(0), true, false, &[][..], "was asked to stop", Some(0), None),
      (raw(9), true, false, &[][..], "was asked to stop", None, Some("SIGKILL")),
      (raw(1 << 8), false, false, &[][..], "exited with code 1", Some(1), None),
      (raw(9), false, false, &[][..], "was killed by SIGKILL", None, Some("SIGKILL")),
      (
        raw(9),
        false,
        true,
        &[][..],
        "was killed by the kernel because there was no memory left",
        None,
        Some("SIGKILL"),
      ),
      (raw(9), true, true, &[][..], "was asked to stop", None, Some("SIGKILL")),
      (raw(15), false, true, &[][..], "was killed by SIGTERM", None, Some("SIGTERM")),
      (
        raw(6),
        false,
        false,
        &abort[..],
        "ran out of JavaScript heap memory",
        None,
        Some("SIGABRT"),
      ),
      (raw(6), false, false, &[][..], "was killed by SIGABRT", None, Some("SIGABRT")),
    ] {
      let cause = Cause::of(status, asked, oom, stderr);
      assert_eq!(cause.to_string(), reason);
      assert_eq!(cause.exit_code(), code);
      assert_eq!(cause.signal_name().as_deref(), signal);
    }
  }
}
