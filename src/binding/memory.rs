//! The native half of `MemoryManager`.

use std::sync::{
  Arc,
  atomic::{AtomicBool, Ordering},
};

use napi::{
  Env,
  bindgen_prelude::{Object, Result},
  threadsafe_function::ThreadsafeFunctionCallMode,
};
use napi_derive::napi;
use serde_json::Value;

use super::{
  event::{EventListener, NativeEvent},
  monitor::{period, process_id},
  settle::{settle, to_js},
};
use crate::{
  error::{ClusterError, Result as CoreResult},
  memory::{
    manager::{Audience, Manager},
    settings::Settings,
  },
  monitor::reading::Memory,
  runtime,
};

/// What a caller knows of the memory of the machine, in bytes.
#[napi(object, object_to_js = false)]
pub struct NativeMemory {
  /// All of it.
  pub total_memory: f64,
  /// What a new process could have.
  pub available_memory: f64,
}

/// The native half of `MemoryManager`. `listener` is held weakly, and called only while it is heard.
#[napi]
pub struct NativeMemoryManager {
  manager: Manager,
  audience: Arc<JsAudience>,
}

#[napi]
impl NativeMemoryManager {
  /// One that does nothing yet. Throws `ERR_CONFIGURATION` with every problem of `config`.
  #[napi(constructor, ts_args_type = "config: unknown, listener: (event: NativeEvent) => void")]
  pub fn new(env: Env, config: Value, listener: EventListener) -> Result<Self> {
    let settings = Settings::read(&config).map_err(|error| to_js(env, &error))?;
    let audience = Arc::new(JsAudience { listener, heard: AtomicBool::new(false) });
    let manager = Manager::new(settings, Arc::<JsAudience>::clone(&audience));
    Ok(Self { manager, audience })
  }

  /// Whether anybody listens. While nobody does, JavaScript is not entered.
  #[napi]
  pub fn set_heard(&self, heard: bool) {
    self.audience.heard.store(heard, Ordering::Relaxed);
  }

  /// Memory of the machine.
  #[napi(ts_return_type = "unknown")]
  pub fn system_stats(&self) -> Value {
    self.manager.system()
  }

  /// Memory of a worker.
  #[napi(ts_return_type = "Promise<unknown>")]
  pub fn worker_stats<'env>(
    &self,
    env: &'env Env,
    worker_id: String,
    pid: f64,
  ) -> Result<Object<'env>> {
    let stats = process_id(pid).map(|pid| self.manager.worker(worker_id, pid));
    settle(env, async move { stats?.await })
  }

  /// Where a worker stands.
  #[napi(ts_return_type = "unknown")]
  pub fn check(&self, env: Env, worker_id: String, current_memory: f64) -> Result<Value> {
    let used = size(current_memory).map_err(|error| to_js(env, &error))?;
    Ok(self.manager.check(&worker_id, used))
  }

  /// Whether a worker leaks.
  #[napi]
  pub fn leaks(&self, env: Env, worker_id: String, current_memory: f64) -> Result<bool> {
    let used = size(current_memory).map_err(|error| to_js(env, &error))?;
    Ok(self.manager.leaks(&worker_id, used))
  }

  /// What speaks for a leak; `null` when nothing does.
  #[napi(ts_return_type = "unknown")]
  pub fn evidence(&self, worker_id: String) -> Option<Value> {
    self.manager.evidence(&worker_id)
  }

  /// Have a worker collect its garbage.
  #[napi]
  pub fn collect(&self, env: Env, worker_id: String) -> Result<bool> {
    let runtime = runtime::handle().map_err(|error| to_js(env, &error))?;
    Ok(self.manager.collect(runtime, &worker_id))
  }

  /// How many workers to run.
  #[napi]
  pub fn optimal_workers(&self, env: Env, memory: Option<NativeMemory>) -> Result<u32> {
    let memory = memory
      .map(|memory| {
        let total = size(memory.total_memory)?;
        let available = size(memory.available_memory)?;
        Ok(Memory { total, free: 0, available, swap_total: 0, swap_free: 0 })
      })
      .transpose()
      .map_err(|error: ClusterError| to_js(env, &error))?;
    Ok(u32::try_from(self.manager.optimal_workers(memory)).unwrap_or(u32::MAX))
  }

  /// What could be better.
  #[napi(ts_return_type = "unknown")]
  pub fn recommendations(&self) -> Value {
    self.manager.recommendations()
  }

  /// Read all workers every `interval` milliseconds, or as configured.
  #[napi]
  pub fn start(&self, env: Env, interval: Option<f64>) -> Result<()> {
    let start = || {
      self.manager.start(runtime::handle()?, interval.map(period).transpose()?);
      Ok(())
    };
    start().map_err(|error| to_js(env, &error))
  }

  /// Read nothing any more.
  #[napi]
  pub fn stop(&self) {
    self.manager.stop();
  }

  /// Read nothing any more, and forget everything.
  #[napi]
  pub fn destroy(&self) {
    self.manager.destroy();
  }
}

struct JsAudience {
  listener: EventListener,
  heard: AtomicBool,
}

impl Audience for JsAudience {
  fn tell(&self, name: &'static str, payload: Value) {
    if self.heard.load(Ordering::Relaxed) {
      let event = NativeEvent { name: name.to_owned(), payload };
      // A queue that is full says that JavaScript is behind, and what it missed is out of date by then.
      let _queued = self.listener.call(event, ThreadsafeFunctionCallMode::NonBlocking);
    }
  }
}

/// A size as JavaScript gives it.
fn size(bytes: f64) -> CoreResult<u64> {
  #[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "checked on the left"
  )]
  let size = (bytes.is_finite() && bytes >= 0.0).then_some(bytes as u64);
  size.ok_or_else(|| ClusterError::InvalidArgument {
    what: "memory",
    reason: format!("must be a number of bytes, not {bytes}"),
  })
}
