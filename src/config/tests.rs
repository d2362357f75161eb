//! The whole way of a configuration, and a walk over the table.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{fs, num::NonZeroUsize, path::Path, time::Duration};

use proptest::prelude::{
  BoxedStrategy, Just, Strategy as _, any, prop, prop_assert, prop_assert_eq, prop_oneof, proptest,
};
use serde_json::{Map, Value, json};

use super::{
  check::FOREIGN,
  field::{Action, Change, Fallback, Field, Kind, LONGEST, Text},
  merge::merge,
  model::ClusterConfig,
  presets::{Environment, ServerType},
  recommend::{intelligent, recommended},
  resolve::{Resolved, changed, describe, resolve_for},
};
use crate::{
  error::{ClusterError, Result},
  monitor::limits::Machine,
};

/// Four processors, 8 GiB.
fn machine() -> Machine {
  Machine { cpus: NonZeroUsize::new(4).unwrap(), memory: 8 << 30 }
}

fn resolve(written: &Value) -> Result<Resolved> {
  resolve_for(written, machine)
}

fn problems(written: &Value) -> Vec<String> {
  match resolve(written) {
    Err(ClusterError::Configuration { problems }) => problems,
    other => panic!("expected problems, got {other:?}"),
  }
}

fn warnings(written: &Value) -> Vec<String> {
  resolve(written).unwrap().warnings
}

/// `{ "a": { "b": value } }` for `a.b`.
fn at(path: &str, value: Value) -> Value {
  path.rsplit('.').fold(value, |value, name| json!({ name: value }))
}

fn looked_up(value: &Value, path: &str) -> Option<Value> {
  path.split('.').try_fold(value, |value, name| value.get(name)).cloned()
}

/// A value that a field takes, and that is not its default.
fn unusual(field: &Field) -> Value {
  match (field.kind, field.default) {
    (Kind::Flag, Fallback::Flag(flag)) => (!flag).into(),
    (Kind::Flag, _) => false.into(),
    (Kind::Count { min, max }, Fallback::Number(usual)) => {
      (if f64::from(max) > usual { usual + 1.0 } else { f64::from(min) }).into()
    }
    (Kind::Count { min, .. }, _) => (min + 1).into(),
    (Kind::Millis { .. }, Fallback::Number(usual)) => {
      (if f64::from(LONGEST) > usual { usual + 1.0 } else { usual - 1.0 }).into()
    }
    (Kind::Millis { .. }, _) => 5_000.into(),
    (Kind::Percent { .. }, Fallback::Number(usual)) => (usual + 1.0).into(),
    (Kind::Percent { .. }, _) => 55.into(),
    (Kind::Size { .. }, _) => "200MB".into(),
    (Kind::Word(words), Fallback::Text(usual)) => {
      (*words.iter().find(|word| **word != usual).unwrap()).into()
    }
    (Kind::Strategy, _) => "round-robin".into(),
    (Kind::Text(Text::Endpoint), _) => "/health".into(),
    (Kind::Text(Text::Host), _) => "127.0.0.1".into(),
    (Kind::Text(_), _) => "something".into(),
    (Kind::Workers, _) => 3.into(),
    (Kind::Share { .. }, _) => "25%".into(),
    (Kind::Strings, _) => json!(["--flag"]),
    (Kind::Proxies, _) => json!(["private", "203.0.113.0/24"]),
    (Kind::Weights, _) => json!([1, 2, 3, 4]),
    (Kind::Ports, _) => json!([9090, 9100]),
    (Kind::Environment, _) => json!({ "NAME": "value" }),
    (Kind::Word(_) | Kind::Section(_), _) => unreachable!(),
  }
}

