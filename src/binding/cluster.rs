//! The native half of `BunClusterManager`.

use std::{collections::HashMap, path::PathBuf, sync::Arc};

use napi::{
  Env,
  bindgen_prelude::{Object, Result},
};
use napi_derive::napi;
use nix::unistd::Pid;
use serde_json::{Value, json};

use super::{
  event::{EventListener, JsEventSink},
  image,
  link::NativeChannel,
  settle::{settle, to_js},
  worker::NativeWorker,
};
use crate::{
  cluster::{
    Cluster,
    launch::{Host, Runtime},
    report::health_details,
  },
  config::resolve::{describe, parse},
  event::EventSink,
  health::verdict::Verdict,
  ipc::messages::Opened,
};

/// The process that a cluster lives in, as `process` describes it.
#[napi(object, object_to_js = false)]
pub struct NativeHost {
  /// `process.execPath`.
  pub exec_path: String,
  /// `process.execArgv`.
  pub exec_argv: Vec<String>,
  /// `process.argv[1]`; `null` when there is no script, as in a REPL.
  pub script: Option<String>,
  /// `process.argv.slice(2)`.
  pub args: Vec<String>,
  /// The agent that is loaded into every worker before its script.
  pub agent: String,
  /// Which runtime it is.
  #[napi(ts_type = "'node' | 'bun'")]
  pub runtime: String,
}

/// The native half of `BunClusterManager`. Promises reject with an error that has `code` and
/// `details`.
#[napi]
pub struct NativeCluster {
  cluster: Arc<Cluster>,
  events: Arc<JsEventSink>,
}

