//! Behind `MemoryManager`: reads what workers use, remembers it, and asks the policies. It knows the
//! workers of every cluster in this process, and those that it was asked of.

use std::{
  collections::BTreeMap,
  sync::{Arc, Mutex, MutexGuard, PoisonError},
  time::{Duration, Instant},
};

use serde_json::{Value, json};
use tokio::{runtime::Handle, time::sleep};

use super::{
  garbage,
  known::{Assessment, Known},
  leak::Sample,
  limits::{Level, level},
  recommendations::{self, Facts, recommend},
  settings::Settings,
  told::{collection, leak_found, limit_result, now, system_stats, worker_stats},
  workers::{Room, optimal},
};
use crate::{
  error::{ClusterError, Result},
  monitor::{
    ProcessSample, Sampler, SystemMeter, Unreadable, limits::cpu_count, reading::Memory,
    sampler::FIRST,
  },
  telemetry::registry::{self, Worker},
  ticker::Ticker,
};

/// What a worker is taken to need while none was seen and none is limited: a small app on Node.js.
const TYPICAL: u64 = 128 << 20;
/// Workers that are remembered; a cluster has 512 at most.
const REMEMBERED: usize = 1024;
/// What a manager tells, by its public name and with its public payload.
pub trait Audience: Send + Sync + 'static {
  /// Tell it.
  fn tell(&self, name: &'static str, payload: Value);
}

/// Knows the memory of workers.
pub struct Manager {
  shared: Arc<Shared>,
  ticker: Ticker,
}

struct Shared {
  settings: Settings,
  audience: Arc<dyn Audience>,
  began: Instant,
  // Held for readings and judgements only, never over an await.
  state: Mutex<State>,
}

#[derive(Default)]
struct State {
  sampler: Sampler,
  system: SystemMeter,
  known: BTreeMap<String, Known>,
}

impl Manager {
  /// One that does nothing yet.
  #[must_use]
  pub fn new(settings: Settings, audience: Arc<dyn Audience>) -> Self {
    let shared = Shared { settings, audience, began: Instant::now(), state: Mutex::default() };
    Self { shared: Arc::new(shared), ticker: Ticker::default() }
  }

  /// Memory of the machine or container, as the public `MemoryStats`.
  #[must_use]
  pub fn system(&self) -> Value {
    system_stats(&self.shared.state().system.read().memory)
  }

  /// The worker `id`, whose process is `pid`, as the public `WorkerMemoryStats`. It is known from now on.
  ///
  /// # Errors
  /// [`ClusterError::ProcessNotFound`], [`ClusterError::ProcessForbidden`].
  pub fn worker(&self, id: String, pid: u32) -> impl Future<Output = Result<Value>> + Send + use<> {
    let shared = Arc::clone(&self.shared);
    async move {
      let read = || {
        shared.state().sampler.read(pid).map_err(|error| match error {
          Unreadable::Gone => ClusterError::ProcessNotFound { pid },
          Unreadable::Forbidden => ClusterError::ProcessForbidden { pid },
        })
      };
      let mut sample = read()?;
      if sample.usage.is_none() {
        sleep(FIRST).await;
        sample = read()?;
      }
      let mut state = shared.state();
      let known = state.know(&id);
      (known.pid, known.resident) = (Some(pid), sample.reading.rss);
      Ok(worker_stats(&id, &sample))
    }
  }

  /// Where `used` bytes of worker `id` stand, as the public `MemoryLimitResult`.
  #[must_use]
  pub fn check(&self, id: &str, used: u64) -> Value {
    let state = self.shared.state();
    let limit = self.shared.settings.limit(state.known.len());
    limit_result(id, used, limit, level(used, limit, self.shared.settings.thresholds))
  }

  /// Whether worker `id` leaks, which has `used` bytes now. Learns from every call.
  pub fn leaks(&self, id: &str, used: u64) -> bool {
    if !self.shared.settings.detects_leaks {
      return false;
    }
    let requests = registry::by_id(id).and_then(|worker| worker.requests());
    let sample = Sample { at: self.shared.began.elapsed(), memory: used, requests };
    let mut state = self.shared.state();
    state.know(id);
    let limit = self.shared.settings.limit(state.known.len());
    let known = state.know(id);
    let found = known.given(sample, limit, &self.shared.settings);
    let leaks = known.leak.is_some();
    drop(state);
    if let Some(evidence) = found {
      self.shared.audience.tell("leak", leak_found(id, &evidence));
    }
    leaks
  }

  /// What speaks for a leak in worker `id`, if it leaks.
  #[must_use]
  pub fn evidence(&self, id: &str) -> Option<Value> {
    let state = self.shared.state();
    state.known.get(id)?.leak.as_ref().map(|evidence| leak_found(id, evidence))
  }

  /// Have worker `id` collect its garbage; its audience hears what came back. Says whether it could be
  /// asked.
  pub fn collect(&self, runtime: &Handle, id: &str) -> bool {
    let pid = self.shared.state().known.get(id).and_then(|known| known.pid);
    let worker = pid.and_then(registry::by_pid).or_else(|| registry::by_id(id));
    worker.is_some_and(|worker| self.shared.collect(runtime, worker))
  }

