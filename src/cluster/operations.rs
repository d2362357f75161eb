//! The large operations: what they ask of the supervisor, and in which order.

use std::sync::{Arc, PoisonError, Weak};

use tokio::{
  sync::{mpsc, watch},
  task::{JoinError, JoinSet},
  time::sleep,
};

use super::{
  Cluster, Run,
  aggregate::{self, Aggregate},
  autoscaling::{Autoscaler, bounded, keep_scaling},
  command::{Command, Reply},
  enforcement::keep_enforcing,
  launch::Host,
  reconfigure::check_exec,
  report::Reporter,
  snapshot::{Snapshot, WorkerStatus, WorkerView},
  state::{ClusterState, Step},
  supervisor::{Parts, Supervisor},
};
use crate::{
  autoscale::decision::Decision,
  config::{Config, defaults::MAX_WORKERS, resolve::worker_count},
  error::{ClusterError, Result},
  event::{Event, EventSink},
  ipc::messages::Messages,
  proxy::{ClientHeader, Options, Proxy},
  runtime,
  worker::{Nursery, forward::Forward, spawner::Spawner, task::Processes},
};

/// Where the search for any public port starts: above what services use, below what Linux gives to
/// outgoing connections (32 768 by default), with room for the workers' ports.
const ANY_PORT: std::ops::Range<u16> = 10_000..28_000;
/// How many ports are tried.
const ANY_PORT_TRIES: u16 = 1_000;
/// Commands that may wait for the supervisor; callers wait when it is full.
const COMMANDS: usize = 64;

impl Cluster {
  /// Bind the public port, start the workers, wait until all are ready, open the port. Returns the
  /// port. A cluster that runs already is left alone.
  ///
  /// `env` is the environment of the workers, now and whenever one is started again; `None` for that
  /// of this process. A runtime's own `process.env` is not read later: on Bun it is a copy, and on
  /// Node.js JavaScript may be changing it while another thread reads.
  ///
  /// # Errors
  /// Whatever kept the port or the first worker from being had; nothing is left running then.
  pub async fn start(&self, env: Option<Vec<(String, String)>>) -> Result<u16> {
    match processes(Arc::clone(&self.messages)) {
      Ok(nursery) => self.start_with(nursery, env).await,
      Err(error) => {
        self.rest(Step::Fail);
        Err(error)
      }
    }
  }

  /// Say at once that a start is on its way: a future is not polled before its caller has gone on.
  pub fn begin(&self) {
    if self.current().is_none() {
      self.rest(Step::Begin);
    }
  }

  /// [`Self::start`] with workers from somewhere else.
  ///
  /// # Errors
  /// As [`Self::start`].
  pub async fn start_with(
    &self,
    nursery: Arc<dyn Nursery>,
    env: Option<Vec<(String, String)>>,
  ) -> Result<u16> {
    let _alone = self.operation.lock().await;
    if let Some(run) = self.current() {
      if run.state() != ClusterState::Stopping {
        return Ok(run.proxy.port());
      }
      run.ended().await;
    }
    self.rest(Step::Begin);
    let outcome = self.run(nursery, env).await;
    // The state without a run, from here to the next start. A start that was stopped did not fail.
    self.rest(Step::Stop);
    self.rest(Step::End);
    if outcome.as_ref().is_err_and(|error| !matches!(error, ClusterError::Stopped { .. })) {
      self.rest(Step::Fail);
    }
    outcome
  }

