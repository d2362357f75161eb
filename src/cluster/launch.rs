//! From the master's own command line to that of a worker.

use std::{ffi::OsString, path::PathBuf};

use crate::{
  config::Exec,
  error::{ClusterError, Result},
  worker::{ear::Habit, spawner::Launch, tuning::Tuning},
};

/// The process that the cluster lives in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Host {
  /// Its runtime's executable.
  pub program: PathBuf,
  /// The runtime's own arguments.
  pub exec_argv: Vec<String>,
  /// Its script; `None` when it has none, as in a REPL.
  pub script: Option<String>,
  /// The script's arguments.
  pub args: Vec<String>,
  /// The agent that is loaded into every worker before the script.
  pub agent: PathBuf,
  /// The file that the agent is to load the addon from; `None` lets it look for itself.
  pub addon: Option<PathBuf>,
  /// The environment as its JavaScript sees it; `None` for that of the process.
  pub env: Option<Vec<(String, String)>>,
  /// Which runtime it is.
  pub runtime: Runtime,
}

/// A JavaScript runtime, as far as command lines differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Runtime {
  /// Node.js.
  Node,
  /// Bun.
  Bun,
}

impl Runtime {
  const fn preload(self) -> &'static str {
    match self {
      Self::Node => "--require",
      Self::Bun => "--preload",
    }
  }

  const fn inspector_port(self) -> u16 {
    match self {
      Self::Node => 9229,
      Self::Bun => 6499,
    }
  }
}

/// How worker `worker` is started. `ordinal` counts slots from 1 and keeps inspectors apart.
///
/// # Errors
/// [`ClusterError::Configuration`] when there is no script to run.
pub fn launch(
  host: &Host,
  exec: &Exec,
  worker: &str,
  ordinal: u16,
  port: u16,
  public_port: u16,
) -> Result<Launch> {
  let script = match (exec.script_path(), &host.script) {
    (Some(script), _) => script.into_os_string(),
    (None, Some(script)) => script.into(),
    (None, None) => {
      let problem = "exec.script: the master runs no script of its own, so this must name one";
      return Err(ClusterError::Configuration { problems: vec![problem.to_owned()] });
    }
  };
  let exec_argv = exec.exec_argv.as_ref().unwrap_or(&host.exec_argv);
  let mut args: Vec<OsString> =
    exec_argv.iter().map(|arg| inspector(arg, host.runtime, ordinal).into()).collect();
  args.push(host.runtime.preload().into());
  args.push(host.agent.clone().into_os_string());
  args.push(script);
  args.extend(exec.args.as_ref().unwrap_or(&host.args).iter().map(OsString::from));
  let mut env: Vec<(OsString, OsString)> = host
    .env
    .iter()
    .flatten()
    .chain(&exec.env)
    .map(|(name, value)| (name.into(), value.into()))
    .collect();
  env.extend([
    ("CLUSTER_MODE".into(), "true".into()),
    ("WORKER_ID".into(), worker.into()),
    ("WORKER_PORT".into(), port.to_string().into()),
    ("XYPRISS_CLUSTER_PORT".into(), public_port.to_string().into()),
  ]);
  if let Some(addon) = &host.addon {
    env.push(("XYPRISS_CLUSTER_ADDON".into(), addon.clone().into_os_string()));
  }
  let mut launch = Launch {
    program: host.program.clone(),
    args,
    cwd: exec.cwd.clone(),
    inherits_env: host.env.is_none(),
    env,
    tuning: Tuning::default(),
  };
  // Should it hang, its inspector is opened for a moment, and nobody else is to be told where.
  if host.runtime == Runtime::Node && !Habit::of_launch(&launch).from_start {
    launch.args.insert(0, "--inspect-publish-uid=stderr".into());
  }
  Ok(launch)
}

/// An inspector can have its port only once, so each worker gets the next, as with `node:cluster`.
fn inspector(arg: &str, runtime: Runtime, ordinal: u16) -> String {
  let (flag, value) = arg.split_once('=').map_or((arg, None), |(flag, value)| (flag, Some(value)));
  if !["--inspect", "--inspect-brk", "--inspect-wait", "--inspect-port"].contains(&flag) {
    return arg.to_owned();
  }
  let value = value.unwrap_or_default();
  let (host, port) = value.rsplit_once(':').map_or(("", value), |(host, port)| (host, port));
  let port = match (port.parse::<u16>(), value) {
    // 0 lets the operating system choose, and it never chooses twice.
    (Ok(0), _) => 0,
    (Ok(port), _) => port.saturating_add(ordinal),
    (Err(_), "") => runtime.inspector_port().saturating_add(ordinal),
    // A form that is not known, such as a URL of Bun's: leave it alone.
    (Err(_), _) => return arg.to_owned(),
  };
  if host.is_empty() { format!("{flag}={port}") } else { format!("{flag}={host}:{port}") }
}

#[cfg(test)]
mod tests {
  #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
  use super::*;

