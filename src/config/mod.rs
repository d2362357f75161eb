//! Configuration: what users write ([`model`]), what the core works with ([`Config`]), and the way
//! from one to the other ([`resolve()`]).
//!
//! [`model`] is a table of every field with its range, its default and whether anything acts on it.
//! [`check`] looks at what was written, [`fill`] adds what was left out, [`order`] compares fields with
//! each other; [`presets`] and [`recommend`] write configurations for those who do not want to.

pub mod check;
pub mod defaults;
pub mod field;
pub mod fill;
pub mod merge;
pub mod model;
pub mod names;
pub mod order;
pub mod presets;
pub mod recommend;
#[cfg(test)]
mod reference;
pub mod resolve;
#[cfg(test)]
mod tests;
pub mod units;
pub mod words;

use std::{net::IpAddr, path::PathBuf, time::Duration};

use nix::sys::signal::Signal;

use self::model::{
  AdvancedConfig, ClusterConfig, ErrorHandlingConfig, ExecConfig, HealthCheckConfig, IPCConfig,
  LoadBalancingConfig, MonitoringConfig, ProcessManagementConfig, ResilienceConfig, ResourceConfig,
  SecurityConfig,
};
pub use self::model::{
  AggregateConfig, AutoScalingConfig, ScaleDownThresholdConfig, ScaleUpThresholdConfig,
};
use crate::{
  balancer::Strategy,
  health::limits::Limits,
  proxy::{Edge, QueueLimits, Timeouts, Trust},
};

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
  /// The signal that asks an app to end.
  pub kill_signal: Signal,
  /// Whether SIGINT and SIGTERM of the host stop the cluster.
  pub handle_signals: bool,
  /// The liveness check of each worker.
  pub health: Health,
  /// How long the beats of a worker may be missing; `None` when nobody listens for them.
  pub signs: Option<Limits>,
  /// How requests find their worker.
  pub balancing: Balancing,
  /// Time between two `metrics:updated` events; `None` when monitoring is off.
  pub metrics_interval: Option<Duration>,
  /// Every section as it is in effect. What stands above is made from these.
  pub exec_config: ExecConfig,
  /// Memory, processor time and priority of workers.
  pub resources: ResourceConfig,
  /// Life of a worker's process.
  pub process_management: ProcessManagementConfig,
  /// Health checks.
  pub health_check: HealthCheckConfig,
  /// How requests find their worker.
  pub load_balancing: LoadBalancingConfig,
  /// Messages between the master and its workers.
  pub ipc: IPCConfig,
  /// Automatic scaling.
  pub auto_scaling: AutoScalingConfig,
  /// Metrics and logs.
  pub monitoring: MonitoringConfig,
  /// What is done about errors of the app.
  pub error_handling: ErrorHandlingConfig,
  /// Isolation of workers.
  pub security: SecurityConfig,
  /// What requests may cost when workers fail.
  pub resilience: ResilienceConfig,
  /// What few need.
  pub advanced: AdvancedConfig,
}

