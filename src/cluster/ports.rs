//! Ports for workers: the first free one above the public port, never one that another cluster of
//! this process has given out.

use std::{
  collections::BTreeSet,
  net::{Ipv4Addr, TcpListener},
  sync::{Mutex, PoisonError},
};

use crate::error::{ClusterError, Result};

/// How far above the public port a worker's port may be.
const SPAN: u16 = 2048;

/// Ports given out in this process. Two clusters ask the operating system at the same time, and a
/// port is free in its eyes until the worker listens. Held for one insertion or removal.
static GIVEN: Mutex<BTreeSet<u16>> = Mutex::new(BTreeSet::new());

/// A port that is a worker's until this is dropped.
#[derive(Debug)]
pub struct PortLease(u16);

impl PortLease {
  /// The port.
  #[must_use]
  pub const fn port(&self) -> u16 {
    self.0
  }

  /// Whether somebody listens there. Of use when the worker is gone: then it was somebody else who
  /// took the port between our choice and the worker's start.
  #[must_use]
  pub fn is_lost(&self) -> bool {
    !is_free(self.0)
  }

  /// A port of its own for a worker: `preferred` if it is free, else the first above `public`.
  ///
  /// # Errors
  /// [`ClusterError::NoWorkerPort`] when none is.
  pub fn take(public: u16, preferred: Option<u16>) -> Result<Self> {
    let (first, last) = (public.saturating_add(1), public.saturating_add(SPAN));
    let mut given = GIVEN.lock().unwrap_or_else(PoisonError::into_inner);
    preferred
      .into_iter()
      .chain(first..=last)
      .find(|port| *port > public && !given.contains(port) && is_free(*port))
      .inspect(|port| {
        given.insert(*port);
      })
      .map(Self)
      .ok_or(ClusterError::NoWorkerPort { first, last })
  }
}

impl Drop for PortLease {
  fn drop(&mut self) {
    GIVEN.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.0);
  }
}

fn is_free(port: u16) -> bool {
  TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok()
}

#[cfg(test)]
mod tests {
  #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
  use super::*;

  #[test]
  fn skips_given_and_used_ports_and_gives_them_again() {
    let occupied = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let used = occupied.local_addr().unwrap().port();
    let first = PortLease::take(used - 1, None).unwrap();
    assert!(first.port() > used);
    let second = PortLease::take(used - 1, None).unwrap();
    assert!(second.port() > first.port());
    let port = second.port();
    drop(second);
    assert_eq!(PortLease::take(used - 1, Some(port)).unwrap().port(), port);
  }

  #[test]
  fn says_when_there_is_none() {
    let error = PortLease::take(u16::MAX, None).unwrap_err();
    assert_eq!(error.code(), "ERR_NO_WORKER_PORT");
  }
}
