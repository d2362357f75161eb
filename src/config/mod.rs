//! Configuration: what users write ([`model`]), what the core works with ([`Config`]), and the way
//! from one to the other ([`resolve()`]). Defaults live in [`defaults`] and nowhere else.

pub mod defaults;
pub mod merge;
pub mod model;
pub mod resolve;

use std::{net::IpAddr, path::PathBuf, time::Duration};

use crate::{balancer::Strategy, proxy::QueueLimits};

pub use resolve::{Resolved, resolve};

/// The effective configuration: every value present, checked and in the unit that code wants.
#[derive(Debug, Clone, PartialEq)]
pub struct Config {
  /// How many workers to run.
  pub workers: u32,
  /// What each worker runs.
  pub exec: Exec,
  /// When and how fast a dead worker is started again.
  pub restart: Restart,
  /// How long each phase of a worker may take.
  pub timing: Timing,
  /// Whether SIGINT and SIGTERM of the host stop the cluster.
  pub handle_signals: bool,
  /// The liveness check of each worker.
  pub health: Health,
  /// How requests find their worker.
  pub balancing: Balancing,
  /// Time between two `metrics:updated` events; `None` when monitoring is off.
  pub metrics_interval: Option<Duration>,
}

/// What a worker runs; `None` means what the master itself was started with.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Exec {
  /// The script.
  pub script: Option<PathBuf>,
  /// Arguments after the script.
  pub args: Option<Vec<String>>,
  /// Arguments of the runtime, before the script.
  pub exec_argv: Option<Vec<String>>,
  /// Working directory.
  pub cwd: Option<PathBuf>,
  /// Variables added to the master's environment.
  pub env: Vec<(String, String)>,
}

/// Restart policy of one slot, see [`crate::cluster::restart`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Restart {
  /// Whether dead workers are started again at all.
  pub respawn: bool,
  /// Restarts in a streak before the slot is given up.
  pub max_restarts: u32,
  /// Wait before the first restart of a streak.
  pub delay: Duration,
}

/// How long each phase of a worker may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timing {
  /// From spawn until it has proved that it is ready.
  pub startup: Duration,
  /// From the decision to stop it until SIGTERM: its requests finish, then it leaves by itself.
  pub graceful_shutdown: Duration,
  /// From SIGTERM until SIGKILL.
  pub kill: Duration,
}

/// The liveness check of each worker: a ping that its JavaScript must answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Health {
  /// Whether workers are checked.
  pub enabled: bool,
  /// Between two checks.
  pub interval: Duration,
  /// How long an answer may take.
  pub timeout: Duration,
  /// Failures in a row that make a worker unhealthy.
  pub max_failures: u32,
}

/// How requests find their worker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Balancing {
  /// Which worker takes a request.
  pub strategy: Strategy,
  /// The address to listen on; `None` follows what the app asked for.
  pub host: Option<IpAddr>,
  /// Bounds of the queue of requests that wait for a worker.
  pub queue: QueueLimits,
}
