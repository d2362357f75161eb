//! Every way the core can fail, and the stable code that JavaScript sees for each.

use std::{io, sync::Arc, time::Duration};

use serde_json::{Value, json};

use crate::{
  enforcement::Excess,
  health::{checkup::Failure, diagnosis::Diagnosis},
  rollout::Phase,
  worker::{cause::Cause, readiness::Missing, servers::Elsewhere},
};

/// Shorthand for results of the core.
pub type Result<T, E = ClusterError> = std::result::Result<T, E>;

/// A failure of the cluster core. Variants carry data; the message is made from it in one place.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum ClusterError {
  /// The configuration cannot be used. All problems are collected before this is raised.
  #[error("invalid cluster configuration: {}", .problems.join("; "))]
  Configuration {
    /// One sentence per problem, each starting with the path of the field.
    problems: Vec<String>,
  },
  /// The public port cannot be bound because somebody listens on it.
  #[error("cannot open cluster port {port}: it is already in use{}; stop that process or choose another port", holder(.pid))]
  PortInUse {
    /// The public port.
    port: u16,
    /// The process that holds it, where the platform lets us see that.
    pid: Option<u32>,
  },
  /// The public port cannot be bound for another reason, such as missing rights.
  #[error("cannot open cluster port {port} on {host}: {reason}")]
  PortUnavailable {
    /// The public port.
    port: u16,
    /// The address that was asked for.
    host: String,
    /// What the operating system said.
    reason: String,
  },
  /// No port above the base port is free for a worker.
  #[error(
    "no free port for a worker of the cluster between {first} and {last}; free some or choose another base port"
  )]
  NoWorkerPort {
    /// First port that was tried.
    first: u16,
    /// Last port that was tried.
    last: u16,
  },
  /// The operating system refused a worker something that the configuration asks for. The worker runs without.
  #[error(
    "cluster worker {worker} runs without {field}: {reason}; give the master the right to it, or take the field out"
  )]
  SettingRefused {
    /// The slot.
    worker: String,
    /// The path of the field.
    field: &'static str,
    /// What the operating system said.
    reason: String,
  },
  /// A worker is above a limit since it was ready, or is again soon after each time that it was replaced.
  #[error("cluster worker {worker}: {excess}, and it had {} when it was ready: the limit is too low for this app, and to replace the worker does not help; raise {}", crate::memory::shown(*.baseline), .excess.bound.field())]
  LimitTooLow {
    /// The slot.
    worker: String,
    /// The limit, and the last reading.
    excess: Excess,
    /// Its memory when it was ready, in bytes.
    baseline: u64,
  },
  /// The operating system refused to start the worker's process.
  #[error("cluster worker {worker} could not be started: {program}: {reason}")]
  SpawnFailed {
    /// The slot.
    worker: String,
    /// The program that was to be run.
    program: String,
    /// What the operating system said.
    reason: String,
  },
  /// The worker's process ended before it was ready.
  #[error("cluster worker {worker} {cause} before it was ready{}", tail(.stderr))]
  StartupExit {
    /// The slot.
    worker: String,
    /// How it ended.
    cause: Cause,
    /// The last lines it wrote to stderr, oldest first.
    stderr: Vec<String>,
  },
  /// The worker neither listened nor said it was ready in time.
  #[error("cluster worker {worker} {missing} within {} ms; it was stopped{}{}{}", .timeout.as_millis(), elsewhere, found(.diagnosis.as_deref()), tail(.stderr))]
  StartupTimeout {
    /// The slot.
    worker: String,
    /// What it did not do.
    missing: Missing,
    /// How long it was given.
    timeout: Duration,
    /// The servers that it opened, none of which is known to be public.
    elsewhere: Box<Elsewhere>,
    /// What it was at, if there was time to find out.
    diagnosis: Option<Arc<Diagnosis>>,
    /// The last lines it wrote to stderr, oldest first.
    stderr: Vec<String>,
  },
  /// The worker said that it is ready with several servers, none of which asked for the public port.
  #[error(
    "cluster worker {worker} said that it is ready, and several of its servers may be the public one; it was stopped{}",
    elsewhere
  )]
  NoPublicServer {
    /// The slot.
    worker: String,
    /// The servers that it opened, none of which is known to be public.
    elsewhere: Box<Elsewhere>,
  },
  /// A slot reached its crash-loop limit and is not restarted any more.
  #[error("cluster worker {worker} was given up after {restarts} restart(s) without staying up; it last {cause}. Repair the app, then call restartWorker(\"{worker}\"){}", tail(.stderr))]
  CrashLoop {
    /// The slot.
    worker: String,
    /// Restarts in the streak that ended it.
    restarts: u32,
    /// How it last ended.
    cause: Cause,
    /// The last lines it wrote to stderr, oldest first.
    stderr: Vec<String>,
  },
  /// Every slot reached its crash-loop limit.
  #[error("all {} workers of the cluster were given up and requests are answered 503; worker {} last failed with: {}. Repair the app, then call restart(). Without a listener for the event \"error\" the master ends; processManagement.onAllFailed: \"stay\" keeps it", .workers.len(), .worker, .last)]
  AllFailed {
    /// The slots.
    workers: Vec<String>,
    /// The slot that failed last.
    worker: String,
    /// Its last failure.
    last: String,
  },
  /// A worker failed its health checks.
  #[error("cluster worker {worker} is unhealthy: {}", unhealthy(*.failures, *.failure))]
  Unhealthy {
    /// The slot.
    worker: String,
    /// Checks that failed in a row.
    failures: u32,
    /// How the last one failed.
    failure: Failure,
  },
  /// A deployment met a new process that failed.
  #[error("the deployment was stopped at {worker}, {phase}, and {}: {source}", aftermath(.rolled_back, .kept))]
  RolloutAborted {
    /// The slot whose new process failed.
    worker: String,
    /// How far it had come.
    phase: Phase,
    /// The slots that had been replaced and were started as they were before.
    rolled_back: Vec<String>,
    /// The slots that had been replaced, and stay so.
    kept: Vec<String>,
    /// Why it failed.
    #[source]
    source: Box<ClusterError>,
  },
  /// Most of what a new worker answered were errors.
  #[error(
    "cluster worker {worker} answered {bad} of {answers} requests with an error or not at all, and its predecessor did not"
  )]
  AnswersBadly {
    /// The slot.
    worker: String,
    /// Answers with a 5xx status, and requests without one.
    bad: u64,
    /// All requests.
    answers: u64,
  },
  /// A worker that had taken over ended before its deployment did.
  #[error("cluster worker {worker} {cause} soon after it had taken over")]
  WorkerDied {
    /// The slot.
    worker: String,
    /// How it ended.
    cause: Cause,
  },
  /// No worker has this id.
  #[error("the cluster has no worker \"{worker}\"; it has {}", list(.known))]
  WorkerNotFound {
    /// The id the caller asked for.
    worker: String,
    /// The ids there are.
    known: Vec<String>,
  },
  /// A worker with this id is there already.
  #[error("the cluster already has a worker \"{worker}\"; choose another id or call restartWorker")]
  WorkerExists {
    /// The id the caller asked for.
    worker: String,
  },
  /// A worker was stopped while somebody waited for it to become ready.
  #[error("cluster worker {worker} was stopped before it was ready")]
  WorkerStopped {
    /// The slot.
    worker: String,
  },
  /// The number of workers asked for is not one that a cluster can have.
  #[error("a cluster cannot have {asked} workers: ask for a whole number from 1 to {max}")]
  InvalidWorkerCount {
    /// What was asked for.
    asked: String,
    /// The largest number allowed.
    max: u32,
  },
  /// The call needs a running cluster.
  #[error("the cluster is {state}: {call}() needs a running one; call start() first")]
  NotRunning {
    /// What the cluster is instead.
    state: &'static str,
    /// The method that was called.
    call: &'static str,
  },
  /// The cluster was stopped while the call was under way.
  #[error("the cluster was stopped before {call}() could finish")]
  Stopped {
    /// The method that was called.
    call: &'static str,
  },
  /// The channel between master and worker is closed or was given something it cannot carry.
  #[error("the cluster channel of {worker} failed: {reason}")]
  Channel {
    /// The slot.
    worker: String,
    /// What happened.
    reason: String,
  },
  /// No process has this id.
  #[error("there is no process {pid}, or it has ended")]
  ProcessNotFound {
    /// The id that was asked for.
    pid: u32,
  },
  /// A process may not be read.
  #[error(
    "process {pid} may not be read: it belongs to another user, or a sandbox hides it; run as that user, or leave it out"
  )]
  ProcessForbidden {
    /// The process.
    pid: u32,
  },
  /// An argument cannot be used.
  #[error("{what}: {reason}")]
  InvalidArgument {
    /// The method and its argument.
    what: &'static str,
    /// What is wrong with it, and what would be right.
    reason: String,
  },
  /// The operating system refused a resource that the core needs.
  #[error("the cluster could not {what}: {reason}")]
  System {
    /// What was attempted.
    what: &'static str,
    /// What the operating system said.
    reason: String,
  },
}