impl From<ClusterConfig> for Config {
  fn from(model: ClusterConfig) -> Self {
    let (process, health) = (&model.process_management, &model.health_check);
    let (balancing, exec) = (&model.load_balancing, &model.exec);
    Self {
      workers: model.workers,
      exec: Exec {
        script: exec.script.as_ref().map(PathBuf::from),
        // The master's own arguments are meant for the master's own script.
        args: exec.args.clone().or_else(|| exec.script.is_some().then(Vec::new)),
        exec_argv: exec.exec_argv.clone(),
        cwd: exec.cwd.as_ref().map(PathBuf::from),
        env: exec.env.clone().unwrap_or_default().into_iter().collect(),
        port: exec.port.and_then(|port| u16::try_from(port).ok()),
        private_ports: exec
          .private_ports
          .iter()
          .flatten()
          .filter_map(|port| u16::try_from(*port).ok())
          .collect(),
      },
      restart: Restart {
        respawn: process.respawn,
        max_restarts: process.max_restarts,
        delay: process.restart_delay.0,
        min_uptime: process.min_uptime.0,
      },
      timing: Timing {
        startup: process.startup_timeout.0,
        graceful_shutdown: process.graceful_shutdown_timeout.0,
        kill: process.kill_timeout.0,
        diagnosis: health.diagnostic_timeout.0,
      },
      kill_signal: process.kill_signal.parse().unwrap_or(Signal::SIGTERM),
      handle_signals: process.handle_signals,
      health: Health {
        enabled: health.enabled,
        interval: health.interval.0,
        timeout: health.timeout.0,
        max_failures: health.max_failures,
        retry_delay: health.retry_delay.0,
        grace_period: health.grace_period.0,
      },
      signs: process.zombie_detection.then_some(Limits {
        alive: health.alive_timeout.0,
        responsive: health.responsive_timeout.0,
      }),
      balancing: Balancing {
        strategy: Strategy::parse(&balancing.strategy).unwrap_or_default(),
        host: balancing.host.as_deref().and_then(check::host),
        queue: QueueLimits {
          max_size: balancing.queue.max_size as usize,
          timeout: balancing.queue.timeout.0,
        },
        edge: edge(balancing),
      },
      metrics_interval: model.monitoring.enabled.then_some(model.monitoring.metrics_interval.0),
      exec_config: model.exec,
      resources: model.resources,
      process_management: model.process_management,
      health_check: model.health_check,
      load_balancing: model.load_balancing,
      ipc: model.ipc,
      auto_scaling: model.auto_scaling,
      monitoring: model.monitoring,
      error_handling: model.error_handling,
      security: model.security,
      resilience: model.resilience,
      advanced: model.advanced,
    }
  }
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
  /// The port that the app itself asks for.
  pub port: Option<u16>,
  /// Ports of which each worker has one of its own.
  pub private_ports: Vec<u16>,
}

impl Exec {
  /// The absolute path of [`script`](Self::script). A relative one is taken from `cwd`, as the worker itself would.
  #[must_use]
  pub fn script_path(&self) -> Option<PathBuf> {
    let script = self.script.as_ref()?;
    let path = self.cwd.as_ref().map_or_else(|| script.clone(), |cwd| cwd.join(script));
    Some(std::path::absolute(&path).unwrap_or(path))
  }
}

/// Restart policy of one slot, see [`crate::cluster::restart`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Restart {
  /// Whether dead workers are started again at all.
  pub respawn: bool,
  /// Early deaths in a row that are answered by a restart.
  pub max_restarts: u32,
  /// Wait before the first restart of a streak.
  pub delay: Duration,
  /// A process that was ready for less than this has not started well.
  pub min_uptime: Duration,
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
  /// To find out where it hangs, before SIGKILL.
  pub diagnosis: Duration,
}

/// The checks of each worker. The path of its endpoint is in [`Config::health_check`].
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
  /// From a check that failed to its repetition.
  pub retry_delay: Duration,
  /// From the proof of readiness to the first check, which comes up to an interval after that.
  pub grace_period: Duration,
}

/// How requests find their worker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Balancing {
  /// Which worker takes a request.
  pub strategy: Strategy,
  /// The address to listen on; `None` follows what the app asked for.
  pub host: Option<IpAddr>,
  /// Bounds of the queue of requests that wait for a worker.
  pub queue: QueueLimits,
  /// What is taken from clients, and whose word counts.
  pub edge: Edge,
}

fn edge(balancing: &LoadBalancingConfig) -> Edge {
  let (limits, timeouts) = (&balancing.limits, &balancing.timeouts);
  let size = |bytes: units::Bytes| usize::try_from(bytes.0).unwrap_or(usize::MAX);
  let trusted = balancing.trusted_proxies.entries().iter().map(String::as_str);
  Edge {
    // Every entry was checked.
    trust: Trust::parse(trusted).unwrap_or_default(),
    request_headers: limits.request_headers as usize,
    request_head_size: size(limits.request_head_size),
    response_headers: limits.response_headers as usize,
    response_head_size: size(limits.response_head_size),
    timeouts: Timeouts {
      request_head: timeouts.request_head.0,
      request_body: timeouts.request_body.0,
      response_head: timeouts.response_head.0,
      response_body: timeouts.response_body.0,
      client: timeouts.client_read.0,
    },
    upgrades: balancing.upgrades.clone().unwrap_or_else(|| Edge::default().upgrades),
    allow_trace: balancing.allow_trace,
  }
}
