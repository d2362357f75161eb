//! Has a worker collect its garbage, and waits for what came back. The worker is asked by its telemetry
//! page: no message, and no thread of the master waits.

use std::time::Duration;

use tokio::time::{Instant, sleep};

use crate::{
  error::{ClusterError, Result},
  telemetry::{
    reader::Collected,
    registry::{self, Worker},
  },
};

/// How long a worker may take to collect its garbage. It does when its event loop comes round.
const COLLECTING: Duration = Duration::from_secs(30);
/// Between two looks at whether it has.
const LOOK: Duration = Duration::from_millis(20);

/// Ask `worker` to collect; gives the number of the collection to [wait for](collected), or `None` when it
/// cannot be asked.
#[must_use]
pub fn ask(worker: &Worker) -> Option<u64> {
  let page = worker.page.as_ref()?;
  // Until it has told of its heap, it does not look at its page.
  page.heap()?;
  Some(page.ask_to_collect())
}

/// What collection `number` of `worker` brought.
///
/// # Errors
/// [`ClusterError::Channel`] when the worker ended first, or did not come round in half a minute.
pub async fn collected(worker: &Worker, number: u64) -> Result<Collected> {
  let end = Instant::now() + COLLECTING;
  loop {
    let collected = worker.page.as_ref().and_then(|page| page.collected(number));
    if let Some(collected) = collected {
      return Ok(collected);
    }
    let gone = registry::by_pid(worker.pid).is_none();
    if gone || Instant::now() >= end {
      let reason = if gone {
        "it ended before it had collected its garbage".to_owned()
      } else {
        format!("it did not collect its garbage within {} s", COLLECTING.as_secs())
      };
      return Err(ClusterError::Channel { worker: worker.id.to_string(), reason });
    }
    sleep(LOOK).await;
  }
}
