//! What users write of memory: the fields of `resources.memoryManagement`, and `maxMemoryPerWorker`.
//! What they mean and which values they take is said in [`crate::config`].

use std::time::Duration;

use serde_json::{Map, Value, json};

use super::{leak, limits::Thresholds};
use crate::{
  config::{self, model::ResourceConfig, units::Bytes},
  error::{ClusterError, Result},
  monitor::limits::Machine,
};

/// What a memory manager goes by.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Settings {
  /// Whether it monitors at all when it is told to.
  pub enabled: bool,
  /// What a worker may have resident, in bytes.
  pub per_worker: Option<u64>,
  /// What all workers may have together, in bytes; what the machine or container has if `None`.
  pub total: Option<u64>,
  /// What workers must leave free for others, in bytes.
  pub reserved: u64,
  /// Between two readings.
  pub interval: Duration,
  /// When something is said, and done.
  pub thresholds: Thresholds,
  /// Whether workers are watched for leaks.
  pub detects_leaks: bool,
  /// How they are.
  pub leak: leak::Settings,
  /// Whether workers above the warning threshold are asked to collect garbage.
  pub hints: bool,
}

/// Fields that stand beside `memoryManagement` in the configuration of a cluster, not in it.
const BESIDE: &str = "maxMemoryPerWorker";

impl Settings {
  /// What the section `resources` of a cluster's configuration comes to.
  #[must_use]
  pub fn of(resources: &ResourceConfig) -> Self {
    let memory = &resources.memory_management;
    let leak = &memory.leak_detection;
    Self {
      enabled: memory.enabled,
      per_worker: resources.max_memory_per_worker.map(|Bytes(size)| size),
      total: memory.max_total_memory.map(|Bytes(size)| size),
      reserved: memory.memory_reservation.0,
      interval: memory.memory_check_interval.0,
      thresholds: Thresholds {
        warning: memory.memory_warning_threshold,
        critical: memory.memory_critical_threshold,
      },
      detects_leaks: memory.memory_leak_detection,
      leak: leak::Settings {
        warm_up: leak.warm_up_samples as usize,
        window: leak.window_samples as usize,
        enough: leak.minima as usize,
        horizon: leak.horizon.0,
      },
      hints: memory.garbage_collection_hint,
    }
  }

  /// What one of `workers` may have, in bytes.
  #[must_use]
  pub fn limit(&self, workers: usize) -> u64 {
    self.per_worker.unwrap_or_else(|| {
      let machine = Machine::recent().memory;
      let all = self.total.map_or(machine, |total| total.min(machine));
      all.saturating_sub(self.reserved) / u64::try_from(workers.max(1)).unwrap_or(1)
    })
  }

  /// Read what a user wrote for a manager; what is missing is as in a cluster's configuration.
  ///
  /// # Errors
  /// [`ClusterError::Configuration`] with every problem.
  pub fn read(written: &Value) -> Result<Self> {
    let mut memory = match written {
      Value::Null => Map::new(),
      Value::Object(fields) => fields.clone(),
      _ => {
        let problems = vec!["the memory configuration: must be an object".to_owned()];
        return Err(ClusterError::Configuration { problems });
      }
    };
    if memory.get("leakDetection").and_then(|leak| leak.get("recycle")) == Some(&Value::Bool(true))
    {
      let problem = "leakDetection.recycle: a manager replaces no worker, a cluster does";
      return Err(ClusterError::Configuration { problems: vec![problem.to_owned()] });
    }
    let mut resources = Map::new();
    if let Some(value) = memory.remove(BESIDE) {
      resources.insert(BESIDE.to_owned(), value);
    }
    resources.insert("memoryManagement".to_owned(), memory.into());
    match config::resolve(&json!({ "resources": resources })) {
      Ok(resolved) => Ok(Self::of(&resolved.config.resources)),
      Err(ClusterError::Configuration { problems }) => {
        // Here these fields have no sections around them.
        let short =
          |text: String| text.replace("resources.memoryManagement.", "").replace("resources.", "");
        Err(ClusterError::Configuration { problems: problems.into_iter().map(short).collect() })
      }
      Err(error) => Err(error),
    }
  }
}

#[cfg(test)]
mod tests {
  #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
  use super::*;

  #[test]
  fn nothing_is_the_default() {
    let usual = Settings::read(&Value::Null).unwrap();
    assert_eq!(usual.interval, Duration::from_secs(30));
    assert_eq!(usual.thresholds, Thresholds::default());
    assert_eq!(Settings::read(&json!({ "maxTotalMemory": null })).unwrap(), usual);
  }

  #[test]
  fn reads_every_field() {
    let settings = Settings::read(&json!({
      "enabled": false, "maxMemoryPerWorker": "512MB", "maxTotalMemory": "1.5 gb",
      "memoryReservation": "64k", "memoryCheckInterval": 1500, "memoryWarningThreshold": 70,
      "memoryCriticalThreshold": 90.5, "memoryLeakDetection": false, "garbageCollectionHint": true,
      "leakDetection": { "warmUpSamples": 0, "windowSamples": 2, "minima": 9, "horizon": 60000 },
    }));
    let expected = Settings {
      enabled: false,
      per_worker: Some(512 << 20),
      total: Some(3 << 29),
      reserved: 64 << 10,
      interval: Duration::from_millis(1500),
      thresholds: Thresholds { warning: 70.0, critical: 90.5 },
      detects_leaks: false,
      leak: leak::Settings { warm_up: 0, window: 2, enough: 9, horizon: Duration::from_secs(60) },
      hints: true,
    };
    assert_eq!(settings.unwrap(), expected);
  }

  #[test]
  fn tells_every_problem() {
    let error = Settings::read(&json!({
      "maxMemoryPerWorker": "much", "maxTotalMemory": 5, "memoryCheckInterval": 0,
      "memoryWarningThreshold": 101, "memoryCriticalThreshold": 10, "enabled": "yes", "other": 1,
      "leakDetection": { "minima": 7, "windowSamples": 0, "x": 1, "horizon": -1 },
    }));
    let ClusterError::Configuration { problems } = error.unwrap_err() else {
      panic!("a problem of the configuration");
    };
    let fields: Vec<&str> =
      problems.iter().filter_map(|text| Some(text.split_once(':')?.0)).collect();
    assert_eq!(problems.len(), 11, "{problems:?}");
    for field in ["maxMemoryPerWorker", "other", "leakDetection.minima", "memoryWarningThreshold"] {
      assert!(fields.contains(&field), "{field} in {fields:?}");
    }
    assert!(Settings::read(&json!("512MB")).is_err());
    assert!(Settings::read(&json!({ "leakDetection": { "recycle": true } })).is_err());
    assert!(Settings::read(&json!({ "leakDetection": { "recycle": false } })).is_ok());
  }
}
