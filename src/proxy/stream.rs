//! The sockets under both sides of the proxy.

use std::{
  io,
  pin::Pin,
  task::{Context, Poll},
  time::Duration,
};

use tokio::{
  io::{AsyncRead, AsyncWrite, ReadBuf},
  net::{TcpStream, UnixStream},
};

use super::upstream::Endpoint;

/// A worker on this machine accepts at once or is not well.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// Head and body up to this many bytes together are copied into one buffer: `send` of one costs the
/// kernel less than `writev` of two. Measured: 4 % of the proxy's CPU time per small request.
const COALESCE: usize = 2048;

/// A byte stream to a client or a worker.
#[derive(Debug)]
pub(super) enum Stream {
  Tcp(TcpStream),
  Unix(UnixStream),
}

impl Stream {
  /// Connects, within [`CONNECT_TIMEOUT`].
  pub(super) async fn connect(endpoint: &Endpoint) -> io::Result<Self> {
    let connect = async {
      match endpoint {
        Endpoint::Tcp(address) => {
          let stream = TcpStream::connect(address).await?;
          stream.set_nodelay(true)?;
          Ok(Self::Tcp(stream))
        }
        Endpoint::Unix(path) => UnixStream::connect(path).await.map(Self::Unix),
      }
    };
    tokio::time::timeout(CONNECT_TIMEOUT, connect).await?
  }

  /// Whether a failed [`connect`](Self::connect) says that the worker accepts more slowly than connections come: the
  /// backlog of a unix socket is full (`EAGAIN`), or that of a TCP socket dropped every attempt.
  pub(super) fn is_full(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut)
  }

  /// Whether there is nothing to read, not even the end. Costs a system call only when the event loop
  /// has heard of something.
  pub(super) fn is_quiet(&self) -> bool {
    let read = match self {
      Self::Tcp(stream) => stream.try_read(&mut [0]),
      Self::Unix(stream) => stream.try_read(&mut [0]),
    };
    read.is_err_and(|error| error.kind() == io::ErrorKind::WouldBlock)
  }
}

impl AsyncRead for Stream {
  fn poll_read(
    self: Pin<&mut Self>,
    cx: &mut Context<'_>,
    buf: &mut ReadBuf<'_>,
  ) -> Poll<io::Result<()>> {
    match self.get_mut() {
      Self::Tcp(stream) => Pin::new(stream).poll_read(cx, buf),
      Self::Unix(stream) => Pin::new(stream).poll_read(cx, buf),
    }
  }
}

impl AsyncWrite for Stream {
  fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
    match self.get_mut() {
      Self::Tcp(stream) => Pin::new(stream).poll_write(cx, buf),
      Self::Unix(stream) => Pin::new(stream).poll_write(cx, buf),
    }
  }

  fn poll_write_vectored(
    self: Pin<&mut Self>,
    cx: &mut Context<'_>,
    bufs: &[io::IoSlice<'_>],
  ) -> Poll<io::Result<usize>> {
    let total = bufs.iter().map(|buf| buf.len()).sum::<usize>();
    if total <= COALESCE {
      let mut joined = [0; COALESCE];
      let mut end = 0;
      for buf in bufs {
        joined[end..end + buf.len()].copy_from_slice(buf);
        end += buf.len();
      }
      return self.poll_write(cx, &joined[..end]);
    }
    match self.get_mut() {
      Self::Tcp(stream) => Pin::new(stream).poll_write_vectored(cx, bufs),
      Self::Unix(stream) => Pin::new(stream).poll_write_vectored(cx, bufs),
    }
  }

  fn is_write_vectored(&self) -> bool {
    true
  }

  fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
    Poll::Ready(Ok(()))
  }

  fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
    match self.get_mut() {
      Self::Tcp(stream) => Pin::new(stream).poll_shutdown(cx),
      Self::Unix(stream) => Pin::new(stream).poll_shutdown(cx),
    }
  }
}
