//! The routing table: the workers that may take a request at this moment.

use std::sync::{
  Arc,
  atomic::{AtomicBool, Ordering},
};

use arc_swap::{ArcSwap, Guard};
use tokio::sync::{Notify, futures::Notified};

use super::upstream::{Protocol, Upstream};

/// Written by the supervisor in the step in which a worker changes state, read by every request
/// without a lock.
#[derive(Debug, Default)]
pub struct Routes {
  table: ArcSwap<Vec<Arc<Upstream>>>,
  /// What the last table that was not empty spoke: while every worker is being replaced, new
  /// connections are taken for what they would have been before.
  speaks_tcp: AtomicBool,
  /// Set while no worker can be expected: waiting for one would be in vain.
  exhausted: AtomicBool,
  changed: Notify,
}

impl Routes {
  /// Replaces the table and sends on the requests that wait for somebody to take them.
  ///
  /// Whoever is left out should be [closed](Upstream::close) in the same step: a request that read
  /// the older table then chooses again.
  pub fn publish(&self, upstreams: Vec<Arc<Upstream>>) {
    if let Some(first) = upstreams.first() {
      self.speaks_tcp.store(first.protocol() == Protocol::Tcp, Ordering::Relaxed);
    }
    self.table.store(Arc::new(upstreams));
    self.changed.notify_waiters();
  }

  /// Says whether no worker is to be expected any more, such as when all were given up. Requests that wait
  /// are then answered at once.
  pub fn set_exhausted(&self, exhausted: bool) {
    if self.exhausted.swap(exhausted, Ordering::Relaxed) != exhausted {
      self.changed.notify_waiters();
    }
  }

  /// Whether no worker is to be expected.
  pub(crate) fn is_exhausted(&self) -> bool {
    self.exhausted.load(Ordering::Relaxed)
  }

  /// The table as it is now.
  #[must_use]
  pub fn snapshot(&self) -> Arc<Vec<Arc<Upstream>>> {
    self.table.load_full()
  }

  /// The table without counting a reference. Not to be held across an await.
  pub(super) fn peek(&self) -> Guard<Arc<Vec<Arc<Upstream>>>> {
    self.table.load()
  }

  /// What a connection that is accepted now speaks.
  pub(super) fn protocol(&self) -> Protocol {
    if self.speaks_tcp.load(Ordering::Relaxed) { Protocol::Tcp } else { Protocol::Http }
  }

  /// Resolves at the next publication after the future was enabled or first polled.
  pub(super) fn changed(&self) -> Notified<'_> {
    self.changed.notified()
  }
}
