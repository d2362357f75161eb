//! `updateConfig()`: all of a change, or nothing of it.

use std::{ffi::OsStr, path::Path, sync::Arc};

use serde_json::Value;

use super::{Cluster, Run, Settings, autoscaling::bounded};
use crate::{
  config::{Config, field::Change, resolve::changed},
  error::{ClusterError, Result},
};

impl Cluster {
  /// Lay `patch` over the configuration. It is checked whole before anything changes. What can be
  /// applied to running workers is; for the rest they are replaced, as by `restart()`.
  ///
  /// # Errors
  /// [`ClusterError::Configuration`] when the result is not valid: nothing is changed. What the
  /// deployment or a new worker met: the configuration and the number of workers are the old ones again,
  /// and workers that were replaced already are started with it.
  pub async fn update_config(&self, patch: Value) -> Result<()> {
    let _alone = self.operation.lock().await;
    let counted = patch.get("workers").is_some();
    let before = self.config();
    let (written, resolved) = self.patched(&patch)?;
    let new = Arc::new(resolved.config);
    let run = self.current();
    if run.is_some() {
      check_exec(&new)?;
      check_fixed(&before, &new)?;
    }
    let old = {
      let mut settings = self.settings();
      let warnings = std::mem::replace(&mut settings.warnings, resolved.warnings);
      let written = std::mem::replace(&mut settings.written, written);
      settings.config = Arc::clone(&new);
      Settings { written, config: Arc::clone(&before), warnings }
    };
    let Some(run) = run else {
      self.messages.configure((&new.ipc).into());
      return Ok(());
    };
    let applied = self.apply(&run, &before, &new, counted).await;
    if applied.is_err() {
      // What the next worker is born with must be what is known to work.
      *self.settings() = old;
      if run.state().is_up() {
        self.configure(&run, before, None).await?;
      }
    }
    applied
  }

  /// What running workers get, and what the next ones are born with. Those that are not born for the
  /// sake of `config` itself are born with `proven` as long as there is such a one.
  pub(super) async fn configure(
    &self,
    run: &Run,
    config: Arc<Config>,
    proven: Option<Arc<Config>>,
  ) -> Result<()> {
    self.messages.configure((&config.ipc).into());
    run.configure(config, proven).await
  }

  async fn apply(
    &self,
    run: &Arc<Run>,
    old: &Arc<Config>,
    new: &Arc<Config>,
    counted: bool,
  ) -> Result<()> {
    let rolls = !changed(old, new, Change::Reborn).is_empty();
    let present = run.count();
    let staying = run.ids();
    self.configure(run, Arc::clone(new), rolls.then(|| Arc::clone(old))).await?;
    if rolls {
      self.roll(run, "new configuration", "updateConfig", Some(old)).await?;
      self.configure(run, Arc::clone(new), None).await?;
    }
    let asked = if counted { new.workers } else { u32::try_from(present).unwrap_or(u32::MAX) };
    let wanted = bounded(&new.auto_scaling, asked) as usize;
    if wanted == run.count() {
      return Ok(());
    }
    let scale = |wanted| run.scale_to(wanted, "updateConfig()", false, &*self.events);
    let scaled = scale(wanted).await;
    let Err(error) = scaled else {
      return Ok(());
    };
    if run.state().is_up() && run.count() > present {
      scale(present).await?;
    }
    if run.state().is_up() && rolls {
      self.configure(run, Arc::clone(old), None).await?;
      self.take_back(run, staying, &error, "updateConfig").await?;
    }
    Err(error)
  }
}

/// Refuse early what the runtime would only say on stderr.
pub(super) fn check_exec(config: &Config) -> Result<()> {
  let problem = |problem: String| ClusterError::Configuration { problems: vec![problem] };
  let exec = &config.exec;
  if let Some(cwd) = exec.cwd.as_ref().filter(|cwd| !cwd.is_dir()) {
    return Err(problem(format!("exec.cwd: there is no directory {}", cwd.display())));
  }
  if let Some(script) = exec.script_path().filter(|path| !is_runnable(path)) {
    return Err(problem(format!("exec.script: there is no file {}", script.display())));
  }
  Ok(())
}

/// Whether a runtime finds something to run at `path`: a file, a directory with an index, or a name that the
/// runtime completes by an extension.
fn is_runnable(path: &Path) -> bool {
  if path.exists() {
    return true;
  }
  let (Some(name), Some(directory)) = (path.file_name(), path.parent()) else { return false };
  let completes = |entry: &OsStr| {
    let rest = entry.as_encoded_bytes().strip_prefix(name.as_encoded_bytes());
    rest.is_some_and(|rest| rest.starts_with(b"."))
  };
  directory
    .read_dir()
    .is_ok_and(|mut entries| entries.any(|it| it.is_ok_and(|it| completes(&it.file_name()))))
}

/// What cannot change while the cluster runs, such as the address that clients are connected to.
fn check_fixed(old: &Config, new: &Config) -> Result<()> {
  let problem = |path| format!("{path}: cannot change while the cluster runs; stop() it first");
  let problems: Vec<String> = changed(old, new, Change::Stopped).into_iter().map(problem).collect();
  if problems.is_empty() { Ok(()) } else { Err(ClusterError::Configuration { problems }) }
}
