//! The worker's end of the channel: a thread that reads, and writes from the calling thread.
//!
//! No runtime is started in a worker. The reading thread answers for the process while its
//! JavaScript is busy, and it is what ends a worker whose master is gone.

use std::{
  collections::HashMap,
  fs::OpenOptions,
  io::{self, IoSliceMut, Write as _},
  mem,
  os::{
    fd::{AsFd as _, AsRawFd as _, BorrowedFd, FromRawFd as _, OwnedFd, RawFd},
    unix::net::UnixStream,
  },
  sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
  thread,
  time::Duration,
};

use nix::{
  errno::Errno,
  poll::{PollFd, PollFlags, PollTimeout, poll},
  sys::{
    signal::{Signal, kill, killpg},
    socket::{ControlMessageOwned, MsgFlags, UnixAddr, recvmsg},
  },
  unistd::{Pid, getpgrp},
};

use super::{
  address::Address,
  frame::Decoder,
  message::{Leave, Message},
  settings::IpcSettings,
};

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

/// Take over descriptor `fd` that this process inherited, close-on-exec and not blocking.
///
/// # Errors
/// When `fd` is no open socket.
///
/// # Safety
/// `fd` must belong to nobody else in this process.
pub unsafe fn own(fd: RawFd) -> io::Result<OwnedFd> {
  // SAFETY: as `inherit`: the caller gives it away, so it is open for as long as this borrow.
  let owned = unsafe { BorrowedFd::borrow_raw(fd) }.try_clone_to_owned()?;
  // SAFETY: as `inherit`: this is its last use.
  drop(unsafe { OwnedFd::from_raw_fd(fd) });
  let stream = UnixStream::from(owned);
  stream.peer_addr()?;
  stream.set_nonblocking(true)?;
  Ok(stream.into())
}

/// What the master asks of the worker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Request {
  /// Answer with the same id, from JavaScript.
  Ping {
    /// The id to answer with.
    id: u64,
  },
  /// Messages for the app have come, and nobody has taken their channel yet.
  Messages,
  /// Finish what is in flight and leave.
  Shutdown(Leave),
}

/// The channel for messages of the app, until somebody takes it.
#[derive(Debug, Default)]
enum Mailbox {
  /// It has not come. The master sends it before all else, so it will.
  #[default]
  Awaited,
  /// It is here; the descriptor is watched until something arrives.
  Here { settings: IpcSettings, end: OwnedFd, announced: bool },
  /// Somebody has it, or the master is gone.
  Gone,
}

#[derive(Debug, Default)]
struct Shared {
  mailbox: Mutex<Mailbox>,
  arrived: Condvar,
  /// Answers of the master about addresses, by server, until they are taken.
  opened: Mutex<HashMap<u64, Option<bool>>>,
  answered: Condvar,
}

/// How long the channel for messages may take to come.
const ARRIVAL: Duration = Duration::from_secs(10);

/// How long the master may take to open an address; it answers from a thread that nothing blocks.
const OPENING: Duration = Duration::from_secs(10);

