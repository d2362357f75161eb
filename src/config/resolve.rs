//! From what users write to what the core works with: checked whole, all problems at once. Pure.

use std::{net::IpAddr, path::PathBuf, time::Duration};

use serde_json::{Value, json};

use super::{
  Balancing, Config, Exec, Health, Restart, Timing, defaults,
  model::{ClusterConfig, ExecConfig, Workers},
};
use crate::{
  balancer::Strategy,
  error::{ClusterError, Result},
  proxy::QueueLimits,
};

/// Longest duration that is accepted: a day. More is a mistaken unit.
const LONGEST: f64 = 86_400_000.0;
/// Largest count that is accepted.
const LARGEST: f64 = 1_000_000.0;

/// A configuration that can be used.
#[derive(Debug, Clone)]
pub struct Resolved {
  /// The effective values.
  pub config: Config,
  /// What was accepted although nothing acts on it, one sentence each.
  pub warnings: Vec<String>,
}

/// Check `written` and fill in the defaults.
///
/// # Errors
/// [`ClusterError::Configuration`] with every problem found.
pub fn resolve(written: &Value) -> Result<Resolved> {
  let problems = not_objects(written);
  if !problems.is_empty() {
    return Err(ClusterError::Configuration { problems });
  }
  let model: ClusterConfig = serde_path_to_error::deserialize(written).map_err(|error| {
    let path = error.path().to_string();
    let inner = error.into_inner();
    let problem = if path == "." { inner.to_string() } else { format!("{path}: {inner}") };
    ClusterError::Configuration { problems: vec![problem] }
  })?;
  let mut checks = Checks::default();
  let config = checks.config(&model);
  if checks.problems.is_empty() {
    Ok(Resolved { config, warnings: warnings(&model) })
  } else {
    Err(ClusterError::Configuration { problems: checks.problems })
  }
}

/// The effective configuration in the form that users write, for `getConfig()`.
#[must_use]
pub fn describe(config: &Config) -> Value {
  let ms = |duration: Duration| u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
  let exec = &config.exec;
  json!({
    "workers": config.workers,
    "exec": {
      "script": exec.script,
      "args": exec.args,
      "execArgv": exec.exec_argv,
      "cwd": exec.cwd,
      "env": exec.env.iter().cloned().collect::<std::collections::BTreeMap<_, _>>(),
    },
    "processManagement": {
      "respawn": config.restart.respawn,
      "maxRestarts": config.restart.max_restarts,
      "restartDelay": ms(config.restart.delay),
      "startupTimeout": ms(config.timing.startup),
      "gracefulShutdownTimeout": ms(config.timing.graceful_shutdown),
      "killTimeout": ms(config.timing.kill),
      "handleSignals": config.handle_signals,
    },
    "healthCheck": {
      "enabled": config.health.enabled,
      "interval": ms(config.health.interval),
      "timeout": ms(config.health.timeout),
      "maxFailures": config.health.max_failures,
    },
    "loadBalancing": {
      "strategy": config.balancing.strategy.name(),
      "host": config.balancing.host,
      "queue": {
        "maxSize": config.balancing.queue.max_size,
        "timeout": ms(config.balancing.queue.timeout),
      },
    },
    "monitoring": {
      "enabled": config.metrics_interval.is_some(),
      "metricsInterval": config.metrics_interval.map(ms),
    },
  })
}

/// Sections that are no objects. Looked for by hand: serde would read an array as a struct, field by
/// field in order.
fn not_objects(written: &Value) -> Vec<String> {
  let Some(fields) = written.as_object() else {
    return vec!["the configuration is not an object".to_owned()];
  };
  ["exec", "processManagement", "healthCheck", "loadBalancing", "monitoring"]
    .into_iter()
    .filter(|section| {
      fields.get(*section).is_some_and(|value| !value.is_object() && !value.is_null())
    })
    .map(|section| format!("{section}: is not an object"))
    .collect()
}

/// Collects problems instead of stopping at the first.
#[derive(Default)]
struct Checks {
  problems: Vec<String>,
}

