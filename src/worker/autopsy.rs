//! Finds out where a worker hangs, before it is killed. Bounded in time; what could not be found out
//! says why.

use std::{future::pending, sync::Arc, time::Duration};

use nix::{
  sys::signal::{Signal, kill},
  unistd::Pid,
};
use tokio::{
  sync::oneshot,
  time::{sleep, timeout},
};

use super::{ear::Ear, inspector::stack, state::Input};
use crate::{
  health::{
    diagnosis::{Diagnosis, Frame, Kernel, Stack},
    posture::Posture,
  },
  monitor::thread::{self, Reading},
};

/// How long its processor time is looked at, at least; a tick of the kernel is 10 ms at most.
const LOOK: Duration = Duration::from_millis(100);

/// The end of a worker that hangs: what is found out of it, and whether that was what it died of.
#[derive(Debug)]
pub struct Autopsy {
  ear: Ear,
  under_way: Option<oneshot::Receiver<Diagnosis>>,
  found: Option<Diagnosis>,
  /// Whether it was killed for hanging.
  fatal: bool,
}

impl Autopsy {
  /// None is under way. `ear` listens on the worker's stderr.
  #[must_use]
  pub const fn new(ear: Ear) -> Self {
    Self { ear, under_way: None, found: None, fatal: false }
  }

  /// Begin to examine process `pid`, in no more than `limit`.
  pub fn begin(&mut self, pid: Pid, limit: Duration) {
    let (mut done, found) = oneshot::channel();
    let examined = examine(pid, self.ear.clone(), limit);
    tokio::spawn(async move {
      tokio::select! {
        diagnosis = examined => { let _heard = done.send(diagnosis); }
        () = done.closed() => {}
      }
    });
    self.under_way = Some(found);
  }

  /// Resolves when what was begun is done, or cannot be. Cancel safe.
  pub async fn done(&mut self) {
    let Some(under_way) = &mut self.under_way else {
      return pending().await;
    };
    self.found = under_way.await.ok();
    self.under_way = None;
  }

  /// The process is gone: its id may be somebody else's from here on.
  pub fn cease(&mut self) {
    self.under_way = None;
  }

  /// It was killed because of `input`. One that somebody wanted killed anyhow did not die of hanging.
  pub fn killed(&mut self, input: Input) {
    self.fatal |= matches!(input, Input::Hung | Input::Diagnosed);
  }

  /// Whether it was killed for hanging.
  #[must_use]
  pub const fn is_fatal(&self) -> bool {
    self.fatal
  }

  /// What was found out.
  pub fn take(&mut self) -> Option<Arc<Diagnosis>> {
    self.found.take().map(Arc::new)
  }
}

/// Examine process `pid`, in no more than `limit`. `ear` listens on its stderr.
pub async fn examine(pid: Pid, ear: Ear, limit: Duration) -> Diagnosis {
  let process = pid.as_raw().unsigned_abs();
  let before = Reading::take(process);
  // Looked at first: when V8 has stopped the script for us, it sleeps.
  let look = LOOK.min(limit / 2);
  sleep(look).await;
  let now = Reading::take(process);
  let kernel = Kernel {
    posture: now.as_ref().map_or(Posture::Unknown, |now| now.posture(before.as_ref())),
    cpu: before.as_ref().zip(now).and_then(|(before, now)| now.cpu_since(before)),
    waits_in: thread::waits_in(process),
    system_call: thread::system_call(process),
  };
  let stack = script(pid, &kernel, &ear, limit.saturating_sub(look)).await;
  Diagnosis { stack, kernel }
}

async fn script(pid: Pid, kernel: &Kernel, ear: &Ear, limit: Duration) -> Stack {
  let waits = kernel.waits_in.as_ref().is_some_and(|function| function.contains("poll"));
  let why = match kernel.posture {
    // As in `execSync`: V8 runs no script that it could interrupt.
    Posture::Sleeps if waits => "its main thread waits for events in native code",
    Posture::Stopped => "it was stopped by a signal",
    Posture::Device => "it waits for a device",
    Posture::Ended => "its main thread has ended",
    Posture::Runs | Posture::Sleeps | Posture::Unknown => {
      return match timeout(limit, ask(pid, ear)).await {
        Ok(Ok(frames)) => Stack::Known(frames),
        Ok(Err(why)) => Stack::Unknown(why),
        Err(_late) => {
          let limit = limit.as_millis();
          Stack::Unknown(format!(
            "its runtime did not tell within {limit} ms: its main thread may be in native code, or the app handles SIGUSR1"
          ))
        }
      };
    }
  };
  Stack::Unknown(why.to_owned())
}

async fn ask(pid: Pid, ear: &Ear) -> Result<Vec<Frame>, String> {
  ear.ask();
  if !ear.knows() {
    if ear.exposes() {
      return Err("its --inspect-port would open its inspector to other machines".to_owned());
    }
    // Without a handler it would end by the signal, as Bun does.
    if !thread::catches(pid.as_raw().unsigned_abs(), libc::SIGUSR1) {
      return Err("its runtime does not tell".to_owned());
    }
    kill(pid, Signal::SIGUSR1).map_err(|error| format!("it cannot be asked: {error}"))?;
  }
  stack(&ear.address().await).await
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
  #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
  use std::process::{Child, Command};

  use super::*;

  const LIMIT: Duration = Duration::from_secs(20);

  fn sleeper() -> (Child, Pid) {
    let child = Command::new("sleep").arg("600").spawn().unwrap();
    let pid = Pid::from_raw(i32::try_from(child.id()).unwrap());
    (child, pid)
  }

  #[tokio::test]
  async fn one_that_would_end_by_the_signal_is_not_asked() {
    let (mut child, pid) = sleeper();
    // Until it is `sleep`, and sleeps.
    while !thread::waits_in(child.id()).is_some_and(|function| function.contains("sleep")) {
      sleep(Duration::from_millis(1)).await;
    }
    let found = examine(pid, Ear::default(), LIMIT).await;
    assert_eq!(found.kernel.posture, Posture::Sleeps);
    assert_eq!(found.stack, Stack::Unknown("its runtime does not tell".to_owned()));
    assert_eq!(child.try_wait().unwrap(), None);
    child.kill().unwrap();
    child.wait().unwrap();
  }

  #[tokio::test]
  async fn one_that_is_stopped_is_not_asked() {
    let (mut child, pid) = sleeper();
    kill(pid, Signal::SIGSTOP).unwrap();
    let posture = || Reading::take(child.id()).map(|reading| reading.posture(None));
    while posture() != Some(Posture::Stopped) {
      sleep(Duration::from_millis(1)).await;
    }
    let found = examine(pid, Ear::default(), LIMIT).await;
    assert_eq!(found.kernel.posture, Posture::Stopped);
    assert_eq!(found.stack, Stack::Unknown("it was stopped by a signal".to_owned()));
    child.kill().unwrap();
    child.wait().unwrap();
  }
}
