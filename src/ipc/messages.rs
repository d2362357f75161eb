//! Channels for the messages of the app, one per process of a worker, from their making until the
//! master's JavaScript takes its end over.

use std::{
  io::{self, IoSlice},
  mem,
  os::{
    fd::{AsRawFd as _, OwnedFd},
    unix::net::UnixStream,
  },
  sync::{Mutex, PoisonError},
};

use nix::{
  sys::socket::{ControlMessage, MsgFlags, UnixAddr, sendmsg},
  unistd::Pid,
};

use super::{message::Message, settings::IpcSettings};

/// The master's end of a channel.
#[derive(Debug)]
pub struct Opened {
  /// The worker.
  pub worker: String,
  /// Its process.
  pub pid: Pid,
  /// The descriptor, close-on-exec and not blocking.
  pub end: OwnedFd,
  /// What both ends go by.
  pub settings: IpcSettings,
}

/// Makes the channels of a cluster.
pub struct Messages {
  // Both held for a read or a replacement only.
  settings: Mutex<IpcSettings>,
  opened: Mutex<Vec<Opened>>,
  tell: Box<dyn Fn() + Send + Sync>,
}

impl std::fmt::Debug for Messages {
  fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
    f.debug_struct("Messages").field("settings", &self.settings).finish_non_exhaustive()
  }
}

impl Messages {
  /// `tell` is called whenever there is a channel to [`take`](Self::take).
  #[must_use]
  pub fn new(settings: IpcSettings, tell: impl Fn() + Send + Sync + 'static) -> Self {
    Self { settings: Mutex::new(settings), opened: Mutex::default(), tell: Box::new(tell) }
  }

  /// Settings of the channels that are opened from now on.
  pub fn configure(&self, settings: IpcSettings) {
    *self.settings.lock().unwrap_or_else(PoisonError::into_inner) = settings;
  }

  /// Open a channel for a process that was just started, and hand the other end over `control`,
  /// where nothing else has been written yet.
  ///
  /// # Errors
  /// What the operating system says, such as having no descriptors left.
  pub fn open(&self, worker: &str, pid: Pid, control: &UnixStream) -> io::Result<()> {
    let settings = self.settings.lock().unwrap_or_else(PoisonError::into_inner).clone();
    let (ours, theirs) = pair()?;
    let frame =
      Message::Messages(settings.clone()).to_frame().encode().map_err(io::Error::other)?;
    // The buffer of a fresh socket has room for it.
    let sent = sendmsg::<UnixAddr>(
      control.as_raw_fd(),
      &[IoSlice::new(&frame)],
      &[ControlMessage::ScmRights(&[theirs.as_raw_fd()])],
      MsgFlags::empty(),
      None,
    )?;
    if sent != frame.len() {
      return Err(io::ErrorKind::WriteZero.into());
    }
    if settings.enabled {
      let opened = Opened { worker: worker.to_owned(), pid, end: ours, settings };
      self.opened.lock().unwrap_or_else(PoisonError::into_inner).push(opened);
      (self.tell)();
    }
    Ok(())
  }

  /// The channels that were opened since the last call.
  #[must_use]
  pub fn take(&self) -> Vec<Opened> {
    mem::take(&mut *self.opened.lock().unwrap_or_else(PoisonError::into_inner))
  }
}

/// What the buffer of a socket is asked to hold, in bytes. The kernel gives what its limits allow.
const BUFFER: usize = 1024 * 1024;

/// A connected pair for messages. Both ends are close-on-exec and do not block.
///
/// # Errors
/// As [`Messages::open`].
pub fn pair() -> io::Result<(OwnedFd, OwnedFd)> {
  let (one, other) = UnixStream::pair()?;
  for end in [&one, &other] {
    end.set_nonblocking(true)?;
    let socket = socket2::SockRef::from(end);
    // A smaller buffer costs time, nothing else.
    let _smaller = socket.set_send_buffer_size(BUFFER);
    let _smaller = socket.set_recv_buffer_size(BUFFER);
  }
  Ok((one.into(), other.into()))
}
