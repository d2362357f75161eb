//! One worker process as a target of requests: where it listens, what it is busy with, what it did.

use std::{
  net::SocketAddr,
  path::PathBuf,
  sync::{
    Arc,
    atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering},
  },
  time::Duration,
};

use tokio::sync::{Notify, futures::Notified, watch};

use super::{MAX_THREADS, farewell::Farewell, latency::Latency, pool::Pool};
use crate::telemetry::{histogram::Counts, registry::RequestCount};

/// Where a worker listens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Endpoint {
  /// An address, usually on the loopback interface.
  Tcp(SocketAddr),
  /// The path of a unix socket.
  Unix(PathBuf),
}

/// What a worker understands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protocol {
  /// HTTP/1.1: balanced per request.
  Http,
  /// Anything else, such as TLS or plain sockets: balanced per connection, bytes are passed through.
  Tcp,
}

/// What a worker did since it became a target. All are sums.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counters {
  /// Requests (or TCP connections) that were given to it.
  pub requests: u64,
  /// Those of them that it did not answer: it refused the connection or broke it before its answer
  /// was complete as far as the proxy must know.
  pub failed: u64,
  /// Answers with a 5xx status that it gave itself.
  pub server_errors: u64,
  /// Microseconds from giving it a request to the head of its answer.
  pub total_micros: u64,
}

/// One worker process. Its successor in the slot is another `Upstream`.
#[derive(Debug)]
pub struct Upstream {
  worker: String,
  endpoint: Endpoint,
  /// Where upgrades go, if not there.
  upgrades: Option<Endpoint>,
  protocol: Protocol,
  closed: AtomicBool,
  /// Requests and tunnels.
  in_flight: AtomicUsize,
  /// Those of them that are tunnels.
  tunnels: AtomicUsize,
  /// Those of the tunnels that can be ended by us, and are waited for once they are told to.
  endable: AtomicUsize,
  /// Set when the worker goes: what its tunnels are told.
  farewell: watch::Sender<Option<Farewell>>,
  /// Whether anybody ever waited in [`idle`](Self::idle): spares every request the lock in `Notify`.
  watched: AtomicBool,
  became_idle: Notify,
  /// Requests that found the backlog of the worker full.
  crowded: AtomicUsize,
  /// Told when the worker has answered a request while others wait for room.
  room: Notify,
  tally: Tally,
  latency: Latency,
  /// Idle connections, one pool per data-plane thread so that none contends for it. They live here
  /// so that they end with the upstream.
  pools: [Pool; MAX_THREADS],
}

#[derive(Debug, Default)]
struct Tally {
  requests: AtomicU64,
  failed: AtomicU64,
  server_errors: AtomicU64,
  total_micros: AtomicU64,
  /// Requests that the worker had in its hands when their connection broke.
  broken: AtomicU64,
}

impl Upstream {
  /// A target without connections. `worker` is the id of the slot, for logs and counters.
  #[must_use]
  pub fn new(worker: String, endpoint: Endpoint, protocol: Protocol) -> Arc<Self> {
    Self::with_upgrades(worker, endpoint, None, protocol)
  }

  /// A target that takes upgrades at another place than plain requests.
  #[must_use]
  pub fn with_upgrades(
    worker: String,
    endpoint: Endpoint,
    upgrades: Option<Endpoint>,
    protocol: Protocol,
  ) -> Arc<Self> {
    Arc::new(Self {
      worker,
      endpoint,
      upgrades,
      protocol,
      closed: AtomicBool::new(false),
      in_flight: AtomicUsize::new(0),
      tunnels: AtomicUsize::new(0),
      endable: AtomicUsize::new(0),
      farewell: watch::Sender::new(None),
      watched: AtomicBool::new(false),
      became_idle: Notify::new(),
      crowded: AtomicUsize::new(0),
      room: Notify::new(),
      tally: Tally::default(),
      latency: Latency::default(),
      pools: Default::default(),
    })
  }

  /// The id of the worker's slot.
  #[must_use]
  pub fn worker(&self) -> &str {
    &self.worker
  }

  /// Where it listens.
  #[must_use]
  pub fn endpoint(&self) -> &Endpoint {
    &self.endpoint
  }

  /// Where it takes upgrades, if that is another place.
  pub(super) fn upgrades(&self) -> Option<&Endpoint> {
    self.upgrades.as_ref()
  }

  /// What it understands.
  #[must_use]
  pub fn protocol(&self) -> Protocol {
    self.protocol
  }

  /// Requests whose answer is not complete yet, plus open tunnels.
  #[must_use]
  pub fn in_flight(&self) -> usize {
    self.in_flight.load(Ordering::Relaxed)
  }

  /// Requests whose answer is not complete yet, without tunnels.
  #[must_use]
  pub fn requests_in_flight(&self) -> usize {
    self.in_flight().saturating_sub(self.tunnels.load(Ordering::Relaxed))
  }

