//! The actor that owns all workers of a cluster. No policy in it: deaths are judged by
//! [`super::restart`], health by [`crate::health`], and the order of large operations is that of
//! [`super::operations`].
//!
//! The routing table is published in the same step in which a worker changes state, so a worker that
//! is told to go cannot be given one more request.

use std::{collections::HashSet, sync::Arc, time::SystemTime};

use tokio::{
  sync::{mpsc, watch},
  time::{Instant, sleep_until},
};

use super::{
  births::Births,
  command::{Command, Reply},
  exchange::Role,
  launch::Host,
  outbox::Outbox,
  relief::routable,
  report::health_details,
  restart::Streak,
  slot::{Incarnation, Leaving, Place, Slot, Station, Successor},
  snapshot::{Snapshot, WorkerStatus, WorkerView, add},
  state::{ClusterState, Step},
};
use crate::{
  config::{Config, words::OnAllFailed},
  error::{ClusterError, Result},
  event::{Event, EventSink},
  health::{checkup::Checkup, verdict::Verdict},
  proxy::{Address, Counters, Farewell, Proxy},
  worker::{Demand, News, Notice, Nursery, Target, tuning::Refusal},
};

/// News that may wait for the supervisor; workers wait when it is full.
const NEWS: usize = 256;

/// What a supervisor is made of.
pub struct Parts {
  /// The process it lives in.
  pub host: Host,
  /// The effective configuration, as it changes.
  pub config: watch::Sender<Arc<Config>>,
  /// The data plane, bound and not yet open.
  pub proxy: Proxy,
  /// Whether the public port was chosen by us.
  pub any_port: bool,
  /// Starts workers.
  pub nursery: Arc<dyn Nursery>,
  /// Hears what happens.
  pub events: Arc<dyn EventSink>,
  /// Where its pictures go. The last one says `Stopped`.
  pub snapshots: watch::Sender<Arc<Snapshot>>,
  /// What it is asked.
  pub commands: mpsc::Receiver<Command>,
}

/// The actor.
pub struct Supervisor {
  pub(super) births: Births,
  pub(super) proxy: Proxy,
  pub(super) outbox: Outbox,
  snapshots: watch::Sender<Arc<Snapshot>>,
  commands: mpsc::Receiver<Command>,
  notices: mpsc::Receiver<Notice>,
  drained: (mpsc::Sender<()>, mpsc::Receiver<()>),
  pub(super) slots: Vec<Slot>,
  state: ClusterState,
  pub(super) closing: Closing,
  /// Whether the handle is gone.
  orphaned: bool,
  pub(super) departed: Counters,
  verdict: Option<Verdict>,
  /// Settings that the operating system refused, as far as they were told.
  refused: HashSet<&'static str>,
}

/// How far a shutdown has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Closing {
  /// None was asked for.
  No,
  /// Requests finish; workers are told to go when the last is answered, and by `by` at the latest.
  Requests { by: Instant },
  /// Workers are leaving.
  Workers,
}

impl Supervisor {
  /// Put one together.
  #[must_use]
  pub fn new(parts: Parts) -> Self {
    let Parts { host, config, proxy, any_port, nursery, events, snapshots, commands } = parts;
    let (sender, notices) = mpsc::channel(NEWS);
    let births = Births {
      host,
      config,
      nursery,
      notices: sender,
      agent_env: proxy.agent_env(),
      public_port: proxy.port(),
      any_port,
      proven: None,
      generations: 0,
    };
    Self {
      births,
      proxy,
      outbox: Outbox::new(events),
      snapshots,
      commands,
      notices,
      drained: mpsc::channel(2),
      slots: Vec::new(),
      state: ClusterState::Starting,
      closing: Closing::No,
      orphaned: false,
      departed: Counters::default(),
      verdict: None,
      refused: HashSet::new(),
    }
  }

  /// Run until a shutdown is complete.
  pub async fn run(mut self) {
    self.show();
    while !(self.closing == Closing::Workers && self.slots.is_empty()) {
      let due = [self.next_start(), self.next_relief(), self.next_trial(), self.next_probation()];
      let next_start = due.into_iter().flatten().min();
      tokio::select! {
        Some(notice) = self.notices.recv() => self.hear(notice),
        command = self.commands.recv(), if !self.orphaned => match command {
          Some(command) => self.obey(command),
          // Nobody can ask for anything any more, not even for an end.
          None => {
            self.orphaned = true;
            self.shut_down(false);
          }
        },
        Some(()) = self.drained.1.recv() => self.dismiss_workers(),
        () = async { sleep_until(next_start.unwrap_or_else(Instant::now)).await },
          if next_start.is_some() => {
            self.start_due();
            self.relieve();
          }
      }
      self.judge_trials();
      self.judge_probations();
      self.let_go();
      self.close_unwanted();
      self.show();
    }
    // Tunnels ended with their workers.
    self.proxy.close(std::time::Instant::now()).await;
    self.step(Step::End);
    self.outbox.emit(Event::ClusterStopped);
    self.show();
  }

