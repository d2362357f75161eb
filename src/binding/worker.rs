//! A worker as JavaScript sees it.

use napi::bindgen_prelude::{Either, Null};
use napi_derive::napi;

use crate::{cluster::snapshot::WorkerView, event::epoch_ms};

/// A worker, as it is at the moment of the call.
#[napi(object, object_from_js = false)]
pub struct NativeWorker {
  /// The id of its slot; stays when its process is replaced.
  pub id: String,
  /// Its process id; `null` while it has no process.
  #[napi(ts_type = "number | null")]
  pub pid: Either<u32, Null>,
  /// The port that it listens on, on 127.0.0.1.
  pub port: u16,
  /// What it is doing.
  #[napi(ts_type = "'starting' | 'running' | 'stopping' | 'stopped' | 'error'")]
  pub status: String,
  /// Whether it answers its health checks.
  pub health: NativeWorkerHealth,
  /// When its process was started, in milliseconds since the epoch; 0 before that.
  pub start_time: f64,
  /// How often its process was replaced.
  pub restarts: u32,
  /// Requests that the present process was given.
  pub requests: f64,
  /// Requests that it is working on.
  pub active_requests: u32,
}

/// Whether a worker answers its health checks.
#[napi(object, object_from_js = false)]
pub struct NativeWorkerHealth {
  /// `unknown` until it was first checked.
  #[napi(ts_type = "'healthy' | 'unhealthy' | 'unknown'")]
  pub status: String,
  /// Checks that failed since the last one that passed.
  pub consecutive_failures: u32,
  /// When it was last checked, in milliseconds since the epoch; 0 before that.
  pub last_check: f64,
}

impl From<&WorkerView> for NativeWorker {
  fn from(view: &WorkerView) -> Self {
    let counters = view.counters();
    let active = view.in_flight();
    Self {
      id: view.id.to_string(),
      // An `Option` would leave the field out.
      pid: view.pid.map_or(Either::B(Null), Either::A),
      port: view.port,
      status: view.status.name().to_owned(),
      health: NativeWorkerHealth {
        status: view.checkup.status.name().to_owned(),
        consecutive_failures: view.checkup.consecutive_failures,
        last_check: float(view.checkup.last_check.map_or(0, epoch_ms)),
      },
      start_time: float(epoch_ms(view.started)),
      restarts: view.restarts,
      requests: float(counters.requests),
      active_requests: u32::try_from(active).unwrap_or(u32::MAX),
    }
  }
}

#[expect(clippy::cast_precision_loss, reason = "JavaScript numbers are exact up to 2^53")]
const fn float(number: u64) -> f64 {
  number as f64
}