  /// What it did so far.
  #[must_use]
  pub fn counters(&self) -> Counters {
    Counters {
      requests: self.tally.requests.load(Ordering::Relaxed),
      failed: self.tally.failed.load(Ordering::Relaxed),
      server_errors: self.tally.server_errors.load(Ordering::Relaxed),
      total_micros: self.tally.total_micros.load(Ordering::Relaxed),
    }
  }

  /// Whether a request broke off in the hands of the worker, or is there still.
  #[must_use]
  pub fn broke_request(&self) -> bool {
    self.tally.broken.load(Ordering::Relaxed) > 0 || self.requests_in_flight() > 0
  }

  /// Times from giving it a request to the head of its answer, in microseconds.
  #[must_use]
  pub fn latency(&self) -> Counts {
    self.latency.counts()
  }

  /// Takes it out for good: no request starts on it once this has returned, and its idle
  /// connections are closed. Requests that are in flight go on.
  pub fn close(&self) {
    self.closed.store(true, Ordering::SeqCst);
    for pool in &self.pools {
      pool.clear();
    }
  }

  /// Ends the tunnels of a worker that goes, in the way that `farewell` says; the first one counts. Call
  /// [`close`](Self::close) before.
  pub fn dismiss(&self, farewell: Farewell) {
    self.farewell.send_if_modified(|told| {
      let first = told.is_none();
      told.get_or_insert(farewell);
      first
    });
  }

  /// What the tunnels were told, if they were.
  pub(super) fn farewell(&self) -> Option<Farewell> {
    *self.farewell.borrow()
  }

  /// Resolves when the tunnels are told to end.
  pub(super) async fn dismissed(&self) -> Farewell {
    let mut told = self.farewell.subscribe();
    loop {
      if let Some(farewell) = *told.borrow_and_update() {
        return farewell;
      }
      if told.changed().await.is_err() {
        // Only without a sender, which `self` holds.
        return std::future::pending().await;
      }
    }
  }

  /// Resolves once no request is in flight. Cancel safe. Of use after [`close`](Self::close); before,
  /// the next request can start at any time.
  ///
  /// Upgraded connections are waited for when they were [dismissed](Self::dismiss), which ends them.
  /// Connections of a protocol that we do not know are not: they have no last answer, and the worker is
  /// to be told that it has to leave while they are open, so that it can end them in their own way.
  pub async fn idle(&self) {
    self.watched.store(true, Ordering::SeqCst);
    loop {
      let became_idle = self.became_idle.notified();
      // From here on no notification is missed, even if the count drops before the await.
      if self.is_idle() {
        return;
      }
      became_idle.await;
    }
  }

  /// The order counts: a tunnel that ends in between makes this say no, and is followed by another
  /// look. The other way round, a request beside it could be overlooked.
  fn is_idle(&self) -> bool {
    let in_flight = self.in_flight.load(Ordering::SeqCst);
    let tunnels = self.tunnels.load(Ordering::SeqCst);
    let dismissed = self.farewell().is_some();
    let ending = if dismissed { self.endable.load(Ordering::SeqCst) } else { 0 };
    in_flight + ending <= tunnels
  }

  fn tell_if_idle(&self) {
    if self.watched.load(Ordering::SeqCst) && self.is_idle() {
      self.became_idle.notify_waiters();
    }
  }

  /// Waits in front of the worker, whose backlog is full.
  pub(super) fn crowd(self: Arc<Self>) -> Crowded {
    self.crowded.fetch_add(1, Ordering::Relaxed);
    Crowded { upstream: self }
  }

  /// Whether it was taken out.
  #[must_use]
  pub fn is_closed(&self) -> bool {
    self.closed.load(Ordering::Relaxed)
  }

  pub(super) fn pool(&self, thread: usize) -> &Pool {
    &self.pools[thread]
  }

  /// Starts a request; `None` when the upstream was closed meanwhile.
  ///
  /// Counts first and looks at `closed` second, while `close` and `idle` do it the other way
  /// round: either this sees that it is closed, or `idle` sees that something is in flight.
  pub(crate) fn enter(self: &Arc<Self>) -> Option<InFlight> {
    self.in_flight.fetch_add(1, Ordering::SeqCst);
    let guard = InFlight { upstream: Arc::clone(self), tunnel: None, turned_away: false };
    if self.closed.load(Ordering::SeqCst) {
      return None;
    }
    self.tally.requests.fetch_add(1, Ordering::Relaxed);
    Some(guard)
  }
}

impl RequestCount for Upstream {
  fn requests(&self) -> u64 {
    self.tally.requests.load(Ordering::Relaxed)
  }
}

/// A request in front of a worker whose backlog is full, until dropped.
#[derive(Debug)]
pub(super) struct Crowded {
  upstream: Arc<Upstream>,
}

impl Crowded {
  /// Whether the request waits for `upstream`.
  pub(super) fn is_for(&self, upstream: &Arc<Upstream>) -> bool {
    Arc::ptr_eq(&self.upstream, upstream)
  }

  /// Resolves when the worker has answered a request: the next connection may find room, or a kept one is free.
  pub(super) fn room(&self) -> Notified<'_> {
    self.upstream.room.notified()
  }
}

