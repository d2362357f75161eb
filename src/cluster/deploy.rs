//! Deployments: [`crate::rollout`] says what is next, the supervisor does it, and what came of it goes
//! back to the plan. One that fails is taken back as far as it can be: workers whose predecessors are
//! still there get them back at once, the others are started with the configuration from before.

use std::sync::Arc;

use tokio::{sync::oneshot, task::JoinSet};

use super::{
  Cluster, Run,
  command::Command,
  exchange::Exchange,
  snapshot::{Snapshot, WorkerStatus},
};
use crate::{
  config::Config,
  error::{ClusterError, Result},
  rollout::{Input, Limits, Manner, Phase, Plan, Step, plan::Seat},
  worker::Generation,
};

/// What became of a deployment.
struct Outcome {
  /// What ended it.
  fault: Option<Fault>,
  /// Workers whose old process is gone.
  replaced: Vec<String>,
  /// Workers that it failed with, and whose old process is gone.
  broken: Vec<String>,
}

struct Fault {
  worker: String,
  phase: Phase,
  error: ClusterError,
}

/// What a step came to.
struct Done {
  seat: usize,
  good: Input,
  outcome: Result<()>,
}

impl Cluster {
  /// Replace every worker. `before` is the configuration to go back to; `None` when it did not change,
  /// and the old code is what old processes have in memory.
  pub(super) async fn roll(
    &self,
    run: &Arc<Run>,
    reason: &str,
    call: &'static str,
    before: Option<&Arc<Config>>,
  ) -> Result<()> {
    let outcome = run.deploy(run.ids(), reason, call, Manner::Careful).await?;
    let Some(Fault { worker, phase, error }) = outcome.fault else {
      return Ok(());
    };
    let (rolled_back, kept) = match before {
      Some(before) => {
        self.configure(run, Arc::clone(before), None).await?;
        let replaced = [outcome.replaced, outcome.broken].concat();
        self.take_back(run, replaced, &error, call).await?
      }
      None => (Vec::new(), [outcome.replaced, outcome.broken].concat()),
    };
    Err(ClusterError::RolloutAborted { worker, phase, rolled_back, kept, source: Box::new(error) })
  }

  /// Start `workers` with the present configuration, which is the one from before. Gives those that have
  /// it, and those that could not be started with it: they are what they were.
  pub(super) async fn take_back(
    &self,
    run: &Arc<Run>,
    workers: Vec<String>,
    error: &ClusterError,
    call: &'static str,
  ) -> Result<(Vec<String>, Vec<String>)> {
    let reason = format!("rolled back: {error}");
    let back = run.deploy(workers, &reason, call, Manner::Persistent).await?;
    Ok((back.replaced, back.broken))
  }
}

impl Run {
  /// The ids of all workers.
  pub(super) fn ids(&self) -> Vec<String> {
    self.snapshots.borrow().workers.iter().map(|worker| worker.id.to_string()).collect()
  }

  /// Replace `workers`. An error only when the cluster was stopped meanwhile.
  async fn deploy(
    self: &Arc<Self>,
    workers: Vec<String>,
    reason: &str,
    call: &'static str,
    manner: Manner,
  ) -> Result<Outcome> {
    let limits = Limits::of(&self.config.borrow().advanced.deployment, self.count());
    let snapshot = self.snapshots.borrow().clone();
    let served = workers.iter().map(|id| snapshot.worker(id).is_some_and(|worker| worker.serves()));
    let mut plan = Plan::new(served.collect(), limits, manner);
    let mut under_way: JoinSet<Done> = JoinSet::new();
    let mut installed: Vec<Option<Generation>> = vec![None; workers.len()];
    let mut fault: Option<Fault> = None;
    loop {
      for step in plan.advance() {
        self.begin(&mut under_way, step, &workers, reason, (call, manner));
      }
      if plan.is_over() {
        // The last predecessor may have taken longer to go than its successor to fail.
        if manner == Manner::Careful
          && let Some((seat, error)) = self.faulty(&workers, &watched(&plan, &installed))
        {
          fault.get_or_insert(Fault {
            worker: workers[seat].clone(),
            phase: phase(limits, &plan),
            error,
          });
          plan.on(Input::Failed(seat));
        }
        break;
      }
      let watched = if manner == Manner::Careful { watched(&plan, &installed) } else { Vec::new() };
      let (seat, input, error) = tokio::select! {
        done = under_way.join_next() => match done {
          Some(Ok(Done { seat, good, outcome })) => self.judge(&workers, seat, good, outcome),
          // Nothing is under way, or a step did not come to its end: the runtime stops.
          Some(Err(_)) | None => return Err(ClusterError::Stopped { call }),
        },
        (seat, error) = self.fault(&workers, &watched) => (seat, Input::Failed(seat), Some(error)),
      };
      if !self.state().is_up() {
        return Err(ClusterError::Stopped { call });
      }
      let phase = phase(limits, &plan);
      let before = plan.failed();
      plan.on(input);
      if let (Some(error), None, Some(_)) = (error, before, plan.failed()) {
        fault = Some(Fault { worker: workers[seat].clone(), phase, error });
      }
      if matches!(input, Input::Settled(_)) {
        let snapshot = self.snapshots.borrow();
        installed[seat] = snapshot.worker(&workers[seat]).and_then(|worker| worker.generation);
      }
    }
    let of = |wanted: Seat| {
      let seats = plan.seats().iter().zip(&workers).filter(|(seat, _)| **seat == wanted);
      seats.map(|(_, id)| id.clone()).collect()
    };
    Ok(Outcome { fault, replaced: of(Seat::New), broken: of(Seat::Broken) })
  }

