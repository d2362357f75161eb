//! How much of what: the section `ipc` of the configuration.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{
  config::{self, model::IPCConfig, units::Millis},
  error::Result,
};

/// What the section `ipc` of the configuration comes to. Durations are in milliseconds, sizes in bytes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct IpcSettings {
  /// Whether the app may send messages. Supervision has a channel of its own and goes on.
  pub enabled: bool,
  /// Whether one message may go to all workers.
  pub broadcast: bool,
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
  /// For how long to look for an answer before sleeping until it comes, in microseconds; 0: not at all.
  pub busy_poll: u32,
}

impl From<&IPCConfig> for IpcSettings {
  fn from(config: &IPCConfig) -> Self {
    let millis = |duration: Millis| u64::try_from(duration.0.as_millis()).unwrap_or(u64::MAX);
    Self {
      enabled: config.enabled,
      broadcast: config.broadcast,
      timeout: millis(config.timeout),
      heartbeat_interval: millis(config.heartbeat_interval),
      max_message_size: config.max_message_size.0,
      compression: config.compression,
      retry_attempts: config.retry_attempts,
      retry_delay: millis(config.retry_delay),
      queue_size: u64::from(config.message_queue.max_size),
      queue_timeout: millis(config.message_queue.timeout),
      busy_poll: config.busy_poll,
    }
  }
}

impl IpcSettings {
  /// Read a section that was given by itself.
  ///
  /// # Errors
  /// [`ClusterError::Configuration`](crate::error::ClusterError::Configuration) with every problem.
  pub fn read(section: &Value) -> Result<Self> {
    let resolved = config::resolve(&json!({ "ipc": section }))?;
    Ok((&resolved.config.ipc).into())
  }
}

#[cfg(test)]
mod tests {
  #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

  use super::*;
  use crate::error::ClusterError;

  #[test]
  fn takes_what_is_written() {
    let usual = IpcSettings::read(&json!({})).unwrap();
    assert_eq!((usual.max_message_size, usual.retry_attempts), (1024 * 1024, 0));
    let section = json!({
      "enabled": false, "broadcast": false, "timeout": 5, "heartbeatInterval": 0, "maxMessageSize": "1.5 MB",
      "compression": true, "retryAttempts": 2, "retryDelay": 7, "encryption": true,
      "messageQueue": { "maxSize": 9, "timeout": 8 }, "busyPoll": 20,
    });
    let expected = IpcSettings {
      enabled: false,
      broadcast: false,
      timeout: 5,
      heartbeat_interval: 0,
      max_message_size: 1024 * 1024 * 3 / 2,
      compression: true,
      retry_attempts: 2,
      retry_delay: 7,
      queue_size: 9,
      queue_timeout: 8,
      busy_poll: 20,
    };
    assert_eq!(IpcSettings::read(&section).unwrap(), expected);
  }

  #[test]
  fn names_every_problem() {
    for (section, count) in [
      (json!([]), 1),
      (json!({ "timeout": 0 }), 1),
      (json!({ "timeout": -1, "retryAttempts": -1, "enabled": "no" }), 3),
      (json!({ "maxMessageSize": "300MB" }), 1),
      (json!({ "maxMessageSize": "much" }), 1),
      (json!({ "busyPoll": 1001 }), 1),
      (json!({ "messageQueue": { "maxSize": 0, "timeout": "soon" } }), 2),
    ] {
      let Err(ClusterError::Configuration { problems }) = IpcSettings::read(&section) else {
        panic!("{section} is accepted");
      };
      assert_eq!(problems.len(), count, "{section} {problems:?}");
    }
  }
}
