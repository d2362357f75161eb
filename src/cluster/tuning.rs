//! From `resources` to what a worker's process is started with.

use std::ffi::OsString;

use super::launch::Runtime;
use crate::{
  config::{model::ResourceConfig, words::Priority},
  worker::{spawner::Launch, tuning::Tuning},
};

/// Smaller heaps: V8 prefers memory to speed, and its spaces for new objects have 2 MB rather than 16.
const NODE_LOW_MEMORY: [&str; 2] = ["--optimize-for-size", "--max-semi-space-size=2"];
/// The same of Bun.
const BUN_LOW_MEMORY: [&str; 1] = ["--smol"];

/// Have `launch`, which is for the slot with this `ordinal`, counted from 1, do what `resources` say.
pub fn tune(launch: &mut Launch, resources: &ResourceConfig, runtime: Runtime, ordinal: u16) {
  let optimization = &resources.performance_optimization;
  if optimization.low_memory_mode {
    let flags = match runtime {
      Runtime::Node => &NODE_LOW_MEMORY[..],
      Runtime::Bun => &BUN_LOW_MEMORY[..],
    };
    // First, so that the user's own come later and win.
    let own = std::mem::take(&mut launch.args);
    launch.args = flags.iter().map(OsString::from).chain(own).collect();
  }
  launch.tuning = Tuning {
    nice: match resources.priority_level {
      Priority::Low => Some(10),
      Priority::Normal => None,
      Priority::High => Some(-5),
      Priority::Critical => Some(-10),
    },
    processor: optimization.cpu_optimization.then(|| usize::from(ordinal.saturating_sub(1))),
    files_first: optimization.io_optimization,
    descriptors: resources.file_descriptor_limit,
  };
}
