//! What the supervisor does about workers that fail their health checks: such a worker leaves the
//! rotation in the same step, and a successor relieves it. One that hangs is of no use until then, and
//! may take a whole processor from its successor: it is examined and killed first.
//!
//! A cause outside, such as a database, makes all workers sick at once, and successors would be no
//! better. So only some are relieved at a time, each slot waits longer from relief to relief by the
//! rule of [`super::restart`], and while nobody is well those that answer keep their requests.

use std::time::Duration;

use tokio::time::Instant;

use super::{
  exchange::Role,
  slot::{Incarnation, Place, Slot, Successor},
  supervisor::{Closing, Supervisor, retire},
};
use crate::{
  error::ClusterError,
  event::Event,
  health::checkup::Checkup,
  worker::{Demand, Target},
};

/// One in so many workers is relieved at a time, and always one.
const SHARE: usize = 4;
/// From a successor that could not be started at all to the next.
const RETRY: Duration = Duration::from_secs(1);

/// Where requests go, see [`routable_by`].
pub(super) fn routable(slots: &[Slot]) -> Vec<&Target> {
  routable_by(slots, |worker| worker.ready.and(worker.target.as_ref()))
}

/// Where requests go, of those of whom `target` gives something: to workers that are well. When there is none, to those
/// that failed their checks and still answer: an error of the app says more than one of ours. Never to one that hangs.
pub(super) fn routable_by<T>(
  slots: &[Slot],
  target: impl Fn(&Incarnation) -> Option<&T>,
) -> Vec<&T> {
  let serving = || {
    let present = slots.iter().filter_map(Slot::present);
    present
      .filter(|present| present.condemned.is_none())
      .filter_map(|present| Some((present.checkup, target(present)?)))
  };
  let chosen = |wanted: fn(&Checkup) -> bool| {
    serving().filter(move |(checkup, _)| wanted(checkup)).map(|(_, target)| target)
  };
  let well: Vec<&T> = chosen(|checkup| !checkup.is_sick()).collect();
  if well.is_empty() { chosen(|checkup| !checkup.hangs()).collect() } else { well }
}

impl Supervisor {
  /// A worker was checked.
  pub(super) fn examined(&mut self, index: usize, place: Place, checkup: Checkup) {
    let Some(slot) = self.slots.get_mut(index) else {
      return;
    };
    let worker = slot.id.to_string();
    let Some(examined) = slot.at_mut(place) else {
      return;
    };
    let before = std::mem::replace(&mut examined.checkup, checkup);
    match place {
      Place::Station => {}
      Place::Successor => return self.fail_trial(index),
      Place::Standby | Place::Retiring(_) => return,
    }
    if before.is_sick() == checkup.is_sick() {
      // How it fails may have changed, and with that whether it is a last resort.
      if before.hangs() != checkup.hangs() {
        self.publish();
      }
      return;
    }
    self.publish();
    match checkup.failure.filter(|_| checkup.is_sick()) {
      Some(failure) => {
        let failures = checkup.consecutive_failures;
        let error = ClusterError::Unhealthy { worker: worker.clone(), failures, failure };
        self.outbox.emit(Event::WorkerError { worker, error: error.clone() });
        if self.fail_probation(index, &error, false) {
          return;
        }
        self.plan_relief(index);
        self.relieve();
      }
      None => {
        if let Some(slot) = self.slots.get_mut(index) {
          slot.relief = None;
        }
      }
    }
  }

  /// Decide when the sick worker at `index` is to be relieved: at once the first time, later the
  /// more often it did not help. Nothing for one that is well.
  pub(super) fn plan_relief(&mut self, index: usize) {
    let policy = self.births.config.borrow().restart;
    let Some(slot) = self.slots.get_mut(index) else {
      return;
    };
    let Some(sick) = slot.present().filter(|present| present.checkup.is_sick()) else {
      return;
    };
    if !policy.respawn || slot.relief.is_some() {
      return;
    }
    let now = Instant::now();
    let uptime = sick.uptime(now);
    let first = slot.streak.forgiven(uptime).is_calm();
    let (streak, after) = slot.streak.replaced(uptime, &policy, fastrand::f64());
    slot.streak = streak;
    slot.relief = Some(if first { now } else { now + after });
  }

  /// Start the successors that are due, as many as may be under way at a time.
  pub(super) fn relieve(&mut self) {
    if self.closing != Closing::No {
      return;
    }
    let now = Instant::now();
    while let Some(index) = self.slots.iter().position(|slot| is_due(slot, now)) {
      if !self.may_relieve() {
        return;
      }
      let farewell = self.farewell(Demand::Autopsy);
      let Some(slot) = self.slots.get_mut(index) else {
        return;
      };
      if let Some(hung) = slot.present().filter(|present| present.checkup.hangs()) {
        // Its death starts the next one.
        retire(hung, Demand::Autopsy, farewell);
        slot.relief = None;
        continue;
      }
      let raised = self.births.raise(slot);
      let Some(slot) = self.slots.get_mut(index) else {
        return;
      };
      slot.relief = None;
      match raised {
        Ok(incarnation) => {
          let failure = slot.present().and_then(|present| present.checkup.failure);
          let why = failure.map_or_else(|| "it failed its checks".to_owned(), |f| f.to_string());
          let reason = format!("was unhealthy: {why}");
          slot.successor = Some(Successor {
            incarnation,
            failed: None,
            role: Role::Relieves,
            reason,
            replies: Vec::new(),
          });
        }
        Err(error) => {
          let worker = slot.id.to_string();
          self.outbox.emit(Event::WorkerError { worker, error });
          slot.relief = Some(now + RETRY);
        }
      }
    }
  }

  /// When the next relief is due; none while others have to end first.
  pub(super) fn next_relief(&self) -> Option<Instant> {
    if self.closing != Closing::No || !self.may_relieve() {
      return None;
    }
    self.slots.iter().filter(|slot| may_have(slot)).filter_map(|slot| slot.relief).min()
  }

  fn may_relieve(&self) -> bool {
    // A successor that relieves nobody, as of a deployment, keeps no sick worker waiting.
    let relieved = |slot: &&Slot| slot.is_dying() || (slot.successor.is_some() && is_sick(slot));
    let under_way = self.slots.iter().filter(relieved).count();
    under_way < self.slots.len().div_ceil(SHARE)
  }
}

fn is_due(slot: &Slot, now: Instant) -> bool {
  may_have(slot) && slot.relief.is_some_and(|due| due <= now)
}

/// Whether a sick worker is there, and nobody on the way to relieve it. One that hangs is killed even so.
fn may_have(slot: &Slot) -> bool {
  let hangs = slot.present().is_some_and(|present| present.checkup.hangs());
  is_sick(slot) && (hangs || slot.successor.is_none()) && slot.leaving.is_none()
}

fn is_sick(slot: &Slot) -> bool {
  slot.present().is_some_and(|present| present.checkup.is_sick())
}
