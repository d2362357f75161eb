//! Reads the workers of a run, asks the policies of [`crate::enforcement`] and [`crate::memory`], and does
//! what comes of it. All of it off the JavaScript thread. While nothing is limited or watched, each process is read once, when it is ready.

use std::{
  collections::HashMap,
  sync::{Arc, Weak},
  time::Duration,
};

use serde_json::Value;
use tokio::{
  sync::{Mutex as Turn, watch},
  time::{Instant, sleep_until},
};

use super::{
  Run,
  command::Command,
  recycling::{Outcome, Recycling},
  snapshot::{Snapshot, WorkerStatus, WorkerView},
};
use crate::{
  config::Config,
  enforcement::{Excess, Limits, Reading, Record, Share, Total, Verdict},
  error::ClusterError,
  event::{Event, EventSink, MemoryNews},
  memory::{
    garbage,
    known::{Assessment, Known},
    limits::Level,
    told::{collection, leak_found, limit_result},
  },
  monitor::{Sampler, SystemMeter, platform},
  telemetry::registry,
};

/// What is known of the workers of a run.
struct Enforcer {
  began: Instant,
  events: Arc<dyn EventSink>,
  limits: Limits,
  sampler: Sampler,
  system: SystemMeter,
  patients: HashMap<u32, Patient>,
  total: Total,
  recycling: Recycling,
  /// When soft limits counted last.
  counted: Duration,
}

/// One process.
struct Patient {
  id: Arc<str>,
  record: Record,
  known: Known,
  last: Reading,
  /// Since when it is to be recycled.
  due: Option<Duration>,
  /// Its share of memory when it was ready.
  share: Option<u64>,
}

/// Look at the workers for as long as `run` lasts. Does not keep it alive.
pub(super) async fn keep_enforcing(
  run: Weak<Run>,
  turn: Arc<Turn<()>>,
  mut config: watch::Receiver<Arc<Config>>,
  events: Arc<dyn EventSink>,
) {
  let Some(mut snapshots) = run.upgrade().map(|run| run.snapshots.clone()) else { return };
  let began = Instant::now();
  let mut enforcer = Enforcer {
    began,
    events,
    limits: Limits::of(&config.borrow_and_update()),
    sampler: Sampler::default(),
    system: SystemMeter::default(),
    patients: HashMap::new(),
    total: Total::default(),
    recycling: Recycling::new(turn),
    counted: Duration::ZERO,
  };
  enforcer.meet(&snapshots.borrow_and_update().clone());
  let mut looked = began;
  loop {
    let due = looked + enforcer.limits.look;
    tokio::select! {
      // The sender is the supervisor's, and goes with it.
      changed = config.changed() => {
        if changed.is_err() { return }
        let limits = Limits::of(&config.borrow_and_update());
        if limits != enforcer.limits {
          enforcer.reconfigure(limits);
          looked = Instant::now();
        }
      }
      // A new process is read as soon as it is ready: what it has then is what it needs.
      changed = snapshots.changed() => {
        if changed.is_err() { return }
        let snapshot = snapshots.borrow_and_update().clone();
        enforcer.meet(&snapshot);
      }
      () = sleep_until(due), if enforcer.limits.watch() => {
        looked = Instant::now();
        let Some(run) = run.upgrade() else { return };
        let snapshot = run.snapshots.borrow().clone();
        if snapshot.state.is_up() {
          enforcer.look(&run, &snapshot).await;
        }
      }
    }
  }
}

impl Enforcer {
  fn now(&self) -> Duration {
    self.began.elapsed()
  }

  fn reconfigure(&mut self, limits: Limits) {
    self.limits = limits;
    self.total = Total::default();
    self.recycling.reconfigured();
    // Another limit, another judgement; what a worker needed when it was ready stays.
    let now = self.now();
    self.counted = now;
    for patient in self.patients.values_mut() {
      patient.record.reconfigured();
    }
  }

