//! What fields say about each other: order, budgets, contradictions. Pure.

use std::fmt;

use serde_json::Value;

use super::{
  field::{Kind, Section},
  model::{ClusterConfig, SHORT_FORMS},
  units::{Bytes, Millis},
};
use crate::monitor::limits::Machine;

/// A value with its unit.
enum Shown {
  Time(Millis),
  Percent(f64),
  Count(u32),
}

impl fmt::Display for Shown {
  fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    match self {
      Self::Time(Millis(duration)) => write!(f, "{} ms", duration.as_secs_f64() * 1000.0),
      Self::Percent(number) => write!(f, "{number} %"),
      Self::Count(count) => write!(f, "{count}"),
    }
  }
}

/// What of `config` cannot be, a sentence each. `says` tells whether a field is the user's own: a default
/// is never to blame alone.
pub fn problems(
  config: &ClusterConfig,
  says: impl Fn(&str) -> bool,
  machine: impl Fn() -> Machine,
) -> Vec<String> {
  let mut found = Vec::new();
  // Formatted only when it is told: this runs for every configuration, and most are right.
  let mut ordered = |wrong: bool, low: (&str, Shown), relation: &str, high: (&str, Shown)| {
    if wrong && (says(low.0) || says(high.0)) {
      found.push(format!("{}: {} is not {relation} {}, {}", low.0, low.1, high.0, high.1));
    }
  };

  let health = &config.health_check;
  ordered(
    health.timeout >= health.interval,
    ("healthCheck.timeout", Shown::Time(health.timeout)),
    "below",
    ("healthCheck.interval", Shown::Time(health.interval)),
  );
  let scaling = &config.auto_scaling;
  ordered(
    scaling.min_workers > scaling.max_workers,
    ("autoScaling.minWorkers", Shown::Count(scaling.min_workers)),
    "at most",
    ("autoScaling.maxWorkers", Shown::Count(scaling.max_workers)),
  );
  let (up, down) = (&scaling.scale_up_threshold, &scaling.scale_down_threshold);
  ordered(
    down.cpu >= up.cpu,
    ("autoScaling.scaleDownThreshold.cpu", Shown::Percent(down.cpu)),
    "below",
    ("autoScaling.scaleUpThreshold.cpu", Shown::Percent(up.cpu)),
  );
  ordered(
    down.memory >= up.memory,
    ("autoScaling.scaleDownThreshold.memory", Shown::Percent(down.memory)),
    "below",
    ("autoScaling.scaleUpThreshold.memory", Shown::Percent(up.memory)),
  );
  let memory = &config.resources.memory_management;
  let (warning, critical) = (memory.memory_warning_threshold, memory.memory_critical_threshold);
  ordered(
    warning >= critical,
    ("resources.memoryManagement.memoryWarningThreshold", Shown::Percent(warning)),
    "below",
    ("resources.memoryManagement.memoryCriticalThreshold", Shown::Percent(critical)),
  );
  let retry = &config.resilience.retry_policy;
  ordered(
    retry.base_delay > retry.max_delay,
    ("resilience.retryPolicy.baseDelay", Shown::Time(retry.base_delay)),
    "at most",
    ("resilience.retryPolicy.maxDelay", Shown::Time(retry.max_delay)),
  );

  let aggregate = &config.health_check.aggregate;
  if aggregate.live == aggregate.ready {
    let path = &aggregate.ready;
    found.push(format!("healthCheck.aggregate.ready: {path} is healthCheck.aggregate.live too"));
  }
  let deployment = &config.advanced.deployment;
  if deployment.rolling_updates
    && deployment.max_unavailable.is_zero()
    && deployment.max_surge.is_zero()
  {
    found.push(
      "advanced.deployment.maxSurge: 0 leaves no way to replace a worker while maxUnavailable is 0; \
       raise one of them"
        .to_owned(),
    );
  }
  found.extend(over_budget(config, machine));
  found
}

/// Amounts of memory that the machine or the container does not have.
fn over_budget(config: &ClusterConfig, machine: impl Fn() -> Machine) -> Vec<String> {
  let memory = &config.resources.memory_management;
  let amounts = [
    ("resources.maxMemoryPerWorker", config.resources.max_memory_per_worker),
    ("resources.memoryManagement.maxTotalMemory", memory.max_total_memory),
    ("resources.memoryManagement.memoryReservation", Some(memory.memory_reservation)),
    ("processManagement.memoryThreshold", config.process_management.memory_threshold),
  ];
  let amounts: Vec<(&str, Bytes)> =
    amounts.into_iter().filter_map(|(path, bytes)| Some((path, bytes?))).collect();
  // Reading what the machine has takes longer than all else here.
  if amounts.iter().all(|(_, bytes)| bytes.0 == 0) {
    return Vec::new();
  }
  let available = machine().memory;
  amounts
    .into_iter()
    .filter(|(_, bytes)| bytes.0 > available)
    .map(|(path, bytes)| {
      format!(
        "{path}: {bytes} is more than the {} that this machine or container has",
        rough(available)
      )
    })
    .collect()
}

