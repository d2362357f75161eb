//! Waiting for a worker's death in a way that leaves the process group addressable.

#[cfg(target_os = "linux")]
use std::os::fd::{FromRawFd as _, OwnedFd};
use std::{io, process::ExitStatus};

use nix::{
  sys::signal::{Signal, kill, killpg},
  unistd::Pid,
};
#[cfg(target_os = "linux")]
use tokio::io::unix::AsyncFd;
use tokio::process::Child;

/// A worker's process, the leader of a process group of its own.
#[derive(Debug)]
pub struct Process {
  child: Child,
  pid: Pid,
  /// `None` where the kernel (before 5.3) or a sandbox has no such descriptors.
  #[cfg(target_os = "linux")]
  death: Option<AsyncFd<OwnedFd>>,
}

impl Process {
  /// Take over a child that was just spawned.
  ///
  /// # Errors
  /// What the operating system says when it gives no descriptor for the process.
  pub fn new(child: Child) -> io::Result<Self> {
    let raw = child.id().and_then(|id| i32::try_from(id).ok());
    let raw = raw.ok_or_else(|| io::Error::other("the child has been reaped already"))?;
    #[cfg(target_os = "linux")]
    let death = match pidfd(raw) {
      // SAFETY: an `OwnedFd` is open, and the same one, for as long as it lives; nothing takes it out.
      Ok(fd) => Some(unsafe { AsyncFd::register(fd) }?),
      Err(error) if matches!(error.raw_os_error(), Some(libc::ENOSYS | libc::EPERM)) => None,
      Err(error) => return Err(error),
    };
    Ok(Self {
      child,
      pid: Pid::from_raw(raw),
      #[cfg(target_os = "linux")]
      death,
    })
  }

  /// The process id.
  #[must_use]
  pub const fn pid(&self) -> Pid {
    self.pid
  }

  /// Wait until the process has ended, kill what it left in its group, reap it. Cancel safe.
  ///
  /// The group is killed while the leader is still a zombie: only then can its id not have been
  /// given to somebody else.
  ///
  /// # Errors
  /// When the operating system no longer knows the child, because somebody else reaped it.
  pub async fn ended(&mut self) -> io::Result<ExitStatus> {
    #[cfg(target_os = "linux")]
    if let Some(death) = &self.death {
      death.readable().await?.retain_ready();
      self.kill_group();
      return self.child.wait().await;
    }
    // Without such a descriptor; the time between is too short for an id to come round.
    let status = self.child.wait().await?;
    self.kill_group();
    Ok(status)
  }

  /// Ask the process to end. Only itself: what it does with its children is its own affair.
  pub fn terminate(&self, signal: Signal) {
    let _gone = kill(self.pid, signal);
  }

  /// End the process and everything in its group.
  pub fn kill_group(&self) {
    let _gone = killpg(self.pid, Signal::SIGKILL);
  }
}

#[cfg(target_os = "linux")]
fn pidfd(pid: i32) -> io::Result<OwnedFd> {
  // SAFETY: a system call with two integers; it touches no memory of ours. PIDFD_NONBLOCK is not
  // needed, as the descriptor is only polled. It is close-on-exec by definition.
  let fd = unsafe { libc::syscall(libc::SYS_pidfd_open, pid, 0) };
  let fd = i32::try_from(fd).unwrap_or(-1);
  if fd < 0 {
    return Err(io::Error::last_os_error());
  }
  // SAFETY: the call just returned this descriptor, so it is open and nobody else owns it.
  Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}
