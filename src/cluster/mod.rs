//! A cluster, as the binding and the tests hold it.
//!
//! [`Cluster`] is a handle. Each run from `start()` to `stop()` has one [`supervisor`], the actor that
//! owns all workers; [`operations`] asks it for the steps that a large operation is made of, one
//! operation at a time. What it shows is a [`snapshot`].

mod addresses;
mod aggregate;
mod asking;
mod autoscaling;
pub mod births;
pub mod command;
mod condemn;
mod deaths;
mod deploy;
mod enforcement;
pub mod exchange;
pub mod launch;
pub mod operations;
pub mod outbox;
pub mod ports;
pub mod probation;
mod reconfigure;
mod recycling;
mod relief;
pub mod report;
pub mod restart;
pub mod slot;
pub mod snapshot;
pub mod state;
pub mod supervisor;
#[cfg(test)]
mod tests;
mod trial;
mod tuning;
mod vitals;

use std::sync::{Arc, Mutex, PoisonError};

use serde_json::Value;
use tokio::sync::{mpsc, oneshot, watch};

use self::{
  autoscaling::Autoscaler,
  command::{Command, Reply},
  launch::Host,
  report::Reporter,
  snapshot::Snapshot,
  state::{ClusterState, Step},
};
use crate::{
  config::{self, Config, Resolved},
  error::{ClusterError, Result},
  event::{Event, EventSink},
  ipc::messages::Messages,
  proxy::Proxy,
};

/// Handle of a cluster.
pub struct Cluster {
  host: Host,
  base_port: u16,
  events: Arc<dyn EventSink>,
  // Each held for a read or a replacement, never over an await.
  settings: Mutex<Settings>,
  run: Mutex<Option<Arc<Run>>>,
  /// The state while there is no run.
  rest: watch::Sender<ClusterState>,
  /// The channels for messages that nobody has taken over yet.
  pub messages: Arc<Messages>,
  /// One large operation at a time: two rolling restarts must not interleave.
  operation: Arc<tokio::sync::Mutex<()>>,
}

struct Settings {
  /// As the user wrote it, in the long form, for merging.
  written: Value,
  config: Arc<Config>,
  warnings: Vec<String>,
}

/// One run, from `start()` to `stop()`.
struct Run {
  commands: mpsc::Sender<Command>,
  snapshots: watch::Receiver<Arc<Snapshot>>,
  config: watch::Receiver<Arc<Config>>,
  proxy: Proxy,
  reporter: Reporter,
  autoscaler: Autoscaler,
}

impl Cluster {
  /// A cluster that does not run yet.
  ///
  /// # Errors
  /// [`ClusterError::Configuration`] with every problem of `written`.
  pub fn new(
    written: Value,
    base_port: u16,
    host: Host,
    events: Arc<dyn EventSink>,
  ) -> Result<Self> {
    let Resolved { config, warnings } = config::resolve(&written)?;
    let written = config::resolve::long_form(written);
    let opened = Arc::clone(&events);
    let messages =
      Arc::new(Messages::new((&config.ipc).into(), move || opened.emit(Event::MessagesOpened)));
    Ok(Self {
      host,
      base_port,
      events,
      messages,
      settings: Mutex::new(Settings { written, config: Arc::new(config), warnings }),
      run: Mutex::new(None),
      rest: watch::Sender::new(ClusterState::Stopped),
      operation: Arc::default(),
    })
  }

  /// What of the configuration was accepted although nothing acts on it.
  #[must_use]
  pub fn warnings(&self) -> Vec<String> {
    self.settings().warnings.clone()
  }

  /// The effective configuration.
  #[must_use]
  pub fn config(&self) -> Arc<Config> {
    Arc::clone(&self.settings().config)
  }

  /// The present picture.
  #[must_use]
  pub fn snapshot(&self) -> Arc<Snapshot> {
    match self.current() {
      Some(run) => run.snapshots.borrow().clone(),
      None => Arc::new(Snapshot::empty(self.resting())),
    }
  }