  /// What [`Self::start_with`] does once it is its turn.
  async fn run(
    &self,
    nursery: Arc<dyn Nursery>,
    env: Option<Vec<(String, String)>>,
  ) -> Result<u16> {
    let config = self.config();
    check_exec(&config)?;
    let proxy = bind(&config, self.base_port)?;
    let probed = aggregate::bind(&config)?;
    let (commands, inbox) = mpsc::channel(COMMANDS);
    let starting = Snapshot::empty(ClusterState::Starting);
    let (snapshots, shown) = watch::channel(Arc::new(starting));
    let current = watch::Sender::new(Arc::clone(&config));
    if let Some(listener) = probed {
      let pages = Aggregate::new(&config, proxy.clone(), shown.clone());
      tokio::spawn(aggregate::serve(listener, pages, commands.clone(), snapshots.clone()));
    }
    let (config_shown, reporter) = (current.subscribe(), Reporter::default());
    let supervisor = Supervisor::new(Parts {
      host: Host { env, ..self.host.clone() },
      config: current,
      proxy: proxy.clone(),
      any_port: self.base_port == 0,
      nursery,
      events: Arc::clone(&self.events),
      snapshots,
      commands: inbox,
    });
    let autoscaler = Autoscaler::default();
    let run = Run { commands, snapshots: shown, config: config_shown, proxy, reporter, autoscaler };
    let run = Arc::new(run);
    *self.run.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(&run));
    self.rest(Step::Spawn);
    tokio::spawn(supervisor.run());
    match first_workers(&run, bounded(&config.auto_scaling, config.workers)).await {
      Ok(()) => {
        let workers = run.snapshots.borrow().workers.len();
        self.events.emit(Event::ClusterStarted { workers });
        tokio::spawn(tick_metrics(
          Arc::downgrade(&run),
          run.config.clone(),
          Arc::clone(&self.events),
        ));
        tokio::spawn(keep_scaling(
          Arc::downgrade(&run),
          Arc::clone(&self.operation),
          run.config.clone(),
          Arc::clone(&self.events),
        ));
        tokio::spawn(keep_enforcing(
          Arc::downgrade(&run),
          Arc::clone(&self.operation),
          run.config.clone(),
          Arc::clone(&self.events),
        ));
        Ok(run.proxy.port())
      }
      Err(error) => {
        let stopped = run.state() != ClusterState::Starting;
        run.shut_down(false).await;
        Err(if stopped { ClusterError::Stopped { call: "start" } } else { error })
      }
    }
  }

  /// Stop everything. Resolves when the last process is gone and the port is free; at once when
  /// there is nothing to stop. `graceful` lets accepted requests finish.
  pub async fn stop(&self, graceful: bool) {
    // Not one operation at a time: a stop must not wait for a start that hangs. But one that was called
    // has to be seen, or it would start what was to be stopped.
    let mut rest = self.rest.subscribe();
    let _seen = rest.wait_for(|state| *state != ClusterState::Initializing).await.is_ok();
    match self.current() {
      Some(run) => run.shut_down(graceful).await,
      // Nobody looks for the failure of the last start any more.
      None if self.resting() == ClusterState::Error => self.rest(Step::End),
      None => {}
    }
  }

  /// Replace every worker, as `advanced.deployment` says: each successor proves itself before the old one
  /// goes.
  ///
  /// # Errors
  /// [`ClusterError::RolloutAborted`] at the first successor that fails. Workers whose old process is
  /// there keep it, or get it back.
  pub async fn restart(&self) -> Result<()> {
    let _alone = self.operation.lock().await;
    let run = self.running("restart")?;
    self.roll(&run, "rolling restart", "restart", None).await
  }

  /// Add a worker.
  ///
  /// # Errors
  /// When its id is taken or it fails to start; nothing is left of it then.
  pub async fn spawn_worker(&self, id: Option<String>) -> Result<WorkerView> {
    let _alone = self.operation.lock().await;
    let run = self.running("spawnWorker")?;
    if run.count() >= MAX_WORKERS as usize {
      return Err(invalid_count(run.count() + 1));
    }
    run.ask("spawnWorker", |reply| Command::Spawn { id, reply }).await
  }

  /// Stop a worker and forget its slot.
  ///
  /// # Errors
  /// When there is no such worker.
  pub async fn stop_worker(&self, id: String, graceful: bool) -> Result<()> {
    let run = self.running("stopWorker")?;
    run.ask("stopWorker", |reply| Command::Remove { id, graceful, reply }).await
  }

  /// Replace one worker, successor first.
  ///
  /// # Errors
  /// When there is no such worker or its successor fails; the old one serves on then.
  pub async fn restart_worker(&self, id: String) -> Result<()> {
    let _alone = self.operation.lock().await;
    let run = self.running("restartWorker")?;
    run.replace(&id, "restart asked for", "restartWorker").await
  }

  /// Have `count` workers: start what is missing, stop what is too many, dead ones first, then the youngest.
  ///
  /// # Errors
  /// When `count` is no number of workers, or a new worker fails; the others stay.
  pub async fn scale(&self, count: f64) -> Result<()> {
    let _alone = self.operation.lock().await;
    let run = self.running("scale")?;
    let wanted = worker_count(count).ok_or_else(|| invalid_count(count))?;
    self.scale_run(&run, wanted as usize, &format!("scale({wanted})")).await
  }

  /// Have `delta` workers more, or less when it is negative.
  ///
  /// # Errors
  /// As [`Self::scale`].
  pub async fn scale_by(&self, delta: f64) -> Result<()> {
    let _alone = self.operation.lock().await;
    let run = self.running(if delta < 0.0 { "scaleDown" } else { "scaleUp" })?;
    let count = f64::from(u32::try_from(run.count()).unwrap_or(u32::MAX)) + delta;
    let wanted = worker_count(count).ok_or_else(|| invalid_count(count))?;
    let call = if delta < 0.0 { "scaleDown" } else { "scaleUp" };
    self.scale_run(&run, wanted as usize, &format!("{call}({})", delta.abs())).await
  }

  /// Have `wanted` workers because somebody said so; `reason` says who.
  pub(super) async fn scale_run(&self, run: &Arc<Run>, wanted: usize, reason: &str) -> Result<()> {
    let outcome = run.scale_to(wanted, reason, false, &*self.events).await;
    self.remember_count(run.count());
    outcome
  }

  /// The configuration follows what was scaled by hand, so that the next start has as many.
  fn remember_count(&self, count: usize) {
    let mut settings = self.settings();
    let count = u32::try_from(count).unwrap_or(MAX_WORKERS);
    let config = Config { workers: count, ..Config::clone(&settings.config) };
    settings.config = Arc::new(config);
    if let Some(written) = settings.written.as_object_mut() {
      written.insert("workers".to_owned(), count.into());
    }
  }
}

