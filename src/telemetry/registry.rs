//! The workers of all clusters in this process, so that a monitor or a memory manager that knows no
//! cluster finds what a worker tells of itself.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::reader::{Heap, Reader};

/// Counts the requests of a worker.
pub trait RequestCount: Send + Sync + std::fmt::Debug {
  /// Requests that it was given so far.
  fn requests(&self) -> u64;
}

/// A worker that runs.
#[derive(Debug)]
pub struct Worker {
  /// The id of its slot.
  pub id: Arc<str>,
  /// Its process.
  pub pid: u32,
  /// Its page; `None` where the platform has none.
  pub page: Option<Reader>,
  /// Its servers so far, most often one.
  servers: Mutex<Vec<Arc<dyn RequestCount>>>,
}

impl Worker {
  /// Requests that it was given; `None` while it has no server.
  #[must_use]
  pub fn requests(&self) -> Option<u64> {
    let servers = self.servers();
    (!servers.is_empty()).then(|| servers.iter().map(|server| server.requests()).sum())
  }

  /// It has a server, perhaps another one than before.
  pub fn serves(&self, server: Arc<dyn RequestCount>) {
    self.servers().push(server);
  }

  fn servers(&self) -> MutexGuard<'_, Vec<Arc<dyn RequestCount>>> {
    self.servers.lock().unwrap_or_else(PoisonError::into_inner)
  }
}

// Held to look or to change a few entries, never over an await.
static WORKERS: Mutex<Vec<Arc<Worker>>> = Mutex::new(Vec::new());

fn workers() -> MutexGuard<'static, Vec<Arc<Worker>>> {
  WORKERS.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A worker's entry, until it is dropped.
#[derive(Debug)]
pub struct Entry(Arc<Worker>);

impl std::ops::Deref for Entry {
  type Target = Worker;

  fn deref(&self) -> &Worker {
    &self.0
  }
}

impl Drop for Entry {
  fn drop(&mut self) {
    workers().retain(|worker| !Arc::ptr_eq(worker, &self.0));
  }
}

/// Enter a worker.
#[must_use]
pub fn enter(id: Arc<str>, pid: u32, page: Option<Reader>) -> Entry {
  let worker = Arc::new(Worker { id, pid, page, servers: Mutex::default() });
  workers().push(Arc::clone(&worker));
  Entry(worker)
}

/// The worker whose process is `pid`.
#[must_use]
pub fn by_pid(pid: u32) -> Option<Arc<Worker>> {
  workers().iter().find(|worker| worker.pid == pid).cloned()
}

/// The worker in slot `id`. Of several, such as a successor and its predecessor, the one that was
/// started last.
#[must_use]
pub fn by_id(id: &str) -> Option<Arc<Worker>> {
  workers().iter().rev().find(|worker| &*worker.id == id).cloned()
}

/// All workers, oldest first.
#[must_use]
pub fn all() -> Vec<Arc<Worker>> {
  workers().clone()
}

/// What the JavaScript of process `pid` holds, if it is a worker that tells.
#[must_use]
pub fn heap(pid: u32) -> Option<Heap> {
  by_pid(pid)?.page.as_ref()?.heap()
}

#[cfg(test)]
mod tests {
  use super::*;

  #[derive(Debug)]
  struct Seven;

  impl RequestCount for Seven {
    fn requests(&self) -> u64 {
      7
    }
  }

  #[test]
  fn a_worker_is_found_until_its_entry_is_dropped() {
    // Ids and pids that no other test has.
    let old = enter("registry-test".into(), u32::MAX - 5, None);
    let new = enter("registry-test".into(), u32::MAX - 6, None);
    assert_eq!(new.requests(), None);
    new.serves(Arc::new(Seven));
    new.serves(Arc::new(Seven));
    let found = by_id("registry-test").map(|worker| (worker.pid, worker.requests()));
    assert_eq!(found, Some((new.pid, Some(14))));
    assert_eq!(by_pid(old.pid).map(|worker| worker.pid), Some(old.pid));
    assert_eq!(heap(old.pid), None);
    drop(new);
    assert_eq!(by_id("registry-test").map(|worker| worker.pid), Some(old.pid));
    drop(old);
    assert!(by_id("registry-test").is_none());
  }
}
