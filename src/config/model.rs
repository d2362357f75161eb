//! The configuration as users write it. Everything is optional; units and ranges stand at the fields.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Configuration of a cluster.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct ClusterConfig {
  /// `false` makes the constructor refuse: an app that does not want a cluster should not create one.
  #[serde(skip_serializing_if = "Option::is_none")]
  pub enabled: Option<bool>,
  /// Number of workers, 1 to 512, or `"auto"`: one per processor. Default `"auto"`.
  #[serde(skip_serializing_if = "Option::is_none")]
  pub workers: Option<Workers>,
  /// Short form of `processManagement.respawn`.
  #[serde(skip_serializing_if = "Option::is_none")]
  pub auto_restart: Option<bool>,
  /// Short form of `processManagement.maxRestarts`.
  #[serde(skip_serializing_if = "Option::is_none")]
  pub max_restarts: Option<f64>,
  /// Short form of `healthCheck.interval`.
  #[serde(skip_serializing_if = "Option::is_none")]
  pub health_check_interval: Option<f64>,
  /// What each worker runs. Default: what the master runs.
  #[serde(skip_serializing_if = "Option::is_none")]
  pub exec: Option<ExecConfig>,
  /// Life of a worker's process.
  #[serde(skip_serializing_if = "Option::is_none")]
  pub process_management: Option<ProcessManagementConfig>,
  /// Health checks.
  #[serde(skip_serializing_if = "Option::is_none")]
  pub health_check: Option<HealthCheckConfig>,
  /// How requests find their worker.
  #[serde(skip_serializing_if = "Option::is_none")]
  pub load_balancing: Option<LoadBalancingConfig>,
  /// Metrics.
  #[serde(skip_serializing_if = "Option::is_none")]
  pub monitoring: Option<MonitoringConfig>,
  /// Accepted, and warned about: nothing acts on it yet.
  #[serde(skip_serializing_if = "Option::is_none")]
  pub resources: Option<Value>,
  /// Accepted, and warned about: nothing acts on it yet.
  #[serde(skip_serializing_if = "Option::is_none")]
  pub ipc: Option<Value>,
  /// Accepted, and warned about: nothing acts on it yet.
  #[serde(skip_serializing_if = "Option::is_none")]
  pub auto_scaling: Option<Value>,
  /// Accepted, and warned about: nothing acts on it yet.
  #[serde(skip_serializing_if = "Option::is_none")]
  pub error_handling: Option<Value>,
  /// Accepted, and warned about: nothing acts on it yet.
  #[serde(skip_serializing_if = "Option::is_none")]
  pub security: Option<Value>,
  /// Accepted, and warned about: nothing acts on it yet.
  #[serde(skip_serializing_if = "Option::is_none")]
  pub resilience: Option<Value>,
  /// Accepted, and warned about: nothing acts on it yet.
  #[serde(skip_serializing_if = "Option::is_none")]
  pub advanced: Option<Value>,
}

/// Number of workers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Workers {
  /// That many.
  Count(f64),
  /// `"auto"`.
  Word(String),
}

/// What each worker runs.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct ExecConfig {
  /// The script, absolute or relative to the master's working directory. Default: the master's own.
  #[serde(skip_serializing_if = "Option::is_none")]
  pub script: Option<String>,
  /// Arguments after the script. Default: the master's own, or none when `script` is given.
  #[serde(skip_serializing_if = "Option::is_none")]
  pub args: Option<Vec<String>>,
  /// Arguments of the runtime. Default: the master's own.
  #[serde(skip_serializing_if = "Option::is_none")]
  pub exec_argv: Option<Vec<String>>,
  /// Working directory. Default: the master's.
  #[serde(skip_serializing_if = "Option::is_none")]
  pub cwd: Option<String>,
  /// Variables added to the master's environment.
  #[serde(skip_serializing_if = "Option::is_none")]
  pub env: Option<BTreeMap<String, String>>,
}

/// Life of a worker's process.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct ProcessManagementConfig {
  /// Whether a dead worker is started again. Default `true`.
  #[serde(skip_serializing_if = "Option::is_none")]
  pub respawn: Option<bool>,
  /// Restarts in a streak before a worker is given up, 0 to 1 000 000. Default 3.
  #[serde(skip_serializing_if = "Option::is_none")]
  pub max_restarts: Option<f64>,
  /// Wait before the first restart of a streak, in milliseconds; later ones wait longer.
  /// Default 2 000.
  #[serde(skip_serializing_if = "Option::is_none")]
  pub restart_delay: Option<f64>,
  /// How long a worker may take to become ready, in milliseconds. Default 60 000.
  #[serde(skip_serializing_if = "Option::is_none")]
  pub startup_timeout: Option<f64>,
  /// How long a worker may take to finish its requests and leave, in milliseconds. Default 30 000.
  #[serde(skip_serializing_if = "Option::is_none")]
  pub graceful_shutdown_timeout: Option<f64>,
  /// From SIGTERM to SIGKILL, in milliseconds. Default 5 000.
  #[serde(skip_serializing_if = "Option::is_none")]
  pub kill_timeout: Option<f64>,
  /// Whether SIGINT and SIGTERM of the master stop the cluster gracefully. Default `true`.
  #[serde(skip_serializing_if = "Option::is_none")]
  pub handle_signals: Option<bool>,
  /// Accepted, and warned about: nothing acts on it yet.
  #[serde(skip_serializing_if = "Option::is_none")]
  pub zombie_detection: Option<Value>,
  /// Accepted, and warned about: nothing acts on it yet.
  #[serde(skip_serializing_if = "Option::is_none")]
  pub memory_threshold: Option<Value>,
  /// Accepted, and warned about: nothing acts on it yet.
  #[serde(skip_serializing_if = "Option::is_none")]
  pub cpu_threshold: Option<Value>,
}