fn processes(messages: Arc<Messages>) -> Result<Arc<dyn Nursery>> {
  let spawner = Spawner::start(runtime::handle()?.clone())
    .map_err(|error| ClusterError::system("start its spawning thread", &error))?;
  let forward =
    Forward::shared().map_err(|error| ClusterError::system("start its output thread", &error))?;
  Ok(Arc::new(Processes { spawner, forward, messages }))
}

impl Run {
  /// Whether there is such a worker, and it is meant to stay.
  pub(super) fn keeps(&self, id: &str) -> bool {
    let snapshot = self.snapshots.borrow();
    let worker = snapshot.worker(id);
    worker.is_some_and(|worker| worker.status != WorkerStatus::Stopping)
  }

  /// Workers that are meant to stay.
  pub(super) fn count(&self) -> usize {
    let snapshot = self.snapshots.borrow();
    snapshot.workers.iter().filter(|worker| worker.status != WorkerStatus::Stopping).count()
  }

  async fn shut_down(&self, graceful: bool) {
    // A supervisor that is gone has stopped everything already.
    let _asked = self.commands.send(Command::Shutdown { graceful }).await;
    self.ended().await;
  }

  pub(super) async fn configure(
    &self,
    config: Arc<Config>,
    proven: Option<Arc<Config>>,
  ) -> Result<()> {
    self.ask("updateConfig", |reply| Command::Configure { config, proven, reply }).await
  }

  async fn scaling(&self, under_way: bool) -> Result<()> {
    self.ask("scale", |reply| Command::Scaling { under_way, reply }).await
  }

  /// Have `wanted` workers. `ours`: automatic scaling decided it.
  pub(super) async fn scale_to(
    self: &Arc<Self>,
    wanted: usize,
    reason: &str,
    ours: bool,
    events: &dyn EventSink,
  ) -> Result<()> {
    let old = self.count();
    // A cluster that stops meanwhile says so in the outcome.
    let _stopped = self.scaling(true).await;
    let outcome = if wanted > old {
      settle(self.spawn_many(wanted - old, "scale"), "scale").await
    } else {
      settle(self.remove_spare(old - wanted), "scale").await
    };
    let _stopped = self.scaling(false).await;
    let new = self.count();
    if new != old {
      let number = |count| u32::try_from(count).unwrap_or(u32::MAX);
      let reason = reason.to_owned();
      let decision = Decision { from: number(old), to: number(new), reason: reason.clone() };
      self.autoscaler.changed(&decision, ours);
      events.emit(Event::ClusterScaled { old, new, reason });
    }
    outcome
  }

  pub(super) async fn replace(&self, id: &str, reason: &str, call: &'static str) -> Result<()> {
    let (id, reason) = (id.to_owned(), reason.to_owned());
    self.ask(call, |reply| Command::Replace { id, reason, reply }).await
  }

