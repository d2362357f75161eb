//! How much of what: the section `ipc` of the configuration.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What the section `ipc` of the configuration comes to. Durations are in milliseconds, sizes in bytes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct IpcSettings {
  /// Whether the app may send messages. Supervision has a channel of its own and goes on.
  pub enabled: bool,
  /// How long an answer may take.
  pub timeout: u64,
  /// Between two questions whether the other side still reads; 0 asks none.
  pub heartbeat_interval: u64,
  /// The largest message. A batch of smaller ones never has more than 1 MiB.
  pub max_message_size: u64,
  /// Whether frames of 1 KiB and more are compressed.
  pub compression: bool,
  /// How often a message that was not accepted is tried again.
  pub retry_attempts: u32,
  /// Wait before each of these.
  pub retry_delay: u64,
  /// How many messages to one process may wait for their answer, and how many of it for a handler.
  pub queue_size: u64,
  /// How long a message may wait for a handler.
  pub queue_timeout: u64,
}

/// The largest value of `maxMessageSize`.
pub const MAX_MESSAGE_SIZE: u64 = 256 * 1024 * 1024;
/// The longest time that a timer of JavaScript can wait.
const MAX_MS: u64 = (1 << 31) - 1;

impl Default for IpcSettings {
  fn default() -> Self {
    Self {
      enabled: true,
      timeout: 30_000,
      heartbeat_interval: 30_000,
      max_message_size: 1024 * 1024,
      compression: false,
      retry_attempts: 0,
      retry_delay: 100,
      queue_size: 10_000,
      queue_timeout: 30_000,
    }
  }
}

impl IpcSettings {
  /// Read the section. Fields that are none of this one's, such as `encryption`, are left alone.
  ///
  /// # Errors
  /// Every problem, a sentence each.
  pub fn from_value(section: &Value) -> Result<Self, Vec<String>> {
    let (mut settings, mut problems) = (Self::default(), Vec::new());
    if !section.is_null() && !section.is_object() {
      problems.push("ipc: must be an object".to_owned());
    }
    let mut number = |place: &mut u64, pointer: &str, least: u64, most: u64| {
      let Some(value) = section.pointer(pointer).filter(|value| !value.is_null()) else {
        return;
      };
      match value.as_f64() {
        #[expect(
          clippy::cast_precision_loss,
          clippy::cast_possible_truncation,
          clippy::cast_sign_loss,
          reason = "bounds are far below 2^53, and the number is between them"
        )]
        Some(found) if found.fract() == 0.0 && found >= least as f64 && found <= most as f64 => {
          *place = found as u64;
        }
        _ => problems.push(format!(
          "ipc{}: must be a whole number from {least} to {most}, not {value}",
          pointer.replace('/', ".")
        )),
      }
    };
    let mut attempts = u64::from(settings.retry_attempts);
    number(&mut settings.timeout, "/timeout", 1, MAX_MS);
    number(&mut settings.heartbeat_interval, "/heartbeatInterval", 0, MAX_MS);
    number(&mut attempts, "/retryAttempts", 0, 100);
    number(&mut settings.retry_delay, "/retryDelay", 0, MAX_MS);
    number(&mut settings.queue_size, "/messageQueue/maxSize", 1, 10_000_000);
    number(&mut settings.queue_timeout, "/messageQueue/timeout", 1, MAX_MS);
    settings.retry_attempts = u32::try_from(attempts).unwrap_or(u32::MAX);
    for (place, name) in
      [(&mut settings.enabled, "enabled"), (&mut settings.compression, "compression")]
    {
      match section.get(name) {
        None | Some(Value::Null) => {}
        Some(Value::Bool(given)) => *place = *given,
        Some(other) => problems.push(format!("ipc.{name}: must be true or false, not {other}")),
      }
    }
    match section.get("maxMessageSize") {
      None | Some(Value::Null) => {}
      Some(given) => match size(given).filter(|size| (1024..=MAX_MESSAGE_SIZE).contains(size)) {
        Some(size) => settings.max_message_size = size,
        None => problems.push(format!(
          "ipc.maxMessageSize: must be a size from \"1KB\" to \"256MB\", not {given}"
        )),
      },
    }
    if problems.is_empty() { Ok(settings) } else { Err(problems) }
  }
}

/// A number of bytes, or a string such as `1MB`; units are powers of 1 024.
fn size(value: &Value) -> Option<u64> {
  if let Some(number) = value.as_u64() {
    return Some(number);
  }
  let text = value.as_str()?.trim().to_ascii_uppercase();
  let digits = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
  let (number, unit) = text.split_at(digits);
  let factor = match unit.trim() {
    "" | "B" => 1_u32,
    "K" | "KB" | "KIB" => 1 << 10,
    "M" | "MB" | "MIB" => 1 << 20,
    "G" | "GB" | "GIB" => 1 << 30,
    _ => return None,
  };
  let bytes = number.parse::<f64>().ok()? * f64::from(factor);
  #[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "not negative, and a cast to an integer saturates"
  )]
  Some(bytes as u64)
}

#[cfg(test)]
mod tests {
  use serde_json::json;

  use super::*;

  #[test]
  fn takes_what_is_written() {
    assert_eq!(IpcSettings::from_value(&Value::Null), Ok(IpcSettings::default()));
    let section = json!({
      "enabled": false, "timeout": 5, "heartbeatInterval": 0, "maxMessageSize": "1.5 MB",
      "compression": true, "retryAttempts": 2, "retryDelay": 7, "encryption": true,
      "messageQueue": { "maxSize": 9, "timeout": 8 },
    });
    let expected = IpcSettings {
      enabled: false,
      timeout: 5,
      heartbeat_interval: 0,
      max_message_size: 1024 * 1024 * 3 / 2,
      compression: true,
      retry_attempts: 2,
      retry_delay: 7,
      queue_size: 9,
      queue_timeout: 8,
    };
    assert_eq!(IpcSettings::from_value(&section), Ok(expected));
  }

  #[test]
  fn names_every_problem() {
    for (section, count) in [
      (json!([]), 1),
      (json!({ "timeout": 0 }), 1),
      (json!({ "timeout": 1.5, "retryAttempts": -1, "enabled": "no" }), 3),
      (json!({ "maxMessageSize": "300MB" }), 1),
      (json!({ "maxMessageSize": "much" }), 1),
      (json!({ "messageQueue": { "maxSize": 0, "timeout": "soon" } }), 2),
    ] {
      let problems = IpcSettings::from_value(&section).err().unwrap_or_default();
      assert_eq!(problems.len(), count, "{section} {problems:?}");
    }
  }
}
