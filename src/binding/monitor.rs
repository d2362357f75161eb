//! The native half of `ProcessMonitor`.

use std::{
  sync::Arc,
  time::{Duration, SystemTime},
};

use napi::{
  Env,
  bindgen_prelude::{Float64Array, Float64ArraySlice, Object, Result},
  threadsafe_function::ThreadsafeFunctionCallMode,
};
use napi_derive::napi;
use serde_json::Value;

use super::{
  event::{EventListener, NativeEvent},
  settle::{settle, to_js},
};
use crate::{
  error::{ClusterError, Result as CoreResult},
  monitor::{
    ProcessSample,
    reading::Depth,
    watcher::{Audience, Watcher, process_numbers, process_stats, system_stats},
  },
  runtime,
};

/// Longest interval of monitoring, in milliseconds: a day.
const LONGEST: f64 = 86_400_000.0;

/// The native half of `ProcessMonitor`. `listener` is held weakly, and called between `start` and
/// `stop` only.
#[napi]
pub struct NativeProcessMonitor {
  watcher: Watcher,
}

#[napi]
impl NativeProcessMonitor {
  /// One that is silent.
  #[napi(constructor, ts_args_type = "listener: (event: NativeEvent) => void")]
  pub fn new(listener: EventListener) -> Self {
    Self { watcher: Watcher::new(Arc::new(JsAudience { listener })) }
  }

  /// The machine, now.
  #[napi(ts_return_type = "Promise<unknown>")]
  pub fn system_stats<'env>(&self, env: &'env Env) -> Result<Object<'env>> {
    let sample = self.watcher.system();
    settle(env, async move { Ok(system_stats(&sample.await)) })
  }

  /// Process `pid`, now.
  #[napi(ts_return_type = "Promise<unknown>")]
  pub fn process_stats<'env>(&self, env: &'env Env, pid: f64) -> Result<Object<'env>> {
    let sample = process_id(pid).map(|pid| self.watcher.process(pid));
    settle(env, async move { Ok(process_stats(&sample?.await?)) })
  }

  /// Those of `pids` that can be read, twelve numbers each: an object that is made here takes many
  /// times longer than one that JavaScript makes of its numbers. What is not known is NaN.
  /// `brief` leaves threads and descriptors unknown, in two thirds of the time.
  #[napi(ts_return_type = "Promise<Float64Array>")]
  pub fn processes_stats<'env>(
    &self,
    env: &'env Env,
    pids: Float64Array,
    brief: bool,
  ) -> Result<Object<'env>> {
    let pids = pids.iter().copied().map(process_id).collect::<CoreResult<Vec<_>>>();
    let samples = pids.map(|pids| self.watcher.processes(pids, depth(brief)));
    settle(env, async move { Ok(numbers(&samples?.await)) })
  }

  /// The same at once, of the first `count` of `numbers`, which are replaced by what was read: an array that is
  /// used again and again costs neither memory nor its collection. Gives how many processes it was; -1 when one
  /// of them was not read before, or is none.
  #[napi(ts_args_type = "numbers: Float64Array, count: number, brief: boolean")]
  pub fn processes_stats_now(
    &self,
    mut numbers: Float64ArraySlice<'_>,
    count: u32,
    brief: bool,
  ) -> i32 {
    // SAFETY: the array is the facade's own, JavaScript does not run until this returns, and no other thread
    // has it.
    let numbers = unsafe { numbers.as_mut() };
    let count = usize::try_from(count).unwrap_or(usize::MAX);
    let pids = numbers.iter().take(count).copied().map(process_id).collect::<CoreResult<Vec<_>>>();
    let (rows, _) = numbers.as_chunks_mut();
    let read = pids.ok().and_then(|pids| self.watcher.processes_now(&pids, depth(brief), rows));
    read.and_then(|read| i32::try_from(read).ok()).unwrap_or(-1)
  }

  /// Tell of process `pid` too, from now on.
  #[napi]
  pub fn watch(&self, env: Env, pid: f64) -> Result<()> {
    process_id(pid).and_then(|pid| self.watcher.watch(pid)).map_err(|error| to_js(env, &error))
  }

  /// Do not tell of process `pid` any more. Says whether it was watched.
  #[napi]
  pub fn unwatch(&self, env: Env, pid: f64) -> Result<bool> {
    process_id(pid).map(|pid| self.watcher.unwatch(pid)).map_err(|error| to_js(env, &error))
  }

  /// Tell the listener every `interval` milliseconds.
  #[napi]
  pub fn start(&self, env: Env, interval: f64) -> Result<()> {
    let start = || {
      self.watcher.start(runtime::handle()?, period(interval)?);
      Ok(())
    };
    start().map_err(|error| to_js(env, &error))
  }

  /// Throw what `start` would say of `interval`.
  #[napi]
  pub fn check(&self, env: Env, interval: f64) -> Result<()> {
    period(interval).map(|_| ()).map_err(|error| to_js(env, &error))
  }

  /// Be silent.
  #[napi]
  pub fn stop(&self) {
    self.watcher.stop();
  }

  /// Be silent, and forget everything.
  #[napi]
  pub fn destroy(&self) {
    self.watcher.destroy();
  }
}

struct JsAudience {
  listener: EventListener,
}

impl Audience for JsAudience {
  fn stats(&self, stats: Value) {
    self.call("stats", stats);
  }

  fn error(&self, error: ClusterError) {
    self.call("error", error.payload());
  }
}

impl JsAudience {
  fn call(&self, name: &str, payload: Value) {
    let event = NativeEvent { name: name.to_owned(), payload };
    // A queue that is full says that JavaScript is behind, and what it missed is out of date by then.
    let _queued = self.listener.call(event, ThreadsafeFunctionCallMode::NonBlocking);
  }
}

const fn depth(brief: bool) -> Depth {
  if brief { Depth::Brief } else { Depth::Whole }
}

fn numbers(samples: &[ProcessSample]) -> Float64Array {
  let now = SystemTime::now();
  Float64Array::new(samples.iter().flat_map(|sample| process_numbers(sample, now)).collect())
}

/// A process id as JavaScript gives it.
pub(super) fn process_id(pid: f64) -> CoreResult<u32> {
  #[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "checked on the left"
  )]
  let whole =
    (pid.fract() == 0.0 && pid >= 1.0 && pid <= f64::from(i32::MAX)).then_some(pid as u32);
  whole.ok_or_else(|| ClusterError::InvalidArgument {
    what: "pid",
    reason: format!("must be a whole number from 1 to {}, not {pid}", i32::MAX),
  })
}

/// An interval as JavaScript gives it.
pub(super) fn period(interval: f64) -> CoreResult<Duration> {
  let fits = interval.is_finite() && (1.0..=LONGEST).contains(&interval);
  fits.then(|| Duration::from_secs_f64(interval / 1000.0)).ok_or_else(|| {
    ClusterError::InvalidArgument {
      what: "interval",
      reason: format!("must be a number of milliseconds from 1 to {LONGEST}, not {interval}"),
    }
  })
}