  /// Ask for all of it at once, so that workers start and drain side by side.
  fn ask_all<T: Send + 'static>(
    self: &Arc<Self>,
    call: &'static str,
    commands: impl IntoIterator<Item = impl FnOnce(Reply<T>) -> Command + Send + 'static>,
  ) -> JoinSet<Result<T>> {
    commands
      .into_iter()
      .map(|command| {
        let run = Arc::clone(self);
        async move { run.ask(call, command).await }
      })
      .collect()
  }

  fn spawn_many(self: &Arc<Self>, count: usize, call: &'static str) -> JoinSet<Result<WorkerView>> {
    self.ask_all(call, (0..count).map(|_| |reply| Command::Spawn { id: None, reply }))
  }

  /// Those that do not run are the first to go, then the youngest.
  fn remove_spare(self: &Arc<Self>, count: usize) -> JoinSet<Result<()>> {
    let present = self.snapshots.borrow().clone();
    let staying = present.workers.iter().filter(|worker| worker.status != WorkerStatus::Stopping);
    let mut spare: Vec<&WorkerView> = staying.rev().collect();
    spare
      .sort_by_key(|worker| !matches!(worker.status, WorkerStatus::Error | WorkerStatus::Stopped));
    let ids: Vec<String> =
      spare.into_iter().take(count).map(|worker| worker.id.to_string()).collect();
    self.ask_all(
      "scale",
      ids.into_iter().map(|id| move |reply| Command::Remove { id, graceful: true, reply }),
    )
  }
}

/// Reserve the public port.
///
/// For 0, any port, the operating system would choose one of those that it also gives to outgoing
/// connections, and the workers' ports follow it: such a connection could take one of them before
/// its worker listens. So it is looked for below.
fn bind(config: &Config, port: u16) -> Result<Proxy> {
  let client_header = ClientHeader::random()?;
  let bind = |port| {
    Proxy::bind(Options {
      host: config.balancing.host,
      port,
      strategy: config.balancing.strategy,
      queue: config.balancing.queue,
      edge: config.balancing.edge.clone(),
      client_header: Some(client_header.clone()),
      ..Options::default()
    })
  };
  if port != 0 {
    return bind(port);
  }
  let first = fastrand::u16(ANY_PORT);
  (first..first + ANY_PORT_TRIES)
    .find_map(|port| match bind(port) {
      Err(ClusterError::PortInUse { .. }) => None,
      bound => Some(bound),
    })
    .unwrap_or_else(|| bind(0))
}

/// Start the first workers and open the port when all are ready. The first failure ends it: what is
/// left is stopped by the caller.
async fn first_workers(run: &Arc<Run>, count: u32) -> Result<()> {
  let mut births = run.spawn_many(count as usize, "start");
  while let Some(born) = births.join_next().await {
    flatten(born, "start")?;
  }
  run.ask("start", |reply| Command::Open { reply }).await
}

/// The first failure, after everything has an outcome.
async fn settle<T: 'static>(mut outcomes: JoinSet<Result<T>>, call: &'static str) -> Result<()> {
  let mut first = Ok(());
  while let Some(outcome) = outcomes.join_next().await {
    first = first.and(flatten(outcome, call).map(|_| ()));
  }
  first
}

fn flatten<T>(joined: Result<Result<T>, JoinError>, call: &'static str) -> Result<T> {
  joined.unwrap_or(Err(ClusterError::Stopped { call }))
}

/// `metrics:updated`, every interval, for as long as the run lasts. Does not keep it alive: a run
/// whose handle is gone ends.
async fn tick_metrics(
  run: Weak<Run>,
  mut config: watch::Receiver<Arc<Config>>,
  events: Arc<dyn EventSink>,
) {
  loop {
    let period = config.borrow_and_update().metrics_interval;
    tokio::select! {
      // The sender is the supervisor's, and goes with it.
      changed = config.changed() => if changed.is_err() { return },
      () = sleep(period.unwrap_or_default()), if period.is_some() => {
        let Some(run) = run.upgrade() else { return };
        if !events.hears_metrics() {
          continue;
        }
        let snapshot = run.snapshots.borrow().clone();
        let metrics = run.metrics(&snapshot);
        events.emit(Event::MetricsUpdated { metrics });
      }
    }
  }
}

fn invalid_count(asked: impl ToString) -> ClusterError {
  ClusterError::InvalidWorkerCount { asked: asked.to_string(), max: MAX_WORKERS }
}
