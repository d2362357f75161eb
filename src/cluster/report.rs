//! Snapshots and readings, as `getMetrics()`, `getHealth()` and the events give them.

use std::{
  collections::HashMap,
  sync::{Mutex, PoisonError},
  time::{Duration, Instant, SystemTime},
};

use serde_json::{Map, Value, json};

use super::{
  autoscaling::{Scaling, describe},
  snapshot::{Hang, Snapshot, WorkerStatus, WorkerView},
  vitals::{Vitals, Ward},
};
use crate::{
  event::epoch_ms,
  health::{checkup::Failure, diagnosis::Diagnosis},
  monitor::{ProcessSample, Sampler, reading::float},
  proxy::{Counters, ProxyStats},
  telemetry::{
    histogram::Counts,
    reader::{Heap, Pulse, Reader},
    registry,
  },
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
        "lastHang": worker.last_hang.as_deref().map(hang),
      });
      (worker.id.to_string(), detail)
    })
    .collect();
  Value::Object(details)
}

fn hang(hang: &Hang) -> Value {
  json!({
    "pid": hang.pid,
    "reason": hang.cause.to_string(),
    "diagnosis": hang.cause.diagnosis().map(Diagnosis::to_json),
    "timestamp": epoch_ms(hang.at),
  })
}

fn reason(worker: &WorkerView) -> Option<String> {
  // Also of one that has not failed often enough to be unhealthy.
  if worker.serves() {
    return worker.checkup.failure.map(|failure| failure.to_string());
  }
  let silent = || {
    let closed = worker.server_closed.then_some(Failure::ServerClosed);
    let why = worker.checkup.failure.or(closed).map(|failure| failure.to_string());
    why.unwrap_or_else(|| "failed its checks".to_owned())
  };
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
  sampler: Sampler,
  ward: Ward,
  at: Instant,
  requests: u64,
  rate: f64,
}

/// What was read of one worker.
struct Readings {
  sample: ProcessSample,
  vitals: Vitals,
}

/// The shortest time that a rate is taken over; a reading that comes sooner repeats the last rate.
const SHORTEST: Duration = Duration::from_millis(100);

impl Default for Reporter {
  fn default() -> Self {
    let now = Instant::now();
    let memory = Memory {
      sampler: Sampler::default(),
      ward: Ward::default(),
      at: now,
      requests: 0,
      rate: 0.0,
    };
    Self { memory: Mutex::new(memory), started: now }
  }
}

impl Reporter {
  /// Metrics of the cluster as it is in `snapshot`. `latency` is what clients saw.
  #[must_use]
  pub fn metrics(
    &self,
    snapshot: &Snapshot,
    stats: ProxyStats,
    latency: &Counts,
    last: Option<Scaling>,
  ) -> Value {
    let now = SystemTime::now();
    let counters = snapshot.counters();
    let (readings, rate) = self.read(snapshot, now, counters.requests);
    // What clients saw: a request that failed at one worker and was answered by another did not fail.
    let refused = stats.unavailable + stats.bad_gateway;
    let (failed, requests) =
      (counters.server_errors + refused, counters.requests + stats.unavailable);
    // Pages that workers share are counted once where the kernel tells of them.
    let memory = |reading: &Readings| reading.vitals.pss.unwrap_or(reading.sample.reading.rss);
    let cpu = |reading: &Readings| reading.sample.usage_or_mean();
    json!({
      "totalWorkers": snapshot.workers.len(),
      "activeWorkers": snapshot.workers.iter().filter(|worker| worker.serves()).count(),
      "totalRequests": requests,
      "failedRequests": failed,
      "requestsPerSecond": rate,
      "averageResponseTime": average_ms(counters),
      "responseTimes": response_times(latency),
      "errorRate": ratio(failed, requests),
      "queuedRequests": stats.waiting,
      "rejectedRequests": stats.unavailable,
      "retriedRequests": stats.retries,
      "proxyPanics": stats.panics,
      "openConnections": stats.connections,
      "memoryUsage": readings.values().map(memory).sum::<u64>(),
      "cpuUsage": readings.values().map(cpu).sum::<f64>(),
      "lastScalingAction": last.map(|last| describe(&last.decision, last.at)),
      "restartCount": snapshot.workers.iter().map(|worker| u64::from(worker.restarts)).sum::<u64>(),
      "uptime": millis(self.started.elapsed()),
      "timestamp": epoch_ms(now),
      "workers": snapshot.workers.iter().map(|w| worker(w, &readings, age(w, now))).collect::<Vec<_>>(),
    })
  }