impl ClusterError {
  /// The stable `err.code` on the JavaScript side. Never reuse or rename a code.
  #[must_use]
  pub const fn code(&self) -> &'static str {
    match self {
      Self::Configuration { .. } => "ERR_CONFIGURATION",
      Self::PortInUse { .. } => "ERR_PORT_IN_USE",
      Self::PortUnavailable { .. } => "ERR_PORT_UNAVAILABLE",
      Self::NoWorkerPort { .. } => "ERR_NO_WORKER_PORT",
      Self::SpawnFailed { .. } => "ERR_WORKER_SPAWN",
      Self::StartupExit { .. } => "ERR_WORKER_STARTUP_EXIT",
      Self::StartupTimeout { .. } => "ERR_WORKER_STARTUP_TIMEOUT",
      Self::NoPublicServer { .. } => "ERR_WORKER_PUBLIC_SERVER",
      Self::CrashLoop { .. } => "ERR_WORKER_CRASH_LOOP",
      Self::AllFailed { .. } => "ERR_ALL_WORKERS_FAILED",
      Self::Unhealthy { .. } => "ERR_WORKER_UNHEALTHY",
      Self::SettingRefused { .. } => "ERR_SETTING_REFUSED",
      Self::LimitTooLow { .. } => "ERR_LIMIT_TOO_LOW",
      Self::RolloutAborted { .. } => "ERR_ROLLOUT_ABORTED",
      Self::AnswersBadly { .. } => "ERR_WORKER_ANSWERS_BADLY",
      Self::WorkerDied { .. } => "ERR_WORKER_DIED",
      Self::WorkerNotFound { .. } => "ERR_WORKER_NOT_FOUND",
      Self::WorkerExists { .. } => "ERR_WORKER_EXISTS",
      Self::WorkerStopped { .. } => "ERR_WORKER_STOPPED",
      Self::InvalidWorkerCount { .. } => "ERR_INVALID_WORKER_COUNT",
      Self::NotRunning { .. } => "ERR_CLUSTER_NOT_RUNNING",
      Self::Stopped { .. } => "ERR_CLUSTER_STOPPED",
      Self::Channel { .. } => "ERR_WORKER_CHANNEL",
      Self::ProcessNotFound { .. } => "ERR_PROCESS_NOT_FOUND",
      Self::ProcessForbidden { .. } => "ERR_PROCESS_FORBIDDEN",
      Self::InvalidArgument { .. } => "ERR_INVALID_ARGUMENT",
      Self::System { .. } => "ERR_SYSTEM",
    }
  }

  /// The facts behind the message, for `err.details`.
  #[must_use]
  pub fn details(&self) -> Value {
    match self {
      Self::Configuration { problems } => json!({ "problems": problems }),
      Self::PortInUse { port, pid } => json!({ "port": port, "pid": pid }),
      Self::PortUnavailable { port, host, reason } => {
        json!({ "port": port, "host": host, "reason": reason })
      }
      Self::NoWorkerPort { first, last } => json!({ "first": first, "last": last }),
      Self::SpawnFailed { worker, program, reason } => {
        json!({ "workerId": worker, "program": program, "reason": reason })
      }
      Self::StartupExit { worker, cause, stderr } => json!({
        "workerId": worker,
        "exitCode": cause.exit_code(),
        "signal": cause.signal_name(),
        "reason": cause.to_string(),
        "stderr": stderr,
      }),
      Self::NoPublicServer { worker, elsewhere } => {
        json!({ "workerId": worker, "port": elsewhere.port, "servers": elsewhere.servers })
      }
      Self::StartupTimeout { worker, missing, timeout, elsewhere, diagnosis, stderr } => {
        json!({
          "workerId": worker,
          "listened": missing.server(),
          "diagnosis": diagnosis.as_deref().map(Diagnosis::to_json),
          "port": elsewhere.port,
          "servers": elsewhere.servers,
          "timeout": u64::try_from(timeout.as_millis()).unwrap_or(u64::MAX),
          "stderr": stderr,
        })
      }
      Self::CrashLoop { worker, restarts, cause, stderr } => json!({
        "workerId": worker,
        "restarts": restarts,
        "exitCode": cause.exit_code(),
        "signal": cause.signal_name(),
        "reason": cause.to_string(),
        "stderr": stderr,
      }),
      Self::AllFailed { workers, worker, last } => {
        json!({ "workerIds": workers, "workerId": worker, "reason": last })
      }
      Self::Unhealthy { worker, failures, failure } => json!({
        "workerId": worker,
        "consecutiveFailures": failures,
        "reason": failure.to_string(),
      }),
      Self::SettingRefused { worker, field, reason } => {
        json!({ "workerId": worker, "setting": field, "reason": reason })
      }
      Self::LimitTooLow { worker, excess, baseline } => json!({
        "workerId": worker,
        "limit": excess.bound.field(),
        "reading": excess.reading.number(),
        "allowed": excess.limit.number(),
        "baseline": baseline,
      }),
      Self::AnswersBadly { worker, bad, answers } => {
        json!({ "workerId": worker, "errors": bad, "requests": answers })
      }
      Self::WorkerDied { worker, cause } => json!({
        "workerId": worker,
        "exitCode": cause.exit_code(),
        "signal": cause.signal_name(),
        "reason": cause.to_string(),
      }),
      Self::RolloutAborted { worker, phase, rolled_back, kept, source } => json!({
        "workerId": worker,
        "phase": phase.name(),
        "rolledBack": rolled_back,
        "kept": kept,
        "cause": { "code": source.code(), "message": source.to_string(), "details": source.details() },
      }),
      Self::WorkerNotFound { worker, known } => json!({ "workerId": worker, "known": known }),
      Self::WorkerExists { worker } | Self::WorkerStopped { worker } => {
        json!({ "workerId": worker })
      }
      Self::InvalidWorkerCount { asked, max } => json!({ "asked": asked, "max": max }),
      Self::NotRunning { state, call } => json!({ "state": state, "call": call }),
      Self::Stopped { call } => json!({ "call": call }),
      Self::Channel { worker, reason } => json!({ "workerId": worker, "reason": reason }),
      Self::ProcessNotFound { pid } | Self::ProcessForbidden { pid } => json!({ "pid": pid }),
      Self::InvalidArgument { what, reason } | Self::System { what, reason } => {
        json!({ "what": what, "reason": reason })
      }
    }
  }

  /// The error as an event carries it.
  #[must_use]
  pub fn payload(&self) -> Value {
    json!({ "code": self.code(), "message": self.to_string(), "details": self.details() })
  }

  /// A refusal of the operating system, told with what was attempted.
  #[must_use]
  pub fn system(what: &'static str, error: &io::Error) -> Self {
    Self::System { what, reason: error.to_string() }
  }
}

