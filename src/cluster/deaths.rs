//! What the supervisor does when a process is gone, and when its successor is due. The decisions are
//! those of [`super::restart`].

use std::{sync::Arc, time::SystemTime};

use tokio::time::Instant;

use super::{
  exchange::Role,
  restart::{Decision, Life},
  slot::{Incarnation, Leaving, Place, Station, Successor},
  snapshot::{Hang, add},
  supervisor::{Closing, Supervisor},
};
use crate::{
  error::ClusterError,
  event::Event,
  worker::{End, cause::Cause},
};

/// How often in a row a worker is given another port because somebody took its own.
const MOVES: u8 = 3;

impl Supervisor {
  /// A process is gone.
  pub(super) fn bury(&mut self, index: usize, place: Place, end: End) {
    let Some(slot) = self.slots.get_mut(index) else {
      return;
    };
    let worker = slot.id.to_string();
    let gone = match place {
      Place::Station => slot.vacate(),
      Place::Successor => None,
      Place::Standby => slot.probation.as_mut().and_then(|p| p.predecessor.take()),
      Place::Retiring(at) => (at < slot.retiring.len()).then(|| slot.retiring.remove(at)),
    };
    for upstream in gone.iter().flat_map(Incarnation::upstreams) {
      upstream.close();
      self.departed = add(self.departed, upstream.counters());
    }
    let pid = gone.as_ref().and_then(|gone| gone.pid);
    let condemned = gone.as_ref().and_then(|gone| gone.condemned);
    let end = match condemned {
      Some(excess) => End { cause: Cause::OverLimit { excess }, ..end },
      None => end,
    };
    if matches!(end.cause, Cause::Hung { .. }) {
      let hang = Hang { pid, at: SystemTime::now(), cause: end.cause.clone() };
      slot.last_hang = Some(Arc::new(hang));
    }
    self.publish();
    self.outbox.emit(Event::WorkerExit { worker, pid, cause: end.cause.clone() });
    match (place, gone) {
      (Place::Retiring(_), Some(gone)) => {
        drop(gone.port);
        gone.gone.into_iter().for_each(|reply| self.outbox.answer(reply, Ok(())));
        self.recreate_if_gone(index);
      }
      (Place::Station, Some(gone)) => {
        let (life, lost) = (gone.life(Instant::now()), gone.port.is_lost());
        let newest = gone.newest;
        drop(gone);
        if let Some(slot) = self.slots.get_mut(index) {
          slot.last_death = Some(end.cause.clone());
          let died =
            ClusterError::WorkerDied { worker: slot.id.to_string(), cause: end.cause.clone() };
          if self.fail_probation(index, &died, true) {
            return;
          }
        }
        let moved =
          if lost && end.startup.is_some() { self.start_elsewhere(index, newest) } else { None };
        match (moved, self.slots.get_mut(index)) {
          (Some(incarnation), Some(slot)) => slot.station = Station::Booting(incarnation),
          (_, _) => self.mourn(index, end, life),
        }
      }
      (Place::Successor, _) => self.lose_successor(index, end),
      (Place::Standby, _) | (Place::Station | Place::Retiring(_), None) => {}
    }
  }

  /// Somebody took the port between our choice and the worker's start, which is not the worker's
  /// fault: a process for another port. None when that was tried often enough: what takes the port
  /// each time may be the worker itself, by a process that it leaves behind.
  fn start_elsewhere(&mut self, index: usize, newest: bool) -> Option<Incarnation> {
    let slot = self.slots.get_mut(index)?;
    if self.closing != Closing::No || slot.moves >= MOVES {
      return None;
    }
    slot.moves += 1;
    slot.port = None;
    if newest { self.births.raise_newest(slot) } else { self.births.raise(slot) }.ok()
  }

