//! The way of one request through the routing table: choose a worker, or wait until there is one.

use std::{sync::Arc, time::Duration};

use tokio::time::Instant;

use super::{
  downstream::refusal::Failure,
  retry::MAX_BROKEN,
  shared::Shared,
  upstream::{InFlight, Protocol, Upstream},
};
use crate::balancer::Candidates;

/// Where one request has been and until when it waits.
pub(super) struct Route<'a> {
  shared: &'a Shared,
  protocol: Protocol,
  /// Workers that failed for this request. Held, so that no other can get the address of one.
  excluded: Vec<Arc<Upstream>>,
  /// Workers in whose hands this request broke off.
  broken: Vec<Arc<Upstream>>,
  /// Set when it first waits: the timeout is for all its waiting together.
  deadline: Option<Instant>,
}

impl<'a> Route<'a> {
  pub(super) fn new(shared: &'a Shared, protocol: Protocol) -> Self {
    Self { shared, protocol, excluded: Vec::new(), broken: Vec::new(), deadline: None }
  }

  /// Leaves a worker out from here on.
  pub(super) fn exclude(&mut self, upstream: Arc<Upstream>) {
    self.excluded.push(upstream);
  }

  /// Notes that the request broke off in the hands of `upstream`. Tells whether another attempt is allowed: a worker
  /// counts once, as all connections to a process that dies break, one after the other.
  pub(super) fn broke(&mut self, upstream: &Arc<Upstream>) -> bool {
    if !self.broken.iter().any(|broken| Arc::ptr_eq(broken, upstream)) {
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
    let limits = self.shared.settings.load().queue;
    let _place = self.shared.queue.enter(limits.max_size).ok_or(Failure::Unavailable)?;
    let deadline = *self.deadline.get_or_insert_with(|| after(limits.timeout));
    loop {
      // Before looking, so that a publication between looking and waiting is not missed.
      let changed = self.shared.routes.changed();
      if let Some(in_flight) = self.pick() {
        return Ok(in_flight);
      }
      if self.shared.routes.is_exhausted() {
        return Err(Failure::Unavailable);
      }
      tokio::select! {
        () = changed => {}
        () = tokio::time::sleep_until(deadline) => return Err(Failure::Unavailable),
        // A closing proxy gets no new workers.
        () = self.shared.closing() => return Err(Failure::Unavailable),
      }
    }
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
    !upstream.is_closed()
      && upstream.protocol() == self.route.protocol
      && !self.route.excluded.iter().any(|excluded| Arc::ptr_eq(excluded, upstream))
  }

  fn in_flight(&self, index: usize) -> usize {
    self.table[index].in_flight()
  }
}