/// Health checks: a ping that the worker's JavaScript must answer.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct HealthCheckConfig {
  /// Whether workers are checked. Default `true`.
  #[serde(skip_serializing_if = "Option::is_none")]
  pub enabled: Option<bool>,
  /// Between two checks, in milliseconds. Default 30 000.
  #[serde(skip_serializing_if = "Option::is_none")]
  pub interval: Option<f64>,
  /// How long an answer may take, in milliseconds; less than `interval`. Default 10 000.
  #[serde(skip_serializing_if = "Option::is_none")]
  pub timeout: Option<f64>,
  /// Failures in a row that make a worker unhealthy, 1 to 1 000 000. Default 3.
  #[serde(skip_serializing_if = "Option::is_none")]
  pub max_failures: Option<f64>,
  /// Accepted, and warned about: nothing acts on it yet.
  #[serde(skip_serializing_if = "Option::is_none")]
  pub endpoint: Option<Value>,
  /// Accepted, and warned about: nothing acts on it yet.
  #[serde(skip_serializing_if = "Option::is_none")]
  pub retry_delay: Option<Value>,
  /// Accepted, and warned about: nothing acts on it yet.
  #[serde(skip_serializing_if = "Option::is_none")]
  pub grace_period: Option<Value>,
}

/// How requests find their worker.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct LoadBalancingConfig {
  /// `"least-connections"` (default) or `"round-robin"`.
  #[serde(skip_serializing_if = "Option::is_none")]
  pub strategy: Option<String>,
  /// The IP address to listen on. Default: the one that the app asked for, else all.
  #[serde(skip_serializing_if = "Option::is_none")]
  pub host: Option<String>,
  /// Requests that wait because no worker is ready.
  #[serde(skip_serializing_if = "Option::is_none")]
  pub queue: Option<QueueConfig>,
  /// Accepted, and warned about: nothing acts on it yet.
  #[serde(skip_serializing_if = "Option::is_none")]
  pub weights: Option<Value>,
  /// Accepted, and warned about: nothing acts on it yet.
  #[serde(skip_serializing_if = "Option::is_none")]
  pub sticky_session: Option<Value>,
  /// Accepted, and warned about: nothing acts on it yet.
  #[serde(skip_serializing_if = "Option::is_none")]
  pub session_affinity_key: Option<Value>,
  /// Accepted, and warned about: nothing acts on it yet.
  #[serde(skip_serializing_if = "Option::is_none")]
  pub circuit_breaker_threshold: Option<Value>,
  /// Accepted, and warned about: nothing acts on it yet.
  #[serde(skip_serializing_if = "Option::is_none")]
  pub circuit_breaker_timeout: Option<Value>,
  /// Accepted, and warned about: nothing acts on it yet.
  #[serde(skip_serializing_if = "Option::is_none")]
  pub healthy_only: Option<Value>,
}

/// Requests that wait because no worker is ready.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct QueueConfig {
  /// How many may wait, 0 to 1 000 000; more are answered 503. Default 1 024.
  #[serde(skip_serializing_if = "Option::is_none")]
  pub max_size: Option<f64>,
  /// How long one may wait, in milliseconds; then it is answered 503. Default 10 000.
  #[serde(skip_serializing_if = "Option::is_none")]
  pub timeout: Option<f64>,
}

/// Metrics.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct MonitoringConfig {
  /// Whether `metrics:updated` is emitted. Default `true`.
  #[serde(skip_serializing_if = "Option::is_none")]
  pub enabled: Option<bool>,
  /// Between two `metrics:updated`, in milliseconds. Default 60 000.
  #[serde(skip_serializing_if = "Option::is_none")]
  pub metrics_interval: Option<f64>,
  /// Accepted, and warned about: nothing acts on it yet.
  #[serde(skip_serializing_if = "Option::is_none")]
  pub collect_metrics: Option<Value>,
  /// Accepted, and warned about: nothing acts on it yet.
  #[serde(skip_serializing_if = "Option::is_none")]
  pub log_level: Option<Value>,
  /// Accepted, and warned about: nothing acts on it yet.
  #[serde(skip_serializing_if = "Option::is_none")]
  pub log_worker_events: Option<Value>,
  /// Accepted, and warned about: nothing acts on it yet.
  #[serde(skip_serializing_if = "Option::is_none")]
  pub log_performance: Option<Value>,
}
