//! One worker process, from spawn to reap.
//!
//! [`task`] is the actor that owns the process; it follows [`state`] and reports to the supervisor
//! through [`Notice`]s. Everything that a worker can be told is a [`Demand`].

pub mod autopsy;
pub mod beats;
pub mod cause;
pub mod checks;
pub mod ear;
pub mod exit;
pub mod forward;
pub mod inspector;
pub mod output;
pub mod probe;
pub mod readiness;
pub mod servers;
pub mod spawner;
pub mod state;
pub mod task;
pub mod tuning;

use std::{net::IpAddr, sync::Arc};

use nix::unistd::Pid;
use tokio::{
  sync::{mpsc, oneshot, watch},
  time::Instant,
};

use self::{cause::Cause, spawner::Launch, tuning::Refusal};
use crate::{
  config::Config,
  error::ClusterError,
  health::checkup::Checkup,
  proxy::{Address, Upstream},
};

/// One incarnation of a worker; never used twice in the life of a cluster.
pub type Generation = u64;

/// What a worker is born with.
#[derive(Debug, Clone)]
pub struct Birth {
  /// Which incarnation it is.
  pub generation: Generation,
  /// The slot it is for.
  pub worker: Arc<str>,
  /// How to start it.
  pub launch: Launch,
  /// The public port of the cluster.
  pub public_port: u16,
  /// Whether it has to pass a check before it takes over from another: then it is checked at once.
  pub on_trial: bool,
  /// The effective configuration, as it changes.
  pub config: watch::Receiver<Arc<Config>>,
  /// What is wanted of it, as it changes.
  pub demand: watch::Receiver<Demand>,
  /// Where its news go.
  pub notices: mpsc::Sender<Notice>,
}

/// What is wanted of a worker. Only ever goes up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Demand {
  /// Run.
  Run,
  /// Finish what is in flight and leave.
  Stop {
    /// When SIGTERM follows.
    by: Instant,
  },
  /// It hangs: find out where, and end it.
  Autopsy,
  /// End at once.
  Kill,
}

/// News of one incarnation.
#[derive(Debug)]
pub struct Notice {
  /// Which one.
  pub generation: Generation,
  /// What happened.
  pub news: News,
}

/// What can happen to a worker, as far as the supervisor cares.
#[derive(Debug)]
pub enum News {
  /// Its process exists.
  Spawned {
    /// The process.
    pid: Pid,
  },
  /// The operating system refused a part of what it was to have. It runs without.
  Untuned(Vec<Refusal>),
  /// It proved that it is ready.
  Ready {
    /// Where requests go; `None` when it said that it is ready without listening.
    target: Option<Target>,
  },
  /// It was ready before, and listens only now, or on another server than before.
  Listening(Target),
  /// It does not listen any more.
  Closed,
  /// It is about to listen at an address beside the public port, and waits until that is open.
  Asks {
    /// The address.
    address: Address,
    /// Whether it is open.
    reply: oneshot::Sender<bool>,
  },
  /// It takes requests at such an address, or takes them elsewhere than before.
  Serves {
    /// The address.
    address: Address,
    /// Where they go.
    upstream: Arc<Upstream>,
  },
  /// It has no server at such an address any more.
  Leaves {
    /// The address.
    address: Address,
  },
  /// Its last check.
  Checkup(Checkup),
  /// Its process ended and was reaped. Always the last news.
  Exited(End),
}

/// Where a worker takes requests.
#[derive(Debug, Clone)]
pub struct Target {
  /// The worker as the data plane knows it.
  pub upstream: Arc<Upstream>,
  /// The address that the app itself asked to listen on, where it was an IP address.
  pub requested_host: Option<IpAddr>,
  /// Whether it asked for `::` without IPv4.
  pub v6_only: bool,
}

/// How a worker ended.
#[derive(Debug, Clone)]
pub struct End {
  /// Why.
  pub cause: Cause,
  /// Set when it ended before it was ready, and nobody had asked it to.
  pub startup: Option<ClusterError>,
  /// The last lines it wrote to stderr.
  pub stderr: Vec<String>,
}

/// Starts workers. The supervisor's tests put one here that starts no process.
pub trait Nursery: Send + Sync + 'static {
  /// Begin the life of a worker. Everything else comes as notices; the last is always
  /// [`News::Exited`].
  fn raise(&self, birth: Birth);
}
