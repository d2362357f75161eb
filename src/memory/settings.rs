//! What users write of memory: the fields of `resources.memoryManagement`, and `maxMemoryPerWorker`.
//! Checked whole, all problems at once.

use std::time::Duration;

use serde_json::{Map, Value};

use super::{leak, limits::Thresholds};
use crate::error::{ClusterError, Result};

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

impl Default for Settings {
  fn default() -> Self {
    Self {
      enabled: true,
      per_worker: None,
      total: None,
      reserved: 0,
      interval: Duration::from_secs(30),
      thresholds: Thresholds::default(),
      detects_leaks: true,
      leak: leak::Settings::default(),
      hints: false,
    }
  }
}

/// The largest number of milliseconds: a day.
const LONGEST: f64 = 86_400_000.0;
/// The largest size in bytes: 1 PiB. More is a mistaken unit.
const LARGEST: f64 = 1_125_899_906_842_624.0;

impl Settings {
  /// Read what a user wrote; what is missing is as in [`Settings::default`].
  ///
  /// # Errors
  /// [`ClusterError::Configuration`] with every problem.
  pub fn read(written: &Value) -> Result<Self> {
    let mut problems = Vec::new();
    let mut settings = Self::default();
    match written {
      Value::Null => {}
      Value::Object(fields) => settings.take(fields, &mut problems),
      _ => problems.push("the memory configuration: must be an object".to_owned()),
    }
    let Thresholds { warning, critical } = settings.thresholds;
    if warning > critical {
      problems.push(format!(
        "memoryWarningThreshold: must not be above memoryCriticalThreshold, {warning} is above {critical}"
      ));
    }
    if problems.is_empty() { Ok(settings) } else { Err(ClusterError::Configuration { problems }) }
  }

  fn take(&mut self, fields: &Map<String, Value>, problems: &mut Vec<String>) {
    for (name, value) in fields.iter().filter(|(_, value)| !value.is_null()) {
      let read = match name.as_str() {
        "enabled" => flag(value).map(|value| self.enabled = value),
        "maxMemoryPerWorker" => size(value).map(|value| self.per_worker = Some(value)),
        "maxTotalMemory" => size(value).map(|value| self.total = Some(value)),
        "memoryReservation" => size(value).map(|value| self.reserved = value),
        "memoryCheckInterval" => duration(value).map(|value| self.interval = value),
        "memoryWarningThreshold" => percentage(value).map(|value| self.thresholds.warning = value),
        "memoryCriticalThreshold" => {
          percentage(value).map(|value| self.thresholds.critical = value)
        }
        "memoryLeakDetection" => flag(value).map(|value| self.detects_leaks = value),
        "garbageCollectionHint" => flag(value).map(|value| self.hints = value),
        "leakDetection" => match value {
          Value::Object(fields) => {
            self.take_leak(fields, problems);
            Ok(())
          }
          _ => Err("must be an object"),
        },
        _ => Err("there is no such field"),
      };
      if let Err(problem) = read {
        problems.push(format!("{name}: {problem}, not {value}"));
      }
    }
  }

  fn take_leak(&mut self, fields: &Map<String, Value>, problems: &mut Vec<String>) {
    for (name, value) in fields.iter().filter(|(_, value)| !value.is_null()) {
      let leak = &mut self.leak;
      let read = match name.as_str() {
        "warmUpSamples" => count(value, 0).map(|value| leak.warm_up = value),
        "windowSamples" => count(value, 1).map(|value| leak.window = value),
        "minima" => count(value, 8).map(|value| leak.enough = value),
        "horizon" => {
          let horizon = value.as_f64().filter(|ms| (1.0..=1000.0 * LONGEST).contains(ms));
          let horizon = horizon.ok_or("must be a number of milliseconds up to 1000 days");
          horizon.map(|ms| leak.horizon = Duration::from_secs_f64(ms / 1000.0))
        }
        _ => Err("there is no such field"),
      };
      if let Err(problem) = read {
        problems.push(format!("leakDetection.{name}: {problem}, not {value}"));
      }
    }
  }
}

fn flag(value: &Value) -> Result<bool, &'static str> {
  value.as_bool().ok_or("must be true or false")
}

fn percentage(value: &Value) -> Result<f64, &'static str> {
  let value = value.as_f64().filter(|value| (0.0..=100.0).contains(value) && *value > 0.0);
  value.ok_or("must be a percentage above 0 and up to 100")
}

fn duration(value: &Value) -> Result<Duration, &'static str> {
  let ms = value.as_f64().filter(|ms| (1.0..=LONGEST).contains(ms));
  ms.map(|ms| Duration::from_secs_f64(ms / 1000.0))
    .ok_or("must be a number of milliseconds from 1 to a day")
}

fn count(value: &Value, least: u64) -> Result<usize, &'static str> {
  let count = value.as_f64().filter(|count| count.fract() == 0.0 && (0.0..=1e6).contains(count));
  #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked above")]
  let count = count.map(|count| count as u64).filter(|count| *count >= least);
  let count = count.and_then(|count| usize::try_from(count).ok());
  count.ok_or(match least {
    0 => "must be a whole number from 0 to 1000000",
    1 => "must be a whole number from 1 to 1000000",
    _ => "must be a whole number from 8 to 1000000",
  })
}

/// Such as `512MB`. A kilobyte has 1 024 bytes, as memory is counted.
fn size(value: &Value) -> Result<u64, &'static str> {
  const PROBLEM: &str = "must be a size such as \"512MB\"";
  let text = value.as_str().ok_or(PROBLEM)?.trim().to_ascii_uppercase();
  let digits = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
  let (number, unit) = text.split_at(digits);
  let number: f64 = number.parse().map_err(|_| PROBLEM)?;
  let scale = match unit.trim() {
    "" | "B" => 1_u64,
    "K" | "KB" | "KIB" => 1 << 10,
    "M" | "MB" | "MIB" => 1 << 20,
    "G" | "GB" | "GIB" => 1 << 30,
    "T" | "TB" | "TIB" => 1 << 40,
    _ => return Err(PROBLEM),
  };
  let bytes = number * crate::monitor::reading::float(scale);
  #[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "checked on the left"
  )]
  let whole = (0.0..=LARGEST).contains(&bytes).then_some(bytes as u64);
  whole.ok_or(PROBLEM)
}

#[cfg(test)]
mod tests {
  #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
  use serde_json::json;

  use super::*;

  #[test]
  fn nothing_is_the_default() {
    assert_eq!(Settings::read(&Value::Null).unwrap(), Settings::default());
    assert_eq!(Settings::read(&json!({ "maxTotalMemory": null })).unwrap(), Settings::default());
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
  }
}