impl Checks {
  fn config(&mut self, model: &ClusterConfig) -> Config {
    if model.enabled == Some(false) {
      self.problems.push("enabled: false, so there is no cluster to manage".to_owned());
    }
    let process = model.process_management.clone().unwrap_or_default();
    let health = model.health_check.clone().unwrap_or_default();
    let balancing = model.load_balancing.clone().unwrap_or_default();
    let queue = balancing.queue.clone().unwrap_or_default();
    let monitoring = model.monitoring.clone().unwrap_or_default();
    let config = Config {
      workers: self.workers(model.workers.as_ref()),
      exec: exec(model.exec.clone().unwrap_or_default()),
      restart: Restart {
        respawn: process.respawn.or(model.auto_restart).unwrap_or(true),
        max_restarts: match process.max_restarts {
          Some(_) => self.count(
            "processManagement.maxRestarts",
            process.max_restarts,
            defaults::MAX_RESTARTS,
          ),
          None => self.count("maxRestarts", model.max_restarts, defaults::MAX_RESTARTS),
        },
        delay: self.ms(
          "processManagement.restartDelay",
          process.restart_delay,
          defaults::RESTART_DELAY,
        ),
      },
      timing: Timing {
        startup: self.positive_ms(
          "processManagement.startupTimeout",
          process.startup_timeout,
          defaults::STARTUP_TIMEOUT,
        ),
        graceful_shutdown: self.ms(
          "processManagement.gracefulShutdownTimeout",
          process.graceful_shutdown_timeout,
          defaults::GRACEFUL_SHUTDOWN_TIMEOUT,
        ),
        kill: self.ms(
          "processManagement.killTimeout",
          process.kill_timeout,
          defaults::KILL_TIMEOUT,
        ),
      },
      handle_signals: process.handle_signals.unwrap_or(true),
      health: Health {
        enabled: health.enabled.unwrap_or(true),
        interval: match health.interval {
          Some(_) => self.positive_ms(
            "healthCheck.interval",
            health.interval,
            defaults::HEALTH_CHECK_INTERVAL,
          ),
          None => self.positive_ms(
            "healthCheckInterval",
            model.health_check_interval,
            defaults::HEALTH_CHECK_INTERVAL,
          ),
        },
        timeout: self.positive_ms(
          "healthCheck.timeout",
          health.timeout,
          defaults::HEALTH_CHECK_TIMEOUT,
        ),
        max_failures: self
          .count("healthCheck.maxFailures", health.max_failures, defaults::MAX_FAILURES)
          .max(1),
      },
      balancing: Balancing {
        strategy: self.strategy(balancing.strategy.as_deref()),
        host: self.host(balancing.host.as_deref()),
        queue: QueueLimits {
          max_size: self.count(
            "loadBalancing.queue.maxSize",
            queue.max_size,
            u32::try_from(defaults::QUEUE_SIZE).unwrap_or(u32::MAX),
          ) as usize,
          timeout: self.ms("loadBalancing.queue.timeout", queue.timeout, defaults::QUEUE_TIMEOUT),
        },
      },
      metrics_interval: monitoring.enabled.unwrap_or(true).then(|| {
        self.positive_ms(
          "monitoring.metricsInterval",
          monitoring.metrics_interval,
          defaults::METRICS_INTERVAL,
        )
      }),
    };
    self.clamp_health_timeout(config, health.timeout.is_some())
  }

  /// An answer must be due before the next question. A default gives way, a written value is wrong.
  fn clamp_health_timeout(&mut self, mut config: Config, written: bool) -> Config {
    let Health { interval, timeout, .. } = config.health;
    if timeout >= interval && interval < Duration::MAX {
      if written {
        self.problems.push(format!(
          "healthCheck.timeout: {} ms is not below healthCheck.interval, {} ms",
          timeout.as_millis(),
          interval.as_millis()
        ));
      }
      config.health.timeout = interval / 2;
    }
    config
  }

  fn workers(&mut self, workers: Option<&Workers>) -> u32 {
    match workers {
      None => defaults::auto_workers(),
      Some(Workers::Word(word)) if word == "auto" => defaults::auto_workers(),
      Some(Workers::Word(word)) => {
        self.problems.push(format!("workers: {word:?} is neither a number nor \"auto\""));
        1
      }
      Some(Workers::Count(count)) => worker_count(*count).unwrap_or_else(|| {
        self.problems.push(format!(
          "workers: {count} is no whole number from 1 to {} or \"auto\"",
          defaults::MAX_WORKERS
        ));
        1
      }),
    }
  }