/// What of `config` can be and is probably not meant, a sentence each.
pub fn contradictions(
  config: &ClusterConfig,
  written: &Value,
  machine: impl Fn() -> Machine,
) -> Vec<String> {
  let says = |path: &str| lookup(written, path);
  let mut found = Vec::new();
  for (short, section, field) in SHORT_FORMS {
    let long = format!("{section}.{field}");
    if let (Some(one), Some(other)) = (says(short), says(&long))
      && one != other
    {
      found.push(format!("{short} has no effect: {long} says {other}"));
    }
  }
  let scaling = &config.auto_scaling;
  if scaling.enabled && !(scaling.min_workers..=scaling.max_workers).contains(&config.workers) {
    found.push(format!(
      "workers: {} is not between autoScaling.minWorkers, {}, and maxWorkers, {}",
      config.workers, scaling.min_workers, scaling.max_workers
    ));
  }
  let counted = says("processManagement.maxRestarts").or(says("maxRestarts"));
  if !config.process_management.respawn && counted.is_some() {
    found.push("processManagement.maxRestarts has no effect: respawn is off".to_owned());
  }
  if !config.monitoring.enabled && says("monitoring.metricsInterval").is_some() {
    found.push("monitoring.metricsInterval has no effect: monitoring is off".to_owned());
  }
  let balancing = &config.load_balancing;
  if balancing.session_affinity_key.is_some() && !balancing.sticky_session {
    found.push("loadBalancing.sessionAffinityKey has no effect: stickySession is off".to_owned());
  }
  if let Some(weights) = &balancing.weights
    && weights.len() != config.workers as usize
  {
    let (given, workers) = (weights.len(), config.workers);
    found.push(format!("loadBalancing.weights: {given} are given for {workers} workers"));
  }
  let (encrypted, ipc) = (says("security.encryptIPC"), says("ipc.encryption"));
  if encrypted.is_some() && ipc.is_some() && encrypted != ipc {
    found.push("security.encryptIPC and ipc.encryption say different things".to_owned());
  }
  found.extend(memory_contradictions(config, machine));
  fractions(&ClusterConfig::SECTION, written, "", &mut found);
  found
}

fn memory_contradictions(config: &ClusterConfig, machine: impl Fn() -> Machine) -> Vec<String> {
  let mut found = Vec::new();
  let resources = &config.resources;
  let (memory, enforcement) = (&resources.memory_management, &resources.enforcement);
  if let Some(limit) = resources.max_memory_per_worker {
    let reserved = memory.memory_reservation.0;
    let budget = match memory.max_total_memory {
      Some(total) => total.0,
      None => machine().memory.saturating_sub(reserved),
    };
    let all = limit.0.saturating_mul(u64::from(config.workers));
    if all > budget {
      found.push(format!(
        "resources.maxMemoryPerWorker: {} workers of {limit} may take {}, more than the {} there are",
        config.workers,
        rough(all),
        rough(budget)
      ));
    }
    if config.process_management.memory_threshold.is_some_and(|threshold| threshold > limit) {
      found.push(
        "processManagement.memoryThreshold is above resources.maxMemoryPerWorker and never reached"
          .to_owned(),
      );
    }
  } else if enforcement.kill_on_memory_exceed {
    found.push(
      "resources.enforcement.killOnMemoryExceed has no effect: maxMemoryPerWorker is not given"
        .to_owned(),
    );
  }
  let limited = resources.max_memory_per_worker.or(memory.max_total_memory).is_some()
    || resources.max_cpu_per_worker.is_some();
  if enforcement.enforce_hard_limits && !limited {
    found.push(
      "resources.enforcement.enforceHardLimits has no limit to enforce: none of maxMemoryPerWorker, \
       maxTotalMemory and maxCpuPerWorker is given"
        .to_owned(),
    );
  }
  if !memory.enabled && (resources.max_memory_per_worker.or(memory.max_total_memory).is_some()) {
    found.push("resources.memoryManagement.enabled is off, so no limit of memory holds".to_owned());
  }
  if enforcement.kill_on_cpu_exceed && resources.max_cpu_per_worker.is_none() {
    found.push(
      "resources.enforcement.killOnCpuExceed has no effect: maxCpuPerWorker is not given"
        .to_owned(),
    );
  }
  found
}

/// Per cent that were probably meant as fractions.
fn fractions(section: &Section, written: &Value, above: &str, found: &mut Vec<String>) {
  for field in section.fields {
    let Some(value) = written.get(field.name) else { continue };
    match field.kind {
      Kind::Section(section) => {
        fractions(section, value, &format!("{above}{}.", field.name), found);
      }
      Kind::Percent { .. } if value.as_f64().is_some_and(|number| number > 0.0 && number < 1.0) => {
        found.push(format!("{above}{}: {value} is taken as {value} per cent", field.name));
      }
      _ => {}
    }
  }
}

/// Whether a field was written, in its long or in its short form.
#[must_use]
pub fn is_written(written: &Value, path: &str) -> bool {
  let short = SHORT_FORMS.into_iter().find(|(_, section, field)| {
    path.strip_prefix(section).and_then(|rest| rest.strip_prefix('.')) == Some(field)
  });
  lookup(written, path).is_some() || short.is_some_and(|(name, ..)| lookup(written, name).is_some())
}

/// A field that was written, by its path.
fn lookup<'value>(written: &'value Value, path: &str) -> Option<&'value Value> {
  let mut parts = path.split('.');
  parts.try_fold(written, |value, name| value.get(name)).filter(|value| !value.is_null())
}

/// An amount for people.
fn rough(bytes: u64) -> String {
  if bytes >= 1 << 20 { format!("{}MB", bytes >> 20) } else { Bytes(bytes).to_string() }
}