/// The worker's end.
#[derive(Debug)]
pub struct Agent {
  stream: Mutex<UnixStream>,
  shared: Arc<Shared>,
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
    let shared = Arc::new(Shared::default());
    let mailbox = Arc::clone(&shared);
    thread::Builder::new().name("xypriss-agent".to_owned()).spawn(move || {
      read_all(&reader, &mailbox, &deliver);
      end_group();
    })?;
    Ok(Self { stream: Mutex::new(stream), shared })
  }

  /// Take the channel for messages of the app, and its settings; `None` when somebody has it.
  #[must_use]
  pub fn take_messages(&self) -> Option<(IpcSettings, OwnedFd)> {
    let mailbox = self.shared.lock();
    let awaited = |mailbox: &mut Mailbox| matches!(mailbox, Mailbox::Awaited);
    let waited = self.shared.arrived.wait_timeout_while(mailbox, ARRIVAL, awaited);
    let mut mailbox = waited.unwrap_or_else(PoisonError::into_inner).0;
    match mem::replace(&mut *mailbox, Mailbox::Gone) {
      Mailbox::Here { settings, end, .. } => Some((settings, end)),
      Mailbox::Awaited | Mailbox::Gone => None,
    }
  }

  /// Have the master open `address` for the server of that number, and wait for the answer: whether it is open. The
  /// reading thread takes the answer, so that the calling thread may be the one that runs JavaScript.
  ///
  /// # Errors
  /// As [`send`](Self::send).
  pub fn open(&self, id: u64, address: Address) -> io::Result<bool> {
    self.shared.answers().insert(id, None);
    let sent = self.send(&Message::Open { id, address });
    let answers = self.shared.answers();
    let awaited = |answers: &mut HashMap<u64, Option<bool>>| answers.get(&id) == Some(&None);
    let wait = if sent.is_ok() { OPENING } else { Duration::ZERO };
    let waited = self.shared.answered.wait_timeout_while(answers, wait, awaited);
    let mut answers = waited.unwrap_or_else(PoisonError::into_inner).0;
    let answer = answers.remove(&id).flatten();
    sent.map(|()| answer.unwrap_or(false))
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

impl Shared {
  fn answers(&self) -> MutexGuard<'_, HashMap<u64, Option<bool>>> {
    self.opened.lock().unwrap_or_else(PoisonError::into_inner)
  }

  /// The master answered. An answer that came too late is dropped.
  fn answer(&self, id: u64, open: bool) {
    if let Some(answer) = self.answers().get_mut(&id) {
      *answer = Some(open);
    }
    self.answered.notify_all();
  }

  fn lock(&self) -> MutexGuard<'_, Mailbox> {
    self.mailbox.lock().unwrap_or_else(PoisonError::into_inner)
  }

  fn put(&self, settings: IpcSettings, end: OwnedFd) {
    *self.lock() = Mailbox::Here { settings, end, announced: false };
    self.arrived.notify_all();
  }

  /// The descriptor to watch, while nobody was told of what arrived there.
  fn watched(&self) -> Option<RawFd> {
    match &*self.lock() {
      Mailbox::Here { end, announced: false, .. } => Some(end.as_raw_fd()),
      Mailbox::Here { .. } | Mailbox::Awaited | Mailbox::Gone => None,
    }
  }

  /// Something arrived. Whether somebody is to be told: not when the channel was taken meanwhile.
  fn announce(&self) -> bool {
    match &mut *self.lock() {
      Mailbox::Here { announced, .. } => !mem::replace(announced, true),
      Mailbox::Awaited | Mailbox::Gone => false,
    }
  }
}

fn read_all(stream: &UnixStream, shared: &Shared, deliver: &impl Fn(Request)) {
  let mut decoder = Decoder::default();
  let mut buffer = [0; 4096];
  let mut descriptor = None;
  loop {
    if let Some(watched) = shared.watched() {
      let mut fds = [
        PollFd::new(stream.as_fd(), PollFlags::POLLIN),
        // SAFETY: only its number is used, and by poll alone, which tells of one that was closed.
        PollFd::new(unsafe { BorrowedFd::borrow_raw(watched) }, PollFlags::POLLIN),
      ];
      let _interrupted = poll(&mut fds, PollTimeout::NONE);
      let [control, messages] = fds.map(|fd| fd.any().unwrap_or_default());
      if messages && shared.announce() {
        deliver(Request::Messages);
      }
      if !control {
        continue;
      }
    }
    match receive(stream, &mut buffer, &mut descriptor) {
      Ok(0) => return,
      Ok(read) => decoder.push(buffer.get(..read).unwrap_or_default()),
      Err(Errno::EINTR) => continue,
      Err(_gone) => return,
    }
    loop {
      match decoder.next_frame() {
        Ok(None) => break,
        Ok(Some(frame)) => match Message::from_frame(&frame) {
          Ok(Message::Ping { id }) => deliver(Request::Ping { id }),
          Ok(Message::Opened { id, open }) => shared.answer(id, open),
          Ok(Message::Shutdown(leave)) => deliver(Request::Shutdown(leave)),
          Ok(Message::Messages(settings)) => match descriptor.take() {
            Some(end) => shared.put(settings, end),
            None => tracing::warn!("the channel for messages came without its descriptor"),
          },
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

/// Read, and take the descriptor that came along, if any.
fn receive(
  stream: &UnixStream,
  buffer: &mut [u8],
  descriptor: &mut Option<OwnedFd>,
) -> Result<usize, Errno> {
  let mut control = nix::cmsg_space!(RawFd);
  // Not there on other platforms, where the flag is set a moment later.
  #[cfg(target_os = "linux")]
  let flags = MsgFlags::MSG_CMSG_CLOEXEC;
  #[cfg(not(target_os = "linux"))]
  let flags = MsgFlags::empty();
  let mut slices = [IoSliceMut::new(buffer)];
  let message = recvmsg::<UnixAddr>(stream.as_raw_fd(), &mut slices, Some(&mut control), flags)?;
  for control in message.cmsgs()? {
    if let ControlMessageOwned::ScmRights(fds) = control {
      for fd in fds {
        // SAFETY: the kernel has just made it for this call.
        let fd = unsafe { OwnedFd::from_raw_fd(fd) };
        #[cfg(not(target_os = "linux"))]
        nix::fcntl::fcntl(&fd, nix::fcntl::FcntlArg::F_SETFD(nix::fcntl::FdFlag::FD_CLOEXEC))?;
        *descriptor = Some(fd);
      }
    }
  }
  Ok(message.bytes)
}
