//! Every default, with its reason where it has one.

use std::{thread, time::Duration};

use crate::balancer::Strategy;

/// Most workers that one cluster may have; far above what one machine serves well, and a bound on
/// what a typing error can start.
pub const MAX_WORKERS: u32 = 512;
/// From spawn until a worker must be ready (`WORKER_TIMEOUT`).
pub const STARTUP_TIMEOUT: Duration = Duration::from_millis(60_000);
/// Wait before a dead worker is started again (`RESTART_DELAY`).
pub const RESTART_DELAY: Duration = Duration::from_millis(2_000);
/// Restarts in a streak before a slot is given up (`MAX_RESTARTS`).
pub const MAX_RESTARTS: u32 = 3;
/// How long a worker may take to finish its requests (`GRACEFUL_SHUTDOWN_TIMEOUT`).
pub const GRACEFUL_SHUTDOWN_TIMEOUT: Duration = Duration::from_millis(30_000);
/// From SIGTERM to SIGKILL. Three times what PM2 gives, whose 1.6 s users find too short.
pub const KILL_TIMEOUT: Duration = Duration::from_millis(5_000);
/// Between two health checks (`HEALTH_CHECK_INTERVAL`).
pub const HEALTH_CHECK_INTERVAL: Duration = Duration::from_millis(30_000);
/// How long an answer to a health check may take (`HEALTH_CHECK_TIMEOUT`).
pub const HEALTH_CHECK_TIMEOUT: Duration = Duration::from_millis(10_000);
/// Failed checks in a row that make a worker unhealthy.
pub const MAX_FAILURES: u32 = 3;
/// Between two `metrics:updated` events (`METRICS_INTERVAL`).
pub const METRICS_INTERVAL: Duration = Duration::from_millis(60_000);
/// The fullest worker is never the right one to give more work.
pub const STRATEGY: Strategy = Strategy::LeastConnections;
/// Requests that may wait for a worker; about one second of a busy small machine's traffic would be
/// far more, but waiting requests hold memory and their clients' patience.
pub const QUEUE_SIZE: usize = 1024;
/// How long a request may wait for a worker; longer than a warm start, shorter than most clients'
/// patience.
pub const QUEUE_TIMEOUT: Duration = Duration::from_millis(10_000);

/// Workers for `"auto"`: one per processor that this process may use. The standard library looks at
/// the affinity mask and at the cgroup's quota.
#[must_use]
pub fn auto_workers() -> u32 {
  let processors = thread::available_parallelism().map_or(1, usize::from);
  u32::try_from(processors).unwrap_or(MAX_WORKERS).clamp(1, MAX_WORKERS)
}
