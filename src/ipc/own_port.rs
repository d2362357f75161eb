//! A port that a worker has for itself.

use std::{
  io,
  net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener},
};

use socket2::{Domain, Socket, Type};

use super::address::Address;

/// How many ports are tried, from the one that is asked for.
const TRIES: u16 = 1024;
/// The backlog of Node.js.
const BACKLOG: i32 = 511;

/// Listens at the address, or at the next port of it that is free.
///
/// # Errors
/// The last refusal of the operating system.
pub fn listen(address: Address) -> io::Result<TcpListener> {
  let mut refused = io::Error::from(io::ErrorKind::AddrInUse);
  for port in (address.port..=u16::MAX).take(usize::from(TRIES)) {
    match listen_at(Address { port, ..address }) {
      Err(error) if error.kind() == io::ErrorKind::AddrInUse => refused = error,
      outcome => return outcome,
    }
  }
  Err(refused)
}

fn listen_at(Address { host, port, v6_only }: Address) -> io::Result<TcpListener> {
  let any = IpAddr::V6(Ipv6Addr::UNSPECIFIED);
  let bound = match host {
    Some(host) => bind(SocketAddr::new(host, port), v6_only),
    None => bind(SocketAddr::new(any, port), false).or_else(|error| match error.kind() {
      io::ErrorKind::AddrInUse | io::ErrorKind::PermissionDenied => Err(error),
      _ => bind((Ipv4Addr::UNSPECIFIED, port).into(), false),
    }),
  };
  let socket = bound?;
  socket.listen(BACKLOG)?;
  Ok(socket.into())
}

fn bind(address: SocketAddr, v6_only: bool) -> io::Result<Socket> {
  let socket = Socket::new(Domain::for_address(address), Type::STREAM, None)?;
  if address.ip() == IpAddr::V6(Ipv6Addr::UNSPECIFIED) {
    socket.set_only_v6(v6_only)?;
  }
  socket.set_reuse_address(true)?;
  socket.set_nonblocking(true)?;
  socket.bind(&address.into())?;
  Ok(socket)
}

#[cfg(test)]
mod tests {
  #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
  use super::*;

  #[test]
  fn takes_the_next_port_where_one_is_taken() {
    let host = Some(Ipv4Addr::LOCALHOST.into());
    let first = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = first.local_addr().unwrap().port();
    let own = listen(Address { host, port, v6_only: false }).unwrap();
    assert!(own.local_addr().unwrap().port() > port);
  }
}
