//! From what users write to what the core works with: checked whole, all problems at once. Pure but
//! for a look at the machine, where a value depends on it.

use serde::Deserialize as _;
use serde_json::{Map, Value, json};

use super::{
  Config,
  check::Check,
  defaults::MAX_WORKERS,
  field::{Action, Change, Kind, Section},
  fill::{computed, defaults, fill, without_short_forms},
  merge::merge,
  model::ClusterConfig,
  order,
};
use crate::{
  error::{ClusterError, Result},
  monitor::limits::Machine,
};

/// A configuration that can be used.
#[derive(Debug, Clone)]
pub struct Resolved {
  /// The effective values.
  pub config: Config,
  /// What contradicts itself, or was accepted although nothing acts on it, one sentence each.
  pub warnings: Vec<String>,
}

/// Check `written` and fill in the defaults, for the machine that this process runs on.
///
/// # Errors
/// [`ClusterError::Configuration`] with every problem found.
pub fn resolve(written: &Value) -> Result<Resolved> {
  resolve_for(written, Machine::recent)
}

/// [`resolve`], for any machine.
///
/// # Errors
/// As [`resolve`].
pub fn resolve_for(written: &Value, machine: impl Fn() -> Machine) -> Result<Resolved> {
  let machine = once(machine);
  let model = model(written.clone(), |path| order::is_written(written, path), &machine)?;
  let mut warnings = order::contradictions(&model, written, &machine);
  warnings.extend(unused(written));
  let warnings = warnings.into_iter().map(|it| format!("cluster configuration: {it}")).collect();
  Ok(Resolved { config: Config::from(model), warnings })
}

/// Whether what users wrote, as JSON text, can be used.
///
/// # Errors
/// As [`resolve`].
pub fn examine(text: &str) -> Result<()> {
  // Most can be, and the copy that tells what is the user's own costs as much as the checks.
  if model(parse(text)?, |_| true, &once(Machine::recent)).is_ok() {
    return Ok(());
  }
  resolve(&parse(text)?).map(|_| ())
}

/// Ask once, and only if anybody asks.
fn once(machine: impl Fn() -> Machine) -> impl Fn() -> Machine {
  let known = std::cell::OnceCell::new();
  move || *known.get_or_init(&machine)
}

/// The effective configuration, if there are no problems.
fn model(
  written: Value,
  says: impl Fn(&str) -> bool,
  machine: &impl Fn() -> Machine,
) -> Result<ClusterConfig> {
  let mut check = Check::default();
  let kept = check.section(&ClusterConfig::SECTION, written);
  let timeout = kept.get("healthCheck").is_some_and(|health| health.get("timeout").is_some());
  let mut full = without_short_forms(kept);
  fill(&ClusterConfig::SECTION, &mut full);
  computed(&mut full, timeout, machine);
  match ClusterConfig::deserialize(Value::Object(full)) {
    Ok(model) => {
      for problem in order::problems(&model, says, machine) {
        check.add(problem);
      }
      if check.problems.is_empty() {
        return Ok(model);
      }
    }
    // The table and the types disagree; a test walks all fields to see that they do not.
    Err(error) => check.add(format!("the configuration: {error}")),
  }
  Err(ClusterError::Configuration { problems: check.problems })
}

/// Read what users wrote from JSON text.
///
/// # Errors
/// [`ClusterError::Configuration`] when it is none.
pub fn parse(text: &str) -> Result<Value> {
  serde_json::from_str(text).map_err(|error| {
    let problems = vec![format!("the configuration: cannot be read: {error}")];
    ClusterError::Configuration { problems }
  })
}

/// Configurations laid over each other, the first at the bottom, in the long form; `null` takes a field
/// back to its default. Each field is checked, and not what fields say about each other: a part need
/// not be whole.
///
/// # Errors
/// [`ClusterError::Configuration`] with every problem of all parts.
pub fn merged(parts: &[Value]) -> Result<Value> {
  let mut check = Check::of_a_patch();
  let parts: Vec<Value> = parts
    .iter()
    .map(|part| without_short_forms(check.section(&ClusterConfig::SECTION, part.clone())).into())
    .collect();
  if !check.problems.is_empty() {
    return Err(ClusterError::Configuration { problems: check.problems });
  }
  Ok(parts.into_iter().fold(Value::Object(Map::new()), merge))
}

/// `patch` laid over `written`, which is in the long form, and what comes of it. `null` takes a field
/// back to its default.
///
/// # Errors
/// [`ClusterError::Configuration`] with every problem of the patch, and of what it would make.
pub fn patched(written: Value, patch: &Value) -> Result<(Value, Resolved)> {
  let mut check = Check::of_a_patch();
  let kept = check.section(&ClusterConfig::SECTION, patch.clone());
  let merged = merge(written, without_short_forms(kept).into());
  match resolve(&merged) {
    Ok(resolved) if check.problems.is_empty() => Ok((merged, resolved)),
    Ok(_) => Err(ClusterError::Configuration { problems: check.problems }),
    Err(ClusterError::Configuration { problems }) => {
      problems.into_iter().for_each(|problem| check.add(problem));
      Err(ClusterError::Configuration { problems: check.problems })
    }
    Err(other) => Err(other),
  }
}