#[napi]
impl NativeCluster {
  /// `config` is JSON text. `listener` is held weakly: a cluster that does not run does not keep the process alive. Throws
  /// `ERR_CONFIGURATION` with every problem of `config`.
  #[napi(
    constructor,
    ts_args_type = "config: string, basePort: number, host: NativeHost, listener: (event: NativeEvent) => void"
  )]
  pub fn new(
    env: Env,
    config: String,
    base_port: u16,
    host: NativeHost,
    listener: EventListener,
  ) -> Result<Self> {
    let host = Host {
      program: PathBuf::from(host.exec_path),
      exec_argv: host.exec_argv,
      script: host.script,
      args: host.args,
      agent: PathBuf::from(host.agent),
      addon: image::path(),
      env: None,
      runtime: if host.runtime == "bun" { Runtime::Bun } else { Runtime::Node },
    };
    let events = Arc::new(JsEventSink::new(listener));
    let sink: Arc<dyn EventSink> = Arc::<JsEventSink>::clone(&events);
    let cluster = parse(&config).and_then(|written| Cluster::new(written, base_port, host, sink));
    let cluster = cluster.map_err(|error| to_js(env, &error))?;
    Ok(Self { cluster: Arc::new(cluster), events })
  }

  /// Say whether anybody listens to `metrics:updated`. While nobody does, none are made.
  #[napi]
  pub fn set_hears_metrics(&self, hears: bool) {
    self.events.set_hears_metrics(hears);
  }

  /// What of the configuration was accepted although nothing acts on it yet, a sentence each.
  #[napi]
  pub fn warnings(&self) -> Vec<String> {
    self.cluster.warnings()
  }

  /// Start the workers, with `environment` for their environment, and open the port; resolves with the port
  /// when all are ready.
  #[napi(ts_return_type = "Promise<number>")]
  pub fn start<'e>(
    &self,
    env: &'e Env,
    environment: HashMap<String, String>,
  ) -> Result<Object<'e>> {
    let cluster = Arc::clone(&self.cluster);
    let environment = environment.into_iter().collect();
    cluster.begin();
    settle(env, async move { cluster.start(Some(environment)).await })
  }

  /// Stop everything; resolves when the last process is gone.
  #[napi(ts_return_type = "Promise<void>")]
  pub fn stop<'env>(&self, env: &'env Env, graceful: bool) -> Result<Object<'env>> {
    let cluster = Arc::clone(&self.cluster);
    settle(env, async move {
      cluster.stop(graceful).await;
      Ok(())
    })
  }

  /// Replace every worker, one after the other, successor first.
  #[napi(ts_return_type = "Promise<void>")]
  pub fn restart<'env>(&self, env: &'env Env) -> Result<Object<'env>> {
    let cluster = Arc::clone(&self.cluster);
    settle(env, async move { cluster.restart().await })
  }

  /// Add a worker; resolves when it is ready.
  #[napi(ts_return_type = "Promise<NativeWorker>")]
  pub fn spawn_worker<'env>(&self, env: &'env Env, id: Option<String>) -> Result<Object<'env>> {
    let cluster = Arc::clone(&self.cluster);
    settle(
      env,
      async move { cluster.spawn_worker(id).await.map(|worker| NativeWorker::from(&worker)) },
    )
  }

  /// Stop a worker and forget its slot; resolves when its process is gone.
  #[napi(ts_return_type = "Promise<void>")]
  pub fn stop_worker<'env>(
    &self,
    env: &'env Env,
    id: String,
    graceful: bool,
  ) -> Result<Object<'env>> {
    let cluster = Arc::clone(&self.cluster);
    settle(env, async move { cluster.stop_worker(id, graceful).await })
  }

  /// Replace a worker, successor first; resolves when the old process is gone.
  #[napi(ts_return_type = "Promise<void>")]
  pub fn restart_worker<'env>(&self, env: &'env Env, id: String) -> Result<Object<'env>> {
    let cluster = Arc::clone(&self.cluster);
    settle(env, async move { cluster.restart_worker(id).await })
  }

  /// Have that many workers.
  #[napi(ts_return_type = "Promise<void>")]
  pub fn scale<'env>(&self, env: &'env Env, count: f64) -> Result<Object<'env>> {
    let cluster = Arc::clone(&self.cluster);
    settle(env, async move { cluster.scale(count).await })
  }

  /// Have that many workers more, or less.
  #[napi(ts_return_type = "Promise<void>")]
  pub fn scale_by<'env>(&self, env: &'env Env, delta: f64) -> Result<Object<'env>> {
    let cluster = Arc::clone(&self.cluster);
    settle(env, async move { cluster.scale_by(delta).await })
  }

  /// Evaluate the load once, and do what comes of it; resolves with the decision when it is done.
  #[napi(ts_return_type = "Promise<unknown>")]
  pub fn auto_scale<'env>(&self, env: &'env Env) -> Result<Object<'env>> {
    let cluster = Arc::clone(&self.cluster);
    settle(env, async move { cluster.auto_scale().await.map(|evaluated| evaluated.to_json()) })
  }

  /// All workers, as they are now.
  #[napi]
  pub fn workers(&self) -> Vec<NativeWorker> {
    self.cluster.snapshot().workers.iter().map(NativeWorker::from).collect()
  }

  /// One worker, as it is now; `null` when there is none with this id.
  #[napi]
  pub fn worker(&self, id: String) -> Option<NativeWorker> {
    self.cluster.snapshot().worker(&id).map(NativeWorker::from)
  }

  /// Metrics, read now.
  #[napi(ts_return_type = "Promise<unknown>")]
  pub fn metrics<'env>(&self, env: &'env Env) -> Result<Object<'env>> {
    let cluster = Arc::clone(&self.cluster);
    settle(env, async move { cluster.metrics() })
  }

  /// Health of the cluster and of each worker.
  #[napi(ts_return_type = "unknown")]
  pub fn health(&self) -> Value {
    let snapshot = self.cluster.snapshot();
    let verdict = snapshot.verdict();
    json!({
      "healthy": verdict == Verdict::Healthy,
      "status": verdict.name(),
      "details": health_details(&snapshot),
    })
  }

  /// Lay `patch`, JSON text, over the configuration.
  #[napi(ts_return_type = "Promise<void>")]
  pub fn update_config<'env>(&self, env: &'env Env, patch: String) -> Result<Object<'env>> {
    let cluster = Arc::clone(&self.cluster);
    settle(env, async move { cluster.update_config(parse(&patch)?).await })
  }

  /// Every channel for messages is to be taken from now on, not only those where something arrives.
  #[napi]
  pub fn want_messages(&self) {
    self.cluster.messages.want();
  }

  /// The channels for messages that are to be taken; with `pid`, that of this process, if it has not
  /// been taken.
  #[napi]
  pub fn take_messages(&self, pid: Option<u32>) -> Result<Vec<NativeChannel>> {
    let messages = &self.cluster.messages;
    let opened = match pid {
      None => messages.take(),
      Some(pid) => messages.take_of(Pid::from_raw(pid.cast_signed())),
    };
    opened
      .into_iter()
      .map(|Opened { worker, pid, end, settings }| {
        NativeChannel::new(worker, pid.as_raw().unsigned_abs(), end, &settings)
      })
      .collect()
  }

  /// The effective configuration.
  #[napi(ts_return_type = "unknown")]
  pub fn config(&self) -> Value {
    describe(&self.cluster.config())
  }

  /// The public port, while the cluster has one.
  #[napi]
  pub fn port(&self) -> Option<u16> {
    self.cluster.port()
  }

  /// State of the cluster.
  #[napi(
    ts_return_type = "'initializing' | 'starting' | 'running' | 'scaling' | 'stopping' | 'stopped' | 'error'"
  )]
  pub fn state(&self) -> String {
    self.cluster.snapshot().state.name().to_owned()
  }

  /// Whether SIGINT and SIGTERM of the host are to stop the cluster.
  #[napi]
  pub fn handles_signals(&self) -> bool {
    self.cluster.config().handle_signals
  }

  /// Resolves when the present run has ended. While it is pending the host stays alive.
  #[napi(ts_return_type = "Promise<void>")]
  pub fn closed<'env>(&self, env: &'env Env) -> Result<Object<'env>> {
    let closed = self.cluster.closed();
    settle(env, async move {
      closed.await;
      Ok(())
    })
  }

  /// SIGKILL to every worker and what it started, without waiting: for a host that ends now.
  #[napi]
  pub fn kill_all(&self) {
    self.cluster.kill_all();
  }
}
