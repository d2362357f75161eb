//! The one tokio runtime that the control side of all clusters in this process shares.
//!
//! Started with the first cluster, so that a worker, which only loads the agent, pays nothing for it.
//! It is never shut down: its single thread sleeps when there is nothing to do. The data plane has
//! threads of its own (see [`crate::proxy`]).

use std::sync::OnceLock;

use tokio::runtime::{Builder, Handle, Runtime};

use crate::error::{ClusterError, Result};

static RUNTIME: OnceLock<std::result::Result<Runtime, String>> = OnceLock::new();

/// The handle of the shared runtime, started on the first call.
///
/// # Errors
/// [`ClusterError::System`] when the operating system refuses the thread or the poller.
pub fn handle() -> Result<&'static Handle> {
  let runtime = RUNTIME.get_or_init(|| {
    Builder::new_multi_thread()
      .worker_threads(1)
      .max_blocking_threads(4)
      .thread_name("xypriss-core")
      .enable_all()
      .build()
      .map_err(|error| error.to_string())
  });
  match runtime {
    Ok(runtime) => Ok(runtime.handle()),
    Err(reason) => Err(ClusterError::System { what: "start its runtime", reason: reason.clone() }),
  }
}
