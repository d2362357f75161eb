//! Texts that were a configuration once, mutated: each can be used or is refused, and nothing panics or
//! takes longer than its size explains. The same entry as `fuzz/`, with a seed, so that a failure can be
//! had again: `XYPRISS_FUZZ_SEED=7 XYPRISS_FUZZ_ROUNDS=1000000 cargo test --test fuzz_configuration`.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::env;

use fastrand::Rng;
use serde_json::{Value, json};
use xypriss_cluster::{
  config::{
    field::Kind,
    model::ClusterConfig,
    resolve::{describe, examine, merged, patched, resolve},
  },
  error::ClusterError,
};

const ROUNDS: u64 = 4_000;

/// What is put in among the bytes.
fn words() -> Vec<String> {
  let fixed = [
    "null",
    "true",
    "-1",
    "0",
    "1e999",
    "1e-999",
    "-0.0",
    "18446744073709551616",
    "NaN",
    "\"auto\"",
    "\"512MB\"",
    "\"9e9TB\"",
    "\"\\u0000\"",
    "\"\\ud800\"",
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    "\"__proto__\":",
    "\"constructor\":",
    "{\"\\u0000\":\"a function\"}",
    "\u{feff}",
    "\u{202e}",
  ];
  let names = ClusterConfig::SECTION.fields.iter().map(|field| format!("\"{}\":", field.name));
  let inner = ClusterConfig::SECTION.fields.iter().flat_map(|field| match field.kind {
    Kind::Section(section) => section.fields,
    _ => &[],
  });
  let inner = inner.map(|field| format!("\"{}\":", field.name));
  fixed.into_iter().map(str::to_owned).chain(names).chain(inner).collect()
}

fn corpus() -> Vec<String> {
  let full = describe(&resolve(&json!({ "workers": 2 })).unwrap().config);
  let short = json!({ "autoRestart": true, "maxRestarts": 5, "healthCheckInterval": 30_000, "workers": "auto" });
  let sizes = json!({
    "resources": { "maxMemoryPerWorker": "1.5 MB", "memoryManagement": { "memoryReservation": "64k" } },
    "loadBalancing": { "weights": [1, 2.5], "host": "::1" },
    "exec": { "args": ["a"], "env": { "A": "b" } },
  });
  [full, short, sizes, json!({})].iter().map(Value::to_string).collect()
}

fn mutate(text: &mut Vec<u8>, words: &[String], random: &mut Rng) {
  let at = random.usize(..=text.len());
  let end = (at + random.usize(..32)).min(text.len());
  match random.u8(..5) {
    0 if at < text.len() => text[at] = random.u8(..),
    1 => drop(text.drain(at..end)),
    2 if text.len() < 1 << 16 => text.extend_from_within(at..end),
    3 if text.len() < 1 << 16 => {
      let part = text[at..end].repeat(random.usize(..64));
      drop(text.splice(at..at, part));
    }
    _ => {
      let word = &words[random.usize(..words.len())];
      drop(text.splice(at..end, word.bytes()));
    }
  }
}

/// What the fuzz target does as well.
fn look_at(text: &str) {
  let problems = match examine(text) {
    Ok(()) => Vec::new(),
    Err(ClusterError::Configuration { problems }) => problems,
    Err(other) => panic!("{other}"),
  };
  assert!(problems.len() <= 65 && problems.iter().all(|problem| problem.len() < 1_024), "{text}");
  let Ok(written) = serde_json::from_str::<Value>(text) else { return };
  assert_eq!(resolve(&written).is_ok(), problems.is_empty(), "{text}");
  if let Ok(merged) = merged(&[written.clone(), written.clone()]) {
    assert_eq!(patched(merged, &written).is_ok(), problems.is_empty(), "{text}");
  }
}

#[test]
fn mutated_configurations_are_used_or_refused() {
  let number = |name: &str, usual| env::var(name).map_or(usual, |text| text.parse().unwrap());
  let seed = number("XYPRISS_FUZZ_SEED", 1);
  let (mut random, words, corpus) = (Rng::with_seed(seed), words(), corpus());
  for round in 0..number("XYPRISS_FUZZ_ROUNDS", ROUNDS) {
    let mut text = corpus[random.usize(..corpus.len())].clone().into_bytes();
    for _ in 0..=random.usize(..6) {
      mutate(&mut text, &words, &mut random);
    }
    let text = String::from_utf8_lossy(&text);
    let seen = std::panic::catch_unwind(|| look_at(&text));
    assert!(seen.is_ok(), "seed {seed}, round {round}: {text}");
  }
}
