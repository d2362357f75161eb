//! What holds for all clusters and is no field of a configuration. The defaults of fields stand at the
//! fields, in [`super::model`].

use super::{
  field::{Fallback, Kind},
  model::ClusterConfig,
};

/// Most workers that one cluster may have; far above what one machine serves well, and a bound on
/// what a typing error can start.
pub const MAX_WORKERS: u32 = 512;

/// The public port where none is named: workers get those that follow it, 8086 and up.
pub const BASE_PORT: u16 = 8085;

/// The public `DEFAULT_VALUES`: name, and the field whose default it is.
const NAMED: [(&str, &str); 9] = [
  ("WORKER_TIMEOUT", "processManagement.startupTimeout"),
  ("HEALTH_CHECK_INTERVAL", "healthCheck.interval"),
  ("HEALTH_CHECK_TIMEOUT", "healthCheck.timeout"),
  ("RESTART_DELAY", "processManagement.restartDelay"),
  ("MAX_RESTARTS", "processManagement.maxRestarts"),
  ("GRACEFUL_SHUTDOWN_TIMEOUT", "processManagement.gracefulShutdownTimeout"),
  ("IPC_TIMEOUT", "ipc.timeout"),
  ("MEMORY_CHECK_INTERVAL", "resources.memoryManagement.memoryCheckInterval"),
  ("METRICS_INTERVAL", "monitoring.metricsInterval"),
];

/// The public `DEFAULT_VALUES`, from the table.
#[must_use]
pub fn named() -> Vec<(&'static str, f64)> {
  let default_of = |path: &str| {
    let mut fields = ClusterConfig::SECTION.fields;
    path.split('.').find_map(|name| {
      let field = fields.iter().find(|field| field.name == name)?;
      match (field.kind, field.default) {
        (Kind::Section(section), _) => {
          fields = section.fields;
          None
        }
        (_, Fallback::Number(number)) => Some(number),
        _ => None,
      }
    })
  };
  NAMED.into_iter().filter_map(|(name, path)| Some((name, default_of(path)?))).collect()
}

#[cfg(test)]
mod tests {
  use super::*;

  #[test]
  fn has_every_named_default_with_its_value() {
    let expected = [
      ("WORKER_TIMEOUT", 60_000.0),
      ("HEALTH_CHECK_INTERVAL", 30_000.0),
      ("HEALTH_CHECK_TIMEOUT", 10_000.0),
      ("RESTART_DELAY", 2_000.0),
      ("MAX_RESTARTS", 3.0),
      ("GRACEFUL_SHUTDOWN_TIMEOUT", 30_000.0),
      ("IPC_TIMEOUT", 30_000.0),
      ("MEMORY_CHECK_INTERVAL", 30_000.0),
      ("METRICS_INTERVAL", 60_000.0),
    ];
    assert_eq!(named(), expected);
  }
}