  /// Get to know the processes that are ready, and forget those that are gone.
  fn meet(&mut self, snapshot: &Snapshot) {
    let now = self.now();
    self.patients.retain(|pid, patient| {
      // One that stands by in a deployment may serve again.
      snapshot.processes.contains(pid) && snapshot.worker(&patient.id).is_some()
    });
    for (worker, pid) in serving(snapshot) {
      if self.patients.contains_key(&pid) {
        continue;
      }
      let Some(last) = self.read(worker, pid, now, false) else { continue };
      let share = self.limits.total.and_then(|_| platform::pss(pid));
      let record = Record::new(&last, fastrand::f64());
      let (id, known) = (Arc::clone(&worker.id), Known::of(pid));
      self.patients.insert(pid, Patient { id, record, known, last, due: None, share });
    }
    let pids: Vec<u32> = self.patients.keys().copied().collect();
    self.sampler.keep(&pids);
    self.recycling.keep(|id| snapshot.worker(id).is_some());
  }

  /// `None` when it has ended.
  fn read(&mut self, worker: &WorkerView, pid: u32, at: Duration, counts: bool) -> Option<Reading> {
    let reading = self.sampler.read(pid).ok()?.reading;
    let told = registry::by_pid(pid).and_then(|worker| worker.requests());
    let given = worker.upstream.as_ref().map(|_| worker.counters().requests);
    Some(Reading {
      at,
      resident: reading.rss,
      cpu: reading.cpu,
      age: reading.uptime,
      requests: told.or(given).unwrap_or_default(),
      leak: None,
      counts,
    })
  }

  async fn look(&mut self, run: &Arc<Run>, snapshot: &Snapshot) {
    self.meet(snapshot);
    let now = self.now();
    // A look that comes a little early counts as one in time.
    let counts = now + self.limits.look / 2 >= self.counted + self.limits.memory.interval;
    if counts {
      self.counted = now;
    }
    let mut verdicts = Vec::new();
    for (worker, pid) in serving(snapshot) {
      if let Some(reading) = self.read(worker, pid, now, counts) {
        verdicts.push((pid, self.judge(pid, reading, snapshot.workers.len())));
      }
    }
    verdicts.extend(self.judge_all(snapshot, counts));
    verdicts.retain(|(_, verdict)| *verdict != Verdict::Fine);
    for (pid, verdict) in &verdicts {
      if let Verdict::TooLow(excess) = verdict {
        self.too_low(*pid, *excess);
      }
    }
    // One at a time, also of those that are killed: there is a next look.
    let kill = verdicts.iter().find_map(|(pid, verdict)| match verdict {
      Verdict::Kill(excess) => Some((*pid, *excess)),
      _ => None,
    });
    if let Some((pid, excess)) = kill {
      return self.kill(run, pid, excess).await;
    }
    let mut due: Vec<(Duration, u32, Excess)> = Vec::new();
    for (pid, verdict) in verdicts {
      let (Verdict::Recycle(excess), Some(patient)) = (verdict, self.patients.get_mut(&pid)) else {
        continue;
      };
      due.push((*patient.due.get_or_insert(now), pid, excess));
    }
    for (pid, patient) in &mut self.patients {
      // Whoever is fine again has lost its place.
      patient.due = patient.due.filter(|_| due.iter().any(|it| it.1 == *pid));
    }
    // Whoever waits longest comes first, or a slot that is soon due again would keep all others waiting.
    due.sort_by_key(|it| it.0);
    let _begun = due.into_iter().any(|(_, pid, excess)| self.recycle(run, pid, excess));
  }

  fn judge(&mut self, pid: u32, mut reading: Reading, workers: usize) -> Verdict {
    let Some(patient) = self.patients.get_mut(&pid) else {
      return Verdict::Fine;
    };
    let memory = &self.limits.memory;
    if reading.counts && memory.enabled {
      let (limit, told) = (memory.limit(workers), registry::by_pid(pid));
      let Assessment { level, worse, leak } =
        patient.known.assess(reading.resident, reading.at, told.as_deref(), limit, memory);
      let (id, events) = (&*patient.id, &self.events);
      if worse {
        let news = if level == Level::Warning { MemoryNews::Warning } else { MemoryNews::Critical };
        tell(&**events, news, limit_result(id, reading.resident, limit, level));
      }
      if let Some(evidence) = leak {
        tell(&**events, MemoryNews::Leak, leak_found(id, &evidence));
      }
      if memory.hints
        && level >= Level::Warning
        && let Some(worker) = told
        && let Some(number) = garbage::ask(&worker)
      {
        let events = Arc::clone(events);
        tokio::spawn(async move {
          match garbage::collected(&worker, number).await {
            Ok(collected) => tell(&*events, MemoryNews::Collected, collection(&worker, collected)),
            Err(error) => tracing::warn!(%error, "a worker was asked to collect its garbage"),
          }
        });
      }
    }
    if let Some(evidence) = patient.known.leak {
      reading.leak = Some((evidence.limit, memory.thresholds.warning_of(evidence.limit)));
    }
    patient.last = reading;
    patient.record.judge(&reading, &self.limits)
  }