fn holder(pid: &Option<u32>) -> String {
  pid.map(|pid| format!(" by process {pid}")).unwrap_or_default()
}

fn unhealthy(failures: u32, failure: Failure) -> String {
  let (checks, keeps, limits) = match failure {
    Failure::Blocked { .. } => (String::new(), "blocks it", "healthCheck.responsiveTimeout"),
    Failure::Dead { .. } => (String::new(), "stops it", "healthCheck.aliveTimeout"),
    Failure::Hangs { .. } | Failure::Slow(_) | Failure::Answered(_) | Failure::Refused(_) => (
      format!("{failures} checks in a row failed, "),
      "keeps it from answering",
      "healthCheck.timeout or maxFailures",
    ),
    Failure::ServerClosed => (
      format!("{failures} checks in a row failed, "),
      "closes it; let the process end where it cannot serve any more",
      "healthCheck.retryDelay or maxFailures",
    ),
  };
  format!("{checks}{failure}. See what {keeps}, or raise {limits} if it needs longer")
}

fn aftermath(rolled_back: &[String], kept: &[String]) -> String {
  let run = |ids: &[String]| if ids.len() == 1 { "runs" } else { "run" };
  let back = || format!("{} {} again as before it", rolled_back.join(", "), run(rolled_back));
  let new = || format!("{}, replaced already, {} on", kept.join(", "), run(kept));
  match (rolled_back.is_empty(), kept.is_empty()) {
    (true, true) => "every worker is what it was before".to_owned(),
    (false, true) => back(),
    (true, false) => new(),
    (false, false) => format!("{}, and {}", back(), new()),
  }
}

fn list(ids: &[String]) -> String {
  if ids.is_empty() { "none".to_owned() } else { ids.join(", ") }
}

fn found(diagnosis: Option<&Diagnosis>) -> String {
  diagnosis.and_then(Diagnosis::place).map(|place| format!("; {place}")).unwrap_or_default()
}

fn tail(stderr: &[String]) -> String {
  if stderr.is_empty() {
    String::new()
  } else {
    format!("; its last lines on stderr:\n{}", stderr.join("\n"))
  }
}
