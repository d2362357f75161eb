//! Asks every data-plane thread whether it turns.

use std::{
  sync::{Mutex, PoisonError},
  time::Duration,
};

use tokio::{
  sync::{
    mpsc::{self, error::TrySendError},
    oneshot,
  },
  time::timeout,
};

/// Calls that a thread may have to answer; one that owes so many does not turn.
const OWED: usize = 16;

type Call = oneshot::Sender<()>;

/// The threads of one proxy.
#[derive(Debug, Default)]
pub(super) struct Roll {
  // Held to add one or to copy the list, never over an await.
  threads: Mutex<Vec<mpsc::Sender<Call>>>,
}

impl Roll {
  /// A thread is to be called too; it [answers](answer) what comes.
  pub(super) fn join(&self) -> mpsc::Receiver<Call> {
    let (caller, calls) = mpsc::channel(OWED);
    self.threads.lock().unwrap_or_else(PoisonError::into_inner).push(caller);
    calls
  }

  /// Whether all of them answer within `limit`. Those that have ended are missed, unless `may_end`.
  pub(super) async fn call(&self, limit: Duration, may_end: bool) -> bool {
    let threads = self.threads.lock().unwrap_or_else(PoisonError::into_inner).clone();
    let mut answers = Vec::with_capacity(threads.len());
    for thread in threads {
      let (call, answer) = oneshot::channel();
      match thread.try_send(call) {
        Ok(()) => answers.push(answer),
        Err(TrySendError::Closed(_)) if may_end => {}
        Err(TrySendError::Closed(_) | TrySendError::Full(_)) => return false,
      }
    }
    let all = async {
      for answer in answers {
        if answer.await.is_err() && !may_end {
          return false;
        }
      }
      true
    };
    timeout(limit, all).await.unwrap_or(false)
  }
}

/// Answers from the thread that this runs on, for as long as the roll exists.
pub(super) async fn answer(mut calls: mpsc::Receiver<Call>) {
  while let Some(call) = calls.recv().await {
    // Whoever called may have waited for long enough.
    let _heard = call.send(());
  }
}

#[cfg(test)]
mod tests {
  use super::*;

  const LIMIT: Duration = Duration::from_millis(50);

  #[tokio::test(start_paused = true)]
  async fn all_have_to_answer() {
    let roll = Roll::default();
    assert!(roll.call(LIMIT, false).await);
    tokio::spawn(answer(roll.join()));
    assert!(roll.call(LIMIT, false).await);
    let stuck = roll.join();
    for _ in 0..2 * OWED {
      assert!(!roll.call(LIMIT, true).await);
      tokio::task::yield_now().await;
    }
    drop(stuck);
    // One that has ended is missed, but not where all are about to.
    assert!(!roll.call(LIMIT, false).await);
    assert!(roll.call(LIMIT, true).await);
  }
}
