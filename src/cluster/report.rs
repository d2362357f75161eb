//! Snapshots and readings, as `getMetrics()`, `getHealth()` and the events give them.

use std::{
  collections::HashMap,
  sync::{Mutex, PoisonError},
  time::{Duration, Instant, SystemTime},
};

use serde_json::{Map, Value, json};

use super::autoscaling::{Scaling, describe};
use super::snapshot::{Snapshot, WorkerStatus, WorkerView};
use crate::{
  event::epoch_ms,
  monitor::{Meter, Usage},
  proxy::{Counters, ProxyStats},
};

/// Per worker, why it is healthy or not.
#[must_use]
pub fn health_details(snapshot: &Snapshot) -> Value {
  let details: Map<String, Value> = snapshot
    .workers
    .iter()
    .map(|worker| {
      let detail = json!({
        "status": if worker.serves() { "healthy" } else { "unhealthy" },
        "state": worker.status.name(),
        "consecutiveFailures": worker.checkup.consecutive_failures,
        "lastCheck": worker.checkup.last_check.map_or(0, epoch_ms),
        "reason": reason(worker),
      });
      (worker.id.to_string(), detail)
    })
    .collect();
  Value::Object(details)
}

fn reason(worker: &WorkerView) -> Option<String> {
  if worker.serves() {
    return None;
  }
  let silent = || format!("{} checks in a row failed", worker.checkup.consecutive_failures);
  let told = worker.last_error.clone();
  Some(match worker.status {
    WorkerStatus::Running => silent(),
    WorkerStatus::Starting => told.unwrap_or_else(|| "is starting".to_owned()),
    WorkerStatus::Stopping => "was asked to stop".to_owned(),
    WorkerStatus::Stopped => "ended, and respawn is off".to_owned(),
    WorkerStatus::Error => told.unwrap_or_else(|| "was given up".to_owned()),
  })
}

/// Makes metrics; remembers the last reading, so that rates are of the time since.
#[derive(Debug)]
pub struct Reporter {
  // Held while processes are read, by one caller at a time; nobody on the data path asks.
  memory: Mutex<Memory>,
  started: Instant,
}

#[derive(Debug)]
struct Memory {
  meter: Meter,
  at: Instant,
  requests: u64,
  rate: f64,
}

/// The shortest time that a rate is taken over; a reading that comes sooner repeats the last rate.
const SHORTEST: Duration = Duration::from_millis(100);

impl Default for Reporter {
  fn default() -> Self {
    let now = Instant::now();
    let memory = Memory { meter: Meter::default(), at: now, requests: 0, rate: 0.0 };
    Self { memory: Mutex::new(memory), started: now }
  }
}

impl Reporter {
  /// Metrics of the cluster as it is in `snapshot`.
  #[must_use]
  pub fn metrics(&self, snapshot: &Snapshot, stats: ProxyStats, last: Option<Scaling>) -> Value {
    let now = SystemTime::now();
    let age = |worker: &WorkerView| now.duration_since(worker.started).unwrap_or_default();
    let processes: Vec<(u32, Duration)> =
      snapshot.workers.iter().filter_map(|w| w.pid.map(|pid| (pid, age(w)))).collect();
    let counters = snapshot.counters();
    let (usages, rate) = self.read(&processes, counters.requests);
    // What clients saw: a request that failed at one worker and was answered by another did not fail.
    let refused = stats.unavailable + stats.bad_gateway;
    let (failed, requests) =
      (counters.server_errors + refused, counters.requests + stats.unavailable);
    let total: Usage = usages.values().fold(Usage::default(), |sum, usage| Usage {
      rss: sum.rss + usage.rss,
      cpu: sum.cpu + usage.cpu,
    });
    json!({
      "totalWorkers": snapshot.workers.len(),
      "activeWorkers": snapshot.workers.iter().filter(|worker| worker.serves()).count(),
      "totalRequests": requests,
      "failedRequests": failed,
      "requestsPerSecond": rate,
      "averageResponseTime": average_ms(counters),
      "errorRate": ratio(failed, requests),
      "queuedRequests": stats.waiting,
      "rejectedRequests": stats.unavailable,
      "retriedRequests": stats.retries,
      "openConnections": stats.connections,
      "memoryUsage": total.rss,
      "cpuUsage": total.cpu,
      "lastScalingAction": last.map(|last| describe(&last.decision, last.at)),
      "restartCount": snapshot.workers.iter().map(|worker| u64::from(worker.restarts)).sum::<u64>(),
      "uptime": u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX),
      "timestamp": epoch_ms(now),
      "workers": snapshot.workers.iter().map(|w| worker(w, &usages, age(w))).collect::<Vec<_>>(),
    })
  }

  fn read(&self, processes: &[(u32, Duration)], requests: u64) -> (HashMap<u32, Usage>, f64) {
    let mut memory = self.memory.lock().unwrap_or_else(PoisonError::into_inner);
    let usages = memory.meter.read(processes);
    let elapsed = memory.at.elapsed();
    if elapsed >= SHORTEST {
      let new = requests.saturating_sub(memory.requests);
      *memory = Memory {
        meter: std::mem::take(&mut memory.meter),
        at: Instant::now(),
        requests,
        rate: float(new) / elapsed.as_secs_f64(),
      };
    }
    (usages, memory.rate)
  }
}

fn worker(worker: &WorkerView, usages: &HashMap<u32, Usage>, age: Duration) -> Value {
  let counters = worker.upstream.as_ref().map(|upstream| upstream.counters()).unwrap_or_default();
  let usage = worker.pid.and_then(|pid| usages.get(&pid));
  json!({
    "id": &*worker.id,
    "pid": worker.pid,
    "port": worker.port,
    "status": worker.status.name(),
    "health": worker.checkup.status.name(),
    "restarts": worker.restarts,
    "uptime": worker.pid.map(|_| u64::try_from(age.as_millis()).unwrap_or(u64::MAX)),
    "requests": counters.requests,
    "failedRequests": counters.failed + counters.server_errors,
    "averageResponseTime": average_ms(counters),
    "activeRequests": worker.upstream.as_ref().map_or(0, |upstream| upstream.in_flight()),
    "memoryUsage": usage.map(|usage| usage.rss),
    "cpuUsage": usage.map(|usage| usage.cpu),
  })
}

fn average_ms(counters: Counters) -> f64 {
  ratio(counters.total_micros, counters.requests) / 1000.0
}

fn ratio(part: u64, whole: u64) -> f64 {
  if whole == 0 { 0.0 } else { float(part) / float(whole) }
}

#[expect(clippy::cast_precision_loss, reason = "53 bits are enough to show a person")]
fn float(number: u64) -> f64 {
  number as f64
}