/// What `updateConfig()` keeps: the configuration as written, with short forms written out, so that a
/// later short form is not hidden behind an earlier long one.
#[must_use]
pub fn long_form(written: Value) -> Value {
  match written {
    Value::Object(fields) => without_short_forms(fields).into(),
    other => other,
  }
}

/// The effective configuration in the form that users write, for `getConfig()`.
#[must_use]
pub fn describe(config: &Config) -> Value {
  let sections = json!({
    "enabled": true,
    "workers": config.workers,
    "exec": config.exec_config,
    "resources": config.resources,
    "processManagement": config.process_management,
    "healthCheck": config.health_check,
    "loadBalancing": config.load_balancing,
    "ipc": config.ipc,
    "autoScaling": config.auto_scaling,
    "monitoring": config.monitoring,
    "errorHandling": config.error_handling,
    "security": config.security,
    "resilience": config.resilience,
    "advanced": config.advanced,
  });
  without_nulls(sections)
}

fn without_nulls(value: Value) -> Value {
  match value {
    Value::Object(fields) => fields
      .into_iter()
      .filter(|(_, value)| !value.is_null())
      .map(|(name, value)| (name, without_nulls(value)))
      .collect::<Map<_, _>>()
      .into(),
    other => other,
  }
}

/// How the change from one configuration to another reaches a cluster that runs: the paths of the
/// fields that changed and that something acts on, by what they need.
#[must_use]
pub fn changed(old: &Config, new: &Config, need: Change) -> Vec<String> {
  let (old, new) = (describe(old), describe(new));
  let mut paths = Vec::new();
  compare(&ClusterConfig::SECTION, Some(&old), Some(&new), "", need, &mut paths);
  paths
}

fn compare(
  section: &Section,
  old: Option<&Value>,
  new: Option<&Value>,
  above: &str,
  need: Change,
  paths: &mut Vec<String>,
) {
  for field in section.fields {
    let of = |side: Option<&'_ Value>| side.and_then(|value| value.get(field.name)).cloned();
    let (old, new) = (of(old), of(new));
    if old == new {
      continue;
    }
    let path = format!("{above}{}", field.name);
    if let Kind::Section(section) = field.kind {
      compare(section, old.as_ref(), new.as_ref(), &format!("{path}."), need, paths);
    } else if field.change == need && field.action == Action::Acted {
      paths.push(path);
    }
  }
}

/// Fields that are known and not acted on, section by section: a setting must never be ignored in
/// silence. One that says what holds anyhow is not ignored.
fn unused(written: &Value) -> Vec<String> {
  let mut sentences = Vec::new();
  let Some(fields) = written.as_object() else { return sentences };
  for field in ClusterConfig::SECTION.fields {
    let (Kind::Section(section), Some(value)) = (field.kind, fields.get(field.name)) else {
      continue;
    };
    let mut paths = Vec::new();
    collect_unused(section, value, &defaults(section), field.name, &mut paths);
    match paths.as_slice() {
      [] => {}
      [path] => sentences.push(format!("{path} is accepted, but nothing acts on it yet")),
      paths => {
        let list = paths.join(", ");
        sentences.push(format!("{list} are accepted, but nothing acts on them yet"));
      }
    }
  }
  sentences
}

fn collect_unused(
  section: &Section,
  written: &Value,
  usual: &Map<String, Value>,
  above: &str,
  paths: &mut Vec<String>,
) {
  for field in section.fields {
    let Some(value) = written.get(field.name) else { continue };
    let path = format!("{above}.{}", field.name);
    let usual = usual.get(field.name);
    match (field.kind, usual) {
      (Kind::Section(section), Some(Value::Object(usual))) => {
        collect_unused(section, value, usual, &path, paths);
      }
      _ if field.action == Action::Warned && !same(value, usual) => paths.push(path),
      _ => {}
    }
  }
}

/// Whether a value is its default, however either is written.
fn same(value: &Value, usual: Option<&Value>) -> bool {
  usual
    .is_some_and(|usual| value == usual || (value.is_number() && value.as_f64() == usual.as_f64()))
}

/// `count` as a number of workers, if it is one.
#[must_use]
pub fn worker_count(count: f64) -> Option<u32> {
  #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked before")]
  let whole = |count: f64| count as u32;
  (count.fract() == 0.0 && (1.0..=f64::from(MAX_WORKERS)).contains(&count)).then(|| whole(count))
}
