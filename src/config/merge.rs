//! Laying a partial configuration over a whole one. Pure.

use serde_json::Value;

/// `patch` laid over `base`: objects are merged field by field, everything else is replaced, and
/// `null` takes a field back to its default.
#[must_use]
pub fn merge(base: Value, patch: Value) -> Value {
  match (base, patch) {
    (Value::Object(mut base), Value::Object(patch)) => {
      for (key, value) in patch {
        if value.is_null() {
          base.remove(&key);
        } else {
          let old = base.remove(&key).unwrap_or(Value::Null);
          base.insert(key, merge(old, value));
        }
      }
      Value::Object(base)
    }
    (_, patch) => patch,
  }
}

#[cfg(test)]
mod tests {
  use serde_json::json;

  use super::*;

  #[test]
  fn merges_objects_and_replaces_the_rest() {
    let base = json!({ "workers": 2, "exec": { "script": "a.js", "args": [1, 2] }, "x": 1 });
    let patch = json!({ "workers": "auto", "exec": { "args": [3] }, "x": null, "y": { "z": 1 } });
    assert_eq!(
      merge(base, patch),
      json!({ "workers": "auto", "exec": { "script": "a.js", "args": [3] }, "y": { "z": 1 } })
    );
  }
}
