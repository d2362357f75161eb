//! Starts worker processes, all from one thread that lives as long as its cluster.
//!
//! Linux ties `PR_SET_PDEATHSIG`, which the agent asks for, to the *thread* that forked: the signal
//! comes when that thread ends. So children are not born on a pool thread. It also keeps the wait
//! for `exec` away from the threads that must not wait.
//!
//! Nothing runs in the child between fork and exec. That lets the standard library use `posix_spawn`,
//! which shares the memory of the master for that moment; `fork` would copy its page tables, and a
//! master with a large heap would stand still for each worker. So the channel is handed over as
//! stdin, which needs no code in the child, and the agent puts `/dev/null` in its place.

use std::{
  ffi::OsString, io, os::unix::net::UnixStream, path::PathBuf, process::Stdio, sync::mpsc, thread,
};

use tokio::{
  process::{ChildStderr, ChildStdout, Command},
  runtime::Handle,
  sync::oneshot,
};

use super::{
  exit::Process,
  tuning::{Refusal, Tuning},
};
use crate::{ipc::channel::Channel, telemetry::reader::Reader};

/// Tells the agent which descriptor is its channel: stdin.
const CHANNEL: (&str, &str) = ("XYPRISS_CLUSTER_FD", "0");

/// Tells the agent where its telemetry page is.
const PAGE: &str = "XYPRISS_CLUSTER_PAGE";

/// How to start one worker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Launch {
  /// The runtime's executable.
  pub program: PathBuf,
  /// Its arguments: the runtime's own, the agent's preload, the script, the script's.
  pub args: Vec<OsString>,
  /// Working directory; `None` for the master's.
  pub cwd: Option<PathBuf>,
  /// Whether it has the master's environment.
  pub inherits_env: bool,
  /// Variables added to that; the last of a name counts.
  pub env: Vec<(OsString, OsString)>,
  /// What the operating system is to give it.
  pub tuning: Tuning,
}

/// A worker that was just started.
#[derive(Debug)]
pub struct Spawned {
  /// Its process.
  pub process: Process,
  /// Our end of its channel.
  pub channel: UnixStream,
  /// What it tells of itself; `None` where the platform has no such pages.
  pub page: Option<Reader>,
  /// What it writes to stdout.
  pub stdout: ChildStdout,
  /// What it writes to stderr.
  pub stderr: ChildStderr,
  /// What of its tuning was refused.
  pub refused: Vec<Refusal>,
}

type Order = (Launch, oneshot::Sender<io::Result<Spawned>>);

/// Handle of the spawning thread. The thread ends when the last handle is dropped.
#[derive(Debug, Clone)]
pub struct Spawner {
  orders: mpsc::Sender<Order>,
}

impl Spawner {
  /// Start the thread. Children are registered with `runtime`.
  ///
  /// # Errors
  /// When the operating system refuses the thread.
  pub fn start(runtime: Handle) -> io::Result<Self> {
    let (orders, inbox) = mpsc::channel::<Order>();
    thread::Builder::new().name("xypriss-spawner".to_owned()).spawn(move || {
      let _entered = runtime.enter();
      while let Ok((launch, reply)) = inbox.recv() {
        // Nobody waiting any more drops the child, and dropping it kills it.
        let _abandoned = reply.send(spawn(&launch));
      }
    })?;
    Ok(Self { orders })
  }

  /// Start a worker.
  ///
  /// # Errors
  /// What the operating system says: no such program, no such directory, no more processes.
  pub async fn spawn(&self, launch: Launch) -> io::Result<Spawned> {
    let (reply, spawned) = oneshot::channel();
    let gone = || io::Error::other("the spawning thread is gone");
    self.orders.send((launch, reply)).map_err(|_| gone())?;
    spawned.await.map_err(|_| gone())?
  }
}

fn spawn(launch: &Launch) -> io::Result<Spawned> {
  let (ours, theirs) = Channel::pair()?;
  let mut command = Command::new(&launch.program);
  if !launch.inherits_env {
    command.env_clear();
  }
  command
    .args(&launch.args)
    .envs(launch.env.iter().map(|(name, value)| (name, value)))
    .env(CHANNEL.0, CHANNEL.1)
    .stdin(Stdio::from(theirs))
    .stdout(Stdio::piped())
    .stderr(Stdio::piped())
    // A group of its own: the terminal's Ctrl-C reaches the master alone, and one signal reaches
    // everything that the worker started.
    .process_group(0)
    .kill_on_drop(true);
  // A worker without a page serves as well: what it would tell there is absent.
  let page = Reader::new().inspect_err(|error| tracing::debug!(%error, "no telemetry page")).ok();
  match &page {
    Some(page) => command.env(PAGE, page.path()),
    None => command.env_remove(PAGE),
  };
  if let Some(cwd) = &launch.cwd {
    command.current_dir(cwd);
  }
  let mut child = command.spawn()?;
  let refused = child.id().map(|pid| launch.tuning.apply(pid)).unwrap_or_default();
  // It holds the worker's end, and would keep the channel open when the worker is gone.
  drop(command);
  let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
  let (Some(stdout), Some(stderr)) = (stdout, stderr) else {
    return Err(io::Error::other("the child was started without pipes"));
  };
  Ok(Spawned { process: Process::new(child)?, channel: ours, page, stdout, stderr, refused })
}
