//! What the supervisor does for a deployment, step by step as [`crate::rollout`] asks for it: a successor
//! is prepared, takes over, and its predecessor stands by until the successor has shown that it is well.
//! Whoever fails meanwhile gives the place back in the same step, and no request finds it empty.
//!
//! - prepare: a successor starts, passes its [trial](super::trial), and waits
//! - take over: it gets the requests; the predecessor keeps what it has, and stands by
//! - release: the predecessor goes
//! - revert: the predecessor takes over again, or the successor goes before it did
//! - recreate: the present process goes first, and another one starts when it is gone

use super::{
  command::Reply,
  probation::Probation,
  restart::Life,
  slot::{Slot, Station, Successor},
  supervisor::{Closing, Supervisor, retire},
};
use crate::{
  error::ClusterError,
  worker::{Demand, End, cause::Cause},
};

/// A step of a deployment, for the slot of that id.
#[derive(Debug)]
pub enum Exchange {
  /// Answered when the successor waits, or has failed and is gone.
  Prepare {
    /// Why, for the event.
    reason: String,
    /// Whether it has to be well for the soak time. What is known to work has not.
    soaks: bool,
  },
  /// Answered when the successor has been well for the soak time, if it is watched; else at once. When it
  /// failed, the predecessor does the work again.
  TakeOver {
    /// Whether it is watched.
    watched: bool,
  },
  /// Answered when the predecessor is gone.
  Release,
  /// Answered when the successor is gone.
  Revert,
  /// Answered when the new process has been well for the soak time, or failed. Then there is nobody, and
  /// the slot is filled again as after any death.
  Recreate {
    /// Why, for the event.
    reason: String,
    /// As for one that is prepared.
    soaks: bool,
  },
}

/// What a successor does once it has passed its trial.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
  /// It takes over, and the predecessor goes.
  Relieves,
  /// It waits for its turn.
  Waits {
    /// Whether it has to be well for the soak time before it passes.
    soaks: bool,
    /// Whether it passed.
    passed: bool,
  },
  /// It takes an empty place, and is watched there.
  Refills {
    /// Whether it is watched for the soak time.
    soaks: bool,
  },
}

/// A process is to be started when its predecessor is gone.
#[derive(Debug)]
pub struct Recreation {
  reason: String,
  soaks: bool,
  /// Who waits for it.
  pub reply: Reply<()>,
}

impl Supervisor {
  /// Do a step.
  pub(super) fn exchange(&mut self, id: &str, step: Exchange, reply: Reply<()>) {
    if self.closing != Closing::No {
      return self.outbox.answer(reply, Err(ClusterError::Stopped { call: "restart" }));
    }
    let stays = |index: &usize| self.slots.get(*index).is_some_and(|slot| slot.leaving.is_none());
    let Some(index) = self.index(id).filter(stays) else {
      return self.outbox.answer(reply, Err(self.unknown(id)));
    };
    match step {
      Exchange::Prepare { reason, soaks } => {
        self.clear_way(index);
        self.raise_for(index, Role::Waits { soaks, passed: false }, reason, reply);
      }
      Exchange::TakeOver { watched } => self.hand_over(index, watched, reply),
      Exchange::Release => self.release(index, reply),
      Exchange::Revert => self.revert(index, reply),
      Exchange::Recreate { reason, soaks } => {
        self.clear_way(index);
        self.recreate(index, Recreation { reason, soaks, reply });
      }
    }
  }

  /// A successor that is on its way for another reason is of the release that is to be replaced.
  fn clear_way(&mut self, index: usize) {
    let farewell = self.farewell(Demand::Kill);
    let Some(slot) = self.slots.get_mut(index) else {
      return;
    };
    slot.lost = None;
    slot.relief = None;
    let Some(Successor { incarnation, replies, .. }) = slot.successor.take() else {
      return;
    };
    retire(&incarnation, Demand::Kill, farewell);
    slot.retiring.push(incarnation);
    let stopped = ClusterError::WorkerStopped { worker: slot.id.to_string() };
    replies.into_iter().for_each(|reply| self.outbox.answer(reply, Err(stopped.clone())));
  }

  fn raise_for(&mut self, index: usize, role: Role, reason: String, reply: Reply<()>) {
    let Some(slot) = self.slots.get(index) else {
      return;
    };
    let raised = self.births.raise_newest(slot);
    let Some(slot) = self.slots.get_mut(index) else {
      return;
    };
    match raised {
      Ok(incarnation) => {
        slot.successor =
          Some(Successor { incarnation, failed: None, role, reason, replies: vec![reply] });
      }
      Err(error) => {
        self.outbox.answer(reply, Err(error.clone()));
        if matches!(slot.station, Station::Vacant) {
          let end = End { cause: Cause::SpawnFailed, startup: Some(error), stderr: Vec::new() };
          self.mourn(index, end, Life::UNREADY);
        }
      }
    }
  }