  fn obey(&mut self, command: Command) {
    match command {
      Command::Spawn { id, reply } => self.spawn(id, reply),
      Command::Remove { id, graceful, reply } => self.remove(&id, graceful, reply),
      Command::Replace { id, reason, reply } => self.replace(&id, reason, reply),
      Command::Condemn { id, pid, excess, reply } => {
        self.condemn(&id, pid, excess);
        self.outbox.answer(reply, Ok(()));
      }
      Command::Exchange { id, step, reply } => self.exchange(&id, step, reply),
      Command::Open { reply } => {
        let opened = self.open();
        self.outbox.answer(reply, opened);
      }
      Command::Configure { config, proven, reply } => {
        self.births.proven = proven;
        self.proxy.set_strategy(config.balancing.strategy);
        self.proxy.set_queue(config.balancing.queue);
        self.proxy.set_edge(&config.balancing.edge);
        self.births.config.send_replace(config);
        self.outbox.answer(reply, Ok(()));
      }
      Command::Scaling { under_way, reply } => {
        self.step(if under_way { Step::Scale } else { Step::Scaled });
        self.outbox.answer(reply, Ok(()));
      }
      Command::Shutdown { graceful } => self.shut_down(graceful),
    }
  }

  fn spawn(&mut self, id: Option<String>, reply: Reply<WorkerView>) {
    if self.closing != Closing::No {
      return self.outbox.answer(reply, Err(ClusterError::Stopped { call: "spawnWorker" }));
    }
    let ordinal = (1..=u16::MAX).find(|n| self.slots.iter().all(|slot| slot.ordinal != *n));
    let ordinal = ordinal.unwrap_or(u16::MAX);
    let id = id.unwrap_or_else(|| self.free_id());
    if self.slots.iter().any(|slot| *slot.id == *id) {
      return self.outbox.answer(reply, Err(ClusterError::WorkerExists { worker: id }));
    }
    let mut slot = Slot::new(id.into(), ordinal);
    match self.births.raise(&slot) {
      Ok(incarnation) => {
        slot.port = Some(incarnation.port.port());
        slot.station = Station::Booting(incarnation);
        slot.ready.push(reply);
        self.slots.push(slot);
      }
      Err(error) => self.outbox.answer(reply, Err(error)),
    }
  }

  fn remove(&mut self, id: &str, graceful: bool, reply: Reply<()>) {
    let Some(index) = self.index(id) else {
      return self.outbox.answer(reply, Err(self.unknown(id)));
    };
    let by = self.patience();
    let demand = if graceful { Demand::Stop { by } } else { Demand::Kill };
    self.dismiss(index, demand, Some(reply));
  }

  fn replace(&mut self, id: &str, reason: String, reply: Reply<()>) {
    if self.closing != Closing::No {
      return self.outbox.answer(reply, Err(ClusterError::Stopped { call: "restart" }));
    }
    let index =
      self.index(id).filter(|index| self.slots.get(*index).is_some_and(|s| s.leaving.is_none()));
    let Some(slot) = index.and_then(|index| self.slots.get(index)) else {
      return self.outbox.answer(reply, Err(self.unknown(id)));
    };
    let raised = if slot.successor.is_none() { Some(self.births.raise(slot)) } else { None };
    let Some(slot) = index.and_then(|index| self.slots.get_mut(index)) else {
      return;
    };
    match (raised, &mut slot.successor) {
      (Some(Ok(incarnation)), _) => {
        slot.successor = Some(Successor {
          incarnation,
          failed: None,
          role: Role::Relieves,
          reason,
          replies: vec![reply],
        });
      }
      (Some(Err(error)), _) => self.outbox.answer(reply, Err(error)),
      // One is on its way already, and is as new as another would be.
      (None, Some(successor)) => successor.replies.push(reply),
      (None, None) => {}
    }
  }

  /// Open the public port, if there is anybody behind it. An app that has said that it is ready and
  /// listens only later decides by that whether the port is for this machine alone.
  fn open(&mut self) -> Result<()> {
    let mut targets = self.slots.iter().filter_map(Slot::target).peekable();
    if targets.peek().is_some() {
      let asked = targets.find_map(|target| {
        let host = Some(target.requested_host?);
        Some(Address { host, port: self.proxy.port(), v6_only: target.v6_only })
      });
      self.proxy.open_at(asked)?;
    }
    self.step(Step::Open);
    Ok(())
  }

