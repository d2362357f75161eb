//! The way of one request through the routing table: choose a worker, or wait until there is one.
//!
//! A request waits for a *worker* while none is routable, in the bounded queue; for *room* while every worker that it may
//! go to has a full backlog, which is bounded by the number of clients; and a moment when all of them refused it, as a
//! worker that goes leaves the table in a moment. It does not wait when no worker is left but those in whose hands it
//! broke off, and one of them lives: then it is answered 502.

use std::{future::poll_fn, pin::Pin, sync::Arc, task::Poll, time::Duration};

use tokio::time::{Instant, sleep, sleep_until};

use super::{
  downstream::refusal::Failure,
  queue::Place,
  retry::MAX_BROKEN,
  shared::Shared,
  stream::Stream,
  upstream::{Crowded, InFlight, Protocol, Upstream},
};
use crate::balancer::Candidates;

/// Between two looks for room: the kernel sends no event when a worker accepts.
const ROOM: Duration = Duration::from_millis(20);
/// Before a worker that refused a request is asked again, when all have.
const AGAIN: Duration = Duration::from_millis(50);

/// Where one request has been and until when it waits.
pub(super) struct Route<'a> {
  shared: &'a Shared,
  protocol: Protocol,
  /// Workers that failed for this request. Held, so that no other can get the address of one.
  excluded: Vec<Arc<Upstream>>,
  /// Workers in whose hands this request broke off.
  broken: Vec<Arc<Upstream>>,
  /// Workers whose backlog was full.
  full: Vec<Crowded>,
  /// Set when it first waits: the timeout is for all its waiting together.
  deadline: Option<Instant>,
}

impl<'a> Route<'a> {
  pub(super) fn new(shared: &'a Shared, protocol: Protocol) -> Self {
    let (excluded, broken, full) = (Vec::new(), Vec::new(), Vec::new());
    Self { shared, protocol, excluded, broken, full, deadline: None }
  }

  /// Leaves a worker out from here on.
  pub(super) fn exclude(&mut self, upstream: Arc<Upstream>) {
    self.excluded.push(upstream);
  }

  /// Leaves a worker out until there is room.
  pub(super) fn crowd(&mut self, upstream: Arc<Upstream>) {
    self.full.push(upstream.crowd());
  }

  /// Notes that the request broke off in the hands of `upstream`. Tells whether another attempt is allowed: a worker
  /// counts once, as all connections to a process that dies break, one after the other.
  pub(super) fn broke(&mut self, upstream: &Arc<Upstream>) -> bool {
    if !contains(&self.broken, upstream) {
      self.broken.push(Arc::clone(upstream));
    }
    self.broken.len() < MAX_BROKEN
  }

  /// The next worker to try, at once if there is one, otherwise as soon as one is published.
  pub(super) async fn next(&mut self) -> Result<InFlight, Failure> {
    match self.pick() {
      Some(in_flight) => Ok(in_flight),
      None => self.wait().await,
    }
  }

  /// The next worker to try, if there is one now.
  pub(super) fn try_next(&self) -> Option<InFlight> {
    self.pick()
  }

  async fn wait(&mut self) -> Result<InFlight, Failure> {
    let shared = self.shared;
    let limits = shared.settings.load().queue;
    let deadline = *self.deadline.get_or_insert_with(|| after(limits.timeout));
    let mut place = None;
    loop {
      // Before looking, so that a publication between looking and waiting is not missed.
      let changed = shared.routes.changed();
      if let Some(in_flight) = self.pick() {
        return Ok(in_flight);
      }
      let crowded = !self.full.is_empty();
      if !crowded && self.is_spent() && self.a_broken_one_lives().await {
        return Err(Failure::BadGateway);
      }
      if shared.routes.is_exhausted() {
        return Err(Failure::Unavailable);
      }
      if place.as_ref().is_none_or(|place: &Place<'_>| place.waits_for_room() != crowded) {
        drop(place.take());
        let entered =
          if crowded { Some(shared.queue.crowd()) } else { shared.queue.enter(limits.max_size) };
        place = Some(entered.ok_or(Failure::Unavailable)?);
      }
      tokio::select! {
        () = changed => {}
        () = room(&self.full), if crowded => self.full.clear(),
        () = sleep(AGAIN), if self.was_refused() => self.forgive(),
        () = sleep_until(deadline) => return Err(Failure::Unavailable),
        // A closing proxy gets no new workers; those that it has may have room in a moment.
        () = shared.closing(), if !crowded => return Err(Failure::Unavailable),
      }
    }
  }

