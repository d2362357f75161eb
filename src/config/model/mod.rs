//! The configuration, section by section. Each section is at once the type that the core reads, with
//! every default filled in, and a part of the table that everything else is made from: checks,
//! defaults, warnings, `docs/configuration.md`, the typings.
//!
//! To let a field that was only accepted act, write `Acted` for `Warned`.

mod resources;
mod services;
mod traffic;
mod workers;

pub use resources::{
  AutoScalingConfig, EnforcementConfig, LeakDetectionConfig, MemoryManagementConfig,
  PerformanceOptimizationConfig, ResourceConfig, ScaleDownThresholdConfig, ScaleUpThresholdConfig,
};
pub use services::{
  AdvancedConfig, CrashRecoveryConfig, DeploymentConfig, ErrorHandlingConfig, IPCConfig,
  MessageQueueConfig, MonitoringConfig, SecurityConfig,
};
pub use traffic::{
  BulkheadConfig, CircuitBreakerConfig, HeadLimitsConfig, LoadBalancingConfig, QueueConfig,
  ResilienceConfig, RetryPolicyConfig, TimeoutConfig, TrafficTimeoutsConfig,
};
pub use workers::{AggregateConfig, ExecConfig, HealthCheckConfig, ProcessManagementConfig};

use serde::{Deserialize, Serialize};

use super::{
  field::{
    Action, Change,
    Fallback::{Computed, Fields, Flag as On, Nothing},
    Field, Kind, Section, count, millis,
  },
  units::Millis,
};

/// Declares a section: a struct, and its part of the table. A line is
/// `field "name": type, kind, default, Acted or Warned, Live or Reborn or Stopped;`.
macro_rules! section {
  (
    $(#[doc = $about:literal])+
    $name:ident {
      $(
        $(#[doc = $doc:literal])+
        $field:ident $key:literal: $type:ty, $kind:expr, $default:expr, $action:ident, $change:ident;
      )+
    }
  ) => {
    $(#[doc = $about])+
    #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
    pub struct $name {
      $(
        $(#[doc = $doc])+
        #[doc = concat!("Takes `", stringify!($kind), "`, default `", stringify!($default), "`.")]
        #[serde(rename = $key)]
        pub $field: $type,
      )+
    }

    impl $name {
      /// Its part of the table.
      pub const SECTION: Section = Section {
        name: stringify!($name),
        about: &[$($about),+],
        fields: &[
          $(Field {
            name: $key,
            about: &[$($doc),+],
            kind: $kind,
            default: $default,
            action: Action::$action,
            change: Change::$change,
          }),+
        ],
      };
    }
  };
}
use section;

section! {
  /// Configuration of a cluster. Every field is optional.
  ClusterConfig {
    /// `false` is refused: an app that does not want a cluster should not create one.
    enabled "enabled": bool, Kind::Flag, On(true), Acted, Live;
    /// How many workers to run, or `'auto'`: one per processor that this process may use.
    workers "workers": u32, Kind::Workers, Computed("`'auto'`"), Acted, Live;
    /// Short form of `processManagement.respawn`.
    auto_restart "autoRestart": Option<bool>, Kind::Flag, Nothing("the long form"), Acted, Live;
    /// Short form of `processManagement.maxRestarts`.
    max_restarts "maxRestarts": Option<u32>, count(0), Nothing("the long form"), Acted, Live;
    /// Short form of `healthCheck.interval`.
    health_check_interval "healthCheckInterval": Option<Millis>, millis(1), Nothing("the long form"), Acted, Live;
    /// What each worker runs. Default: what the master itself was started with.
    exec "exec": ExecConfig, Kind::Section(&ExecConfig::SECTION), Fields, Acted, Live;
    /// Memory, processor time and priority of workers.
    resources "resources": ResourceConfig, Kind::Section(&ResourceConfig::SECTION), Fields, Acted, Live;
    /// Life of a worker's process.
    process_management "processManagement": ProcessManagementConfig, Kind::Section(&ProcessManagementConfig::SECTION), Fields, Acted, Live;
    /// Health checks.
    health_check "healthCheck": HealthCheckConfig, Kind::Section(&HealthCheckConfig::SECTION), Fields, Acted, Live;
    /// How requests find their worker.
    load_balancing "loadBalancing": LoadBalancingConfig, Kind::Section(&LoadBalancingConfig::SECTION), Fields, Acted, Live;
    /// Messages between the master and its workers.
    ipc "ipc": IPCConfig, Kind::Section(&IPCConfig::SECTION), Fields, Acted, Live;
    /// Automatic scaling.
    auto_scaling "autoScaling": AutoScalingConfig, Kind::Section(&AutoScalingConfig::SECTION), Fields, Acted, Live;
    /// Metrics and logs.
    monitoring "monitoring": MonitoringConfig, Kind::Section(&MonitoringConfig::SECTION), Fields, Acted, Live;
    /// What is done about errors of the app.
    error_handling "errorHandling": ErrorHandlingConfig, Kind::Section(&ErrorHandlingConfig::SECTION), Fields, Acted, Live;
    /// Isolation of workers.
    security "security": SecurityConfig, Kind::Section(&SecurityConfig::SECTION), Fields, Acted, Live;
    /// What requests may cost when workers fail.
    resilience "resilience": ResilienceConfig, Kind::Section(&ResilienceConfig::SECTION), Fields, Acted, Live;
    /// What few need.
    advanced "advanced": AdvancedConfig, Kind::Section(&AdvancedConfig::SECTION), Fields, Acted, Live;
  }
}

/// Short forms at the top, and the section and field that each stands for. Where both are given, the
/// long one holds.
pub const SHORT_FORMS: [(&str, &str, &str); 3] = [
  ("autoRestart", "processManagement", "respawn"),
  ("maxRestarts", "processManagement", "maxRestarts"),
  ("healthCheckInterval", "healthCheck", "interval"),
];
