//! What the supervisor does for a deployment, step by step as [`crate::rollout`] asks for it: a successor
//! is prepared, takes over, and its predecessor stands by until the successor has shown that it is well.
//! Whoever fails meanwhile gives the place back in the same step, and no request finds it empty.
//!
//! - prepare: a successor starts, passes its [trial](super::trial), and waits
//! - take over: it gets the requests; the predecessor keeps what it has, and stands by
//! - release: the predecessor goes
//! - revert: the predecessor takes over again, or the successor goes before it did
//! - recreate: the present process goes first, and another one starts when it is gone

use tokio::time::Instant;

use super::{
  command::Reply,
  slot::{Incarnation, Slot, Station, Successor},
  supervisor::{Closing, Supervisor, retire},
};
use crate::{
  error::ClusterError,
  event::Event,
  rollout::traffic::Traffic,
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

/// A process that took over has yet to show that it is well.
#[derive(Debug)]
pub struct Probation {
  /// When it has.
  until: Instant,
  /// Whether it had no trial, and needs a check to be proven.
  unproven: bool,
  /// What the others had answered when it began.
  others: Traffic,
  /// Who stands by.
  pub predecessor: Option<Incarnation>,
  /// Who waits for the outcome.
  pub replies: Vec<Reply<()>>,
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
          self.mourn(index, end, std::time::Duration::ZERO);
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

  fn soaked(&self, watched: bool) -> Instant {
    let soak = self.births.config.borrow().advanced.deployment.health_check_grace_period.0;
    if watched { Instant::now() + soak } else { Instant::now() }
  }

  /// Watch the process that serves now.
  pub(super) fn begin_probation(
    &mut self,
    index: usize,
    until: Instant,
    unproven: bool,
    predecessor: Option<Incarnation>,
    replies: Vec<Reply<()>>,
  ) {
    let others = self.others(index);
    if let Some(slot) = self.slots.get_mut(index) {
      slot.probation = Some(Probation { until, unproven, others, predecessor, replies });
    }
  }

  /// One that took an empty place is watched from now on.
  pub(super) fn watch_refill(&mut self, index: usize, soaks: bool, replies: Vec<Reply<()>>) {
    let unproven = self.births.config.borrow().health.enabled;
    let until = self.soaked(soaks);
    self.begin_probation(index, until, unproven, None, replies);
  }

  /// Answer for those that have been well for long enough, and answered well. Their predecessors stand by
  /// until they are released.
  pub(super) fn judge_probations(&mut self) {
    let now = Instant::now();
    for index in 0..self.slots.len() {
      if self.slots.get(index).and_then(settles_at).is_none_or(|at| at > now) {
        continue;
      }
      if let Some(error) = self.answers_badly(index) {
        let worker = error.details()["workerId"].as_str().unwrap_or_default().to_owned();
        self.outbox.emit(Event::WorkerError { worker, error: error.clone() });
        self.fail_probation(index, &error, false);
      } else if let Some(probation) =
        self.slots.get_mut(index).and_then(|slot| slot.probation.as_mut())
      {
        probation.replies.drain(..).for_each(|reply| self.outbox.answer(reply, Ok(())));
      }
    }
  }

  /// Whether clients of the process on probation at `index` were told so much worse than others, and than
  /// those of its predecessor, that it must not stay.
  fn answers_badly(&self, index: usize) -> Option<ClusterError> {
    let slot = self.slots.get(index)?;
    let probation = slot.probation.as_ref()?;
    let Traffic { answers, bad } = traffic(slot.present()?);
    let before = traffic(probation.predecessor.as_ref()?);
    let others = self.others(index).since(probation.others);
    let is_bad = [before, others].iter().all(|it| Traffic { answers, bad }.is_bad_beside(*it));
    is_bad.then(|| ClusterError::AnswersBadly { worker: slot.id.to_string(), bad, answers })
  }

  fn others(&self, index: usize) -> Traffic {
    let slots = self.slots.iter().enumerate().filter(|(at, _)| *at != index);
    let others = slots.filter_map(|(_, slot)| slot.present()).map(traffic);
    others.fold(Traffic::default(), |sum, one| Traffic {
      answers: sum.answers + one.answers,
      bad: sum.bad + one.bad,
    })
  }

  /// When the next one has been well for long enough.
  pub(super) fn next_probation(&self) -> Option<Instant> {
    self.slots.iter().filter_map(settles_at).min()
  }

  /// The process on probation at `index` failed. Gives whether its predecessor does the work again;
  /// `dead` when there is no process left to be told to go.
  pub(super) fn fail_probation(&mut self, index: usize, error: &ClusterError, dead: bool) -> bool {
    let Some(slot) = self.slots.get_mut(index) else {
      return false;
    };
    let Some(Probation { predecessor, replies, .. }) = slot.probation.take() else {
      return false;
    };
    replies.into_iter().for_each(|reply| self.outbox.answer(reply, Err(error.clone())));
    let Some(predecessor) = predecessor else {
      return false;
    };
    slot.last_error = None;
    self.put_back(index, predecessor, &format!("rolled back: {error}"), None, dead);
    true
  }

  /// `predecessor` does the work again; whoever did it goes, and `gone` is told when it has.
  fn put_back(
    &mut self,
    index: usize,
    predecessor: Incarnation,
    reason: &str,
    gone: Option<Reply<()>>,
    dead: bool,
  ) {
    let (port, pid) = (predecessor.port.port(), predecessor.pid);
    let Some(slot) = self.slots.get_mut(index) else {
      return;
    };
    let newcomer = slot.vacate();
    slot.port = Some(port);
    slot.station = Station::Serving(predecessor);
    slot.relief = None;
    slot.restarts = slot.restarts.saturating_add(1);
    let worker = slot.id.to_string();
    self.publish();
    self.outbox.emit(Event::WorkerRestart { worker: worker.clone(), reason: reason.to_owned() });
    self.outbox.emit(Event::WorkerStarted { worker, port, pid });
    match newcomer {
      Some(newcomer) if !dead => self.retire_old(index, newcomer, Vec::from_iter(gone)),
      _ => gone.into_iter().for_each(|reply| self.outbox.answer(reply, Ok(()))),
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
      _ => self.outbox.answer(reply, Ok(())),
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

fn traffic(process: &Incarnation) -> Traffic {
  let Some(target) = &process.target else {
    return Traffic::default();
  };
  let counters = target.upstream.counters();
  Traffic { answers: counters.requests, bad: counters.failed + counters.server_errors }
}

/// When the process on probation in `slot` has been well for long enough; `None` while that is not known,
/// and when it was told.
fn settles_at(slot: &Slot) -> Option<Instant> {
  let probation = slot.probation.as_ref().filter(|probation| !probation.replies.is_empty())?;
  let Station::Serving(present) = &slot.station else {
    return None;
  };
  (!probation.unproven || present.checkup.is_proven()).then_some(probation.until)
}
