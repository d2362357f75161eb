//! Configurations without a cluster: checks, presets, merging.
//!
//! What users wrote comes as JSON text: the facade has replaced everything that JSON cannot carry, and
//! one string crosses the boundary faster than a hundred properties.

use std::collections::HashMap;

use napi::{Env, bindgen_prelude::Result};
use napi_derive::napi;
use serde_json::Value;

use super::settle::to_js;
use crate::{
  config::{
    check::unknown_word,
    defaults::{BASE_PORT, named},
    presets::{Environment, ServerType},
    recommend::{intelligent, recommended},
    resolve::{describe, examine, merged, parse, resolve},
  },
  error::{ClusterError, Result as CoreResult},
  monitor::limits::Machine,
};

/// Every problem of a configuration, a sentence each; none when it can be used.
#[napi]
pub fn configuration_problems(env: Env, text: String) -> Result<Vec<String>> {
  match examine(&text) {
    Ok(()) => Ok(Vec::new()),
    Err(ClusterError::Configuration { problems }) => Ok(problems),
    Err(other) => Err(to_js(env, &other)),
  }
}

/// What a configuration comes to, every default filled in.
#[napi(ts_return_type = "unknown")]
pub fn effective_configuration(env: Env, text: String) -> Result<Value> {
  let resolved = parse(&text).and_then(|written| resolve(&written));
  resolved.map(|resolved| describe(&resolved.config)).map_err(|error| to_js(env, &error))
}

/// Configurations laid over each other, the first at the bottom.
#[napi(ts_return_type = "unknown")]
pub fn merge_configurations(env: Env, texts: Vec<String>) -> Result<Value> {
  let parts: CoreResult<Vec<Value>> = texts.iter().map(|text| parse(text)).collect();
  parts.and_then(|parts| merged(&parts)).map_err(|error| to_js(env, &error))
}

/// The preset of an environment.
#[napi(ts_return_type = "unknown")]
pub fn environment_configuration(env: Env, name: String) -> Result<Value> {
  let known = Environment::ALL.map(Environment::name);
  let environment = Environment::ALL.into_iter().find(|it| it.name() == name);
  environment
    .map(Environment::preset)
    .ok_or_else(|| to_js(env, &unknown_word("environment", &name, &known)))
}

/// What suits a kind of server on this machine.
#[napi(ts_return_type = "unknown")]
pub fn recommended_configuration(env: Env, name: String) -> Result<Value> {
  let known = ServerType::ALL.map(ServerType::name);
  let server = ServerType::ALL.into_iter().find(|it| it.name() == name);
  server
    .map(|server| recommended(server, Machine::read()))
    .ok_or_else(|| to_js(env, &unknown_word("serverType", &name, &known)))
}

/// What suits any app on this machine.
#[napi(ts_return_type = "unknown")]
pub fn intelligent_configuration() -> Value {
  intelligent(Machine::read())
}

/// The defaults that have a public name.
#[napi]
pub fn default_values() -> HashMap<String, f64> {
  named().into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

/// The public port where none is named.
#[napi]
pub fn default_base_port() -> u16 {
  BASE_PORT
}
