//! What a worker runs, how it lives, and whether it is well.

use serde::{Deserialize, Serialize};

use super::{
  super::{
    field::{
      Action, Change,
      Fallback::{Fields, Flag as On, Nothing, Number, Text as Word},
      Field, Kind, PERCENT_OF_CORE, SIZE, Section, Text, count, millis,
    },
    units::{Bytes, Millis},
    words::OnAllFailed,
  },
  section,
};

section! {
  /// What each worker runs.
  ExecConfig {
    /// The script, absolute or relative to `cwd`.
    script "script": Option<String>, Kind::Text(Text::Path), Nothing("the master's own"), Acted, Reborn;
    /// Arguments after the script.
    args "args": Option<Vec<String>>, Kind::Strings, Nothing("the master's own, or none when `script` is given"), Acted, Reborn;
    /// Arguments of the runtime, before the script.
    exec_argv "execArgv": Option<Vec<String>>, Kind::Strings, Nothing("the master's own"), Acted, Reborn;
    /// Working directory.
    cwd "cwd": Option<String>, Kind::Text(Text::Path), Nothing("the master's"), Acted, Reborn;
    /// Variables added to the master's environment.
    env "env": Option<std::collections::BTreeMap<String, String>>, Kind::Environment, Nothing("none"), Acted, Reborn;
    /// The port that the app itself asks for, where that is not the cluster's: the server that listens there is the public one. See `docs/ports.md`.
    port "port": Option<u32>, Kind::Count { min: 1, max: 65_535 }, Nothing("the cluster's own, or `PORT` of the worker's environment"), Acted, Reborn;
    /// Ports that are not balanced: each worker has one of its own, the port that the app asks for plus the number of the worker less one, or the next that is free. For pages of metrics of each worker.
    private_ports "privatePorts": Option<Vec<u32>>, Kind::Ports, Nothing("none"), Acted, Reborn;
  }
}

/// Signals that ask an app to end: those that end a process that does not listen, and that neither
/// runtime keeps for itself.
const KILL_SIGNALS: [&str; 5] = ["SIGTERM", "SIGINT", "SIGQUIT", "SIGHUP", "SIGUSR2"];

section! {
  /// Life of a worker's process.
  ProcessManagementConfig {
    /// Whether a dead worker is started again.
    respawn "respawn": bool, Kind::Flag, On(true), Acted, Live;
    /// Restarts in a row of a worker that does not become ready, or dies within `minUptime`, before it is given up. One that served is brought back without end.
    max_restarts "maxRestarts": u32, count(0), Number(3.0), Acted, Live;
    /// Wait before the first restart; later ones wait longer, up to five minutes, and half a minute of uptime takes one step back.
    restart_delay "restartDelay": Millis, millis(0), Number(2_000.0), Acted, Live;
    /// A worker that dies sooner after it was ready has not started well, unless a request of a client was in its hands.
    min_uptime "minUptime": Millis, millis(0), Number(1_000.0), Acted, Live;
    /// What happens when every worker is given up: `'error'` emits the event `error`, which ends a master that does not listen to it, as with any `EventEmitter`; `'stay'` keeps the port open and answers 503.
    on_all_failed "onAllFailed": OnAllFailed, Kind::Word(OnAllFailed::WORDS), Word("error"), Acted, Live;
    /// How long a worker may take to become ready.
    startup_timeout "startupTimeout": Millis, millis(1), Number(60_000.0), Acted, Live;
    /// Whether `process.send('ready')` alone makes a worker ready, as with `wait_ready` of PM2. Otherwise the first of that and a server that listens does.
    wait_ready "waitReady": bool, Kind::Flag, On(false), Acted, Live;
    /// How long a worker may take to finish its requests and leave.
    graceful_shutdown_timeout "gracefulShutdownTimeout": Millis, millis(0), Number(30_000.0), Acted, Live;
    /// The signal by which the app is asked to end: `'SIGINT'` for apps written for PM2.
    kill_signal "killSignal": String, Kind::Word(&KILL_SIGNALS), Word("SIGTERM"), Acted, Live;
    /// Whether the app is asked to end by the message `'shutdown'` instead, as with `shutdown_with_message` of PM2. An app that does not listen to messages gets the signal.
    shutdown_with_message "shutdownWithMessage": bool, Kind::Flag, On(false), Acted, Live;
    /// From the signal to SIGKILL. Three times what PM2 gives, whose 1.6 s users find too short.
    kill_timeout "killTimeout": Millis, millis(0), Number(5_000.0), Acted, Live;
    /// Whether SIGINT and SIGTERM of the master stop the cluster gracefully.
    handle_signals "handleSignals": bool, Kind::Flag, On(true), Acted, Live;
    /// Whether workers that are defunct, stopped or blocked are looked for by their beats, without a question; see `healthCheck.aliveTimeout` and `responsiveTimeout`.
    zombie_detection "zombieDetection": bool, Kind::Flag, On(true), Acted, Live;
    /// Resident memory from which on a worker is replaced.
    memory_threshold "memoryThreshold": Option<Bytes>, SIZE, Nothing("no threshold"), Acted, Live;
    /// Processor time from which on a worker is replaced, in per cent of one core.
    cpu_threshold "cpuThreshold": Option<f64>, PERCENT_OF_CORE, Nothing("no threshold"), Acted, Live;
    /// Requests after which a worker is replaced, up to a tenth earlier so that workers are not all due at once.
    max_requests_per_worker "maxRequestsPerWorker": Option<u32>, Kind::Count { min: 1, max: 1_000_000_000 }, Nothing("no limit"), Acted, Live;
    /// Age at which a worker is replaced, up to a tenth earlier so that workers are not all due at once.
    max_worker_lifetime "maxWorkerLifetime": Option<Millis>, millis(1_000), Nothing("no limit"), Acted, Live;
  }
}

