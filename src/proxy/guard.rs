//! What is done about a panic of the data plane: it is a fault of ours, which is told and counted, and costs the
//! connections that it happened on, and no others.

use std::{
  panic::{AssertUnwindSafe, catch_unwind},
  sync::Arc,
};

use futures_util::FutureExt;

use super::shared::{Shared, count};

/// Runs the task of one connection. Its sockets are closed by its end, whatever that is.
pub(super) async fn connection(shared: Arc<Shared>, task: impl Future<Output = ()>) {
  if AssertUnwindSafe(task).catch_unwind().await.is_err() {
    count(&shared.tally.panics);
    tracing::error!("the task of a connection panicked; the connection is closed");
  }
}

/// Runs a thread of the data plane, whose connections all end with it.
pub(super) fn thread(shared: &Shared, index: usize, run: impl FnOnce()) {
  if catch_unwind(AssertUnwindSafe(run)).is_err() {
    count(&shared.tally.panics);
    tracing::error!(
      thread = index,
      "a thread of the data plane panicked; the others go on without it"
    );
  }
}

#[cfg(test)]
mod tests {
  use std::sync::atomic::Ordering;

  use tokio::io::AsyncReadExt;

  use super::*;
  use crate::{
    balancer::Strategy,
    proxy::{Edge, QueueLimits},
  };

  fn shared() -> Arc<Shared> {
    let queue = QueueLimits { max_size: 1, timeout: std::time::Duration::ZERO };
    Arc::new(Shared::new(Strategy::default(), queue, Edge::default(), None))
  }

  #[tokio::test]
  async fn a_task_that_panics_is_counted_and_its_connection_ends() {
    let shared = shared();
    let (ours, mut theirs) = tokio::io::duplex(8);
    let guarded = connection(Arc::clone(&shared), async move {
      let _held = ours;
      tokio::task::yield_now().await;
      panic!("on purpose");
    });
    tokio::join!(guarded, async {
      assert!(matches!(theirs.read(&mut [0]).await, Ok(0)));
    });
    connection(Arc::clone(&shared), async {}).await;
    assert_eq!(shared.tally.panics.load(Ordering::Relaxed), 1);
  }

  #[test]
  fn a_thread_that_panics_is_counted() {
    let shared = shared();
    thread(&shared, 0, || panic!("on purpose"));
    thread(&shared, 1, || {});
    assert_eq!(shared.tally.panics.load(Ordering::Relaxed), 1);
  }
}