  fn read(
    &self,
    snapshot: &Snapshot,
    now: SystemTime,
    requests: u64,
  ) -> (HashMap<u32, Readings>, f64) {
    let pids: Vec<u32> = snapshot.workers.iter().filter_map(|worker| worker.pid).collect();
    let memory = &mut *self.memory.lock().unwrap_or_else(PoisonError::into_inner);
    memory.sampler.keep(&pids);
    memory.ward.keep(&pids);
    let mut readings = HashMap::with_capacity(pids.len());
    for worker in &snapshot.workers {
      // One that has ended since the picture was made is left out.
      if let Some(pid) = worker.pid
        && let Ok(sample) = memory.sampler.read(pid)
      {
        let counted = worker.counters().requests;
        let vitals = memory.ward.look(pid, counted, age(worker, now)).clone();
        readings.insert(pid, Readings { sample, vitals });
      }
    }
    let elapsed = memory.at.elapsed();
    if elapsed >= SHORTEST {
      let new = requests.saturating_sub(memory.requests);
      memory.rate = float(new) / elapsed.as_secs_f64();
      (memory.at, memory.requests) = (Instant::now(), requests);
    }
    (readings, memory.rate)
  }
}

fn age(worker: &WorkerView, now: SystemTime) -> Duration {
  now.duration_since(worker.started).unwrap_or_default()
}

fn worker(worker: &WorkerView, readings: &HashMap<u32, Readings>, age: Duration) -> Value {
  let counters = worker.counters();
  let latency = worker.latency();
  let reading = worker.pid.and_then(|pid| readings.get(&pid));
  let told = worker.pid.and_then(registry::by_pid);
  let page = told.as_ref().and_then(|told| told.page.as_ref());
  json!({
    "id": &*worker.id,
    "pid": worker.pid,
    "port": worker.port,
    "status": worker.status.name(),
    "health": worker.checkup.status.name(),
    "restarts": worker.restarts,
    "uptime": worker.pid.map(|_| millis(age)),
    "requests": counters.requests,
    "failedRequests": counters.failed + counters.server_errors,
    "requestsPerSecond": reading.map_or(0.0, |reading| reading.vitals.rate),
    "averageResponseTime": average_ms(counters),
    "responseTimes": response_times(&latency),
    "activeRequests": worker.in_flight(),
    "memoryUsage": reading.map(|reading| reading.sample.reading.rss),
    "sharedMemoryUsage": reading.and_then(|reading| reading.vitals.pss),
    "cpuUsage": reading.map(|reading| reading.sample.usage_or_mean()),
    "heap": page.and_then(Reader::heap).map(heap),
    "garbageCollection": page.filter(|page| page.heap().is_some()).and_then(|page| {
      let collections = page.collections()?;
      Some(json!({ "count": collections.count, "time": collections.took.map(float_ms) }))
    }),
    "eventLoop": page.filter(|page| page.heap().is_some()).zip(reading).map(|(page, reading)| {
      event_loop(page, &reading.vitals)
    }),
  })
}

fn heap(heap: Heap) -> Value {
  json!({
    "heapTotal": heap.total,
    "heapUsed": heap.used,
    "external": heap.external,
    "arrayBuffers": heap.array_buffers,
  })
}

fn event_loop(page: &Reader, vitals: &Vitals) -> Value {
  let delay = |micros: Option<u64>| micros.map(|micros| float(micros) / 1000.0);
  let responsive = match vitals.pulse {
    Pulse::Unknown => None,
    Pulse::Responsive => Some(true),
    Pulse::Blocked | Pulse::Still => Some(false),
  };
  json!({
    "utilization": page.utilization(),
    "delay": {
      "mean": vitals.delays.mean().map(|micros| micros / 1000.0),
      "p99": delay(vitals.delays.quantile(0.99)),
      "max": delay(vitals.delays.max()),
    },
    "responsive": responsive,
  })
}

/// In milliseconds; `null` of no answers.
fn response_times(latency: &Counts) -> Value {
  let at = |part| latency.quantile(part).map(|micros| float(micros) / 1000.0);
  json!({ "p50": at(0.5), "p95": at(0.95), "p99": at(0.99) })
}

fn millis(time: Duration) -> u64 {
  u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

fn float_ms(time: Duration) -> f64 {
  time.as_secs_f64() * 1000.0
}

fn average_ms(counters: Counters) -> f64 {
  ratio(counters.total_micros, counters.requests) / 1000.0
}

fn ratio(part: u64, whole: u64) -> f64 {
  if whole == 0 { 0.0 } else { float(part) / float(whole) }
}