section! {
  /// Health checks: a ping that the worker's JavaScript must answer, and a request where an endpoint is given.
  HealthCheckConfig {
    /// Whether workers are checked. One that fails gets no more requests and is replaced.
    enabled "enabled": bool, Kind::Flag, On(true), Acted, Live;
    /// Between two checks; each varies by a tenth, so that workers are not checked together.
    interval "interval": Millis, millis(1), Number(30_000.0), Acted, Live;
    /// How long an answer may take; less than `interval`.
    timeout "timeout": Millis, millis(1), Number(10_000.0), Acted, Live;
    /// Failures in a row that make a worker unhealthy. Two checks passed in a row make it healthy again.
    max_failures "maxFailures": u32, count(1), Number(3.0), Acted, Live;
    /// A path of the app that is asked for besides, such as `'/health'`; it must answer 200 to 399.
    endpoint "endpoint": Option<String>, Kind::Text(Text::Endpoint), Nothing("no request is made"), Acted, Live;
    /// Before a failed check is repeated; never longer than `interval`.
    retry_delay "retryDelay": Millis, millis(0), Number(1_000.0), Acted, Live;
    /// After a worker is ready, before it is checked; the first check comes within an `interval` after it.
    grace_period "gracePeriod": Millis, millis(0), Number(0.0), Acted, Live;
    /// How long a native thread of a worker, which beats once a second, may be silent: then the process is stopped or defunct.
    alive_timeout "aliveTimeout": Millis, millis(3_000), Number(10_000.0), Acted, Live;
    /// How long the JavaScript of a worker, which beats twice a second, may be silent: then its event loop is blocked.
    responsive_timeout "responsiveTimeout": Millis, millis(3_000), Number(30_000.0), Acted, Live;
    /// Pages of the cluster as a whole, for a platform that probes it.
    aggregate "aggregate": AggregateConfig, Kind::Section(&AggregateConfig::SECTION), Fields, Acted, Live;
    /// How long it may take to find out where a worker hangs, before it is killed; 0 kills it at once.
    diagnostic_timeout "diagnosticTimeout": Millis, Kind::Millis { min: 0 }, Number(1_000.0), Acted, Live;
  }
}

section! {
  /// Pages of the cluster as a whole, for a platform that probes it. They have a port of their own, so that no route of the app is ever hidden.
  AggregateConfig {
    /// Their port.
    port "port": Option<u32>, Kind::Count { min: 1, max: 65_535 }, Nothing("there are none"), Acted, Stopped;
    /// The address that they are served on.
    host "host": Option<String>, Kind::Text(Text::Host), Nothing("every address of the machine"), Acted, Stopped;
    /// The path that is answered 200 while the data plane turns, else 503.
    live "live": String, Kind::Text(Text::Endpoint), Word("/health/live"), Acted, Stopped;
    /// The path that is answered 200 while at least one worker takes requests, else 503.
    ready "ready": String, Kind::Text(Text::Endpoint), Word("/health/ready"), Acted, Stopped;
  }
}