  /// Whether the request broke off in the hands of every worker that it could go to.
  fn is_spent(&self) -> bool {
    let table = self.shared.routes.peek();
    let mut open = table.iter().filter(|upstream| self.may_take(upstream)).peekable();
    !self.broken.is_empty() && open.peek().is_some() && open.all(|it| contains(&self.broken, it))
  }

  /// Whether a worker in whose hands the request broke off still takes connections. Of one whose process died the successor
  /// is waited for.
  async fn a_broken_one_lives(&self) -> bool {
    for upstream in &self.broken {
      if takes_connections(upstream).await {
        // A process that is killed closes its descriptors one after the other, and this may have come in between.
        sleep(ROOM).await;
        if takes_connections(upstream).await {
          return true;
        }
      }
    }
    false
  }

  /// Whether a worker refused a connection, which may have been for a moment.
  fn was_refused(&self) -> bool {
    self.excluded.iter().any(|upstream| !contains(&self.broken, upstream))
  }

  fn forgive(&mut self) {
    let Self { excluded, broken, .. } = self;
    excluded.retain(|upstream| contains(broken, upstream));
  }

  fn may_take(&self, upstream: &Upstream) -> bool {
    !upstream.is_closed() && upstream.protocol() == self.protocol
  }

  /// A worker of the table as it is now. Workers are closed right after a table without them is
  /// published: whoever finds them closed has read the table before, and reads it again.
  fn pick(&self) -> Option<InFlight> {
    let routes = &self.shared.routes;
    let mut table = routes.peek();
    loop {
      if let Some(in_flight) = self.pick_from(&table) {
        return Some(in_flight);
      }
      let newer = routes.peek();
      if Arc::ptr_eq(&table, &newer) {
        return None;
      }
      table = newer;
    }
  }

  fn pick_from(&self, table: &[Arc<Upstream>]) -> Option<InFlight> {
    let settings = self.shared.settings.load();
    loop {
      let index = settings.balancer.pick(&Choice { table, route: self })?;
      // Fails if it was closed since it was found eligible, which then it is not any more.
      if let Some(in_flight) = table.get(index)?.enter() {
        return Some(in_flight);
      }
    }
  }
}

/// Resolves when one of the workers may have room.
async fn room(full: &[Crowded]) {
  let mut tick = std::pin::pin!(sleep(ROOM));
  let mut answered: Vec<Pin<Box<_>>> =
    full.iter().map(|crowded| Box::pin(crowded.room())).collect();
  poll_fn(|cx| {
    let any = answered.iter_mut().any(|answered| answered.as_mut().poll(cx).is_ready());
    if any { Poll::Ready(()) } else { tick.as_mut().poll(cx) }
  })
  .await;
}

/// Whether the socket of a worker still accepts, or holds for it.
async fn takes_connections(upstream: &Upstream) -> bool {
  let connected = Stream::connect(upstream.endpoint()).await;
  !upstream.is_closed() && connected.map_or_else(|error| Stream::is_full(&error), |_| true)
}

fn contains(upstreams: &[Arc<Upstream>], wanted: &Arc<Upstream>) -> bool {
  upstreams.iter().any(|upstream| Arc::ptr_eq(upstream, wanted))
}

/// A timeout can be configured so long that the clock cannot express its end.
fn after(timeout: Duration) -> Instant {
  let now = Instant::now();
  now.checked_add(timeout).unwrap_or(now + Duration::from_secs(86_400))
}

struct Choice<'a> {
  table: &'a [Arc<Upstream>],
  route: &'a Route<'a>,
}

impl Candidates for Choice<'_> {
  fn len(&self) -> usize {
    self.table.len()
  }

  fn eligible(&self, index: usize) -> bool {
    let upstream = &self.table[index];
    self.route.may_take(upstream)
      && !contains(&self.route.excluded, upstream)
      && !self.route.full.iter().any(|crowded| crowded.is_for(upstream))
  }

  fn in_flight(&self, index: usize) -> usize {
    self.table[index].in_flight()
  }
}
