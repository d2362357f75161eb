//! The requests that wait until a worker can take them: how many there may be, and for how long.

use std::{
  sync::atomic::{AtomicUsize, Ordering},
  time::Duration,
};

/// Limits of the queue, which all data-plane threads share.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QueueLimits {
  /// Requests that may wait at the same time; further ones are answered 503 at once. 0 turns waiting off.
  pub max_size: usize,
  /// How long one request may wait in all before it is answered 503.
  pub timeout: Duration,
}

/// Counts who waits. Waiting itself is done on the routing table, whose publication wakes everybody.
#[derive(Debug, Default)]
pub(super) struct Queue {
  waiting: AtomicUsize,
  /// Those that wait for room at a worker: as many as there are clients, so there is no limit of their own.
  crowded: AtomicUsize,
}

impl Queue {
  /// A place in the queue, if it has fewer than `limit` waiting.
  pub(super) fn enter(&self, limit: usize) -> Option<Place<'_>> {
    self
      .waiting
      .try_update(Ordering::Relaxed, Ordering::Relaxed, |waiting| {
        (waiting < limit).then_some(waiting + 1)
      })
      .ok()?;
    Some(Place { queue: self, for_room: false })
  }

  /// A place in front of workers whose backlogs are full.
  pub(super) fn crowd(&self) -> Place<'_> {
    self.crowded.fetch_add(1, Ordering::Relaxed);
    Place { queue: self, for_room: true }
  }

  pub(super) fn waiting(&self) -> usize {
    self.waiting.load(Ordering::Relaxed) + self.crowded.load(Ordering::Relaxed)
  }
}

/// Held while waiting.
#[derive(Debug)]
pub(super) struct Place<'a> {
  queue: &'a Queue,
  for_room: bool,
}

impl Place<'_> {
  pub(super) fn waits_for_room(&self) -> bool {
    self.for_room
  }
}

impl Drop for Place<'_> {
  fn drop(&mut self) {
    let Queue { waiting, crowded } = self.queue;
    let count = if self.for_room { crowded } else { waiting };
    count.fetch_sub(1, Ordering::Relaxed);
  }
}

#[cfg(test)]
mod tests {
  #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

  use super::*;

  #[test]
  fn never_holds_more_than_the_limit_and_gives_places_back() {
    let queue = Queue::default();
    let first = queue.enter(2).unwrap();
    let _second = queue.enter(2).unwrap();
    assert!(queue.enter(2).is_none());
    assert_eq!(queue.waiting(), 2);
    drop(first);
    assert!(queue.enter(2).is_some());
    assert!(queue.enter(0).is_none());
  }
}