  /// The process that did the slot's work died without being asked.
  pub(super) fn mourn(&mut self, index: usize, end: End, life: Life) {
    let policy = self.births.config.borrow().restart;
    let Some(slot) = self.slots.get_mut(index) else {
      return;
    };
    let worker = slot.id.to_string();
    if let Some(error) = end.startup.clone() {
      slot.last_error = Some(error.clone());
      self.outbox.emit(Event::WorkerError { worker: worker.clone(), error: error.clone() });
      if !slot.ready.is_empty() {
        // It never was: whoever asked for it is told, and nothing is left of it.
        slot.leaving = Some(Leaving::Failed);
        return slot
          .ready
          .drain(..)
          .for_each(|waiting| self.outbox.answer(waiting, Err(error.clone())));
      }
    }
    if slot.successor.is_some() {
      return;
    }
    if self.closing != Closing::No {
      slot.leaving = Some(Leaving::Asked(Vec::new()));
      return;
    }
    if !policy.respawn {
      slot.station = Station::Ended;
      return;
    }
    if matches!(end.cause, Cause::Hung { .. }) {
      // Its relief was counted and waited for already.
      let reason = end.cause.to_string();
      slot.station = Station::Waiting { until: Instant::now(), reason };
      return;
    }
    let (streak, decision) = slot.streak.died(life, &policy, fastrand::f64());
    slot.streak = streak;
    match decision {
      Decision::Again { after } => {
        slot.station =
          Station::Waiting { until: Instant::now() + after, reason: end.cause.to_string() };
      }
      Decision::GiveUp { restarts } => {
        slot.station = Station::Failed;
        let error = ClusterError::CrashLoop {
          worker: worker.clone(),
          restarts,
          cause: end.cause,
          stderr: end.stderr,
        };
        slot.last_error = Some(error.clone());
        self.outbox.emit(Event::WorkerError { worker, error });
      }
    }
  }

  fn lose_successor(&mut self, index: usize, end: End) {
    let Some(slot) = self.slots.get_mut(index) else {
      return;
    };
    let Some(Successor { incarnation, failed, role, reason, replies }) = slot.successor.take()
    else {
      return;
    };
    let (lost, newest) = (incarnation.port.is_lost(), incarnation.newest);
    let mut incarnation = incarnation;
    let gone = std::mem::take(&mut incarnation.gone);
    drop(incarnation);
    // It was taken back, and whoever waits for that is not interested in more.
    let withdrawn = !gone.is_empty();
    if lost
      && !withdrawn
      && end.startup.is_some()
      && let Some(incarnation) = self.start_elsewhere(index, newest)
      && let Some(slot) = self.slots.get_mut(index)
    {
      slot.successor = Some(Successor { incarnation, failed, role, reason, replies });
      return;
    }
    let Some(slot) = self.slots.get_mut(index) else {
      return;
    };
    let worker = slot.id.to_string();
    let error = failed
      .or(end.startup.clone())
      .unwrap_or(ClusterError::WorkerStopped { worker: worker.clone() });
    if matches!(role, Role::Waits { passed: true, .. }) {
      slot.lost = Some(error.clone());
    }
    if !withdrawn {
      self.outbox.emit(Event::WorkerError { worker, error: error.clone() });
    }
    gone.into_iter().for_each(|reply| self.outbox.answer(reply, Ok(())));
    for reply in replies {
      self.outbox.answer(reply, Err(error.clone()));
    }
    self.plan_relief(index);
    let Some(slot) = self.slots.get(index) else {
      return;
    };
    // The old process died while it waited to be relieved: the slot must not stay empty.
    if matches!(slot.station, Station::Vacant) {
      self.mourn(index, End { startup: None, ..end }, Life::UNREADY);
    }
  }

  /// When the next worker is to be started again.
  pub(super) fn next_start(&self) -> Option<Instant> {
    let waiting = self.slots.iter().filter_map(|slot| match slot.station {
      Station::Waiting { until, .. } => Some(until),
      Station::Booting(_)
      | Station::Serving(_)
      | Station::Failed
      | Station::Ended
      | Station::Vacant => None,
    });
    waiting.min()
  }

  /// Start the workers whose wait is over.
  pub(super) fn start_due(&mut self) {
    let now = Instant::now();
    for index in 0..self.slots.len() {
      let Some(slot) = self.slots.get(index) else {
        continue;
      };
      let Station::Waiting { until, reason } = &slot.station else {
        continue;
      };
      if *until > now {
        continue;
      }
      let (worker, reason) = (slot.id.to_string(), reason.clone());
      let raised = self.births.raise(slot);
      let Some(slot) = self.slots.get_mut(index) else {
        continue;
      };
      match raised {
        Ok(incarnation) => {
          slot.restarts = slot.restarts.saturating_add(1);
          slot.station = Station::Booting(incarnation);
          self.outbox.emit(Event::WorkerRestart { worker, reason });
        }
        Err(error) => {
          slot.station = Station::Vacant;
          let end = End { cause: Cause::SpawnFailed, startup: Some(error), stderr: Vec::new() };
          self.mourn(index, end, Life::UNREADY);
        }
      }
    }
  }
}
