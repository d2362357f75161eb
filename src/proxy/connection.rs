//! One HTTP/1.1 connection to a worker.

use std::{
  io,
  pin::Pin,
  task::{Context, Poll},
  time::Duration,
};

use http::{Request, Response};
use hyper::{
  body::Incoming,
  client::conn::{TrySendError, http1},
};
use hyper_util::rt::TokioIo;
use tokio::{
  io::{AsyncRead, AsyncWrite, ReadBuf},
  net::{TcpStream, UnixStream},
};

use super::{body::RequestBody, pool::MAX_IDLE, upstream::Endpoint};

/// A worker on this machine accepts at once or is not well.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// A connection that takes one request at a time.
#[derive(Debug)]
pub(super) struct Connection {
  sender: http1::SendRequest<RequestBody>,
  /// Whether it has carried a request before: then the worker may have closed it in the meantime.
  pub(super) reused: bool,
  /// How long it may stay idle.
  pub(super) keep: Duration,
}

impl Connection {
  /// Connects and starts the task that drives the connection until either side ends it.
  pub(super) async fn open(endpoint: &Endpoint) -> io::Result<Self> {
    let stream = Stream::connect(endpoint).await?;
    let (sender, connection) = http1::Builder::new()
      .handshake(TokioIo::new(stream))
      .await
      .map_err(io::Error::other)?;
    tokio::spawn(async move {
      // Whoever waits for an answer gets the error too.
      if let Err(error) = connection.with_upgrades().await {
        tracing::trace!(%error, "connection to a worker ended");
      }
    });
    Ok(Self {
      sender,
      reused: false,
      keep: MAX_IDLE,
    })
  }

  pub(super) fn is_ready(&self) -> bool {
    self.sender.is_ready()
  }

  pub(super) fn is_closed(&self) -> bool {
    self.sender.is_closed()
  }

  /// Resolves when it takes the next request; false when it ended instead.
  pub(super) async fn ready(&mut self) -> bool {
    self.sender.ready().await.is_ok()
  }

  /// Sends a request. The error holds the request if no byte of it was written.
  pub(super) fn send(
    &mut self,
    request: Request<RequestBody>,
  ) -> impl Future<Output = Result<Response<Incoming>, TrySendError<Request<RequestBody>>>> {
    self.sender.try_send_request(request)
  }
}

/// A byte stream to a worker.
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
