//! What the handle and all data-plane threads of one proxy share.

use std::{
  sync::{
    Arc,
    atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering},
  },
  time::{Duration, Instant},
};

use arc_swap::ArcSwap;
use tokio::sync::watch;

use super::{
  client_header::ClientHeader,
  edge::Edge,
  latency::Latency,
  queue::{Queue, QueueLimits},
  roll::Roll,
  routes::Routes,
};
use crate::balancer::{Balancer, Strategy};

/// How long an idle connection of a client is kept when the proxy closes: a request that is on its way is
/// answered, with `Connection: close`, rather than met by a reset.
const LAST_REQUESTS: Duration = Duration::from_secs(1);

/// State of one proxy.
#[derive(Debug)]
pub(super) struct Shared {
  pub(super) routes: Routes,
  pub(super) settings: ArcSwap<Settings>,
  pub(super) queue: Queue,
  pub(super) tally: Tally,
  pub(super) latency: Latency,
  pub(super) roll: Roll,
  pub(super) client_header: Option<ClientHeader>,
  /// Set once the proxy closes: when whatever is still open then is cut.
  closing: watch::Sender<Option<Instant>>,
  /// The same in short, for a look at every turn.
  is_closing: AtomicBool,
  /// Whoever may still answer a request: threads that take connections, connections that are no tunnels.
  pub(super) serving: watch::Sender<usize>,
  /// Data-plane threads that have not ended.
  pub(super) running: watch::Sender<usize>,
}

/// What can be changed while the proxy runs.
#[derive(Debug, Clone)]
pub(super) struct Settings {
  pub(super) balancer: Arc<dyn Balancer>,
  pub(super) queue: QueueLimits,
  pub(super) edge: Edge,
}

/// Counters behind [`ProxyStats`](super::ProxyStats).
#[derive(Debug, Default)]
pub(super) struct Tally {
  pub(super) connections: AtomicUsize,
  pub(super) unavailable: AtomicU64,
  pub(super) bad_gateway: AtomicU64,
  pub(super) retries: AtomicU64,
  pub(super) panics: AtomicU64,
}

impl Shared {
  pub(super) fn new(
    strategy: Strategy,
    queue: QueueLimits,
    edge: Edge,
    client_header: Option<ClientHeader>,
  ) -> Self {
    Self {
      routes: Routes::default(),
      settings: ArcSwap::from_pointee(Settings { balancer: strategy.balancer(), queue, edge }),
      queue: Queue::default(),
      tally: Tally::default(),
      latency: Latency::default(),
      roll: Roll::default(),
      client_header,
      closing: watch::Sender::new(None),
      is_closing: AtomicBool::new(false),
      serving: watch::Sender::new(0),
      running: watch::Sender::new(0),
    }
  }

  /// Whether the proxy closes. Set before [`closing`](Self::closing) resolves.
  pub(super) fn is_closing(&self) -> bool {
    self.is_closing.load(Ordering::Acquire)
  }

  /// Resolves once the proxy closes.
  pub(super) async fn closing(&self) {
    // Fails only without a sender, which `self` holds.
    let _ = self.closing.subscribe().wait_for(Option::is_some).await;
  }

  /// Resolves when the proxy closes and idle connections have been kept for long enough.
  pub(super) async fn closing_idle(&self) {
    self.closing().await;
    tokio::select! {
      () = tokio::time::sleep(LAST_REQUESTS) => {}
      () = self.deadline() => {}
    }
  }

  /// Resolves at the deadline of closing, which may be moved forward meanwhile.
  pub(super) async fn deadline(&self) {
    let mut closing = self.closing.subscribe();
    loop {
      let deadline = *closing.borrow_and_update();
      let passed = async {
        match deadline {
          Some(deadline) => tokio::time::sleep_until(deadline.into()).await,
          None => std::future::pending().await,
        }
      };
      tokio::select! {
        () = passed => return,
        _ = closing.changed() => {}
      }
    }
  }

  /// Changes the settings for all requests from the next one on.
  pub(super) fn configure(&self, change: impl Fn(&mut Settings)) {
    self.settings.rcu(|settings| {
      let mut settings = Settings::clone(settings);
      change(&mut settings);
      settings
    });
  }

  /// Begins to close, or moves an earlier end of closing forward. Never backward.
  pub(super) fn close(&self, deadline: Instant) {
    self.is_closing.store(true, Ordering::Release);
    self.closing.send_modify(|closing| {
      *closing = Some(closing.map_or(deadline, |earlier| earlier.min(deadline)));
    });
  }
}

/// Counts as one until it is dropped, in whatever way.
pub(super) struct Held {
  shared: Arc<Shared>,
  counter: Counter,
}

type Counter = fn(&Shared) -> &watch::Sender<usize>;

impl Held {
  pub(super) fn new(shared: &Arc<Shared>, counter: Counter) -> Self {
    counter(shared).send_modify(|count| *count += 1);
    Self { shared: Arc::clone(shared), counter }
  }
}

impl Drop for Held {
  fn drop(&mut self) {
    (self.counter)(&self.shared).send_modify(|count| *count -= 1);
  }
}

/// Adds one.
pub(super) fn count(counter: &AtomicU64) {
  counter.fetch_add(1, Ordering::Relaxed);
}
