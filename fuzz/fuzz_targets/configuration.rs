//! Any text is a configuration that can be used, or is refused.
#![no_main]

use libfuzzer_sys::fuzz_target;
use xypriss_cluster::config::resolve::{examine, parse, resolve};

fuzz_target!(|text: &str| {
  let usable = examine(text).is_ok();
  if let Ok(written) = parse(text) {
    assert_eq!(resolve(&written).is_ok(), usable);
  }
});