/// Values that a field does not take.
fn refused(field: &Field) -> Vec<Value> {
  let foreign = |what: &str| json!({ FOREIGN: what });
  let mut values = vec![foreign("NaN"), foreign("a function"), json!([[]]), json!({ "x": 1 })];
  match field.kind {
    Kind::Flag => values.extend([json!("true"), json!(1), json!(0)]),
    Kind::Count { min, max } => {
      values.extend([json!(-1), json!(1.5), json!("3"), json!(f64::from(max) + 1.0)]);
      values.extend((min > 0).then(|| json!(min - 1)));
    }
    Kind::Millis { min } => {
      values.extend([json!(-1), json!("1s"), json!(f64::from(LONGEST) + 1.0), json!(1e300)]);
      values.extend((min > 0).then(|| json!(0)));
    }
    Kind::Percent { max } => values.extend([json!(-0.1), json!(f64::from(max) + 0.1), json!("5%")]),
    Kind::Size { max, .. } => {
      values.extend([json!(512), json!("512XB"), json!("-1MB"), json!("")]);
      values.extend((max < u64::MAX).then(|| json!("1TB")));
    }
    Kind::Word(_) | Kind::Strategy => values.extend([json!("x"), json!(1), json!("")]),
    Kind::Text(_) => values.extend([json!(""), json!(1), json!("a\0b"), json!("x".repeat(5_000))]),
    Kind::Share { max } => {
      values.extend([json!(-1), json!(1.5), json!(max + 1), json!("3"), json!("101%"), json!("%")]);
    }
    Kind::Workers => values.extend([json!(0), json!(1.5), json!(513), json!("many"), json!("4")]),
    Kind::Strings => values.extend([json!("--flag"), json!([1]), json!(["a\0b"])]),
    Kind::Proxies => {
      values.extend([json!("all"), json!(["loopback", "10.0.0.0/33"]), json!([1]), json!("")])
    }
    Kind::Ports => values.extend([json!([0]), json!([65_536]), json!([1.5]), json!(9090)]),
    Kind::Weights => values.extend([json!([]), json!([-1]), json!([0]), json!(["1"]), json!(1)]),
    Kind::Environment => {
      values.pop();
      values.extend([json!({ "A": 1 }), json!({ "A=B": "x" }), json!({ "": "x" })]);
      values.push(serde_json::from_str(r#"{"__proto__":"x"}"#).unwrap());
    }
    Kind::Section(_) => unreachable!(),
  }
  values
}

#[test]
fn every_field_is_accepted_checked_documented_and_acted_on_or_warned_about() {
  let usual = describe(&resolve(&json!({})).unwrap().config);
  let page = include_str!("../../docs/configuration.md");
  let leaves = ClusterConfig::SECTION.leaves();
  assert!(leaves.len() > 100, "{}", leaves.len());
  for (path, field) in leaves {
    // Accepted, and in effect.
    if path != "enabled" {
      let written = at(&path, unusual(field));
      let resolved = resolve(&written).unwrap_or_else(|error| panic!("{path}: {error}"));
      let effective = describe(&resolved.config);
      assert_ne!(effective, usual, "{path} changes nothing");
      let warned =
        resolved.warnings.iter().any(|warning| warning.contains(&path) && warning.contains("yet"));
      assert_eq!(warned, field.action == Action::Warned, "{path}: {:?}", resolved.warnings);
    }
    // Checked, by name.
    for value in refused(field) {
      let found = problems(&at(&path, value.clone()));
      assert!(
        found.iter().all(|it| it.starts_with(&format!("{path}: "))),
        "{path} {value}: {found:?}"
      );
    }
    // Misspelt, found.
    let misspelt = format!("{path}x");
    let found = problems(&at(&misspelt, json!(1)));
    let meant = format!("did you mean \"{}\"?", field.name);
    assert!(
      found.len() == 1 && found[0].starts_with(&misspelt) && found[0].contains(&meant),
      "{found:?}"
    );
    // Its default is in effect, and in the documentation.
    match field.default {
      Fallback::Flag(flag) => assert_eq!(looked_up(&usual, &path), Some(flag.into()), "{path}"),
      Fallback::Number(number) => {
        assert_eq!(looked_up(&usual, &path).unwrap().as_f64(), Some(number), "{path}");
      }
      Fallback::Text(text) => assert_eq!(looked_up(&usual, &path), Some(text.into()), "{path}"),
      Fallback::Computed(_) => assert!(looked_up(&usual, &path).is_some(), "{path}"),
      Fallback::Nothing(_) => assert_eq!(looked_up(&usual, &path), None, "{path}"),
      Fallback::Fields => unreachable!(),
    }
    assert!(page.contains(&format!("| `{}` |", field.name)), "{path}");
    assert!(field.about.iter().any(|line| line.len() > 8), "{path} says nothing of itself");
  }
}

/// Rust sources that may read a field: all but the table itself and what is made from it.
fn core(folder: &Path, text: &mut String) {
  for entry in fs::read_dir(folder).unwrap() {
    let path = entry.unwrap().path();
    let written_from = ["services.rs", "resources.rs", "traffic.rs", "workers.rs"];
    let passive = ["order.rs", "presets.rs", "recommend.rs", "reference.rs", "tests.rs"];
    let name = path.file_name().unwrap().to_str().unwrap();
    if path.is_dir() {
      core(&path, text);
    } else if !written_from.contains(&name) && !passive.contains(&name) {
      text.push_str(&fs::read_to_string(&path).unwrap());
    }
  }
}

/// A field that is said to act and that no source reads is ignored in silence.
#[test]
fn what_is_said_to_act_is_read_by_the_core() {
  let mut sources = String::new();
  core(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut sources);
  for (path, field) in ClusterConfig::SECTION.leaves() {
    if field.action == Action::Acted {
      let mut snake = String::new();
      for letter in field.name.chars() {
        if letter.is_uppercase() {
          snake.push('_');
        }
        snake.extend(letter.to_lowercase());
      }
      let read =
        sources.contains(&format!(".{snake}")) || sources.contains(&format!("\"{}\"", field.name));
      assert!(read, "{path}");
    }
  }
}

#[test]
fn fills_in_the_documented_defaults() {
  let Resolved { config, warnings } = resolve(&json!({})).unwrap();
  assert_eq!(config.workers, 4);
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
  assert_eq!(problems(&json!([])), ["the configuration: a list of 0 is not an object"]);
  assert_eq!(problems(&json!({ "exec": [] })), ["exec: a list of 0 is not an object"]);
  assert!(!problems(&json!("x")).is_empty());
  assert!(problems(&json!({ "enabled": false }))[0].starts_with("enabled:"));
}

#[test]
fn warns_about_what_it_does_not_act_on() {
  let written =
    json!({ "security": { "sandboxMode": true }, "errorHandling": { "errorThreshold": 7 } });
  let warnings = resolve(&written).unwrap().warnings;
  assert_eq!(warnings.len(), 2);
  assert!(warnings[0].contains("errorHandling.") && warnings[1].contains("security.sandboxMode"));
}

#[test]
fn what_it_describes_resolves_to_itself() {
  let written =
    json!({ "workers": 3, "exec": { "script": "a.js" }, "monitoring": { "enabled": false } });
  let config = resolve(&written).unwrap().config;
  let again = crate::config::merge::merge(json!({}), describe(&config));
  assert_eq!(resolve(&again).unwrap().config, config);
}

#[test]
fn compares_fields_with_each_other() {
  for (written, expected) in [
    (
      json!({ "autoScaling": { "minWorkers": 5, "maxWorkers": 4 } }),
      "autoScaling.minWorkers: 5 is not at most",
    ),
    (
      json!({ "autoScaling": { "scaleDownThreshold": { "cpu": 80 } } }),
      "autoScaling.scaleDownThreshold.cpu: 80 % is not below autoScaling.scaleUpThreshold.cpu, 75 %",
    ),
    (
      json!({ "resources": { "memoryManagement": { "memoryWarningThreshold": 99 } } }),
      "resources.memoryManagement.memoryWarningThreshold: 99 % is not below",
    ),
    (
      json!({ "resilience": { "retryPolicy": { "baseDelay": 10_000 } } }),
      "resilience.retryPolicy.baseDelay: 10000 ms",
    ),
    (json!({ "advanced": { "deployment": { "maxSurge": 0 } } }), "advanced.deployment.maxSurge: 0"),
    (
      json!({ "healthCheck": { "timeout": 30_000 } }),
      "healthCheck.timeout: 30000 ms is not below healthCheck.interval",
    ),
    (
      json!({ "resources": { "maxMemoryPerWorker": "9GB" } }),
      "resources.maxMemoryPerWorker: 9GB is more than the 8192MB",
    ),
    (
      json!({ "resources": { "memoryManagement": { "maxTotalMemory": "1TB" } } }),
      "resources.memoryManagement.maxTotalMemory: 1TB is more",
    ),
  ] {
    let found = problems(&written);
    assert!(found.len() == 1 && found[0].starts_with(expected), "{written}: {found:?}");
  }
}

#[test]
fn warns_about_contradictions() {
  for (written, expected) in [
    (
      json!({ "maxRestarts": 5, "processManagement": { "maxRestarts": 7 } }),
      "maxRestarts has no effect",
    ),
    (
      json!({ "autoRestart": false, "maxRestarts": 5 }),
      "processManagement.maxRestarts has no effect",
    ),
    (
      json!({ "workers": 9, "autoScaling": { "enabled": true, "maxWorkers": 4 } }),
      "workers: 9 is not between",
    ),
    (
      json!({ "monitoring": { "enabled": false, "metricsInterval": 5 } }),
      "monitoring.metricsInterval has no effect",
    ),
    (
      json!({ "loadBalancing": { "sessionAffinityKey": "sid" } }),
      "loadBalancing.sessionAffinityKey has no effect",
    ),
    (
      json!({ "workers": 2, "loadBalancing": { "weights": [1] } }),
      "loadBalancing.weights: 1 are given for 2",
    ),
    (
      json!({ "security": { "encryptIPC": true }, "ipc": { "encryption": false } }),
      "security.encryptIPC and",
    ),
    (
      json!({ "resources": { "maxMemoryPerWorker": "3GB" } }),
      "resources.maxMemoryPerWorker: 4 workers of 3GB may take 12288MB",
    ),
    (
      json!({ "resources": { "enforcement": { "killOnMemoryExceed": true } } }),
      "resources.enforcement.killOnMemoryExceed has",
    ),
    (
      json!({ "resources": { "enforcement": { "enforceHardLimits": true } } }),
      "resources.enforcement.enforceHardLimits has no limit",
    ),
    (
      json!({ "resources": { "maxMemoryPerWorker": "1MB", "memoryManagement": { "enabled": false } } }),
      "resources.memoryManagement.enabled is off",
    ),
    (
      json!({ "resources": { "enforcement": { "killOnCpuExceed": true } } }),
      "resources.enforcement.killOnCpuExceed has",
    ),
    (
      json!({ "autoScaling": { "scaleUpThreshold": { "memory": 80 }, "scaleDownThreshold": { "cpu": 0.3 } } }),
      "autoScaling.scaleDownThreshold.cpu: 0.3 is taken as 0.3 per cent",
    ),
    (
      json!({
        "processManagement": { "memoryThreshold": "2GB" }, "resources": { "maxMemoryPerWorker": "1GB" },
      }),
      "processManagement.memoryThreshold is above",
    ),
  ] {
    let expected = format!("cluster configuration: {expected}");
    let found = warnings(&written);
    assert!(found.iter().any(|warning| warning.starts_with(&expected)), "{written}: {found:?}");
  }
  assert_eq!(warnings(&json!({ "maxRestarts": 5, "autoScaling": { "enabled": false } })), [""; 0]);
}

#[test]
fn takes_what_it_cannot_read_for_a_problem() {
  let foreign = |what: &str| json!({ FOREIGN: what });
  assert_eq!(problems(&foreign("a Map")), ["the configuration: a Map is not an object"]);
  assert_eq!(problems(&json!({ "ipc": foreign("a cycle") })), ["ipc: a cycle is not an object"]);
  assert_eq!(
    problems(&json!({ "maxRestarts": foreign("NaN") })),
    ["maxRestarts: NaN is no whole number from 0 to 1000000"]
  );
  for name in ["__proto__", "constructor", "prototype", "\0", "toString"] {
    let mut fields = Map::new();
    fields.insert(name.to_owned(), json!({ "polluted": true }));
    assert_eq!(problems(&fields.clone().into()).len(), 1, "{name}");
    assert_eq!(problems(&json!({ "healthCheck": fields })).len(), 1, "{name}");
  }
}

#[test]
fn tells_a_bounded_number_of_problems_in_a_bounded_length() {
  let junk: Map<String, Value> =
    (0..1_000).map(|n| (format!("{n}{}", "x".repeat(1_000)), json!("y".repeat(1_000)))).collect();
  let found = problems(&Value::Object(junk));
  assert_eq!(found.len(), 65);
  assert!(found.iter().all(|problem| problem.len() < 500));
}

#[test]
fn presets_hold_what_they_promise() {
  let small = Machine { cpus: NonZeroUsize::MIN, memory: 256 << 20 };
  let large = Machine { cpus: NonZeroUsize::new(256).unwrap(), memory: 1 << 40 };
  for machine in [small, machine(), large] {
    let environments = Environment::ALL.map(Environment::preset);
    let servers = ServerType::ALL.map(|server| recommended(server, machine));
    for preset in environments.iter().chain(&servers).chain([&intelligent(machine)]) {
      let Resolved { warnings, .. } = resolve_for(preset, || machine).unwrap();
      assert!(warnings.iter().all(|warning| warning.ends_with("yet")), "{warnings:?}");
    }
    // Any environment together with any kind of server.
    for environment in &environments {
      for server in &servers {
        resolve_for(&merge(environment.clone(), server.clone()), || machine).unwrap();
        resolve_for(&merge(server.clone(), environment.clone()), || machine).unwrap();
      }
    }
  }
}

#[test]
fn tells_what_a_change_needs() {
  let config = |written: Value| resolve(&written).unwrap().config;
  let old = config(json!({}));
  let new = config(json!({
    "maxRestarts": 9, "exec": { "env": { "A": "b" } }, "loadBalancing": { "host": "::1", "strategy": "round-robin" },
    "security": { "sandboxMode": true },
  }));
  assert_eq!(changed(&old, &new, Change::Reborn), ["exec.env"]);
  assert_eq!(changed(&old, &new, Change::Stopped), ["loadBalancing.host"]);
  assert_eq!(
    changed(&old, &new, Change::Live),
    ["processManagement.maxRestarts", "loadBalancing.strategy"]
  );
  assert_eq!(changed(&old, &old, Change::Live), [""; 0]);
}

/// A configuration of a few fields, each with a value that it takes.
fn valid() -> BoxedStrategy<Value> {
  let leaves: Vec<Value> = ClusterConfig::SECTION
    .leaves()
    .into_iter()
    .filter(|(path, _)| path != "enabled")
    .map(|(path, field)| at(&path, unusual(field)))
    .collect();
  let some = prop::sample::subsequence(leaves, 0..8);
  some.prop_map(|parts| parts.into_iter().fold(json!({}), merge)).boxed()
}

/// Anything that JSON can carry, with the names of fields among the keys.
fn anything() -> BoxedStrategy<Value> {
  let names: Vec<String> = ClusterConfig::SECTION
    .leaves()
    .iter()
    .flat_map(|(path, _)| path.split('.').map(str::to_owned).collect::<Vec<_>>())
    .chain(["__proto__".to_owned(), "constructor".to_owned(), FOREIGN.to_owned()])
    .collect();
  let name = prop_oneof![4 => prop::sample::select(names), 1 => any::<String>()];
  let leaf = prop_oneof![
    Just(Value::Null),
    any::<bool>().prop_map(Value::from),
    any::<f64>().prop_map(Value::from),
    any::<i64>().prop_map(Value::from),
    any::<String>().prop_map(Value::from),
    "[0-9.]{1,6} ?[kKmMgG]?[iI]?[bB]?".prop_map(Value::from),
  ];
  let value = leaf.prop_recursive(6, 128, 12, move |inner| {
    prop_oneof![
      prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
      prop::collection::vec((name.clone(), inner), 0..12)
        .prop_map(|fields| Value::Object(fields.into_iter().collect())),
    ]
  });
  value.boxed()
}

proptest! {
  #[test]
  fn whatever_is_written_is_used_or_refused(written in anything()) {
    match resolve(&written) {
      Ok(resolved) => {
        let effective = describe(&resolved.config);
        prop_assert_eq!(describe(&resolve(&effective).unwrap().config), effective);
      }
      Err(ClusterError::Configuration { problems }) => prop_assert!(!problems.is_empty()),
      Err(other) => panic!("{other}"),
    }
  }

  #[test]
  fn what_is_in_effect_is_in_effect_when_written_again(written in valid()) {
    if let Ok(Resolved { config, .. }) = resolve(&written) {
      let again = resolve(&describe(&config)).unwrap().config;
      prop_assert_eq!(&again, &config);
      prop_assert_eq!(changed(&config, &again, Change::Live), Vec::<String>::new());
    }
  }

  #[test]
  fn laying_over_nothing_or_itself_changes_nothing(one in valid(), other in valid()) {
    prop_assert_eq!(&merge(json!({}), one.clone()), &one);
    prop_assert_eq!(&merge(one.clone(), one.clone()), &one);
    let both = merge(one.clone(), other.clone());
    prop_assert_eq!(&merge(both.clone(), other), &both);
  }

  /// Texts that were valid once, with bytes changed, left out and repeated.
  #[test]
  fn no_text_is_too_much(
    written in valid(), edits in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>(), 0..3), 0..12),
  ) {
    let mut text = serde_json::to_vec(&written).unwrap();
    for (index, byte, edit) in edits {
      let at = index.index(text.len().max(1));
      match edit {
        _ if text.is_empty() => text.push(byte),
        0 => text[at] = byte,
        1 => { text.remove(at); }
        _ => text.extend_from_within(at..),
      }
    }
    if let Ok(written) = serde_json::from_slice::<Value>(&text)
      && let Err(ClusterError::Configuration { problems }) = resolve(&written)
    {
      prop_assert!(!problems.is_empty() && problems.len() <= 65);
    }
  }
}
