//! What everybody but the supervisor sees of a cluster: a picture, replaced whole at each change.

use std::{
  sync::Arc,
  time::{SystemTime, UNIX_EPOCH},
};

pub use super::state::ClusterState;

use crate::{
  health::{
    checkup::{Checkup, Status},
    verdict::Verdict,
  },
  proxy::{Counters, Upstream},
  telemetry::histogram::Counts,
  worker::{Generation, cause::Cause},
};

/// State of a worker, in the words of the public `WorkerState`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WorkerStatus {
  /// Starting for the first time, or about to be started again.
  Starting,
  /// Takes requests.
  Running,
  /// Told to go.
  Stopping,
  /// Dead, and nobody wants it back.
  Stopped,
  /// Given up: it died too often.
  Error,
}

impl WorkerStatus {
  /// The public name.
  #[must_use]
  pub const fn name(self) -> &'static str {
    match self {
      Self::Starting => "starting",
      Self::Running => "running",
      Self::Stopping => "stopping",
      Self::Stopped => "stopped",
      Self::Error => "error",
    }
  }
}

/// One worker in a [`Snapshot`].
#[derive(Debug, Clone)]
pub struct WorkerView {
  /// The slot's id.
  pub id: Arc<str>,
  /// Its process, while there is one.
  pub pid: Option<u32>,
  /// Its port; the last one it had while it has none.
  pub port: u16,
  /// Its state.
  pub status: WorkerStatus,
  /// Its checks.
  pub checkup: Checkup,
  /// Whether the app had a server and closed it: no request reaches it.
  pub server_closed: bool,
  /// When its process was started; the epoch before that.
  pub started: SystemTime,
  /// Whether its first process has yet to become ready. Until then it is missed by nobody.
  pub fresh: bool,
  /// How often the slot was filled again.
  pub restarts: u32,
  /// Live counters of the present process.
  pub upstream: Option<Arc<Upstream>>,
  /// Those of its servers beside the public one.
  pub others: Vec<Arc<Upstream>>,
  /// What is known of its last failure.
  pub last_error: Option<String>,
  /// The last process of it that hung and was killed for it.
  pub last_hang: Option<Arc<Hang>>,
  /// Which incarnation does its work.
  pub generation: Option<Generation>,
  /// How the last one ended that was not asked to.
  pub last_death: Option<Cause>,
}

/// A process that hung.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hang {
  /// The process.
  pub pid: Option<u32>,
  /// When it was gone.
  pub at: SystemTime,
  /// How that showed, and where it hung.
  pub cause: Cause,
}

impl WorkerView {
  /// What its present process counted, at every address.
  #[must_use]
  pub fn counters(&self) -> Counters {
    self.upstreams().fold(Counters::default(), |sum, upstream| add(sum, upstream.counters()))
  }

  /// Requests and tunnels of its present process that go on, at every address.
  #[must_use]
  pub fn in_flight(&self) -> usize {
    self.upstreams().map(|upstream| upstream.in_flight()).sum()
  }

  /// The same without tunnels.
  #[must_use]
  pub fn requests_in_flight(&self) -> usize {
    self.upstreams().map(|upstream| upstream.requests_in_flight()).sum()
  }

  /// Times of its present process, at every address.
  #[must_use]
  pub fn latency(&self) -> Counts {
    self.upstreams().fold(Counts::default(), |sum, upstream| {
      let counts = upstream.latency();
      if sum.total() == 0 { counts } else { sum.with(&counts) }
    })
  }

  fn upstreams(&self) -> impl Iterator<Item = &Arc<Upstream>> {
    self.upstream.iter().chain(&self.others)
  }

  /// Whether it takes requests and answers its checks.
  #[must_use]
  pub fn serves(&self) -> bool {
    let running = self.status == WorkerStatus::Running && !self.server_closed;
    running && self.checkup.status != Status::Unhealthy
  }
}

/// A picture of the cluster.
#[derive(Debug, Clone)]
pub struct Snapshot {
  /// State of the whole.
  pub state: ClusterState,
  /// The workers, in the order in which their slots were made.
  pub workers: Vec<WorkerView>,
  /// Every process there is, also those that are to take over or to go.
  pub processes: Vec<u32>,
  /// What processes that are gone had counted.
  pub departed: Counters,
}

impl Snapshot {
  /// Without a run.
  #[must_use]
  pub fn empty(state: ClusterState) -> Self {
    Self { state, workers: Vec::new(), processes: Vec::new(), departed: Counters::default() }
  }

  /// Health of the whole: every worker that is there to stay should serve.
  #[must_use]
  pub fn verdict(&self) -> Verdict {
    let stays = |worker: &&WorkerView| worker.status != WorkerStatus::Stopping && !worker.fresh;
    let wanted = self.workers.iter().filter(stays).count();
    let serving = self.workers.iter().filter(|worker| worker.serves()).count();
    Verdict::of(wanted, serving)
  }

  /// The worker with this id.
  #[must_use]
  pub fn worker(&self, id: &str) -> Option<&WorkerView> {
    self.workers.iter().find(|worker| &*worker.id == id)
  }

  /// What all workers counted since the start, those that are gone included.
  #[must_use]
  pub fn counters(&self) -> Counters {
    self.workers.iter().fold(self.departed, |sum, worker| add(sum, worker.counters()))
  }
}

/// The time of a worker that never started.
pub const NEVER: SystemTime = UNIX_EPOCH;

/// The sum of what two processes counted.
#[must_use]
pub const fn add(one: Counters, other: Counters) -> Counters {
  Counters {
    requests: one.requests + other.requests,
    failed: one.failed + other.failed,
    server_errors: one.server_errors + other.server_errors,
    total_micros: one.total_micros + other.total_micros,
  }
}