  fn host() -> Host {
    Host {
      program: "/usr/bin/node".into(),
      exec_argv: vec!["--enable-source-maps".to_owned(), "--inspect".to_owned()],
      script: Some("/app/server.js".to_owned()),
      args: vec!["--verbose".to_owned()],
      agent: "/pkg/agent.js".into(),
      addon: Some("/pkg/addon.node".into()),
      env: None,
      runtime: Runtime::Node,
    }
  }

  #[test]
  fn runs_the_masters_own_script_again() {
    let launch = launch(&host(), &Exec::default(), "worker-2", 2, 8087, 8085).unwrap();
    assert_eq!(
      launch.args,
      [
        "--enable-source-maps",
        "--inspect=9231",
        "--require",
        "/pkg/agent.js",
        "/app/server.js",
        "--verbose",
      ]
    );
    let env = |name: &str| launch.env.iter().find(|(n, _)| n == name).map(|(_, v)| v.clone());
    assert_eq!(env("WORKER_ID"), Some("worker-2".into()));
    assert_eq!(env("WORKER_PORT"), Some("8087".into()));
    assert_eq!(env("CLUSTER_MODE"), Some("true".into()));
    assert_eq!(env("XYPRISS_CLUSTER_ADDON"), Some("/pkg/addon.node".into()));
    assert_eq!(env("NODE_ENV"), None);
  }

  #[test]
  fn an_inspector_that_nobody_asked_for_is_known_to_the_master_alone() {
    let exec = Exec { exec_argv: Some(Vec::new()), ..Exec::default() };
    let launch = launch(&host(), &exec, "worker-1", 1, 8086, 8085).unwrap();
    assert_eq!(launch.args[..2], ["--inspect-publish-uid=stderr", "--require"]);
  }

  #[test]
  fn runs_what_it_is_told_to() {
    let exec = Exec {
      script: Some("/srv/other.js".into()),
      args: Some(Vec::new()),
      exec_argv: Some(Vec::new()),
      cwd: Some("/srv".into()),
      env: vec![("WORKER_ID".to_owned(), "mine".to_owned()), ("A".to_owned(), "b".to_owned())],
      port: None,
      private_ports: Vec::new(),
    };
    let host = Host { runtime: Runtime::Bun, ..host() };
    let launch = launch(&host, &exec, "worker-1", 1, 8086, 8085).unwrap();
    assert_eq!(launch.args, ["--preload", "/pkg/agent.js", "/srv/other.js"]);
    assert_eq!(launch.cwd, Some("/srv".into()));
    // The contract comes last, so it wins.
    let last = launch.env.iter().rfind(|(name, _)| name == "WORKER_ID").unwrap();
    assert_eq!(last.1, "worker-1");
  }

  #[test]
  fn a_relative_script_is_taken_from_the_directory_that_the_worker_runs_in() {
    let here = std::env::current_dir().unwrap();
    for (cwd, script, expected) in [
      (Some("/srv"), "app/main.js", PathBuf::from("/srv/app/main.js")),
      (Some("/srv"), "/opt/main.js", "/opt/main.js".into()),
      (Some("services/a"), "main.js", here.join("services/a/main.js")),
      (None, "main.js", here.join("main.js")),
    ] {
      let exec =
        Exec { script: Some(script.into()), cwd: cwd.map(PathBuf::from), ..Exec::default() };
      let launch = launch(&host(), &exec, "worker-1", 1, 8086, 8085).unwrap();
      let seen = launch.args.iter().position(|arg| arg == "/pkg/agent.js").unwrap() + 1;
      assert_eq!(launch.args.get(seen), Some(&expected.into_os_string()), "{cwd:?} {script}");
    }
  }

  #[test]
  fn has_the_environment_that_the_masters_javascript_sees() {
    let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let host = Host { env: Some(vec![pair("A", "master"), pair("B", "master")]), ..host() };
    let exec = Exec { env: vec![pair("B", "exec")], ..Exec::default() };
    let launch = launch(&host, &exec, "worker-1", 1, 8086, 8085).unwrap();
    assert!(!launch.inherits_env);
    let last = |name: &str| {
      let found = launch.env.iter().rfind(|(n, _)| n == name);
      found.map(|(_, value)| value.clone())
    };
    assert_eq!(last("A"), Some("master".into()));
    assert_eq!(last("B"), Some("exec".into()));
  }

  #[test]
  fn needs_a_script() {
    let host = Host { script: None, ..host() };
    let error = launch(&host, &Exec::default(), "worker-1", 1, 1, 0).unwrap_err();
    assert_eq!(error.code(), "ERR_CONFIGURATION");
  }

  #[test]
  fn keeps_inspectors_apart() {
    for (arg, expected) in [
      ("--inspect", "--inspect=9232"),
      ("--inspect-brk=127.0.0.1:5000", "--inspect-brk=127.0.0.1:5003"),
      ("--inspect=0", "--inspect=0"),
      ("--inspect=ws://localhost/x", "--inspect=ws://localhost/x"),
      ("--max-old-space-size=64", "--max-old-space-size=64"),
    ] {
      assert_eq!(inspector(arg, Runtime::Node, 3), expected);
    }
  }
}