  fn strategy(&mut self, name: Option<&str>) -> Strategy {
    let Some(name) = name else {
      return defaults::STRATEGY;
    };
    Strategy::parse(name).unwrap_or_else(|| {
      self.problems.push(format!(
        "loadBalancing.strategy: {name:?} is not known; \"least-connections\" and \"round-robin\" are"
      ));
      defaults::STRATEGY
    })
  }

  fn host(&mut self, host: Option<&str>) -> Option<IpAddr> {
    let host = host?;
    let address = if host == "localhost" { Some([127, 0, 0, 1].into()) } else { host.parse().ok() };
    if address.is_none() {
      self.problems.push(format!("loadBalancing.host: {host:?} is no IP address"));
    }
    address
  }

  fn count(&mut self, path: &str, value: Option<f64>, default: u32) -> u32 {
    let Some(value) = value else { return default };
    if value.fract() == 0.0 && (0.0..=LARGEST).contains(&value) {
      #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "checked above"
      )]
      return value as u32;
    }
    self.problems.push(format!("{path}: {value} is no whole number from 0 to {LARGEST}"));
    default
  }

  fn ms(&mut self, path: &str, value: Option<f64>, default: Duration) -> Duration {
    let Some(value) = value else { return default };
    if (0.0..=LONGEST).contains(&value) {
      return Duration::from_secs_f64(value / 1000.0);
    }
    self.problems.push(format!("{path}: {value} is no number of milliseconds from 0 to {LONGEST}"));
    default
  }

  fn positive_ms(&mut self, path: &str, value: Option<f64>, default: Duration) -> Duration {
    if value.is_some_and(|value| value < 1.0) {
      self.problems.push(format!("{path}: must be at least 1 ms"));
      return default;
    }
    self.ms(path, value, default)
  }
}

/// `count` as a number of workers, if it is one.
#[must_use]
pub fn worker_count(count: f64) -> Option<u32> {
  #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked before")]
  let whole = |count: f64| count as u32;
  (count.fract() == 0.0 && (1.0..=f64::from(defaults::MAX_WORKERS)).contains(&count))
    .then(|| whole(count))
}

fn exec(exec: ExecConfig) -> Exec {
  let ExecConfig { script, args, exec_argv, cwd, env } = exec;
  Exec {
    // The master's own arguments are meant for the master's own script.
    args: args.or_else(|| script.is_some().then(Vec::new)),
    script: script.map(PathBuf::from),
    exec_argv,
    cwd: cwd.map(PathBuf::from),
    env: env.unwrap_or_default().into_iter().collect(),
  }
}

/// One sentence for each field that is known and not acted on: a setting must never be ignored in
/// silence.
fn warnings(model: &ClusterConfig) -> Vec<String> {
  let process = model.process_management.clone().unwrap_or_default();
  let health = model.health_check.clone().unwrap_or_default();
  let balancing = model.load_balancing.clone().unwrap_or_default();
  let monitoring = model.monitoring.clone().unwrap_or_default();
  [
    ("resources", model.resources.is_some()),
    ("ipc", model.ipc.is_some()),
    ("autoScaling", model.auto_scaling.is_some()),
    ("errorHandling", model.error_handling.is_some()),
    ("security", model.security.is_some()),
    ("resilience", model.resilience.is_some()),
    ("advanced", model.advanced.is_some()),
    ("processManagement.zombieDetection", process.zombie_detection.is_some()),
    ("processManagement.memoryThreshold", process.memory_threshold.is_some()),
    ("processManagement.cpuThreshold", process.cpu_threshold.is_some()),
    ("healthCheck.endpoint", health.endpoint.is_some()),
    ("healthCheck.retryDelay", health.retry_delay.is_some()),
    ("healthCheck.gracePeriod", health.grace_period.is_some()),
    ("loadBalancing.weights", balancing.weights.is_some()),
    ("loadBalancing.stickySession", balancing.sticky_session.is_some()),
    ("loadBalancing.sessionAffinityKey", balancing.session_affinity_key.is_some()),
    ("loadBalancing.circuitBreakerThreshold", balancing.circuit_breaker_threshold.is_some()),
    ("loadBalancing.circuitBreakerTimeout", balancing.circuit_breaker_timeout.is_some()),
    ("loadBalancing.healthyOnly", balancing.healthy_only.is_some()),
    ("monitoring.collectMetrics", monitoring.collect_metrics.is_some()),
    ("monitoring.logLevel", monitoring.log_level.is_some()),
    ("monitoring.logWorkerEvents", monitoring.log_worker_events.is_some()),
    ("monitoring.logPerformance", monitoring.log_performance.is_some()),
  ]
  .into_iter()
  .filter(|(_, present)| *present)
  .map(|(path, _)| format!("cluster configuration: {path} is accepted, but nothing acts on it yet"))
  .collect()
}