  /// Open the port now if nobody was behind it before the worker at `index`. It is left alone if it
  /// is open.
  fn open_late(&mut self, index: usize) {
    if self.state.is_up()
      && let Err(error) = self.open()
      && let Some(slot) = self.slots.get(index)
    {
      let worker = slot.id.to_string();
      self.outbox.emit(Event::WorkerError { worker, error });
    }
  }

  /// Stop everything. Requests that were accepted are answered before any worker is told to go.
  fn shut_down(&mut self, graceful: bool) {
    let by = match (self.closing, graceful) {
      (Closing::No, true) => self.patience(),
      (_, false) => Instant::now(),
      // As patient as before.
      (Closing::Requests { .. } | Closing::Workers, true) => return,
    };
    self.step(Step::Stop);
    if self.closing != Closing::Workers {
      self.closing = Closing::Requests { by };
    }
    self.proxy.begin_close(by.into_std());
    let (proxy, closed) = (self.proxy.clone(), self.drained.0.clone());
    tokio::spawn(async move {
      proxy.drained().await;
      let _heard = closed.send(()).await;
    });
    let demand = if graceful { Demand::Stop { by } } else { Demand::Kill };
    self.abandon(demand);
    for index in 0..self.slots.len() {
      let serves = self
        .slots
        .get(index)
        .is_some_and(|slot| slot.incarnations().any(|it| it.upstreams().next().is_some()));
      if !graceful || !serves {
        self.dismiss(index, demand, None);
      }
    }
  }

  /// The last request is answered: now the workers may go.
  fn dismiss_workers(&mut self) {
    let Closing::Requests { by } = self.closing else {
      return;
    };
    self.closing = Closing::Workers;
    for index in 0..self.slots.len() {
      self.dismiss(index, Demand::Stop { by }, None);
    }
  }

  /// Tell every process of a slot to go, and the slot with them.
  fn dismiss(&mut self, index: usize, demand: Demand, reply: Option<Reply<()>>) {
    let Some(slot) = self.slots.get_mut(index) else {
      return;
    };
    match &mut slot.leaving {
      Some(Leaving::Asked(replies)) => replies.extend(reply),
      Some(Leaving::Failed) | None => slot.leaving = Some(Leaving::Asked(Vec::from_iter(reply))),
    }
    let stopped = ClusterError::WorkerStopped { worker: slot.id.to_string() };
    for waiting in slot.ready.drain(..) {
      self.outbox.answer(waiting, Err(stopped.clone()));
    }
    if let Some(Successor { incarnation, replies, .. }) = slot.successor.take() {
      for waiting in replies {
        self.outbox.answer(waiting, Err(stopped.clone()));
      }
      slot.retiring.push(incarnation);
    }
    let (standby, waiting) = slot.abandon();
    slot.retiring.extend(standby);
    for waiting in waiting {
      self.outbox.answer(waiting, Err(stopped.clone()));
    }
    let present = slot.vacate();
    slot.retiring.extend(present);
    self.publish();
    let farewell = self.farewell(demand);
    for incarnation in self.slots.get(index).into_iter().flat_map(|slot| &slot.retiring) {
      retire(incarnation, demand, farewell);
    }
  }

  /// Forget the slots that nothing is left of.
  fn let_go(&mut self) {
    for slot in self.slots.extract_if(.., |slot| slot.is_finished()) {
      if let Some(Leaving::Asked(replies)) = slot.leaving {
        self.outbox.emit(Event::WorkerStopped { worker: slot.id.to_string() });
        replies.into_iter().for_each(|reply| self.outbox.answer(reply, Ok(())));
      }
    }
  }

  fn hear(&mut self, Notice { generation, news }: Notice) {
    let found = self
      .slots
      .iter()
      .enumerate()
      .find_map(|(index, slot)| slot.place(generation).map(|place| (index, place)));
    let Some((index, place)) = found else {
      tracing::warn!(generation, ?news, "news of a worker that nobody knows");
      return;
    };
    match news {
      News::Spawned { pid } => {
        self.with(index, place, |worker| worker.pid = u32::try_from(pid.as_raw()).ok());
      }
      News::Untuned(refused) => self.untuned(index, refused),
      News::Checkup(checkup) => self.examined(index, place, checkup),
      News::Listening(target) => {
        self.retarget(index, place, Some(target));
        self.open_late(index);
      }
      News::Closed => self.retarget(index, place, None),
      News::Asks { address, reply } => self.asks(index, place, address, reply),
      News::Serves { address, upstream } => self.serves(index, place, address, upstream),
      News::Leaves { address } => self.leaves(index, place, address),
      News::Ready { target } => match place {
        Place::Station => self.serve(index, target),
        Place::Successor => self.try_out(index, target),
        Place::Standby | Place::Retiring(_) => {}
      },
      News::Exited(end) => self.bury(index, place, end),
    }
  }

