//! When a failed request may be tried again: the rules of safety, and the budget that keeps retries
//! from multiplying the load on workers that are failing because of it. Pure.

use std::time::{Duration, Instant};

/// Workers in whose hands a request may break off before it is answered 502: a request that kills its worker
/// must not be carried to a third. A request of which no byte was sent is not limited: each worker that refuses
/// it is left out, and then it waits for a new one.
pub(super) const MAX_BROKEN: usize = 2;

const SLOTS: usize = 10;
const SLOT: Duration = Duration::from_secs(1);
/// One retry for this many requests.
const REQUESTS_PER_RETRY: u64 = 5;

/// Whether doing it twice has the effect of doing it once (RFC 9110, 9.2.2), so that a request that
/// may have reached a worker can be sent again.
pub(super) fn is_idempotent(method: &[u8]) -> bool {
  matches!(method, b"GET" | b"HEAD" | b"OPTIONS" | b"TRACE" | b"PUT" | b"DELETE")
}

/// Whether servers usually know it: what Node.js knows, less what is refused before.
pub(super) fn is_known(method: &[u8]) -> bool {
  const OTHERS: [&[u8]; 27] = [
    b"POST",
    b"PATCH",
    b"ACL",
    b"BIND",
    b"CHECKOUT",
    b"COPY",
    b"LINK",
    b"LOCK",
    b"M-SEARCH",
    b"MERGE",
    b"MKACTIVITY",
    b"MKCALENDAR",
    b"MKCOL",
    b"MOVE",
    b"NOTIFY",
    b"PROPFIND",
    b"PROPPATCH",
    b"PURGE",
    b"QUERY",
    b"REBIND",
    b"REPORT",
    b"SEARCH",
    b"SOURCE",
    b"SUBSCRIBE",
    b"UNBIND",
    b"UNLINK",
    b"UNLOCK",
  ];
  is_idempotent(method) || OTHERS.contains(&method)
}

/// Allows retries for 20 % of the requests of the last 10 seconds, plus a reserve so that a quiet
/// service can retry as well.
///
/// Only retries that may make a worker do the work again are counted. A request that was never sent
/// costs the workers nothing, however often that happens.
#[derive(Debug)]
pub(super) struct Budget {
  /// Requests and retries of each of the last seconds; a ring.
  slots: [Slot; SLOTS],
  current: usize,
  started: Instant,
  /// Retries that are allowed in 10 seconds without any request.
  reserve: u64,
}

#[derive(Debug, Clone, Copy, Default)]
struct Slot {
  requests: u64,
  retries: u64,
}

impl Budget {
  /// An unspent budget with a reserve of so many retries per 10 seconds.
  pub(super) fn new(reserve: u64, now: Instant) -> Self {
    Self { slots: [Slot::default(); SLOTS], current: 0, started: now, reserve }
  }

  /// Counts a request.
  pub(super) fn deposit(&mut self, now: Instant) {
    self.slot(now).requests += 1;
  }

  /// Takes one retry out; false when none is left.
  pub(super) fn withdraw(&mut self, now: Instant) -> bool {
    self.slot(now);
    let (requests, retries) = self
      .slots
      .iter()
      .fold((0, 0), |(requests, retries), slot| (requests + slot.requests, retries + slot.retries));
    let granted = retries < self.reserve + requests / REQUESTS_PER_RETRY;
    if granted {
      self.slots[self.current].retries += 1;
    }
    granted
  }

  /// The slot of this second, after emptying those that are older than the window.
  fn slot(&mut self, now: Instant) -> &mut Slot {
    let mut behind = now.saturating_duration_since(self.started);
    if behind >= SLOT * SLOTS as u32 {
      self.slots = [Slot::default(); SLOTS];
      self.started = now;
      behind = Duration::ZERO;
    }
    while behind >= SLOT {
      behind -= SLOT;
      self.started += SLOT;
      self.current = (self.current + 1) % SLOTS;
      self.slots[self.current] = Slot::default();
    }
    &mut self.slots[self.current]
  }
}

#[cfg(test)]
mod tests {
  use super::*;

  fn spend(budget: &mut Budget, now: Instant) -> u32 {
    let mut granted = 0;
    while budget.withdraw(now) {
      granted += 1;
    }
    granted
  }

  #[test]
  fn the_reserve_serves_a_quiet_service_and_comes_back_with_time() {
    let start = Instant::now();
    let mut budget = Budget::new(100, start);
    assert_eq!(spend(&mut budget, start), 100);
    assert_eq!(spend(&mut budget, start + Duration::from_secs(9)), 0);
    assert_eq!(spend(&mut budget, start + Duration::from_secs(10)), 100);
  }

  #[test]
  fn a_fifth_of_recent_requests_may_be_retried() {
    let start = Instant::now();
    let mut budget = Budget::new(0, start);
    assert_eq!(spend(&mut budget, start), 0);
    for second in 0..10 {
      for _ in 0..50 {
        budget.deposit(start + Duration::from_secs(second));
      }
    }
    assert_eq!(spend(&mut budget, start + Duration::from_secs(9)), 100);
    assert_eq!(spend(&mut budget, start + Duration::from_secs(60)), 0);
  }

  #[test]
  fn a_clock_that_goes_backwards_is_harmless() {
    let start = Instant::now() + Duration::from_secs(10);
    let mut budget = Budget::new(1, start);
    budget.deposit(start - Duration::from_secs(5));
    assert!(budget.withdraw(start - Duration::from_secs(5)));
  }

  #[test]
  fn only_idempotent_methods_are_repeated() {
    for method in ["GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE"] {
      assert!(is_idempotent(method.as_bytes()), "{method}");
    }
    for method in ["POST", "PATCH", "CONNECT", "BREW", "get"] {
      assert!(!is_idempotent(method.as_bytes()), "{method}");
    }
  }
}