  fn hand_over(&mut self, index: usize, watched: bool, reply: Reply<()>) {
    let until = self.soaked(watched);
    let Some(slot) = self.slots.get_mut(index) else {
      return;
    };
    let worker = slot.id.to_string();
    match &mut slot.successor {
      // What it failed with is told when it is gone.
      Some(successor) if successor.failed.is_some() => successor.replies.push(reply),
      Some(successor) => {
        let target = successor.incarnation.target.take();
        let Some((old, _)) = self.install(index, target) else {
          return;
        };
        // One that is sick itself is no help.
        let (standing_by, useless) = match old {
          Some(old) if old.checkup.is_sick() => (None, Some(old)),
          old => (old, None),
        };
        if let Some(old) = useless {
          self.retire_old(index, old, Vec::new());
        }
        self.begin_probation(index, until, false, standing_by, vec![reply]);
      }
      // It took over already, as there was nobody left to protect; or it is gone.
      None => match (slot.lost.take(), &slot.station) {
        (None, Station::Serving(_)) => self.outbox.answer(reply, Ok(())),
        (lost, _) => {
          let error = lost.unwrap_or(ClusterError::WorkerStopped { worker });
          self.outbox.answer(reply, Err(error));
        }
      },
    }
  }

  fn release(&mut self, index: usize, reply: Reply<()>) {
    let probation = self.slots.get_mut(index).and_then(|slot| slot.probation.take());
    match probation.and_then(|probation| probation.predecessor) {
      Some(old) => self.retire_old(index, old, vec![reply]),
      None => self.outbox.answer(reply, Ok(())),
    }
  }

  fn revert(&mut self, index: usize, reply: Reply<()>) {
    let demand = Demand::Stop { by: self.patience() };
    let Some(slot) = self.slots.get_mut(index) else {
      return;
    };
    let withdrawn = ClusterError::WorkerStopped { worker: slot.id.to_string() };
    if let Some(successor) = &mut slot.successor {
      successor.failed.get_or_insert(withdrawn);
      successor.incarnation.gone.push(reply);
      successor.incarnation.raise_demand(demand);
      return;
    }
    match slot.probation.take() {
      Some(Probation { predecessor: Some(old), replies, .. }) => {
        for waiting in replies {
          self.outbox.answer(waiting, Err(withdrawn.clone()));
        }
        self.put_back(
          index,
          old,
          "rolled back: the deployment failed elsewhere",
          Some(reply),
          false,
        );
      }
      probation => {
        let waiting = probation.into_iter().flat_map(|probation| probation.replies);
        waiting.for_each(|waiting| self.outbox.answer(waiting, Err(withdrawn.clone())));
        // Its predecessor ended before it could be put back: the new one is all there is.
        let is_new = self.slots.get(index).and_then(Slot::present).is_some_and(|it| it.newest);
        self.outbox.answer(reply, if is_new { Err(withdrawn) } else { Ok(()) });
      }
    }
  }

  fn recreate(&mut self, index: usize, recreation: Recreation) {
    let Some(slot) = self.slots.get_mut(index) else {
      return;
    };
    let old = slot.vacate();
    slot.recreation = Some(recreation);
    self.publish();
    match old {
      Some(old) => self.retire_old(index, old, Vec::new()),
      None => self.recreate_if_gone(index),
    }
  }

  /// A process of the slot is gone: if it was the last one that was waited for, the new one starts.
  pub(super) fn recreate_if_gone(&mut self, index: usize) {
    let Some(slot) = self.slots.get_mut(index).filter(|slot| slot.retiring.is_empty()) else {
      return;
    };
    if let Some(Recreation { reason, soaks, reply }) = slot.recreation.take() {
      self.raise_for(index, Role::Refills { soaks }, reason, reply);
    }
  }

  /// Nothing of a deployment goes on: everything stops. Whoever waits is told, and nobody is started.
  pub(super) fn abandon(&mut self, demand: Demand) {
    let farewell = self.farewell(demand);
    let stopped = || Err(ClusterError::Stopped { call: "restart" });
    for slot in &mut self.slots {
      let mut waiting = Vec::new();
      if let Some(Successor { incarnation, replies, .. }) = slot.successor.take() {
        waiting.extend(replies);
        slot.retiring.push(incarnation);
      }
      let (standby, others) = slot.abandon();
      waiting.extend(others);
      slot.retiring.extend(standby);
      slot.retiring.iter().for_each(|old| retire(old, demand, farewell));
      waiting.into_iter().for_each(|reply| self.outbox.answer(reply, stopped()));
    }
  }
}
