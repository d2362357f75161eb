//! Idle connections to one worker, as one data-plane thread keeps them.

use std::{
  sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
  time::{Duration, Instant},
};

use super::{connection::Connection, upstream::Upstream};

/// Idle connections kept per worker and thread. More than that were needed in a burst only.
const LIMIT: usize = 64;

/// How long an idle connection is kept when the worker does not announce its own limit. Node closes
/// idle connections after 5 s by default: whoever reuses must give up first, or a request meets a
/// connection that is being closed.
pub(super) const MAX_IDLE: Duration = Duration::from_secs(4);

/// Used by its own thread, and by the supervisor once, when it closes the upstream: the lock is free.
#[derive(Debug, Default)]
pub(super) struct Pool {
  state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
  /// The most recently used last: it is reused first, so that a quiet time lets the others expire.
  idle: Vec<Idle>,
  /// Whether a sweep is scheduled.
  swept: bool,
}

#[derive(Debug)]
struct Idle {
  connection: Connection,
  expires: Instant,
}

impl Pool {
  /// The most recently used connection that is still good. Those that are not are closed.
  pub(super) fn take(&self, now: Instant) -> Option<Connection> {
    let mut state = self.lock();
    while let Some(mut idle) = state.idle.pop() {
      if now < idle.expires && idle.connection.is_quiet() {
        idle.connection.reused = true;
        return Some(idle.connection);
      }
    }
    None
  }

  /// Closes all.
  pub(super) fn clear(&self) {
    self.lock().idle.clear();
  }

  /// Keeps `connection` if there is room. Tells whether a sweep is to be scheduled.
  fn put(&self, connection: Connection, upstream: &Upstream, now: Instant) -> bool {
    let mut state = self.lock();
    // Looked at under the lock: `Upstream::close` sets the flag first and clears the pool second.
    if upstream.is_closed() || state.idle.len() >= LIMIT {
      return false;
    }
    let expires = now + connection.keep;
    state.idle.push(Idle { connection, expires });
    !std::mem::replace(&mut state.swept, true)
  }

  /// Closes what has expired. Tells whether anything is left to come back for.
  fn sweep(&self, now: Instant) -> bool {
    let mut state = self.lock();
    state.idle.retain(|idle| now < idle.expires && idle.connection.is_quiet());
    state.swept = !state.idle.is_empty();
    state.swept
  }

  fn lock(&self) -> MutexGuard<'_, State> {
    // A panic inside leaves a valid, at worst shorter, list.
    self.state.lock().unwrap_or_else(PoisonError::into_inner)
  }
}

/// Keeps a connection whose answer has been read to its end, if it is still good.
pub(super) fn keep(mut connection: Connection, upstream: &Arc<Upstream>, thread: usize) {
  if !connection.is_quiet() {
    return;
  }
  connection.rest();
  if upstream.pool(thread).put(connection, upstream, Instant::now()) {
    tokio::spawn(sweep(Arc::downgrade(upstream), thread));
  }
}

/// Runs only while something is idle, so that a cluster without traffic has no timer.
async fn sweep(upstream: Weak<Upstream>, thread: usize) {
  loop {
    tokio::time::sleep(MAX_IDLE).await;
    let again =
      upstream.upgrade().is_some_and(|upstream| upstream.pool(thread).sweep(Instant::now()));
    if !again {
      return;
    }
  }
}