  pub(super) fn with(&mut self, index: usize, place: Place, change: impl FnOnce(&mut Incarnation)) {
    if let Some(worker) = self.slots.get_mut(index).and_then(|slot| slot.at_mut(place)) {
      change(worker);
    }
  }

  /// Told once of each setting: it is refused to every worker alike.
  fn untuned(&mut self, index: usize, refused: Vec<Refusal>) {
    let Some(slot) = self.slots.get(index) else {
      return;
    };
    for Refusal { field, reason } in refused {
      if self.refused.insert(field) {
        let worker = slot.id.to_string();
        tracing::warn!(worker, field, reason, "a setting was refused");
        let error = ClusterError::SettingRefused { worker: worker.clone(), field, reason };
        self.outbox.emit(Event::WorkerError { worker, error });
      }
    }
  }

  /// Requests for a process go somewhere else from here on, or nowhere.
  fn retarget(&mut self, index: usize, place: Place, target: Option<Target>) {
    let Some(worker) = self.slots.get_mut(index).and_then(|slot| slot.at_mut(place)) else {
      return;
    };
    worker.server_closed = target.is_none();
    let old = std::mem::replace(&mut worker.target, target);
    self.publish();
    if let Some(old) = old {
      old.upstream.close();
      self.departed = add(self.departed, old.upstream.counters());
    }
  }

  /// The present process proved that it is ready.
  fn serve(&mut self, index: usize, target: Option<Target>) {
    let Some(slot) = self.slots.get_mut(index) else {
      return;
    };
    let Some(mut present) = slot.vacate() else {
      return;
    };
    present.target = target;
    present.ready = Some(Instant::now());
    present.checkup = Checkup::NEW.passed(SystemTime::now());
    let (port, pid) = (present.port.port(), present.pid);
    slot.port = Some(port);
    slot.station = Station::Serving(present);
    slot.last_error = None;
    slot.moves = 0;
    slot.relief = None;
    self.publish();
    self.open_late(index);
    let Some(slot) = self.slots.get_mut(index) else {
      return;
    };
    let waiting = std::mem::take(&mut slot.ready);
    let view = slot.view();
    waiting.into_iter().for_each(|reply| self.outbox.answer(reply, Ok(view.clone())));
    self.outbox.emit(Event::WorkerStarted { worker: slot.id.to_string(), port, pid });
  }

  /// A successor proved itself: it takes over, and the old process goes.
  pub(super) fn take_over(&mut self, index: usize, target: Option<Target>) {
    let role = self.slots.get(index).and_then(|slot| slot.successor.as_ref()).map(|s| s.role);
    let Some((old, replies)) = self.install(index, target) else {
      return;
    };
    match old {
      Some(old) => self.retire_old(index, old, replies),
      None => match role {
        Some(Role::Refills { soaks }) => self.watch_refill(index, soaks, replies),
        _ => replies.into_iter().for_each(|reply| self.outbox.answer(reply, Ok(()))),
      },
    }
  }

  /// A successor takes over. Gives the old process, which is not routable any more, and who waits.
  pub(super) fn install(
    &mut self,
    index: usize,
    target: Option<Target>,
  ) -> Option<(Option<Incarnation>, Vec<Reply<()>>)> {
    let slot = self.slots.get_mut(index)?;
    let Successor { incarnation, reason, replies, .. } = slot.successor.take()?;
    let old = slot.vacate();
    slot.station = Station::Booting(incarnation);
    slot.restarts = slot.restarts.saturating_add(1);
    // A successor of a sick worker has yet to show that it is any better.
    if old.as_ref().is_none_or(|old| !old.checkup.is_sick()) {
      slot.streak = Streak::default();
    }
    let worker = slot.id.to_string();
    self.outbox.emit(Event::WorkerRestart { worker, reason });
    self.serve(index, target);
    Some((old, replies))
  }

