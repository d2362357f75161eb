//! What the core tells the outside world, and the one trait it tells it through.

use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};

use crate::{
  autoscale::decision::Decision, error::ClusterError, health::diagnosis::Diagnosis,
  worker::cause::Cause,
};

/// Something happened to a worker or to the cluster.
#[derive(Debug, Clone)]
pub enum Event {
  /// A worker proved that it is ready.
  WorkerStarted {
    /// The slot.
    worker: String,
    /// Where it listens.
    port: u16,
    /// Its process.
    pid: Option<u32>,
  },
  /// A worker that was asked to stop is gone.
  WorkerStopped {
    /// The slot.
    worker: String,
  },
  /// A worker's process ended, asked for or not.
  WorkerExit {
    /// The slot.
    worker: String,
    /// Its process, where it had one.
    pid: Option<u32>,
    /// Why.
    cause: Cause,
  },
  /// A worker failed in a way that somebody should look at.
  WorkerError {
    /// The slot.
    worker: String,
    /// What happened.
    error: ClusterError,
  },
  /// A worker is replaced or started again.
  WorkerRestart {
    /// The slot.
    worker: String,
    /// Why, in words.
    reason: String,
  },
  /// All workers are ready and the public port is open.
  ClusterStarted {
    /// How many workers serve.
    workers: usize,
  },
  /// The last worker is gone and the public port is free.
  ClusterStopped,
  /// The number of workers was changed.
  ClusterScaled {
    /// Before.
    old: usize,
    /// After.
    new: usize,
    /// Who asked for it, or what automatic scaling saw.
    reason: String,
  },
  /// Automatic scaling looked at the load.
  AutoscaleDecision {
    /// What it decided, also to leave all as it is.
    decision: Decision,
  },
  /// The memory of a worker is worth a word.
  Memory {
    /// Which.
    news: MemoryNews,
    /// As [`crate::memory::told`] has it, stamped.
    payload: Value,
  },
  /// The health of the cluster as a whole changed.
  HealthChanged {
    /// `healthy`, `degraded` or `critical`.
    status: &'static str,
    /// Per worker, as `getHealth()` gives it.
    details: Value,
  },
  /// Every worker was given up, and `processManagement.onAllFailed` asks for an error.
  AllFailed {
    /// What happened.
    error: ClusterError,
  },
  /// A channel for messages of a worker's app was opened, see [`crate::ipc::messages`]. Not for users.
  MessagesOpened,
  /// Fresh metrics, every metrics interval.
  MetricsUpdated {
    /// As `getMetrics()` gives them.
    metrics: Value,
  },
}

/// What is told of the memory of a worker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MemoryNews {
  /// It has reached the warning threshold.
  Warning,
  /// It has reached the critical threshold, or is above its limit.
  Critical,
  /// It leaks.
  Leak,
  /// It has collected its garbage, as it was asked to.
  Collected,
}

impl MemoryNews {
  const fn name(self) -> &'static str {
    match self {
      Self::Warning => "memory:warning",
      Self::Critical => "memory:critical",
      Self::Leak => "memory:leak",
      Self::Collected => "memory:gc",
    }
  }
}

/// Where events go. The binding implements it with a threadsafe function, tests with a list.
pub trait EventSink: Send + Sync + 'static {
  /// Deliver one event. Must not block: the supervisor loop calls this.
  fn emit(&self, event: Event);

  /// Whether anybody listens to [`Event::MetricsUpdated`], which takes work to make.
  fn hears_metrics(&self) -> bool {
    true
  }
}

impl Event {
  /// The public name of the event.
  #[must_use]
  pub const fn name(&self) -> &'static str {
    match self {
      Self::WorkerStarted { .. } => "worker:started",
      Self::WorkerStopped { .. } => "worker:stopped",
      Self::WorkerExit { .. } => "worker:exit",
      Self::WorkerError { .. } => "worker:error",
      Self::WorkerRestart { .. } => "worker:restart",
      Self::ClusterStarted { .. } => "cluster:started",
      Self::ClusterStopped => "cluster:stopped",
      Self::ClusterScaled { .. } => "cluster:scaled",
      Self::AutoscaleDecision { .. } => "autoscale:decision",
      Self::Memory { news, .. } => news.name(),
      Self::HealthChanged { .. } => "health:changed",
      Self::AllFailed { .. } => "error",
      Self::MessagesOpened => "messages:opened",
      Self::MetricsUpdated { .. } => "metrics:updated",
    }
  }

  /// The public payload of the event, stamped with the current time.
  #[must_use]
  pub fn payload(&self) -> Value {
    let timestamp = epoch_ms(SystemTime::now());
    match self {
      Self::WorkerStarted { worker, port, pid } => {
        json!({ "workerId": worker, "port": port, "pid": pid, "timestamp": timestamp })
      }
      Self::WorkerStopped { worker } => json!({ "workerId": worker, "timestamp": timestamp }),
      Self::WorkerExit { worker, pid, cause } => json!({
        "workerId": worker,
        "pid": pid,
        "exitCode": cause.exit_code(),
        "signal": cause.signal_name(),
        "reason": cause.to_string(),
        "diagnosis": cause.diagnosis().map(Diagnosis::to_json),
        "timestamp": timestamp,
      }),
      Self::WorkerError { worker, error } => {
        json!({ "workerId": worker, "error": described(error), "timestamp": timestamp })
      }
      Self::AllFailed { error } => json!({ "error": described(error), "timestamp": timestamp }),
      Self::WorkerRestart { worker, reason } => {
        json!({ "workerId": worker, "reason": reason, "timestamp": timestamp })
      }
      Self::ClusterStarted { workers } => json!({ "workerCount": workers, "timestamp": timestamp }),
      Self::ClusterStopped | Self::MessagesOpened => json!({ "timestamp": timestamp }),
      Self::ClusterScaled { old, new, reason } => {
        json!({ "oldCount": old, "newCount": new, "reason": reason, "timestamp": timestamp })
      }
      Self::AutoscaleDecision { decision } => json!({
        "action": decision.action().name(),
        "from": decision.from,
        "to": decision.to,
        "reason": decision.reason,
        "timestamp": timestamp,
      }),
      Self::Memory { payload, .. } => payload.clone(),
      Self::HealthChanged { status, details } => {
        json!({ "status": status, "details": details, "timestamp": timestamp })
      }
      Self::MetricsUpdated { metrics } => json!({ "metrics": metrics, "timestamp": timestamp }),
    }
  }
}

fn described(error: &ClusterError) -> Value {
  json!({ "code": error.code(), "message": error.to_string(), "details": error.details() })
}

/// Milliseconds since the Unix epoch, as `Date.now()` counts them.
#[must_use]
pub fn epoch_ms(time: SystemTime) -> u64 {
  let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
  u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}
