//! Workers on probation: they took over in a deployment, and have yet to show that they are well under
//! requests. Whoever fails gives the place back to its predecessor, which stands by, in the same step.

use tokio::time::Instant;

use super::{
  command::Reply,
  slot::{Incarnation, Slot, Station},
  supervisor::Supervisor,
};
use crate::{
  error::ClusterError, event::Event, health::checkup::Checkup, rollout::traffic::Traffic,
};

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

impl Supervisor {
  pub(super) fn soaked(&self, watched: bool) -> Instant {
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
  pub(super) fn put_back(
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
    let checkup = slot.present().map(|present| present.checkup).filter(Checkup::is_sick);
    self.publish();
    self.outbox.emit(Event::WorkerRestart { worker: worker.clone(), reason: reason.to_owned() });
    self.outbox.emit(Event::WorkerStarted { worker: worker.clone(), port, pid });
    match newcomer {
      Some(newcomer) if !dead => self.retire_old(index, newcomer, Vec::from_iter(gone)),
      _ => gone.into_iter().for_each(|reply| self.outbox.answer(reply, Ok(()))),
    }
    // It fell ill while it stood by, when that was nobody's concern.
    if let Some((checkup, failure)) = checkup.and_then(|checkup| Some((checkup, checkup.failure?)))
    {
      let failures = checkup.consecutive_failures;
      let error = ClusterError::Unhealthy { worker: worker.clone(), failures, failure };
      self.outbox.emit(Event::WorkerError { worker, error });
      self.plan_relief(index);
      self.relieve();
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
