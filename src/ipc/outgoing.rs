//! The writing side of a channel for messages of the app.
//!
//! A frame is written by the thread that sends it when the socket has room. What does not fit waits
//! here, bounded, and a thread that exists only for that time writes it, whatever JavaScript does.

use std::{
  collections::VecDeque,
  io::IoSlice,
  os::fd::{AsFd as _, AsRawFd as _, OwnedFd},
  sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
  thread,
  time::{Duration, Instant},
};

use nix::{
  errno::Errno,
  poll::{PollFd, PollFlags, PollTimeout, poll},
  sys::socket::{MsgFlags, Shutdown, UnixAddr, sendmsg, shutdown},
};

/// How long a writing thread waits for more before it ends.
const LINGER: Duration = Duration::from_millis(200);
/// How often a writing thread that waits for a peer looks whether the channel was closed, in ms.
const LOOK: u16 = 500;

/// Why a frame was not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refused {
  /// As much waits as may wait.
  Full,
  /// The channel is closed.
  Closed,
}

/// The writing side. Frames arrive whole and in the order in which they were sent.
#[derive(Debug)]
pub struct Outgoing {
  shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
  state: Mutex<State>,
  /// Told when the queue, or whether it is open, changed.
  changed: Condvar,
  limit: usize,
}

#[derive(Debug)]
struct State {
  /// `None` once it is closed.
  socket: Option<Arc<OwnedFd>>,
  queue: VecDeque<Vec<u8>>,
  /// Bytes of the first that are written already.
  written: usize,
  /// Bytes that wait.
  waiting: usize,
  /// Whether there is a thread that writes.
  writing: bool,
}

impl Outgoing {
  /// Write to `socket`, which does not block; at most `limit` bytes may wait besides one frame.
  #[must_use]
  pub fn new(socket: OwnedFd, limit: usize) -> Self {
    let socket = Some(Arc::new(socket));
    let state = State { socket, queue: VecDeque::new(), written: 0, waiting: 0, writing: false };
    let (state, changed) = (Mutex::new(state), Condvar::new());
    Self { shared: Arc::new(Shared { state, changed, limit }) }
  }

  /// Send a frame, given in parts. Returns how many bytes wait then.
  ///
  /// # Errors
  /// When it was not taken; nothing of it is written then.
  pub fn send(&self, parts: &[&[u8]]) -> Result<usize, Refused> {
    let mut state = self.shared.lock();
    let Some(socket) = state.socket.clone() else {
      return Err(Refused::Closed);
    };
    if state.waiting > self.shared.limit {
      return Err(Refused::Full);
    }
    let mut written = 0;
    if state.queue.is_empty() {
      let slices: Vec<IoSlice<'_>> = parts.iter().map(|part| IoSlice::new(part)).collect();
      match write(&socket, &slices) {
        Ok(count) => written = count,
        Err(Errno::EAGAIN) => {}
        Err(_gone) => {
          state.close();
          return Err(Refused::Closed);
        }
      }
    }
    let size: usize = parts.iter().map(|part| part.len()).sum();
    if written < size {
      let mut rest = Vec::with_capacity(size - written);
      for part in parts {
        rest.extend_from_slice(part.get(written.min(part.len())..).unwrap_or_default());
        written -= written.min(part.len());
      }
      state.waiting += rest.len();
      state.queue.push_back(rest);
      self.shared.see_to_it(&mut state);
    }
    Ok(state.waiting)
  }

  /// Bytes that wait.
  #[must_use]
  pub fn waiting(&self) -> usize {
    self.shared.lock().waiting
  }

  /// Wait until everything is written, at most `patience`. Whether it is.
  #[must_use]
  pub fn flush(&self, patience: Duration) -> bool {
    let deadline = Instant::now() + patience;
    let mut state = self.shared.lock();
    while state.waiting > 0 && state.socket.is_some() {
      let left = deadline.saturating_duration_since(Instant::now());
      if left.is_zero() {
        return false;
      }
      let waited = self.shared.changed.wait_timeout(state, left);
      state = waited.unwrap_or_else(PoisonError::into_inner).0;
    }
    state.waiting == 0
  }

  /// Give up what waits, and take nothing more.
  pub fn close(&self) {
    self.shared.lock().close();
    self.shared.changed.notify_all();
  }
}

impl Drop for Outgoing {
  fn drop(&mut self) {
    self.close();
  }
}

impl State {
  /// The peer reads what was written, then the end.
  fn close(&mut self) {
    if let Some(socket) = self.socket.take() {
      // A peer that is gone has nobody to be told.
      let _gone = shutdown(socket.as_raw_fd(), Shutdown::Both);
    }
    self.queue.clear();
    self.waiting = 0;
  }
}

