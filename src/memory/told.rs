//! What is told of memory, in its public form.

use std::time::{Duration, SystemTime};

use serde_json::{Map, Value, json};

use super::{leak::Evidence, limits::Level};
use crate::{
  event::epoch_ms,
  monitor::{
    ProcessSample,
    reading::{Memory, float, percent},
  },
  telemetry::{
    reader::Collected,
    registry::{self, Worker},
  },
};

/// Now, in milliseconds since the epoch.
#[must_use]
pub fn now() -> u64 {
  epoch_ms(SystemTime::now())
}

/// The public `MemoryStats`.
#[must_use]
pub fn system_stats(memory: &Memory) -> Value {
  let used = memory.total.saturating_sub(memory.available);
  let swapped = memory.swap_total.saturating_sub(memory.swap_free);
  json!({
    "totalMemory": memory.total,
    "freeMemory": memory.free,
    "usedMemory": used,
    "availableMemory": memory.available,
    "usagePercentage": percent(float(used), float(memory.total)),
    "swapTotal": memory.swap_total,
    "swapFree": memory.swap_free,
    "swapPercentage": percent(float(swapped), float(memory.swap_total)),
  })
}

/// The public `WorkerMemoryStats`.
#[must_use]
pub fn worker_stats(id: &str, sample: &ProcessSample) -> Value {
  let mut memory = Map::new();
  memory.insert("rss".to_owned(), sample.reading.rss.into());
  if let Some(heap) = registry::heap(sample.pid) {
    memory.insert("heapTotal".to_owned(), heap.total.into());
    memory.insert("heapUsed".to_owned(), heap.used.into());
    memory.insert("external".to_owned(), heap.external.into());
    memory.insert("arrayBuffers".to_owned(), heap.array_buffers.into());
  }
  json!({
    "workerId": id,
    "pid": sample.pid,
    "memoryUsage": memory,
    "cpuUsage": sample.usage_or_mean(),
    "uptime": u64::try_from(sample.reading.uptime.as_millis()).unwrap_or(u64::MAX),
    "timestamp": now(),
  })
}

/// The public `MemoryLimitResult`.
#[must_use]
pub fn limit_result(id: &str, used: u64, limit: u64, level: Level) -> Value {
  json!({
    "workerId": id,
    "withinLimits": level < Level::Exceeded,
    "level": level.name(),
    "currentMemory": used,
    "limit": limit,
    "usagePercentage": percent(float(used), float(limit)),
    "timestamp": now(),
  })
}

/// The public `MemoryLeak`.
#[must_use]
pub fn leak_found(id: &str, evidence: &Evidence) -> Value {
  let hours = |time: Duration| time.as_secs_f64() * 1000.0;
  json!({
    "workerId": id,
    "baseline": evidence.baseline,
    "currentMemory": evidence.present,
    "growthPerHour": evidence.per_hour,
    "growthPerThousandRequests": evidence.per_thousand_requests,
    "confidence": evidence.tau,
    "minima": evidence.minima,
    "observed": hours(evidence.observed),
    "limit": evidence.limit,
    "exhaustedIn": hours(evidence.exhausted_in),
    "timestamp": now(),
  })
}

/// The public `GarbageCollection`.
#[must_use]
pub fn collection(worker: &Worker, collected: Collected) -> Value {
  json!({
    "workerId": &*worker.id,
    "pid": worker.pid,
    "before": collected.before,
    "after": collected.after,
    "freed": collected.before.saturating_sub(collected.after),
    "duration": collected.took.as_secs_f64() * 1000.0,
    "timestamp": now(),
  })
}