  fn begin(
    self: &Arc<Self>,
    under_way: &mut JoinSet<Done>,
    step: Step,
    workers: &[String],
    reason: &str,
    (call, manner): (&'static str, Manner),
  ) {
    let reason = reason.to_owned();
    // What is taken back to is known to work, and wanted soon.
    let soaks = manner == Manner::Careful;
    let (seat, exchange, good) = match step {
      Step::Prepare(seat) => (seat, Exchange::Prepare { reason, soaks }, Input::Ready(seat)),
      Step::TakeOver { seat, watched } => {
        (seat, Exchange::TakeOver { watched: watched && soaks }, Input::Settled(seat))
      }
      Step::Release(seat) => (seat, Exchange::Release, Input::Gone(seat)),
      Step::Recreate(seat) => (seat, Exchange::Recreate { reason, soaks }, Input::Settled(seat)),
      Step::Revert(seat) => (seat, Exchange::Revert, Input::Reverted(seat)),
    };
    let (run, id) = (Arc::clone(self), workers[seat].clone());
    under_way.spawn(async move {
      let command = |reply: oneshot::Sender<_>| Command::Exchange { id, step: exchange, reply };
      Done { seat, good, outcome: run.ask(call, command).await }
    });
  }

  /// What the outcome of a step means for the plan.
  fn judge(
    &self,
    workers: &[String],
    seat: usize,
    good: Input,
    outcome: Result<()>,
  ) -> (usize, Input, Option<ClusterError>) {
    match outcome {
      Ok(()) => (seat, good, None),
      // It was stopped since: there is nothing to replace.
      Err(ClusterError::WorkerNotFound { .. }) => (seat, Input::Vanished(seat), None),
      Err(ClusterError::WorkerStopped { .. }) if !self.keeps(&workers[seat]) => {
        (seat, Input::Vanished(seat), None)
      }
      // A process that was to go is as good as gone, whatever there is to say about it.
      Err(_) if matches!(good, Input::Gone(_)) => (seat, good, None),
      Err(_) if matches!(good, Input::Reverted(_)) => (seat, Input::Stranded(seat), None),
      Err(error) => (seat, Input::Failed(seat), Some(error)),
    }
  }

  /// One of the new workers that does not serve any more, and why.
  fn faulty(
    &self,
    workers: &[String],
    watched: &[(usize, Generation)],
  ) -> Option<(usize, ClusterError)> {
    let snapshot = self.snapshots.borrow();
    let mut faults = watched.iter().filter_map(|(seat, generation)| {
      Some((*seat, fault_of(&snapshot, &workers[*seat], *generation)?))
    });
    faults.next()
  }

  /// Resolves when one of the new workers does not serve any more.
  async fn fault(
    &self,
    workers: &[String],
    watched: &[(usize, Generation)],
  ) -> (usize, ClusterError) {
    let mut shown = self.snapshots.clone();
    loop {
      drop(shown.borrow_and_update());
      if let Some(fault) = self.faulty(workers, watched) {
        return fault;
      }
      if shown.changed().await.is_err() {
        // The steps that are under way tell that everything stops.
        return std::future::pending().await;
      }
    }
  }
}

/// How far `plan` has come.
fn phase(limits: Limits, plan: &Plan) -> Phase {
  match limits {
    Limits::AtOnce => Phase::AtOnce,
    Limits::Rolling { .. } if plan.is_canary_phase() => Phase::Canary,
    Limits::Rolling { .. } => Phase::Rollout,
  }
}

/// Workers whose new processes do their work, and which these are.
fn watched(plan: &Plan, installed: &[Option<Generation>]) -> Vec<(usize, Generation)> {
  let seats = plan.seats().iter().zip(installed).enumerate();
  seats
    .filter(|(_, (seat, _))| matches!(seat, Seat::Settled | Seat::Leaving | Seat::New))
    .filter_map(|(seat, (_, generation))| Some((seat, (*generation)?)))
    .collect()
}

/// What is wrong with the worker that a deployment has started, if anything is.
fn fault_of(snapshot: &Snapshot, id: &str, generation: Generation) -> Option<ClusterError> {
  let worker = snapshot.worker(id).filter(|worker| worker.status != WorkerStatus::Stopping)?;
  let id = id.to_owned();
  if let Some(failure) = worker.checkup.failure.filter(|_| worker.checkup.is_sick()) {
    let failures = worker.checkup.consecutive_failures;
    return Some(ClusterError::Unhealthy { worker: id, failures, failure });
  }
  let cause = worker.last_death.clone().filter(|_| worker.generation != Some(generation))?;
  Some(ClusterError::WorkerDied { worker: id, cause })
}