  /// How many workers to run, with `memory` of the machine, or what it has now.
  #[must_use]
  pub fn optimal_workers(&self, memory: Option<Memory>) -> usize {
    let state = &mut *self.shared.state();
    let memory = memory.unwrap_or_else(|| state.system.read().memory);
    state.meet();
    let (count, _) = optimal(Room {
      cpus: cpu_count(),
      memory: self.shared.budget(state, &memory),
      reserved: self.shared.settings.reserved,
      per_worker: self.shared.per_worker(state),
    });
    count.get()
  }

  /// What could be better, as the public `MemoryOptimizationResult`.
  #[must_use]
  pub fn recommendations(&self) -> Value {
    let state = &mut *self.shared.state();
    let memory = state.system.read().memory;
    state.meet();
    let facts = Facts {
      cpus: cpu_count(),
      memory,
      budget: self.shared.budget(state, &memory),
      reserved: self.shared.settings.reserved,
      per_worker: self.shared.per_worker(state),
      limit: self.shared.settings.per_worker,
      thresholds: self.shared.settings.thresholds,
      workers: state.workers(),
    };
    let (best, _) = optimal(Room {
      cpus: facts.cpus,
      memory: facts.budget,
      reserved: facts.reserved,
      per_worker: facts.per_worker,
    });
    let found: Vec<Value> = recommend(&facts)
      .into_iter()
      .map(|found| {
        json!({
          "kind": found.kind,
          "workerId": found.worker,
          "value": found.value,
          "message": found.message,
        })
      })
      .collect();
    json!({
      "recommendations": found,
      "optimalWorkerCount": best,
      "currentWorkerCount": facts.workers.len(),
      "memoryPerWorker": facts.per_worker,
      "memoryForWorkers": facts.budget.saturating_sub(facts.reserved),
      "timestamp": now(),
    })
  }

  /// Read all workers every `period`, or at the configured interval, from now on. An earlier one ends.
  pub fn start(&self, runtime: &Handle, period: Option<Duration>) {
    let shared = Arc::clone(&self.shared);
    if !shared.settings.enabled {
      return;
    }
    let period = period.unwrap_or(shared.settings.interval);
    let on = runtime.clone();
    self.ticker.start(runtime, period, move || shared.monitor(&on));
  }

  /// Read nothing any more.
  pub fn stop(&self) {
    self.ticker.stop();
  }

  /// Read nothing any more, and forget everything.
  pub fn destroy(&self) {
    self.stop();
    *self.shared.state() = State::default();
  }
}

impl State {
  fn know(&mut self, id: &str) -> &mut Known {
    if self.known.len() >= REMEMBERED && !self.known.contains_key(id) {
      self.known.pop_first();
    }
    self.known.entry(id.to_owned()).or_default()
  }

  /// Take in the workers of the clusters of this process, and read everybody.
  fn meet(&mut self) -> Vec<(String, ProcessSample)> {
    for worker in registry::all() {
      let known = self.know(&worker.id);
      if known.pid != Some(worker.pid) {
        // Another process in the same slot has nothing to do with the one before.
        *known = Known::of(worker.pid);
      }
    }
    let State { sampler, known, .. } = self;
    let mut samples = Vec::with_capacity(known.len());
    known.retain(|id, known| {
      let Some(pid) = known.pid else {
        return true;
      };
      let Ok(sample) = sampler.read(pid) else {
        // It has ended.
        return false;
      };
      known.resident = sample.reading.rss;
      samples.push((id.clone(), sample));
      true
    });
    samples
  }

  fn resident(&self) -> u64 {
    self.known.values().map(|known| known.resident).sum()
  }

  fn workers(&self) -> Vec<recommendations::Worker> {
    let worker = |(id, known): (&String, &Known)| recommendations::Worker {
      id: id.clone(),
      resident: known.resident,
      leak: known.leak,
    };
    self.known.iter().map(worker).collect()
  }
}

