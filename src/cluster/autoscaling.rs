//! Automatic scaling: reads the load, asks the [governor](crate::autoscale::governor), and scales on the same path as
//! `scale()`: one operation at a time.

use std::{
  collections::{HashMap, HashSet},
  sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
  time::{Duration, SystemTime},
};

use tokio::{
  sync::{Mutex as Turn, watch},
  time::{Instant, sleep},
};

use super::{
  Cluster, Run,
  snapshot::{Snapshot, WorkerStatus, WorkerView},
};
use crate::{
  autoscale::{
    decision::{Action, Decision},
    governor::Governor,
    signals::{Room, Signals},
  },
  config::{AutoScalingConfig, Config},
  error::Result,
  event::{Event, EventSink, epoch_ms},
  monitor::{ProcessSample, Sampler, limits::Machine},
  proxy::Counters,
};

/// How often requests that wait and workers that are idle are counted between two evaluations.
const SAMPLES: u32 = 10;
/// The shortest and the longest time between two samples.
const SAMPLING: (Duration, Duration) = (Duration::from_millis(20), Duration::from_secs(1));
/// The shortest time that a reading is taken over; an evaluation that comes sooner waits for it.
const SHORTEST: Duration = Duration::from_millis(100);

/// A change of the number of workers, for `getMetrics().lastScalingAction`.
#[derive(Debug, Clone)]
pub struct Scaling {
  /// Before and after.
  pub decision: Decision,
  /// When.
  pub at: SystemTime,
}

/// What automatic scaling of one run remembers.
#[derive(Debug)]
pub struct Autoscaler {
  // Each held for a look or a note, never over an await.
  state: Mutex<State>,
  last: Mutex<Option<Scaling>>,
  started: Instant,
}

#[derive(Debug, Default)]
struct State {
  governor: Governor,
  sampler: Sampler,
  /// At the last look: when, what all had counted, the processes that served,
  looked: Option<Duration>,
  counters: Counters,
  known: HashSet<u32>,
  /// Since the last look: the sum and number of samples of the queue.
  queue: (usize, u32),
  /// Since when a worker has had nothing to do.
  idle_since: Option<Duration>,
}

impl Default for Autoscaler {
  fn default() -> Self {
    Self { state: Mutex::default(), last: Mutex::default(), started: Instant::now() }
  }
}

impl Autoscaler {
  fn state(&self) -> MutexGuard<'_, State> {
    self.state.lock().unwrap_or_else(PoisonError::into_inner)
  }

  fn now(&self) -> Duration {
    self.started.elapsed()
  }

  /// The last change of the number of workers.
  pub fn last(&self) -> Option<Scaling> {
    self.last.lock().unwrap_or_else(PoisonError::into_inner).clone()
  }

  /// The number of workers has changed. `ours`: as the governor decided.
  pub fn changed(&self, decision: &Decision, ours: bool) {
    let now = self.now();
    {
      let mut state = self.state();
      if ours {
        state.governor.settled(decision.to, now);
      } else {
        state.governor.overruled(now);
      }
      state.queue = (0, 0);
      state.idle_since = None;
    }
    let scaling = Scaling { decision: decision.clone(), at: SystemTime::now() };
    *self.last.lock().unwrap_or_else(PoisonError::into_inner) = Some(scaling);
  }

  /// Count who waits and who is idle.
  fn sample(&self, snapshot: &Snapshot, waiting: usize) {
    let now = self.now();
    self.state().sample(snapshot, waiting, now);
  }

  /// How long it is until a reading says something.
  fn too_early(&self) -> Duration {
    let now = self.now();
    self.state().looked.map_or(SHORTEST, |at| (at + SHORTEST).saturating_sub(now)).min(SHORTEST)
  }

  /// One evaluation.
  fn evaluate(&self, run: &Run, config: &Config) -> Decision {
    let (snapshot, now) = (run.snapshots.borrow().clone(), self.now());
    let waiting = run.proxy.stats().waiting;
    let mut state = self.state();
    let signals = state.look(&snapshot, waiting, config, now);
    state.governor.decide(&config.auto_scaling, &signals, now)
  }
}

impl State {
  fn sample(&mut self, snapshot: &Snapshot, waiting: usize, now: Duration) {
    let busy: Vec<usize> = serving(snapshot).map(requests).collect();
    // One request keeps a worker's JavaScript busy; the others that it has been given wait behind it.
    let behind: usize = busy.iter().map(|requests| requests.saturating_sub(1)).sum();
    self.queue = (self.queue.0 + waiting + behind, self.queue.1 + 1);
    let idle = waiting == 0 && busy.contains(&0);
    self.idle_since = if idle { self.idle_since.or(Some(now)) } else { None };
  }

