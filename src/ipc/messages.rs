//! Channels for the messages of the app, one per process of a worker, from their making until the
//! master's JavaScript takes its end over.
//!
//! It is told of a channel when something arrives there, or at once when it said that it wants them
//! all: a cluster that sends no messages is spared every one of them.

use std::{
  io::{self, IoSlice},
  os::{
    fd::{AsRawFd as _, OwnedFd},
    unix::net::UnixStream,
  },
  sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use nix::{
  sys::socket::{ControlMessage, MsgFlags, UnixAddr, recv, sendmsg},
  unistd::Pid,
};
use tokio::{net::UnixStream as Watched, task::AbortHandle};

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
  // Held for a read or a change only.
  state: Mutex<State>,
  tell: Box<dyn Fn() + Send + Sync>,
}

#[derive(Debug)]
struct State {
  settings: IpcSettings,
  /// Whether JavaScript wants every channel.
  wanted: bool,
  waiting: Vec<Waiting>,
}

/// A channel that nobody has taken.
#[derive(Debug)]
struct Waiting {
  opened: Opened,
  /// Whether JavaScript is to take it.
  due: bool,
  /// Ends with this.
  watch: Option<Watch>,
}

/// A task that waits for the first byte.
#[derive(Debug)]
struct Watch(AbortHandle);

impl Drop for Watch {
  fn drop(&mut self) {
    self.0.abort();
  }
}

impl std::fmt::Debug for Messages {
  fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
    f.debug_struct("Messages").field("state", &self.state).finish_non_exhaustive()
  }
}

impl Messages {
  /// `tell` is called whenever there is a channel to [`take`](Self::take).
  #[must_use]
  pub fn new(settings: IpcSettings, tell: impl Fn() + Send + Sync + 'static) -> Self {
    let state = State { settings, wanted: false, waiting: Vec::new() };
    Self { state: Mutex::new(state), tell: Box::new(tell) }
  }

  /// Settings of the channels that are opened from now on.
  pub fn configure(&self, settings: IpcSettings) {
    self.state().settings = settings;
  }

  /// Open a channel for a process that was just started, and hand the other end over `control`,
  /// where nothing else has been written yet. Inside the runtime.
  ///
  /// # Errors
  /// What the operating system says, such as having no descriptors left.
  pub fn open(self: &Arc<Self>, worker: &str, pid: Pid, control: &UnixStream) -> io::Result<()> {
    let settings = self.state().settings.clone();
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
      self.keep(Opened { worker: worker.to_owned(), pid, end: ours, settings })?;
    }
    Ok(())
  }

  /// Every channel is to be taken from now on; those that wait, too.
  pub fn want(&self) {
    let mut state = self.state();
    state.wanted = true;
    for waiting in &mut state.waiting {
      waiting.due = true;
    }
  }

  /// The channels that are to be taken.
  #[must_use]
  pub fn take(&self) -> Vec<Opened> {
    self.take_if(|waiting| waiting.due)
  }

  /// The channel of a process, if nobody has taken it.
  #[must_use]
  pub fn take_of(&self, pid: Pid) -> Vec<Opened> {
    self.take_if(|waiting| waiting.opened.pid == pid)
  }

  /// A process has ended, and nobody wanted to hear of it.
  pub fn forget(&self, pid: Pid) {
    self.state().waiting.retain(|waiting| waiting.due || waiting.opened.pid != pid);
  }

  fn keep(self: &Arc<Self>, opened: Opened) -> io::Result<()> {
    let watched = UnixStream::from(opened.end.try_clone()?);
    let pid = opened.pid;
    let due = {
      let mut state = self.state();
      let due = state.wanted;
      state.waiting.push(Waiting { opened, due, watch: None });
      due
    };
    if due {
      (self.tell)();
      return Ok(());
    }
    let watched = Watched::from_std(watched)?;
    let messages = Arc::clone(self);
    let task = tokio::spawn(async move {
      if arrived(&watched).await {
        messages.announce(pid);
      }
    });
    let watch = Watch(task.abort_handle());
    if let Some(waiting) = self.state().waiting.iter_mut().find(|kept| kept.opened.pid == pid) {
      waiting.watch = Some(watch);
    }
    Ok(())
  }

  /// Something arrived from `pid`.
  fn announce(&self, pid: Pid) {
    let mut found = false;
    for waiting in &mut self.state().waiting {
      if waiting.opened.pid == pid {
        waiting.due = true;
        found = true;
      }
    }
    if found {
      (self.tell)();
    }
  }

  fn take_if(&self, wanted: impl Fn(&Waiting) -> bool) -> Vec<Opened> {
    let mut state = self.state();
    state.waiting.extract_if(.., |waiting| wanted(waiting)).map(|waiting| waiting.opened).collect()
  }

  fn state(&self) -> MutexGuard<'_, State> {
    self.state.lock().unwrap_or_else(PoisonError::into_inner)
  }
}

