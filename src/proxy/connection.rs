//! One HTTP/1.1 connection to a worker.

use std::{io, time::Duration};

use http::{Request, Response};
use hyper::{
  body::Incoming,
  client::conn::{TrySendError, http1},
};
use hyper_util::rt::TokioIo;

use super::{body::RequestBody, pool::MAX_IDLE, stream::Stream, upstream::Endpoint};

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
    let (sender, connection) =
      http1::Builder::new().handshake(TokioIo::new(stream)).await.map_err(io::Error::other)?;
    tokio::spawn(async move {
      // Whoever waits for an answer gets the error too.
      if let Err(error) = connection.with_upgrades().await {
        tracing::trace!(%error, "connection to a worker ended");
      }
    });
    Ok(Self { sender, reused: false, keep: MAX_IDLE })
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