impl Drop for Crowded {
  fn drop(&mut self) {
    self.upstream.crowded.fetch_sub(1, Ordering::Relaxed);
  }
}

/// A request or tunnel in flight, until dropped.
#[derive(Debug)]
pub(crate) struct InFlight {
  upstream: Arc<Upstream>,
  tunnel: Option<Tunnel>,
  /// Whether the worker had no room for it, so that its end makes none.
  turned_away: bool,
}

/// A connection that left HTTP, or was never in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tunnel {
  /// An upgraded one, which we can end.
  Endable,
  /// One of which only the worker knows how it is to end.
  Foreign,
}

impl InFlight {
  pub(super) fn upstream(&self) -> &Arc<Upstream> {
    &self.upstream
  }

  /// Goes on as a tunnel, which counts when workers are chosen.
  pub(super) fn into_tunnel(mut self, kind: Tunnel) -> Self {
    self.tunnel = Some(kind);
    if kind == Tunnel::Endable {
      self.upstream.endable.fetch_add(1, Ordering::SeqCst);
    }
    self.upstream.tunnels.fetch_add(1, Ordering::SeqCst);
    self.upstream.tell_if_idle();
    self
  }

  /// Counts the head of an answer, as seen by data-plane thread `thread`.
  pub(super) fn answered(&self, thread: usize, after: Duration, server_error: bool) {
    let tally = &self.upstream.tally;
    let micros = u64::try_from(after.as_micros()).unwrap_or(u64::MAX);
    self.upstream.latency.record(thread, micros);
    tally.total_micros.fetch_add(micros, Ordering::Relaxed);
    if server_error {
      tally.server_errors.fetch_add(1, Ordering::Relaxed);
    }
  }

  /// Ends it because the backlog of the worker is full.
  pub(super) fn turn_away(mut self) {
    self.turned_away = true;
  }

  /// Counts that the connection broke while the worker had the request.
  pub(crate) fn broke(&self) {
    self.upstream.tally.broken.fetch_add(1, Ordering::Relaxed);
    self.failed();
  }

  /// Counts that no (whole) answer came.
  pub(super) fn failed(&self) {
    self.upstream.tally.failed.fetch_add(1, Ordering::Relaxed);
  }
}

impl Drop for InFlight {
  fn drop(&mut self) {
    // In this order: see `Upstream::is_idle`.
    if self.tunnel.is_some() {
      self.upstream.tunnels.fetch_sub(1, Ordering::SeqCst);
    }
    self.upstream.in_flight.fetch_sub(1, Ordering::SeqCst);
    if self.tunnel == Some(Tunnel::Endable) {
      self.upstream.endable.fetch_sub(1, Ordering::SeqCst);
    }
    self.upstream.tell_if_idle();
    if self.upstream.crowded.load(Ordering::Relaxed) > 0 && !self.turned_away {
      self.upstream.room.notify_one();
    }
  }
}

#[cfg(test)]
mod tests {
  #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

  use std::net::Ipv4Addr;

  use super::*;

  fn upstream() -> Arc<Upstream> {
    let endpoint = Endpoint::Tcp((Ipv4Addr::LOCALHOST, 1).into());
    Upstream::new("worker-1".to_owned(), endpoint, Protocol::Http)
  }

  #[tokio::test]
  async fn idle_waits_for_the_last_guard() {
    let upstream = upstream();
    upstream.idle().await;
    let (first, second) = (upstream.enter().unwrap(), upstream.enter().unwrap());
    upstream.close();
    let mut idle = tokio::spawn({
      let upstream = Arc::clone(&upstream);
      async move { upstream.idle().await }
    });
    tokio::task::yield_now().await;
    assert!(!idle.is_finished());
    drop(first);
    tokio::task::yield_now().await;
    assert!(!idle.is_finished());
    drop(second);
    (&mut idle).await.unwrap();
  }

  #[tokio::test]
  async fn upgraded_connections_are_waited_for_once_they_are_dismissed() {
    for (kind, waits) in [(Tunnel::Endable, true), (Tunnel::Foreign, false)] {
      let upstream = upstream();
      let tunnel = upstream.enter().unwrap().into_tunnel(kind);
      upstream.close();
      upstream.idle().await;
      upstream.dismiss(Farewell::shutdown());
      let idle = tokio::spawn({
        let upstream = Arc::clone(&upstream);
        async move { upstream.idle().await }
      });
      tokio::task::yield_now().await;
      assert_eq!(idle.is_finished(), !waits);
      drop(tunnel);
      idle.await.unwrap();
      assert_eq!(upstream.in_flight(), 0);
    }
  }

  #[test]
  fn nothing_enters_a_closed_upstream_and_a_refused_entry_leaves_no_trace() {
    let upstream = upstream();
    upstream.close();
    assert!(upstream.enter().is_none());
    assert_eq!(upstream.in_flight(), 0);
    assert_eq!(upstream.counters(), Counters::default());
  }
}