/// Wait until the peer has sent something, or has left. Whether it has sent something.
async fn arrived(socket: &Watched) -> bool {
  loop {
    if socket.readable().await.is_err() {
      return false;
    }
    let looked = socket.try_io(tokio::io::Interest::READABLE, || {
      Ok(recv(socket.as_raw_fd(), &mut [0], MsgFlags::MSG_PEEK | MsgFlags::MSG_DONTWAIT)?)
    });
    match looked {
      Ok(count) => return count > 0,
      Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
      Err(_gone) => return false,
    }
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

#[cfg(test)]
mod tests {
  #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
  use std::{
    io::{IoSliceMut, Write as _},
    os::fd::FromRawFd as _,
    sync::mpsc,
  };

  use nix::sys::socket::{ControlMessageOwned, recvmsg};
  use serde_json::json;

  use super::*;

  /// Channels, and what is told of them.
  fn messages() -> (Arc<Messages>, mpsc::Receiver<()>) {
    let (told, tells) = mpsc::channel();
    let settings = IpcSettings::read(&json!({})).unwrap();
    (Arc::new(Messages::new(settings, move || told.send(()).unwrap())), tells)
  }

  /// The worker's end of one that is opened for `pid`.
  fn open(messages: &Arc<Messages>, pid: i32) -> UnixStream {
    let (control, worker) = UnixStream::pair().unwrap();
    messages.open("worker-1", Pid::from_raw(pid), &control).unwrap();
    let (mut bytes, mut room) = ([0; 4096], nix::cmsg_space!(i32));
    let mut slices = [IoSliceMut::new(&mut bytes)];
    let message =
      recvmsg::<UnixAddr>(worker.as_raw_fd(), &mut slices, Some(&mut room), MsgFlags::empty())
        .unwrap();
    let Some(ControlMessageOwned::ScmRights(fds)) = message.cmsgs().unwrap().next() else {
      panic!("no descriptor");
    };
    // SAFETY: the kernel has just made it for this call.
    UnixStream::from(unsafe { OwnedFd::from_raw_fd(*fds.first().unwrap()) })
  }

  fn pids(opened: &[Opened]) -> Vec<i32> {
    opened.iter().map(|opened| opened.pid.as_raw()).collect()
  }

  #[tokio::test]
  async fn a_channel_is_told_of_when_something_arrives() {
    let (messages, tells) = messages();
    let (mut one, _other, gone) = (open(&messages, 1), open(&messages, 2), open(&messages, 3));
    assert!(messages.take().is_empty());
    drop(gone);
    one.write_all(b"x").unwrap();
    let told = tokio::task::spawn_blocking(move || tells.recv().map(|()| tells));
    let tells = told.await.unwrap().unwrap();
    assert_eq!(pids(&messages.take()), [1]);
    assert_eq!(pids(&messages.take_of(Pid::from_raw(2))), [2]);
    messages.forget(Pid::from_raw(3));
    messages.want();
    assert!(messages.take().is_empty());
    assert!(tells.try_recv().is_err(), "once for each");
  }

  #[tokio::test]
  async fn who_wants_all_is_told_at_once() {
    let (messages, tells) = messages();
    let _early = open(&messages, 1);
    messages.want();
    let _late = open(&messages, 2);
    assert_eq!(tells.try_recv(), Ok(()));
    messages.forget(Pid::from_raw(2));
    assert_eq!(pids(&messages.take()), [1, 2], "what was told of is there to be taken");
  }
}
