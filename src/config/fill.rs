//! Fills in what users left out. Pure.

use serde_json::{Map, Value, json};

use super::{
  field::{Fallback, Kind, Section},
  model::SHORT_FORMS,
};
use crate::monitor::limits::Machine;

/// `kept` with its short forms written out; a long form that is there already stays.
#[must_use]
pub fn without_short_forms(mut kept: Map<String, Value>) -> Map<String, Value> {
  for (short, section, field) in SHORT_FORMS {
    let Some(value) = kept.remove(short) else { continue };
    let section = kept.entry(section).or_insert_with(|| json!({}));
    if let Some(fields) = section.as_object_mut()
      && fields.get(field).is_none_or(Value::is_null)
    {
      fields.insert(field.to_owned(), value);
    }
  }
  kept
}

/// Fill in every default. What the table calls computed is computed after that, by [`computed`].
pub fn fill(section: &Section, written: &mut Map<String, Value>) {
  for field in section.fields {
    let value = written.get_mut(field.name);
    let value = match (field.kind, value) {
      (Kind::Section(section), Some(Value::Object(fields))) => {
        fill(section, fields);
        continue;
      }
      (Kind::Section(section), _) => defaults(section).into(),
      (_, Some(_)) => continue,
      (_, None) => match field.default {
        Fallback::Flag(flag) => flag.into(),
        Fallback::Number(number) => whole(number),
        Fallback::Text(text) => text.into(),
        Fallback::Nothing(_) | Fallback::Computed(_) | Fallback::Fields => continue,
      },
    };
    written.insert(field.name.to_owned(), value);
  }
}

/// What holds when nothing is written.
#[must_use]
pub fn defaults(section: &Section) -> Map<String, Value> {
  let mut fields = Map::new();
  fill(section, &mut fields);
  fields
}

/// The defaults that follow from the machine and from other fields. `machine` is asked only if needed.
pub fn computed(
  full: &mut Map<String, Value>,
  timeout_is_written: bool,
  machine: impl Fn() -> Machine,
) {
  let cpus = || u32::try_from(machine().cpus.get()).unwrap_or(u32::MAX).clamp(1, 512);
  let workers = match full.get("workers").and_then(Value::as_f64) {
    Some(count) => whole(count),
    None => cpus().into(),
  };
  full.insert("workers".to_owned(), workers.clone());

  // An answer must be due before the next question. A default gives way.
  if !timeout_is_written
    && let Some(health) = full.get_mut("healthCheck").and_then(Value::as_object_mut)
    && let (Some(interval), Some(timeout)) = (number(health, "interval"), number(health, "timeout"))
    && timeout >= interval
  {
    health.insert("timeout".to_owned(), whole(interval / 2.0));
  }

  if let Some(scaling) = full.get_mut("autoScaling").and_then(Value::as_object_mut)
    && !scaling.contains_key("maxWorkers")
  {
    let least = [number(scaling, "minWorkers"), workers.as_f64()];
    let most = least.into_iter().flatten().fold(f64::from(cpus()), f64::max);
    scaling.insert("maxWorkers".to_owned(), whole(most));
  }
}

fn number(fields: &Map<String, Value>, name: &str) -> Option<f64> {
  fields.get(name)?.as_f64()
}

/// Without a fraction where there is none, so that it is shown as it was written.
#[must_use]
pub fn whole(number: f64) -> Value {
  #[expect(clippy::cast_possible_truncation, reason = "checked to be the same number")]
  let integer = number as i64;
  #[expect(clippy::cast_precision_loss, reason = "compared, and used only if nothing was lost")]
  let same = integer as f64 == number;
  if same { integer.into() } else { number.into() }
}
