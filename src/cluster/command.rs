//! Everything the supervisor can be asked, each with the reply it gives.

use std::sync::Arc;

use tokio::sync::oneshot;

use super::{exchange::Exchange, snapshot::WorkerView};
use crate::{config::Config, enforcement::Excess, error::Result};

/// Where an answer goes. Dropping the other end cancels nothing.
pub type Reply<T> = oneshot::Sender<Result<T>>;

/// A request to the supervisor.
#[derive(Debug)]
pub enum Command {
  /// Add a slot and start its worker. Answered when the worker is ready or has failed; a worker that
  /// fails takes its slot with it.
  Spawn {
    /// The slot's id; `None` for the next free `worker-N`.
    id: Option<String>,
    /// The worker.
    reply: Reply<WorkerView>,
  },
  /// Stop a worker and remove its slot. Answered when its processes are gone.
  Remove {
    /// The slot.
    id: String,
    /// Whether its requests may finish.
    graceful: bool,
    /// Done.
    reply: Reply<()>,
  },
  /// Start a successor, let it take over once it has proved itself, and stop the old process.
  /// Answered when the old one is gone, or when the successor failed and the old one was kept.
  Replace {
    /// The slot.
    id: String,
    /// Why, for the event.
    reason: String,
    /// Done.
    reply: Reply<()>,
  },
  /// Kill a worker that is above a hard limit, now. It is started again as after any death.
  Condemn {
    /// The slot.
    id: String,
    /// The process that was seen above it.
    pid: u32,
    /// The limit.
    excess: Excess,
    /// Done.
    reply: Reply<()>,
  },
  /// A step of a deployment.
  Exchange {
    /// The slot.
    id: String,
    /// What is to be done.
    step: Exchange,
    /// Done, or failed.
    reply: Reply<()>,
  },
  /// Open the public port: the first workers are ready.
  Open {
    /// Done.
    reply: Reply<()>,
  },
  /// Use another configuration from now on. What workers were born with stays as it is.
  Configure {
    /// The effective configuration.
    config: Arc<Config>,
    /// What workers are started with until it is proven, but for those of the deployment that does.
    proven: Option<Arc<Config>>,
    /// Done.
    reply: Reply<()>,
  },
  /// The number of workers is being changed, or is not any more.
  Scaling {
    /// Whether it is.
    under_way: bool,
    /// Done.
    reply: Reply<()>,
  },
  /// Stop everything and end the supervisor. A second one may only be less patient.
  Shutdown {
    /// Whether requests may finish.
    graceful: bool,
  },
}