  /// Tell a process that does not do the slot's work any more to go. `replies` are told when it has.
  pub(super) fn retire_old(&mut self, index: usize, mut old: Incarnation, replies: Vec<Reply<()>>) {
    // One that hangs would neither finish a request nor leave.
    let hung = old.checkup.hangs();
    let demand = if hung { Demand::Autopsy } else { Demand::Stop { by: self.patience() } };
    old.gone.extend(replies);
    retire(&old, demand, self.farewell(demand));
    if let Some(slot) = self.slots.get_mut(index) {
      slot.retiring.push(old);
    }
  }

  /// When whoever is told to go now has to be gone.
  pub(super) fn patience(&self) -> Instant {
    Instant::now() + self.births.config.borrow().timing.graceful_shutdown
  }

  /// What the tunnels of whoever is told to go now are told.
  pub(super) fn farewell(&self, demand: Demand) -> Farewell {
    let window = self.births.config.borrow().advanced.deployment.drain_window.0;
    match demand {
      _ if self.closing != Closing::No => Farewell::shutdown(),
      Demand::Stop { by } => Farewell::restart(window, by),
      Demand::Run | Demand::Autopsy | Demand::Kill => Farewell::restart(window, Instant::now()),
    }
  }

  /// Let the data plane see what is routable.
  pub(super) fn publish(&self) {
    let targets = routable(&self.slots).into_iter();
    let upstreams = targets.map(|target| Arc::clone(&target.upstream)).collect();
    self.proxy.routes().publish(upstreams);
    self.publish_further();
  }

  /// Let everybody see what is, and only then tell them of it.
  fn show(&mut self) {
    let workers: Vec<WorkerView> = self.slots.iter().map(Slot::view).collect();
    self.judge(&workers);
    let processes = self.slots.iter().flat_map(Slot::processes).collect();
    let snapshot = Snapshot { state: self.state, workers, processes, departed: self.departed };
    if self.state.is_up() {
      let verdict = snapshot.verdict();
      // The first verdict is what the cluster started with: no change.
      if self.verdict.replace(verdict).is_some_and(|before| before != verdict) {
        let (status, details) = (verdict.name(), health_details(&snapshot));
        self.outbox.emit(Event::HealthChanged { status, details });
      }
    }
    self.snapshots.send_replace(Arc::new(snapshot));
    self.outbox.flush();
  }

  /// A cluster whose workers were all given up does not run; one of which a worker serves does.
  fn judge(&mut self, workers: &[WorkerView]) {
    let lost =
      |worker: &WorkerView| matches!(worker.status, WorkerStatus::Error | WorkerStatus::Stopped);
    let all_lost = !workers.is_empty() && workers.iter().all(lost);
    self.proxy.routes().set_exhausted(all_lost);
    if all_lost {
      let before = self.state;
      self.step(Step::Lose);
      if self.state != before {
        self.tell_all_failed(workers);
      }
    } else if workers.iter().any(|worker| worker.status == WorkerStatus::Running) {
      self.step(Step::Recover);
    }
  }

  /// By convention an `error` that is not listened to ends the process, so that a service manager or an
  /// orchestrator sees it.
  fn tell_all_failed(&mut self, workers: &[WorkerView]) {
    let failed = workers.iter().rfind(|worker| worker.status == WorkerStatus::Error);
    let policy = self.births.config.borrow().process_management.on_all_failed;
    if let (Some(failed), OnAllFailed::Error) = (failed, policy) {
      let error = ClusterError::AllFailed {
        workers: workers.iter().map(|worker| worker.id.to_string()).collect(),
        worker: failed.id.to_string(),
        last: failed.last_error.clone().unwrap_or_default(),
      };
      self.outbox.emit(Event::AllFailed { error });
    }
  }

  /// What is no step of the present state changes nothing: a shutdown may be asked for twice.
  fn step(&mut self, step: Step) {
    self.state = self.state.after(step).unwrap_or(self.state);
  }

  pub(super) fn index(&self, id: &str) -> Option<usize> {
    self.slots.iter().position(|slot| *slot.id == *id)
  }

  pub(super) fn unknown(&self, id: &str) -> ClusterError {
    ClusterError::WorkerNotFound {
      worker: id.to_owned(),
      known: self.slots.iter().map(|slot| slot.id.to_string()).collect(),
    }
  }

  fn free_id(&self) -> String {
    let ids = (1..=u32::MAX).map(|number| format!("worker-{number}"));
    ids.into_iter().find(|id| self.index(id).is_none()).unwrap_or_default()
  }
}

/// Tell a process that is not routable any more to go.
pub(super) fn retire(incarnation: &Incarnation, demand: Demand, farewell: Farewell) {
  for upstream in incarnation.upstreams() {
    upstream.close();
    upstream.dismiss(farewell);
  }
  incarnation.raise_demand(demand);
}
