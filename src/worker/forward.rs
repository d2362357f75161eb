//! Writes the lines of all workers to the master's own stdout and stderr, one at a time.
//!
//! A thread of its own, because a terminal that is held or a pipe that nobody reads blocks a write
//! for as long as it likes. While it is blocked, workers that write more wait, as they would with
//! that terminal of their own; nothing else stands still, and nothing is thrown away but what a worker
//! that is dead for a second had still in its pipe.

use std::{
  io,
  os::fd::{AsFd as _, BorrowedFd},
  sync::OnceLock,
  thread,
};

use nix::{
  errno::Errno,
  poll::{PollFd, PollFlags, PollTimeout, poll},
  sys::signal::{SigSet, Signal},
  unistd::write,
};
use tokio::sync::mpsc;

/// Lines that may wait to be written.
const QUEUE: usize = 256;

/// Where a line goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target {
  /// The master's stdout.
  Stdout,
  /// The master's stderr.
  Stderr,
}

/// Handle of the writing thread.
#[derive(Debug, Clone)]
pub struct Forward {
  lines: mpsc::Sender<(Target, Vec<u8>)>,
}

static SHARED: OnceLock<Result<Forward, String>> = OnceLock::new();

impl Forward {
  /// The one thread of this process, started on the first call: stdout and stderr are shared too.
  ///
  /// # Errors
  /// When the operating system refuses the thread.
  pub fn shared() -> io::Result<Self> {
    let shared = SHARED.get_or_init(|| {
      let (lines, inbox) = mpsc::channel(QUEUE);
      thread::Builder::new()
        .name("xypriss-output".to_owned())
        .spawn(move || write_all(inbox))
        .map(|_thread| Self { lines })
        .map_err(|error| error.to_string())
    });
    shared.clone().map_err(io::Error::other)
  }

  /// Hand a line over; waits while the queue is full.
  pub async fn write(&self, target: Target, line: Vec<u8>) {
    // The thread never ends while a handle exists.
    let _sent = self.lines.send((target, line)).await;
  }
}

fn write_all(mut lines: mpsc::Receiver<(Target, Vec<u8>)>) {
  // A reader that is gone must be an error of this write, not a signal that ends the host.
  let _masked = SigSet::from(Signal::SIGPIPE).thread_block();
  let (stdout, stderr) = (io::stdout(), io::stderr());
  while let Some((target, line)) = lines.blocking_recv() {
    let fd = match target {
      Target::Stdout => stdout.as_fd(),
      Target::Stderr => stderr.as_fd(),
    };
    if let Err(errno) = write_line(fd, &line) {
      tracing::debug!(%errno, "a line of a worker could not be written");
    }
  }
}

/// Write all of `line`, whether or not the runtime made the descriptor non-blocking.
fn write_line(fd: BorrowedFd<'_>, mut line: &[u8]) -> Result<(), Errno> {
  while !line.is_empty() {
    match write(fd, line) {
      Ok(written) => line = line.get(written..).unwrap_or_default(),
      Err(Errno::EINTR) => {}
      Err(Errno::EAGAIN) => {
        poll(&mut [PollFd::new(fd, PollFlags::POLLOUT)], PollTimeout::NONE)?;
      }
      Err(errno) => return Err(errno),
    }
  }
  Ok(())
}