  fn look(
    &mut self,
    snapshot: &Snapshot,
    waiting: usize,
    config: &Config,
    now: Duration,
  ) -> Signals {
    self.sample(snapshot, waiting, now);
    let pids: Vec<u32> = snapshot.workers.iter().filter_map(|it| it.pid).collect();
    self.sampler.keep(&pids);
    // One that has ended since the picture was made is left out.
    let read = |pid: u32| Some((pid, self.sampler.read(pid).ok()?));
    let usages: HashMap<u32, ProcessSample> = pids.iter().copied().filter_map(read).collect();
    // A worker counts from the second look on at which it serves: the reading before is of how it started.
    let present: HashSet<u32> = serving(snapshot).filter_map(|it| it.pid).collect();
    let measured: Vec<u32> =
      serving(snapshot).filter_map(|it| it.pid).filter(|pid| self.known.contains(pid)).collect();
    let serves = measured.len();
    let staying = || snapshot.workers.iter().filter(|it| it.status != WorkerStatus::Stopping);
    let lost = staying()
      .filter(|it| matches!(it.status, WorkerStatus::Error | WorkerStatus::Stopped))
      .count();
    let counters = snapshot.counters();
    let since = now.saturating_sub(self.looked.unwrap_or_default()).as_secs_f64();
    let requests = counters.requests.saturating_sub(self.counters.requests);
    let micros = counters.total_micros.saturating_sub(self.counters.total_micros);
    let usage = |pid: &u32| usages.get(pid);
    let limit = config.resources.max_memory_per_worker.filter(|limit| limit.0 > 0);
    let share = |limit: u64| move |usage: &ProcessSample| 100.0 * ratio(usage.reading.rss, limit);
    let memory =
      limit.and_then(|limit| mean(measured.iter().filter_map(usage).map(share(limit.0))));
    let signals = Signals {
      workers: count(staying().count()),
      serving: count(serves),
      booting: count(staying().count().saturating_sub(serves + lost)),
      cpu: mean(measured.iter().filter_map(usage).map(ProcessSample::usage_or_mean)),
      memory,
      response_time: micros.checked_div(requests).map(Duration::from_micros),
      queue: float(self.queue.0) / f64::from(self.queue.1.max(1)),
      idle: now.saturating_sub(self.idle_since.unwrap_or(now)),
      throughput: if since > 0.0 { ratio(requests, 1) / since } else { 0.0 },
      room: room(config, &usages),
    };
    self.looked = Some(now);
    self.counters = counters;
    self.known = present;
    self.queue = (0, 0);
    signals
  }
}

impl Cluster {
  /// One evaluation, now or as soon as no other operation is under way, and what it decides is done. Also while
  /// `autoScaling` is off.
  ///
  /// # Errors
  /// [`NotRunning`](crate::error::ClusterError::NotRunning), or what a new worker met; the others stay.
  pub async fn auto_scale(&self) -> Result<Evaluated> {
    let _alone = self.operation.lock().await;
    let run = self.running("autoScale")?;
    let config = run.config.borrow().clone();
    run.auto_scale(&config, &*self.events).await
  }
}

/// The outcome of an evaluation, and when it was.
#[derive(Debug, Clone)]
pub struct Evaluated {
  /// What was decided.
  pub decision: Decision,
  /// When.
  pub at: SystemTime,
}

impl Evaluated {
  /// As `autoScale()` and `autoscale:decision` give it.
  #[must_use]
  pub fn to_json(&self) -> serde_json::Value {
    describe(&self.decision, self.at)
  }
}

/// A decision, as JavaScript gets it.
#[must_use]
pub fn describe(decision: &Decision, at: SystemTime) -> serde_json::Value {
  serde_json::json!({
    "action": decision.action().name(),
    "from": decision.from,
    "to": decision.to,
    "reason": decision.reason,
    "timestamp": epoch_ms(at),
  })
}

impl Run {
  /// Evaluate and act. Whoever calls holds the turn of operations.
  async fn auto_scale(
    self: &Arc<Self>,
    config: &Config,
    events: &dyn EventSink,
  ) -> Result<Evaluated> {
    sleep(self.autoscaler.too_early()).await;
    let decision = self.autoscaler.evaluate(self, config);
    let evaluated = Evaluated { decision, at: SystemTime::now() };
    tell(&evaluated.decision, events);
    if evaluated.decision.action() != Action::Hold {
      let (to, reason) = (evaluated.decision.to as usize, &evaluated.decision.reason);
      self.scale_to(to, reason, true, events).await?;
    }
    Ok(evaluated)
  }
}

