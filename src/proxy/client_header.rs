//! The request header by which a worker learns the addresses of a client's connection.
//!
//! Its name is a secret of one run: a client cannot write it, nor can a process that connects to a
//! worker's port without the proxy. The line is the first one of each head, so that the agent in the
//! worker finds it by one comparison and takes it out before the app sees the request.

use std::{fmt, io::Write as _, net::SocketAddr};

use crate::error::{ClusterError, Result};

/// In front of the random part of the name. Lines of clients whose names begin like this are dropped.
const PREFIX: &str = "x-xypriss-client-";

/// Both ends of a client's connection, as the public socket has them: an IPv4 client of a socket for
/// both families is `::ffff:a.b.c.d`, as the app would see it without a proxy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ends {
  /// The client's.
  pub peer: SocketAddr,
  /// Ours.
  pub local: SocketAddr,
}

/// The name of the header.
#[derive(Clone, PartialEq, Eq)]
pub struct ClientHeader {
  name: String,
}

impl ClientHeader {
  /// A name that no other run has.
  ///
  /// # Errors
  /// [`ClusterError::System`] when the operating system gives no random bytes.
  pub fn random() -> Result<Self> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes)
      .map_err(|error| ClusterError::system("draw a random name", &error.into()))?;
    Ok(Self { name: format!("{PREFIX}{:032x}", u128::from_be_bytes(bytes)) })
  }

  /// The name, for the agent.
  #[must_use]
  pub fn name(&self) -> &str {
    &self.name
  }

  /// The line, with its end.
  #[must_use]
  pub fn line(&self, ends: &Ends) -> Box<[u8]> {
    let mut line = Vec::with_capacity(128);
    // Writing to a vector cannot fail.
    let _ = write!(
      line,
      "{}: {} {} {} {}\r\n",
      self.name,
      ends.peer.ip(),
      ends.peer.port(),
      ends.local.ip(),
      ends.local.port()
    );
    line.into()
  }
}

impl fmt::Debug for ClientHeader {
  fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    // The rest is a secret, and logs are read by many.
    f.debug_tuple("ClientHeader").field(&PREFIX).finish()
  }
}

#[cfg(test)]
mod tests {
  #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

  use super::*;

  #[test]
  fn names_are_random_and_not_logged() {
    let (one, other) = (ClientHeader::random().unwrap(), ClientHeader::random().unwrap());
    assert_ne!(one, other);
    let random = one.name().strip_prefix(PREFIX).unwrap();
    assert_eq!(random.len(), 32);
    assert!(random.bytes().all(|digit| matches!(digit, b'0'..=b'9' | b'a'..=b'f')));
    assert!(!format!("{one:?}").contains(random));
  }

  #[test]
  fn lines_have_both_ends_as_the_socket_has_them() {
    let header = ClientHeader::random().unwrap();
    for (peer, local, expected) in [
      ("127.0.0.2:4000", "127.0.0.1:80", "127.0.0.2 4000 127.0.0.1 80"),
      ("[::1]:4000", "[::1]:80", "::1 4000 ::1 80"),
      ("[::ffff:10.0.0.7]:1", "[::ffff:10.0.0.1]:2", "::ffff:10.0.0.7 1 ::ffff:10.0.0.1 2"),
      ("[fe80::1%3]:1", "[fe80::2%3]:2", "fe80::1 1 fe80::2 2"),
    ] {
      let ends = Ends { peer: peer.parse().unwrap(), local: local.parse().unwrap() };
      let line = header.line(&ends);
      assert_eq!(std::str::from_utf8(&line).unwrap(), format!("{}: {expected}\r\n", header.name()));
    }
  }
}