  fn resting(&self) -> ClusterState {
    *self.rest.borrow()
  }

  /// Take `step` while there is no run; one that is none of the present state changes nothing.
  fn rest(&self, step: Step) {
    self.rest.send_modify(|state| *state = state.after(step).unwrap_or(*state));
  }

  /// The public port, while the cluster has one.
  #[must_use]
  pub fn port(&self) -> Option<u16> {
    self.current().map(|run| run.proxy.port())
  }

  /// Metrics, read now.
  ///
  /// # Errors
  /// [`ClusterError::NotRunning`].
  pub fn metrics(&self) -> Result<Value> {
    let run = self.running("getMetrics")?;
    let snapshot = run.snapshots.borrow().clone();
    Ok(run.metrics(&snapshot))
  }

  /// Resolves when the present run has ended; at once when there is none. Keeps neither alive.
  pub fn closed(&self) -> impl Future<Output = ()> + Send + use<> {
    let snapshots = self.current().map(|run| run.snapshots.clone());
    async move {
      if let Some(snapshots) = snapshots {
        ended(snapshots).await;
      }
    }
  }

  /// SIGKILL to the process group of every worker, without waiting: the host is about to end.
  pub fn kill_all(&self) {
    for pid in &self.snapshot().processes {
      if let Ok(pid) = i32::try_from(*pid) {
        let group = nix::unistd::Pid::from_raw(pid);
        let _gone = nix::sys::signal::killpg(group, nix::sys::signal::Signal::SIGKILL);
      }
    }
  }

  /// The configuration that `patch` would make of the present one; nothing is changed.
  fn patched(&self, patch: &Value) -> Result<(Value, Resolved)> {
    let written = self.settings().written.clone();
    config::resolve::patched(written, patch)
  }

  fn settings(&self) -> std::sync::MutexGuard<'_, Settings> {
    self.settings.lock().unwrap_or_else(PoisonError::into_inner)
  }

  /// The run, if one has not ended.
  fn current(&self) -> Option<Arc<Run>> {
    let run = self.run.lock().unwrap_or_else(PoisonError::into_inner);
    run.as_ref().filter(|run| run.state() != ClusterState::Stopped).cloned()
  }

  /// The run that `call` needs.
  fn running(&self, call: &'static str) -> Result<Arc<Run>> {
    let run = self.current();
    let state = run.as_ref().map_or_else(|| self.resting(), |run| run.state());
    run.filter(|_| state.is_up()).ok_or(ClusterError::NotRunning { state: state.name(), call })
  }
}

impl Run {
  fn state(&self) -> ClusterState {
    self.snapshots.borrow().state
  }

  fn metrics(&self, snapshot: &Snapshot) -> Value {
    self.reporter.metrics(
      snapshot,
      self.proxy.stats(),
      &self.proxy.latency(),
      self.autoscaler.last(),
    )
  }

  async fn ended(&self) {
    ended(self.snapshots.clone()).await;
  }

  /// Ask the supervisor and wait for its answer.
  async fn ask<T>(
    &self,
    call: &'static str,
    command: impl FnOnce(Reply<T>) -> Command,
  ) -> Result<T> {
    let (reply, answer) = oneshot::channel();
    let stopped = ClusterError::Stopped { call };
    if self.commands.send(command(reply)).await.is_err() {
      return Err(stopped);
    }
    match answer.await {
      Ok(Err(ClusterError::Stopped { .. })) | Err(_) => Err(stopped),
      Ok(answer) => answer,
    }
  }
}

/// Resolves when the supervisor behind `snapshots` has ended.
async fn ended(mut snapshots: watch::Receiver<Arc<Snapshot>>) {
  // It ends after it has told of it; the last snapshot comes a moment before that.
  while snapshots.changed().await.is_ok() {}
}
