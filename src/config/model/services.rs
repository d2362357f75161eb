//! Messages, metrics, errors, isolation, deployment.

use serde::{Deserialize, Serialize};

use super::{
  super::{
    field::{
      Action, Change,
      Fallback::{Fields, Flag as On, Nothing, Number, Text as Word},
      Field, Kind, Section, Text, count, millis,
    },
    units::{Bytes, Millis, Share},
    words::{LogLevel, OnError},
  },
  section,
};

/// A message: a batch of small ones has 1 MiB, a large one must fit into the memory of both sides.
const MESSAGE_SIZE: Kind = Kind::Size { min: 1 << 10, max: 256 << 20 };

section! {
  /// Messages between the master and its workers.
  IPCConfig {
    /// Whether there are any.
    enabled "enabled": bool, Kind::Flag, On(true), Acted, Reborn;
    /// A name that keeps the messages of this cluster apart from others.
    channel "channel": Option<String>, Kind::Text(Text::Name), Nothing("none: each worker has a channel of its own"), Warned, Reborn;
    /// Whether one message can go to all workers; if not, `broadcastToWorkers()` rejects.
    broadcast "broadcast": bool, Kind::Flag, On(true), Acted, Reborn;
    /// How long an answer may take.
    timeout "timeout": Millis, millis(1), Number(30_000.0), Acted, Reborn;
    /// Between two questions whether the other side still reads; 0 asks none.
    heartbeat_interval "heartbeatInterval": Millis, millis(0), Number(30_000.0), Acted, Reborn;
    /// The largest message.
    max_message_size "maxMessageSize": Bytes, MESSAGE_SIZE, Word("1MB"), Acted, Reborn;
    /// Whether large messages are compressed.
    compression "compression": bool, Kind::Flag, On(false), Acted, Reborn;
    /// Whether messages are encrypted. Channels are inherited and nobody else's in any case.
    encryption "encryption": bool, Kind::Flag, On(false), Warned, Reborn;
    /// How often a message that could not be sent is tried again.
    retry_attempts "retryAttempts": u32, Kind::Count { min: 0, max: 100 }, Number(0.0), Acted, Reborn;
    /// Before it is tried again.
    retry_delay "retryDelay": Millis, millis(0), Number(100.0), Acted, Reborn;
    /// For how many microseconds to look for an answer before sleeping until it comes, where answers tend to come at once;
    /// 0: not at all.
    busy_poll "busyPoll": u32, Kind::Count { min: 0, max: 1_000 }, Number(100.0), Acted, Reborn;
    /// Messages that wait to be sent.
    message_queue "messageQueue": MessageQueueConfig, Kind::Section(&MessageQueueConfig::SECTION), Fields, Acted, Live;
  }
}

section! {
  /// Messages that wait to be sent.
  MessageQueueConfig {
    /// How many may wait, for each worker.
    max_size "maxSize": u32, Kind::Count { min: 1, max: 10_000_000 }, Number(10_000.0), Acted, Reborn;
    /// How long one may wait.
    timeout "timeout": Millis, millis(1), Number(30_000.0), Acted, Reborn;
  }
}

section! {
  /// Metrics and logs.
  MonitoringConfig {
    /// Whether `metrics:updated` is emitted.
    enabled "enabled": bool, Kind::Flag, On(true), Acted, Live;
    /// Whether metrics are collected.
    collect_metrics "collectMetrics": bool, Kind::Flag, On(true), Warned, Live;
    /// Between two `metrics:updated`.
    metrics_interval "metricsInterval": Millis, millis(1), Number(60_000.0), Acted, Live;
    /// How much is logged.
    log_level "logLevel": LogLevel, Kind::Word(LogLevel::WORDS), Word("info"), Warned, Live;
    /// Whether starts and ends of workers are logged.
    log_worker_events "logWorkerEvents": bool, Kind::Flag, On(false), Warned, Live;
    /// Whether metrics are logged.
    log_performance "logPerformance": bool, Kind::Flag, On(false), Warned, Live;
  }
}

section! {
  /// What is done about errors of the app.
  ErrorHandlingConfig {
    /// About an exception that nobody caught.
    uncaught_exception "uncaughtException": OnError, Kind::Word(OnError::WORDS), Word("restart"), Warned, Reborn;
    /// About a promise whose rejection nobody handled.
    unhandled_rejection "unhandledRejection": OnError, Kind::Word(OnError::WORDS), Word("restart"), Warned, Reborn;
    /// Errors in a minute after which a worker is replaced.
    error_threshold "errorThreshold": Option<u32>, count(1), Nothing("no threshold"), Warned, Live;
    /// What a worker leaves to its successor.
    crash_recovery "crashRecovery": CrashRecoveryConfig, Kind::Section(&CrashRecoveryConfig::SECTION), Fields, Acted, Live;
  }
}

section! {
  /// What a worker leaves to its successor.
  CrashRecoveryConfig {
    /// Whether anything is left.
    enabled "enabled": bool, Kind::Flag, On(false), Warned, Reborn;
    /// Whether the state that the app hands over is kept.
    save_state "saveState": bool, Kind::Flag, On(false), Warned, Reborn;
    /// Where it is kept: `'memory'`, or a directory.
    state_storage "stateStorage": String, Kind::Text(Text::Path), Word("memory"), Warned, Reborn;
  }
}

section! {
  /// Isolation of workers.
  SecurityConfig {
    /// Whether workers see nothing of each other.
    isolate_workers "isolateWorkers": bool, Kind::Flag, On(false), Warned, Reborn;
    /// Whether workers may touch only what they need.
    sandbox_mode "sandboxMode": bool, Kind::Flag, On(false), Warned, Reborn;
    /// Whether the limits of `resources` are set in the operating system.
    resource_limits "resourceLimits": bool, Kind::Flag, On(false), Warned, Reborn;
    /// Whether the number of processes that a worker can start is limited.
    prevent_fork_bombs "preventForkBombs": bool, Kind::Flag, On(false), Warned, Reborn;
    /// Whether workers prove who they are.
    worker_authentication "workerAuthentication": bool, Kind::Flag, On(false), Warned, Reborn;
    /// As `ipc.encryption`.
    encrypt_ipc "encryptIPC": bool, Kind::Flag, On(false), Warned, Reborn;
  }
}

section! {
  /// What few need.
  AdvancedConfig {
    /// How workers are replaced.
    deployment "deployment": DeploymentConfig, Kind::Section(&DeploymentConfig::SECTION), Fields, Acted, Live;
  }
}

section! {
  /// How workers are replaced.
  DeploymentConfig {
    /// Whether they are replaced some at a time. Else all successors start at once, and take over together or not at all: with twice the memory, nothing is mixed, and all is taken back.
    rolling_updates "rollingUpdates": bool, Kind::Flag, On(true), Acted, Live;
    /// How many workers may be missing meanwhile; those are stopped before the new ones start. A share is rounded down.
    max_unavailable "maxUnavailable": Share, Kind::Share { max: 512 }, Number(0.0), Acted, Live;
    /// How many processes more than workers there may be meanwhile, those that finish their requests included. A share is rounded up.
    max_surge "maxSurge": Share, Kind::Share { max: 512 }, Number(1.0), Acted, Live;
    /// How long a successor must have been well before it takes over, and the first one again after that; with 0, for one health check.
    health_check_grace_period "healthCheckGracePeriod": Millis, millis(0), Number(0.0), Acted, Live;
    /// The time over which the WebSockets of a worker that goes are closed, each at a moment of its own.
    drain_window "drainWindow": Millis, millis(0), Number(2_000.0), Acted, Live;
  }
}
