//! How long nothing has moved. Pure.

use std::time::Duration;

use tokio::time::Instant;

/// How long each side may be silent; zero is without end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timeouts {
  /// A client that owes the head of a request, from the end of the last answer on.
  pub request_head: Duration,
  /// A client that owes a part of a body, or a worker that takes none.
  pub request_body: Duration,
  /// A worker that has a request and gives no answer.
  pub response_head: Duration,
  /// A worker that owes a part of an answer.
  pub response_body: Duration,
  /// A client that takes no part of an answer.
  pub client: Duration,
}

impl Default for Timeouts {
  /// Load balancers in front of us reuse connections for 60 s, and must be the first to give one up.
  fn default() -> Self {
    let usual = Duration::from_secs(60);
    Self {
      request_head: Duration::from_secs(75),
      request_body: usual,
      response_head: usual,
      response_body: usual,
      client: usual,
    }
  }
}

/// Since when a number of bytes has not changed.
#[derive(Debug, Clone, Copy)]
pub(super) struct Quiet {
  moved: u64,
  since: Instant,
}

impl Quiet {
  pub(super) fn new(now: Instant) -> Self {
    Self { moved: 0, since: now }
  }

  /// When it will have been quiet for `limit`, if nothing moves from here on.
  pub(super) fn until(&mut self, moved: u64, limit: Duration, now: Instant) -> Option<Instant> {
    if std::mem::replace(&mut self.moved, moved) != moved {
      self.since = now;
    }
    deadline(self.since, limit)
  }
}

/// The end of a time that starts then; `None` where it has none.
pub(super) fn deadline(from: Instant, limit: Duration) -> Option<Instant> {
  if limit.is_zero() { None } else { from.checked_add(limit) }
}

#[cfg(test)]
mod tests {
  use super::*;

  #[test]
  fn what_moves_is_not_quiet() {
    let (start, second) = (Instant::now(), Duration::from_secs(1));
    let mut quiet = Quiet::new(start);
    assert_eq!(quiet.until(0, second, start + second), Some(start + second));
    assert_eq!(quiet.until(5, second, start + second), Some(start + 2 * second));
    assert_eq!(quiet.until(5, second, start + 3 * second), Some(start + 2 * second));
    assert_eq!(quiet.until(5, Duration::ZERO, start), None);
    assert_eq!(quiet.until(5, Duration::MAX, start), None);
  }
}