  /// All workers together. The kernel is asked for shares only when the sum of what is resident, which is
  /// more, says that it matters: it walks all pages for them.
  fn judge_all(&mut self, snapshot: &Snapshot, counts: bool) -> Option<(u32, Verdict)> {
    let Limits { total, reservation, .. } = self.limits;
    if total.is_none() && (reservation.is_none() || !counts) {
      return None;
    }
    let available = match reservation {
      Some(_) => self.system.read().memory.available,
      None => u64::MAX,
    };
    let resident: Vec<(u32, u64)> = serving(snapshot)
      .filter_map(|(_, pid)| Some((pid, self.patients.get(&pid)?.last.resident)))
      .collect();
    let going = snapshot.processes.iter().filter(|pid| resident.iter().all(|(it, _)| it != *pid));
    let others: u64 = going.filter_map(|pid| platform::pss(*pid)).sum();
    let sum = others + resident.iter().map(|(_, memory)| memory).sum::<u64>();
    let matters = total.is_some_and(|(_, from)| sum >= from)
      || reservation.is_some_and(|reserved| available < reserved);
    let share = |(pid, memory): &(u32, u64)| {
      let patient = self.patients.get(pid);
      let pss = if matters { platform::pss(*pid) } else { None };
      let baseline = patient.map_or(0, |patient| patient.record.baseline());
      let began = patient.and_then(|patient| patient.share).filter(|_| pss.is_some());
      Share { memory: pss.unwrap_or(*memory), baseline: began.unwrap_or(baseline).min(baseline) }
    };
    let shares: Vec<Share> = resident.iter().map(share).collect();
    let (index, verdict) = self.total.judge(&shares, others, available, counts, &self.limits)?;
    Some((resident.get(index)?.0, verdict))
  }

  async fn kill(&mut self, run: &Arc<Run>, pid: u32, excess: Excess) {
    let Some(patient) = self.patients.remove(&pid) else { return };
    tracing::warn!(worker = %patient.id, %excess, "killing a worker");
    let id = patient.id.to_string();
    // A run that stops meanwhile has killed it as well.
    let _stopped = run.ask("kill", |reply| Command::Condemn { id, pid, excess, reply }).await;
  }

  /// Says whether a successor is on its way.
  fn recycle(&mut self, run: &Arc<Run>, pid: u32, excess: Excess) -> bool {
    let (now, patience) = (self.now(), self.limits.patience());
    let Some(patient) = self.patients.get(&pid) else { return false };
    let lived = patient.last.age;
    let Outcome::Begun { in_vain } =
      self.recycling.recycle(run, &patient.id, &excess, now, lived, patience)
    else {
      return false;
    };
    self.total.recycled();
    if in_vain {
      self.too_low(pid, excess);
    }
    true
  }

  fn too_low(&self, pid: u32, excess: Excess) {
    let Some(patient) = self.patients.get(&pid) else { return };
    let baseline = patient.record.baseline();
    let error = ClusterError::LimitTooLow { worker: patient.id.to_string(), excess, baseline };
    tracing::warn!(%error, "a limit is too low");
    self.events.emit(Event::WorkerError { worker: patient.id.to_string(), error });
  }
}

fn tell(events: &dyn EventSink, news: MemoryNews, payload: Value) {
  events.emit(Event::Memory { news, payload });
}

fn serving(snapshot: &Snapshot) -> impl Iterator<Item = (&WorkerView, u32)> {
  let running = snapshot.workers.iter().filter(|it| it.status == WorkerStatus::Running);
  running.filter_map(|worker| Some((worker, worker.pid?)))
}