#[cfg(test)]
mod tests {
  #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
  use super::*;

  fn problems(written: &Value) -> Vec<String> {
    match resolve(written) {
      Err(ClusterError::Configuration { problems }) => problems,
      other => panic!("expected problems, got {other:?}"),
    }
  }

  #[test]
  fn fills_in_the_documented_defaults() {
    let Resolved { config, warnings } = resolve(&json!({})).unwrap();
    assert_eq!(config.workers, defaults::auto_workers());
    assert_eq!(config.timing.startup, Duration::from_secs(60));
    assert_eq!(config.restart.delay, Duration::from_secs(2));
    assert_eq!(config.restart.max_restarts, 3);
    assert_eq!(config.health.interval, Duration::from_secs(30));
    assert_eq!(config.health.timeout, Duration::from_secs(10));
    assert_eq!(config.timing.graceful_shutdown, Duration::from_secs(30));
    assert_eq!(config.metrics_interval, Some(Duration::from_secs(60)));
    assert!(config.handle_signals);
    assert!(warnings.is_empty());
  }

  #[test]
  fn understands_the_short_forms() {
    let written = json!({ "autoRestart": false, "maxRestarts": 5, "healthCheckInterval": 1000 });
    let config = resolve(&written).unwrap().config;
    assert!(!config.restart.respawn);
    assert_eq!(config.restart.max_restarts, 5);
    assert_eq!(config.health.interval, Duration::from_secs(1));
    assert_eq!(config.health.timeout, Duration::from_millis(500));
  }

  #[test]
  fn the_long_form_wins_over_the_short_one() {
    let written = json!({
      "maxRestarts": 5, "processManagement": { "maxRestarts": 7 },
      "autoRestart": false, "healthCheckInterval": 1, "healthCheck": { "interval": 50000 },
    });
    let config = resolve(&written).unwrap().config;
    assert_eq!(config.restart.max_restarts, 7);
    assert_eq!(config.health.interval, Duration::from_secs(50));
  }

  #[test]
  fn tells_all_problems_at_once_with_their_paths() {
    let found = problems(&json!({
      "workers": 1.5,
      "processManagement": { "restartDelay": -1, "maxRestarts": 0.5 },
      "loadBalancing": { "strategy": "least-conections", "host": "example.org" },
      "healthCheck": { "interval": 100, "timeout": 200 },
    }));
    for path in [
      "workers:",
      "processManagement.restartDelay:",
      "processManagement.maxRestarts:",
      "loadBalancing.strategy:",
      "loadBalancing.host:",
      "healthCheck.timeout:",
    ] {
      assert!(found.iter().any(|problem| problem.starts_with(path)), "{path} in {found:?}");
    }
    assert_eq!(found.len(), 6);
  }

  #[test]
  fn refuses_wrong_types_and_unknown_fields_by_path() {
    assert!(problems(&json!({ "exec": { "args": 3 } }))[0].starts_with("exec.args:"));
    assert!(problems(&json!({ "wrokers": 3 }))[0].contains("wrokers"));
    assert_eq!(problems(&json!([])), ["the configuration is not an object"]);
    assert_eq!(problems(&json!({ "exec": [] })), ["exec: is not an object"]);
    assert!(!problems(&json!("x")).is_empty());
    assert!(problems(&json!({ "enabled": false }))[0].starts_with("enabled:"));
  }

  #[test]
  fn warns_about_what_it_does_not_act_on() {
    let written = json!({ "autoScaling": { "enabled": true }, "healthCheck": { "endpoint": "/" } });
    let warnings = resolve(&written).unwrap().warnings;
    assert_eq!(warnings.len(), 2);
    assert!(warnings[0].contains("autoScaling") && warnings[1].contains("healthCheck.endpoint"));
  }

  #[test]
  fn what_it_describes_resolves_to_itself() {
    let written =
      json!({ "workers": 3, "exec": { "script": "a.js" }, "monitoring": { "enabled": false } });
    let config = resolve(&written).unwrap().config;
    let again = crate::config::merge::merge(json!({}), describe(&config));
    assert_eq!(resolve(&again).unwrap().config, config);
  }
}