/// Evaluate every `autoScaling.evaluationInterval` while it is enabled, for as long as the run lasts. Does not keep
/// the run alive.
pub(super) async fn keep_scaling(
  run: Weak<Run>,
  turn: Arc<Turn<()>>,
  mut config: watch::Receiver<Arc<Config>>,
  events: Arc<dyn EventSink>,
) {
  let mut present = config.borrow_and_update().clone();
  let mut last = Instant::now();
  {
    // What comes from here on is measured against this.
    let Some(run) = run.upgrade() else { return };
    let (snapshot, now) = (run.snapshots.borrow().clone(), run.autoscaler.now());
    run.autoscaler.state().look(&snapshot, 0, &present, now);
  }
  loop {
    let scaling = &present.auto_scaling;
    let period = (scaling.evaluation_interval.0 / SAMPLES).clamp(SAMPLING.0, SAMPLING.1);
    let due = last + scaling.evaluation_interval.0;
    let pause = period.min(due.saturating_duration_since(Instant::now()));
    tokio::select! {
      // The sender is the supervisor's, and goes with it.
      changed = config.changed() => {
        if changed.is_err() { return }
        let new = config.borrow_and_update().clone();
        if new.auto_scaling != present.auto_scaling {
          let Some(run) = run.upgrade() else { return };
          run.autoscaler.state().governor.reconfigured();
          last = Instant::now();
        }
        present = new;
        continue;
      }
      () = sleep(pause), if scaling.enabled => {}
    }
    let Some(run) = run.upgrade() else { return };
    if Instant::now() < due {
      let snapshot = run.snapshots.borrow().clone();
      run.autoscaler.sample(&snapshot, run.proxy.stats().waiting);
      continue;
    }
    last = Instant::now();
    let Ok(_alone) = turn.try_lock() else {
      let reason = "another operation is under way".to_owned();
      tell(&Decision::hold(count(run.count()), reason), &*events);
      continue;
    };
    if !run.state().is_up() {
      continue;
    }
    // Nobody waits for the outcome, so it is told in the same way as all others.
    if let Err(error) = run.auto_scale(&present, &*events).await {
      let reason = format!("scaling failed: {error}");
      tracing::warn!(reason, "automatic scaling");
      tell(&Decision::hold(count(run.count()), reason), &*events);
    }
    last = Instant::now();
  }
}

fn tell(decision: &Decision, events: &dyn EventSink) {
  let (from, to, reason) = (decision.from, decision.to, &decision.reason);
  match decision.action() {
    Action::Hold => tracing::debug!(from, reason, "automatic scaling holds"),
    action => tracing::info!(from, to, reason, "automatic scaling: {}", action.name()),
  }
  events.emit(Event::AutoscaleDecision { decision: decision.clone() });
}

/// How many workers `wanted` may be.
#[must_use]
pub fn bounded(scaling: &AutoScalingConfig, wanted: u32) -> u32 {
  if !scaling.enabled {
    return wanted;
  }
  wanted.clamp(scaling.min_workers, scaling.max_workers.max(scaling.min_workers))
}

fn room(config: &Config, usages: &HashMap<u32, ProcessSample>) -> Room {
  let machine = Machine::recent();
  let memory = &config.resources.memory_management;
  let most = memory.max_total_memory.map_or(machine.memory, |most| most.0.min(machine.memory));
  Room {
    cpus: float(machine.cpus.get()),
    cpu_used: usages.values().map(ProcessSample::usage_or_mean).sum(),
    memory: most.saturating_sub(memory.memory_reservation.0),
    memory_used: usages.values().map(|usage| usage.reading.rss).sum(),
    memory_of_one: usages.values().map(|usage| usage.reading.rss).max().unwrap_or_default(),
  }
}

fn serving(snapshot: &Snapshot) -> impl Iterator<Item = &WorkerView> {
  snapshot.workers.iter().filter(|worker| worker.serves())
}

/// Requests that a worker is busy with; an open WebSocket is none.
fn requests(worker: &WorkerView) -> usize {
  worker.requests_in_flight()
}

fn mean(values: impl Iterator<Item = f64>) -> Option<f64> {
  let (sum, number) = values.fold((0.0, 0_u32), |(sum, number), value| (sum + value, number + 1));
  (number > 0).then(|| sum / f64::from(number))
}

fn count(number: usize) -> u32 {
  u32::try_from(number).unwrap_or(u32::MAX)
}

#[expect(clippy::cast_precision_loss, reason = "a measurement")]
fn ratio(part: u64, whole: u64) -> f64 {
  part as f64 / whole as f64
}

#[expect(clippy::cast_precision_loss, reason = "a measurement")]
fn float(number: usize) -> f64 {
  number as f64
}