impl Shared {
  fn state(&self) -> MutexGuard<'_, State> {
    self.state.lock().unwrap_or_else(PoisonError::into_inner)
  }

  /// What all workers may have: what they have and what is available, within what was configured.
  fn budget(&self, state: &State, memory: &Memory) -> u64 {
    let there = memory.available.saturating_add(state.resident()).min(memory.total);
    self.settings.total.map_or(there, |total| total.min(there))
  }

  /// What one worker needs: the most that any has, else the most that any may have.
  fn per_worker(&self, state: &State) -> u64 {
    let most = state.known.values().map(|known| known.resident).max().filter(|most| *most > 0);
    most.or(self.settings.per_worker).unwrap_or(TYPICAL)
  }

  fn monitor(self: &Arc<Self>, runtime: &Handle) {
    let (mut told, mut hints) = (Vec::new(), Vec::new());
    {
      let state = &mut *self.state();
      let memory = state.system.read().memory;
      let samples = state.meet();
      let limit = self.settings.limit(state.known.len());
      let mut workers = Vec::with_capacity(samples.len());
      for (id, sample) in &samples {
        workers.push(worker_stats(id, sample));
        let found = registry::by_pid(sample.pid);
        let (resident, at) = (sample.reading.rss, self.began.elapsed());
        let known = state.know(id);
        let Assessment { level, worse, leak } =
          known.assess(resident, at, found.as_deref(), limit, &self.settings);
        if worse {
          let name = if level == Level::Warning { "warning" } else { "critical" };
          told.push((name, limit_result(id, resident, limit, level)));
        }
        if self.settings.hints && level >= Level::Warning {
          hints.extend(found);
        }
        if let Some(evidence) = leak {
          told.push(("leak", leak_found(id, &evidence)));
        }
      }
      let stats = json!({
        "system": system_stats(&memory),
        "workers": workers,
        "timestamp": now(),
      });
      told.insert(0, ("stats", stats));
    }
    told.into_iter().for_each(|(name, payload)| self.audience.tell(name, payload));
    for worker in hints {
      self.collect(runtime, worker);
    }
  }

  fn collect(self: &Arc<Self>, runtime: &Handle, worker: Arc<Worker>) -> bool {
    let Some(number) = garbage::ask(&worker) else {
      return false;
    };
    let shared = Arc::clone(self);
    runtime.spawn(async move {
      match garbage::collected(&worker, number).await {
        Ok(collected) => shared.audience.tell("gc", collection(&worker, collected)),
        Err(error) => shared.audience.tell("error", error.payload()),
      }
    });
    true
  }
}

#[cfg(test)]
mod tests {
  #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
  use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};

  use super::*;

  struct Ear(UnboundedSender<(&'static str, Value)>);

  impl Audience for Ear {
    fn tell(&self, name: &'static str, payload: Value) {
      let _heard = self.0.send((name, payload));
    }
  }

  fn usual() -> Settings {
    Settings::read(&serde_json::Value::Null).unwrap()
  }

  fn manager(
    settings: Settings,
  ) -> (Manager, tokio::sync::mpsc::UnboundedReceiver<(&'static str, Value)>) {
    let (sender, told) = unbounded_channel();
    (Manager::new(settings, Arc::new(Ear(sender))), told)
  }

  #[tokio::test]
  async fn knows_a_worker_that_it_was_asked_of() {
    let (manager, _told) = manager(usual());
    let own = std::process::id();
    let stats = manager.worker("mine".to_owned(), own).await.unwrap();
    assert_eq!(
      (stats["workerId"].as_str(), stats["pid"].as_u64()),
      (Some("mine"), Some(own.into()))
    );
    assert!(stats["memoryUsage"]["rss"].as_u64().unwrap() > 1 << 20);
    assert_eq!(stats["memoryUsage"].get("heapUsed"), None);
    let error = manager.worker("other".to_owned(), u32::MAX - 1).await.unwrap_err();
    assert_eq!(error.code(), "ERR_PROCESS_NOT_FOUND");
    assert!(!manager.collect(&Handle::current(), "mine"));
    assert!(manager.recommendations()["currentWorkerCount"].as_u64().unwrap() >= 1);
  }

  #[test]
  fn checks_against_the_limit_of_a_worker() {
    let (manager, _told) = manager(Settings { per_worker: Some(1000), ..usual() });
    for (used, level, within) in
      [(10, "ok", true), (800, "warning", true), (950, "critical", true), (1001, "exceeded", false)]
    {
      let result = manager.check("w", used);
      assert_eq!(
        (result["level"].as_str(), result["withinLimits"].as_bool()),
        (Some(level), Some(within))
      );
      assert_eq!(result["limit"].as_u64(), Some(1000));
    }
  }

  #[test]
  fn tells_once_of_a_leak() {
    let (manager, mut told) = manager(Settings { per_worker: Some(1 << 40), ..usual() });
    let found: Vec<bool> = (0..200_u64).map(|n| manager.leaks("w", (100 + n) << 20)).collect();
    assert_eq!((found[0], found[199]), (false, true));
    assert_eq!(told.try_recv().unwrap().0, "leak");
    assert!(told.try_recv().is_err());
    assert!(manager.evidence("w").unwrap()["growthPerHour"].as_f64().unwrap() > 0.0);
    assert!((0..200).all(|n| !manager.leaks("steady", (100 + n % 7) << 20)));
    assert!(manager.evidence("steady").is_none());
  }

  #[tokio::test(start_paused = true)]
  async fn warns_when_it_gets_worse_and_not_again() {
    let settings = Settings { per_worker: Some(1), ..usual() };
    let (manager, mut told) = manager(settings);
    manager.worker("mine".to_owned(), std::process::id()).await.unwrap();
    manager.start(&Handle::current(), Some(Duration::from_secs(1)));
    assert_eq!(told.recv().await.unwrap().0, "stats");
    let (name, payload) = told.recv().await.unwrap();
    assert_eq!((name, payload["level"].as_str()), ("critical", Some("exceeded")));
    assert_eq!(told.recv().await.unwrap().0, "stats");
    assert_eq!(told.recv().await.unwrap().0, "stats");
    manager.stop();
    sleep(Duration::from_secs(60)).await;
    assert!(told.try_recv().is_err());
  }
}