impl Shared {
  fn lock(&self) -> MutexGuard<'_, State> {
    self.state.lock().unwrap_or_else(PoisonError::into_inner)
  }

  /// Have a thread write the queue.
  fn see_to_it(self: &Arc<Self>, state: &mut State) {
    if state.writing {
      self.changed.notify_all();
      return;
    }
    let shared = Arc::clone(self);
    let thread = thread::Builder::new().name("xypriss-writer".to_owned());
    state.writing = thread.spawn(move || shared.write_queue()).is_ok();
    if !state.writing {
      tracing::error!("no thread to write messages; the next message tries again");
    }
  }

  fn write_queue(&self) {
    let mut state = self.lock();
    while let Some(socket) = state.socket.clone() {
      let Some(first) = state.queue.front() else {
        drop(socket);
        let waited = self.changed.wait_timeout(state, LINGER);
        let (guard, timeout) = waited.unwrap_or_else(PoisonError::into_inner);
        state = guard;
        if timeout.timed_out() && state.queue.is_empty() {
          break;
        }
        continue;
      };
      let rest = first.get(state.written..).unwrap_or_default();
      match write(&socket, &[IoSlice::new(rest)]) {
        Ok(count) => {
          state.waiting -= count;
          state.written += count;
          if state.queue.front().is_some_and(|first| first.len() <= state.written) {
            state.queue.pop_front();
            state.written = 0;
          }
          self.changed.notify_all();
        }
        Err(Errno::EAGAIN) => {
          drop(state);
          let mut fds = [PollFd::new(socket.as_fd(), PollFlags::POLLOUT)];
          let _ready = poll(&mut fds, PollTimeout::from(LOOK));
          state = self.lock();
        }
        Err(_gone) => state.close(),
      }
    }
    state.writing = false;
    self.changed.notify_all();
  }
}

/// Write without waiting, and without a signal when the peer is gone.
fn write(socket: &OwnedFd, slices: &[IoSlice<'_>]) -> Result<usize, Errno> {
  #[cfg(target_os = "linux")]
  let flags = MsgFlags::MSG_DONTWAIT | MsgFlags::MSG_NOSIGNAL;
  // Both runtimes ignore SIGPIPE.
  #[cfg(not(target_os = "linux"))]
  let flags = MsgFlags::MSG_DONTWAIT;
  loop {
    match sendmsg::<UnixAddr>(socket.as_raw_fd(), slices, &[], flags, None) {
      Err(Errno::EINTR) => {}
      // A buffer of the kernel that is full for everybody: later, as with one that is full for us.
      Err(Errno::ENOBUFS) => return Err(Errno::EAGAIN),
      other => return other,
    }
  }
}

#[cfg(test)]
mod tests {
  #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
  use std::{io::Read as _, os::unix::net::UnixStream};

  use super::*;
  use crate::ipc::messages::pair;

  #[test]
  fn a_slow_peer_gets_everything_in_order() {
    let (ours, theirs) = pair().unwrap();
    let outgoing = Outgoing::new(ours, usize::MAX);
    let mut expected = Vec::new();
    for number in 0..5_000_u32 {
      let (head, body) = (number.to_le_bytes(), vec![7; 1000]);
      outgoing.send(&[&head, &body]).unwrap();
      expected.extend_from_slice(&head);
      expected.extend_from_slice(&body);
    }
    assert!(outgoing.waiting() > 0);
    assert!(!outgoing.flush(Duration::from_millis(1)), "nobody reads yet");
    let mut peer = UnixStream::from(theirs);
    peer.set_nonblocking(false).unwrap();
    let mut seen = vec![0; expected.len()];
    peer.read_exact(&mut seen).unwrap();
    assert!(seen == expected);
    assert!(outgoing.flush(Duration::from_secs(60)));
  }

  #[test]
  fn what_waits_is_bounded() {
    let (ours, _theirs) = pair().unwrap();
    let outgoing = Outgoing::new(ours, 100_000);
    let frame = [0; 10_000];
    let refused = (0..10_000).find_map(|_| outgoing.send(&[&frame]).err());
    assert_eq!(refused, Some(Refused::Full));
    assert!(outgoing.waiting() <= 110_000);
    outgoing.close();
    assert_eq!(outgoing.send(&[&frame]), Err(Refused::Closed));
    assert_eq!(outgoing.waiting(), 0);
  }

  #[test]
  fn a_peer_that_is_gone_closes_it() {
    let (ours, theirs) = pair().unwrap();
    drop(theirs);
    let outgoing = Outgoing::new(ours, 100);
    assert_eq!(outgoing.send(&[b"x"]), Err(Refused::Closed));
  }
}
