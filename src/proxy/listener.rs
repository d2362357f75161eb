//! The public socket: reserving its address, listening, and the accept loop.

use std::{
  io,
  net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
  sync::Arc,
  time::Duration,
};

use socket2::{Domain, Protocol, Socket, Type};
use tokio::{
  net::TcpListener,
  sync::mpsc::{UnboundedSender, error::SendError},
};

use super::{Address, holder, shard::Accepted, shared::Shared};
use crate::error::{ClusterError, Result};

/// Connections that the kernel may hold for us; it applies its own limit (`somaxconn`) too.
const BACKLOG: i32 = 4096;
const MIN_BACK_OFF: Duration = Duration::from_millis(5);
const MAX_BACK_OFF: Duration = Duration::from_secs(1);

/// Binds without listening: the port is ours, but clients are refused until there is a worker.
///
/// Without `host`, the socket takes IPv6 and IPv4 connections to every address of the machine, or IPv4
/// alone where there is no IPv6.
pub(super) fn reserve(address: Address) -> Result<Socket> {
  let Address { host, port, v6_only } = address;
  let any = IpAddr::V6(Ipv6Addr::UNSPECIFIED);
  let bound = match host {
    Some(host) => bind(host, port, v6_only),
    None => bind(any, port, false).or_else(|error| match error.kind() {
      io::ErrorKind::AddrInUse | io::ErrorKind::PermissionDenied => Err(error),
      _ => bind(Ipv4Addr::UNSPECIFIED.into(), port, false),
    }),
  };
  bound.map_err(|error| refused(address, &error))
}

fn bind(host: IpAddr, port: u16, v6_only: bool) -> io::Result<Socket> {
  let address = SocketAddr::new(host, port);
  // Close-on-exec: a worker must not inherit the port.
  let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
  if host == IpAddr::V6(Ipv6Addr::UNSPECIFIED) {
    socket.set_only_v6(v6_only)?;
  }
  // Connections of the last run in TIME_WAIT do not hold the port against us.
  socket.set_reuse_address(true)?;
  socket.set_nonblocking(true)?;
  socket.bind(&address.into())?;
  Ok(socket)
}

/// Begins to listen on a reserved socket. Another process may have taken the port until here.
pub(super) fn listen(socket: Socket, address: Address) -> Result<std::net::TcpListener> {
  socket.listen(BACKLOG).map_err(|error| refused(address, &error))?;
  Ok(socket.into())
}

fn refused(Address { host, port, .. }: Address, error: &io::Error) -> ClusterError {
  if error.kind() == io::ErrorKind::AddrInUse {
    return ClusterError::PortInUse { port, pid: holder::pid(port) };
  }
  let host = host.map_or_else(|| "any address".to_owned(), |host| host.to_string());
  ClusterError::PortUnavailable { port, host, reason: error.to_string() }
}

/// Accepts until the proxy closes and deals the connections to the threads in turn.
pub(super) async fn accept_all(
  listener: std::net::TcpListener,
  threads: Vec<UnboundedSender<Accepted>>,
  shared: Arc<Shared>,
) {
  let listener = match TcpListener::from_std(listener) {
    Ok(listener) => listener,
    Err(error) => return tracing::error!(%error, "the public port cannot be polled"),
  };
  tokio::select! {
    biased;
    () = shared.closing() => {}
    () = deal(&listener, &threads) => {}
  }
  deal_backlog(listener, &threads);
}

/// Who has connected and was not accepted yet would be met by a reset. In turn from the first thread on, and
/// no more than the backlog holds.
fn deal_backlog(listener: TcpListener, threads: &[UnboundedSender<Accepted>]) {
  let Ok(listener) = listener.into_std() else {
    return;
  };
  for (thread, _) in threads.iter().cycle().zip(0..BACKLOG) {
    let accepted = listener.accept().and_then(|(stream, address)| {
      stream.set_nonblocking(true)?;
      Ok((stream, address))
    });
    match accepted {
      Ok(accepted) => hand_over(accepted, thread, threads),
      Err(error) if is_of_connection(&error) => {}
      // Usually that there is nobody.
      Err(_) => return,
    }
  }
}

async fn deal(listener: &TcpListener, threads: &[UnboundedSender<Accepted>]) {
  let mut back_off = MIN_BACK_OFF;
  for thread in threads.iter().cycle() {
    let (stream, address) = loop {
      match listener.accept().await {
        Ok(accepted) => break accepted,
        Err(error) if is_of_connection(&error) => {}
        Err(error) => {
          // Usually no file descriptor is left, and the connection stays in the backlog: trying again
          // at once would spin until a client leaves.
          tracing::warn!(%error, retry_in = ?back_off, "cannot accept connections");
          tokio::time::sleep(back_off).await;
          back_off = (back_off * 2).min(MAX_BACK_OFF);
        }
      }
    };
    back_off = MIN_BACK_OFF;
    // Off this thread's poller; fails only if the connection is gone already.
    if let Ok(stream) = stream.into_std() {
      hand_over((stream, address), thread, threads);
    }
  }
}

/// Gives a connection to `thread`, or to any other where that has ended by a fault: it is not to cost its share of
/// the clients for good.
fn hand_over(
  accepted: Accepted,
  thread: &UnboundedSender<Accepted>,
  threads: &[UnboundedSender<Accepted>],
) {
  let mut refused = thread.send(accepted).err();
  for other in threads {
    let Some(SendError(accepted)) = refused else {
      return;
    };
    refused = other.send(accepted).err();
  }
}

/// Whether the error is that of one connection, which is gone, and not of the listener.
fn is_of_connection(error: &io::Error) -> bool {
  matches!(
    error.kind(),
    io::ErrorKind::ConnectionAborted | io::ErrorKind::ConnectionReset | io::ErrorKind::Interrupted
  )
}

#[cfg(test)]
mod tests {
  #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

  use tokio::sync::mpsc::unbounded_channel;

  use super::*;

  #[test]
  fn the_clients_of_a_thread_that_has_ended_go_to_the_others() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let (threads, mut dealt): (Vec<_>, Vec<_>) = (0..3).map(|_| unbounded_channel()).unzip();
    dealt.remove(1);
    for thread in &threads {
      let _client = std::net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
      hand_over(listener.accept().unwrap(), thread, &threads);
    }
    let got: Vec<_> =
      dealt.iter_mut().map(|dealt| std::iter::from_fn(|| dealt.try_recv().ok()).count()).collect();
    assert_eq!(got, [2, 1]);
    // None is left: the connection is closed.
    drop(dealt);
    let _client = std::net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    hand_over(listener.accept().unwrap(), &threads[0], &threads);
  }
}
