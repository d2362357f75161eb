//! Replaces workers that have reached a limit, successor first: one at a time, and only while nobody else is
//! coming or going.

use std::{
  collections::HashMap,
  sync::{
    Arc, Mutex, PoisonError,
    atomic::{AtomicBool, Ordering},
  },
  time::Duration,
};

use tokio::sync::Mutex as Turn;

use super::{Run, snapshot::WorkerStatus};
use crate::enforcement::{Excess, Pace};

/// What is remembered of recyclings.
#[derive(Debug)]
pub(super) struct Recycling {
  /// One large operation at a time, and a recycling is one.
  turn: Arc<Turn<()>>,
  busy: Arc<AtomicBool>,
  /// By slot, of those that were recycled for a limit that a successor may reach as well.
  paces: HashMap<Arc<str>, Pace>,
  /// Slots whose recycling has come to its end since it was last looked.
  ended: Arc<Mutex<Vec<Ended>>>,
}

/// A recycling that has come to its end.
#[derive(Debug)]
struct Ended {
  slot: Arc<str>,
  failed: bool,
}

/// What came of a wish to recycle a worker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
  /// It has to wait.
  Later,
  /// A successor is on its way. `in_vain`: as for several before it, which did not last.
  Begun {
    /// Whether the limit seems to be too low.
    in_vain: bool,
  },
}

impl Recycling {
  pub(super) fn new(turn: Arc<Turn<()>>) -> Self {
    Self { turn, busy: Arc::default(), paces: HashMap::new(), ended: Arc::default() }
  }

  /// Forget slots that are no more.
  pub(super) fn keep(&mut self, exists: impl Fn(&str) -> bool) {
    self.paces.retain(|id, _| exists(id));
  }

  /// The limits have changed: what did not help may help now.
  pub(super) fn reconfigured(&mut self) {
    self.paces.clear();
  }

  /// Replace worker `id`, which `lived` so long, if it may be `now`. It takes `patience` to see that a limit
  /// is reached.
  pub(super) fn recycle(
    &mut self,
    run: &Arc<Run>,
    id: &Arc<str>,
    excess: &Excess,
    now: Duration,
    lived: Duration,
    patience: Duration,
  ) -> Outcome {
    let repeats = excess.bound.may_repeat();
    self.take_ended(now, patience);
    let waits = self.paces.get(id).is_some_and(|pace| !pace.allows(now));
    if waits || self.busy.load(Ordering::Acquire) || !run.is_calm() {
      return Outcome::Later;
    }
    let Ok(turn) = Arc::clone(&self.turn).try_lock_owned() else {
      return Outcome::Later;
    };
    let in_vain =
      repeats && self.paces.entry(Arc::clone(id)).or_default().recycled(now, lived, patience);
    self.busy.store(true, Ordering::Release);
    let (busy, run, slot) = (Arc::clone(&self.busy), Arc::clone(run), Arc::clone(id));
    let (ended, id) = (Arc::clone(&self.ended), id.to_string());
    let reason = excess.to_string();
    tracing::info!(worker = id, reason, "recycling a worker");
    tokio::spawn(async move {
      // Until the old process is gone: two that drain at once are two too few.
      let outcome = run.replace(&id, &reason, "recycle").await;
      ended
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .push(Ended { slot, failed: outcome.is_err() });
      if let Err(error) = outcome {
        // Told by `worker:error` where it is the successor's; the old one serves on, and is looked at again.
        tracing::warn!(worker = id, %error, "a worker was not recycled");
      }
      drop(turn);
      busy.store(false, Ordering::Release);
    });
    Outcome::Begun { in_vain }
  }

  /// A slot whose successor failed waits, longer each time, whatever it was to be recycled for.
  fn take_ended(&mut self, now: Duration, patience: Duration) {
    let ended = std::mem::take(&mut *self.ended.lock().unwrap_or_else(PoisonError::into_inner));
    for Ended { slot, failed } in ended {
      if failed {
        self.paces.entry(slot).or_default().failed(now, patience);
      } else if let Some(pace) = self.paces.get_mut(&slot) {
        pace.succeeded();
      }
    }
  }
}

impl Run {
  /// Whether every worker has one process, and none is on its way in or out.
  fn is_calm(&self) -> bool {
    let snapshot = self.snapshots.borrow();
    let settled = |status| !matches!(status, WorkerStatus::Starting | WorkerStatus::Stopping);
    snapshot.state.is_up()
      && snapshot.processes.len() <= snapshot.workers.len()
      && snapshot.workers.iter().all(|worker| settled(worker.status))
  }
}
