//! The worker's end of the channel: a thread that reads, and writes from the calling thread.
//!
//! No runtime is started in a worker. The reading thread answers for the process while its
//! JavaScript is busy, and it is what ends a worker whose master is gone.

use std::{
  fs::OpenOptions,
  io::{self, Read as _, Write as _},
  os::{
    fd::{AsRawFd as _, BorrowedFd, FromRawFd as _, OwnedFd, RawFd},
    unix::net::UnixStream,
  },
  sync::Mutex,
  thread,
  time::Duration,
};

use nix::{
  sys::signal::{Signal, kill, killpg},
  unistd::{Pid, getpgrp},
};

use super::{frame::Decoder, message::Message};

/// How long a write may wait for the master, which reads all the time while it lives.
const WRITE_TIMEOUT: Duration = Duration::from_secs(5);

/// Take over the channel that the master handed to this process as descriptor `fd`, and have this
/// process wake up if the thread that started it ends, where the platform can.
///
/// A standard descriptor is left to `/dev/null`: what the app or its children read there must not be
/// the channel.
///
/// # Errors
/// When `fd` is not open.
///
/// # Safety
/// `fd` must belong to nobody else in this process.
pub unsafe fn inherit(fd: RawFd) -> io::Result<OwnedFd> {
  // SAFETY: the caller says that nobody else closes it, so it is open for as long as this borrow.
  let given = unsafe { BorrowedFd::borrow_raw(fd) };
  // Close-on-exec: in a child of the worker the channel would outlive the worker.
  let channel = given.try_clone_to_owned()?;
  if fd <= libc::STDERR_FILENO {
    let null = OpenOptions::new().read(true).write(true).open("/dev/null")?;
    // SAFETY: both are open descriptors of this process, and nobody else uses `fd`.
    if unsafe { libc::dup2(null.as_raw_fd(), fd) } == -1 {
      return Err(io::Error::last_os_error());
    }
  } else {
    // SAFETY: the caller gave it to us, and this is its last use.
    drop(unsafe { OwnedFd::from_raw_fd(fd) });
  }
  // The channel tells when the master is gone, and then the whole group goes, see `Agent::connect`.
  // A stopped process could not look at it.
  #[cfg(target_os = "linux")]
  nix::sys::prctl::set_pdeathsig(Signal::SIGCONT)?;
  Ok(channel)
}

/// What the master asks of the worker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Request {
  /// Answer with the same id, from JavaScript.
  Ping {
    /// The id to answer with.
    id: u64,
  },
  /// Finish what is in flight and leave.
  Shutdown,
}

/// The worker's end.
#[derive(Debug)]
pub struct Agent {
  stream: Mutex<UnixStream>,
}

impl Agent {
  /// Take over the inherited descriptor and start reading. `deliver` is called on the reading
  /// thread. When the master is gone, that thread ends this process and what it started: an orphan
  /// would keep the port, and its JavaScript may be blocked for ever.
  ///
  /// # Errors
  /// When the descriptor is no socket or the thread cannot be started.
  pub fn connect(fd: OwnedFd, deliver: impl Fn(Request) + Send + 'static) -> io::Result<Self> {
    let stream = UnixStream::from(fd);
    stream.set_nonblocking(false)?;
    stream.set_write_timeout(Some(WRITE_TIMEOUT))?;
    let reader = stream.try_clone()?;
    thread::Builder::new().name("xypriss-agent".to_owned()).spawn(move || {
      read_all(reader, &deliver);
      end_group();
    })?;
    Ok(Self { stream: Mutex::new(stream) })
  }

  /// Send; returns when the kernel has taken the whole message.
  ///
  /// # Errors
  /// When the master is gone or has not read for 5 s.
  pub fn send(&self, message: &Message) -> io::Result<()> {
    let bytes = message.to_frame().encode().map_err(io::Error::other)?;
    // A poisoned lock only says that another sender panicked; whole frames are written under it.
    let mut stream = self.stream.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    stream.write_all(&bytes)
  }
}

/// This process was started by the master and for it, as the leader of its group.
fn end_group() {
  let own = Pid::this();
  if getpgrp() == own {
    let _gone = killpg(own, Signal::SIGKILL);
  }
  let _gone = kill(own, Signal::SIGKILL);
}

fn read_all(mut stream: UnixStream, deliver: &impl Fn(Request)) {
  let mut decoder = Decoder::default();
  let mut buffer = [0; 4096];
  loop {
    match stream.read(&mut buffer) {
      Ok(0) => return,
      Ok(read) => decoder.push(buffer.get(..read).unwrap_or_default()),
      Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
      Err(_gone) => return,
    }
    loop {
      match decoder.next_frame() {
        Ok(None) => break,
        Ok(Some(frame)) => match Message::from_frame(&frame) {
          Ok(Message::Ping { id }) => deliver(Request::Ping { id }),
          Ok(Message::Shutdown) => deliver(Request::Shutdown),
          // The rest is what workers send; a master that says it is broken, but may still lead.
          Ok(other) => tracing::warn!(?other, "message of a worker received by a worker"),
          Err(reason) => tracing::warn!(%reason, "unreadable message from the master"),
        },
        Err(error) => {
          tracing::error!(%error, "the channel to the master is broken");
          return;
        }
      }
    }
  }
}
