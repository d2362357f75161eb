//! Unix sockets with abstract names, by which requests reach a worker on the same machine.

use std::{io, os::fd::OwnedFd, path::PathBuf};

/// The path by which [`bind`]'s socket is connected to.
#[must_use]
pub fn path(name: &str) -> PathBuf {
  PathBuf::from(format!("\0{name}"))
}

/// A stream socket bound to a name that the kernel chose, and that name without its zero byte. It is
/// close-on-exec and does not listen yet.
///
/// # Errors
/// What the operating system says; `Unsupported` where there are no such names.
#[cfg(target_os = "linux")]
pub fn bind() -> io::Result<(OwnedFd, String)> {
  use std::os::fd::AsRawFd as _;

  use nix::sys::socket::{AddressFamily, SockFlag, SockType, UnixAddr, bind, getsockname, socket};
  let flags = SockFlag::SOCK_CLOEXEC | SockFlag::SOCK_NONBLOCK;
  let fd = socket(AddressFamily::Unix, SockType::Stream, flags, None)?;
  // Binding to no name is what asks for one.
  bind(fd.as_raw_fd(), &UnixAddr::new_unnamed())?;
  let address: UnixAddr = getsockname(fd.as_raw_fd())?;
  let name = address.as_abstract().and_then(|name| str::from_utf8(name).ok());
  let name = name.ok_or_else(|| io::Error::other("the kernel gave no name"))?.to_owned();
  Ok((fd, name))
}

/// Only Linux has abstract names.
///
/// # Errors
/// Always `Unsupported`.
#[cfg(not(target_os = "linux"))]
pub fn bind() -> io::Result<(OwnedFd, String)> {
  Err(io::ErrorKind::Unsupported.into())
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
  #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
  use tokio::net::{UnixListener, UnixStream};

  use super::*;

  #[tokio::test]
  async fn is_reached_by_its_path_and_never_has_the_name_of_another() {
    let ((one, name), (_other, other_name)) = (bind().unwrap(), bind().unwrap());
    assert_ne!(name, other_name);
    nix::sys::socket::listen(&one, nix::sys::socket::Backlog::new(8).unwrap()).unwrap();
    let listener = UnixListener::from_std(one.into()).unwrap();
    let (connected, accepted) = tokio::join!(UnixStream::connect(path(&name)), listener.accept());
    connected.unwrap();
    accepted.unwrap();
  }
}
