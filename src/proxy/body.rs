//! The two bodies of an exchange. Enums instead of boxed traits: no allocation, no virtual call.

use std::{
  pin::Pin,
  task::{Context, Poll, ready},
};

use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt;
use hyper::body::{Body, Frame, Incoming, SizeHint};

use super::{connection::Connection, pool, upstream::InFlight};

/// What a client sends.
#[derive(Debug)]
pub(super) enum RequestBody {
  Empty,
  Stream(Incoming),
}

impl Body for RequestBody {
  type Data = Bytes;
  type Error = hyper::Error;

  fn poll_frame(
    self: Pin<&mut Self>,
    cx: &mut Context<'_>,
  ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
    match self.get_mut() {
      Self::Empty => Poll::Ready(None),
      Self::Stream(body) => Pin::new(body).poll_frame(cx),
    }
  }

  fn is_end_stream(&self) -> bool {
    match self {
      Self::Empty => true,
      Self::Stream(body) => body.is_end_stream(),
    }
  }

  fn size_hint(&self) -> SizeHint {
    match self {
      Self::Empty => SizeHint::with_exact(0),
      Self::Stream(body) => body.size_hint(),
    }
  }
}

/// What a client receives.
#[derive(Debug)]
pub(super) enum ResponseBody {
  /// Complete: the proxy's own words, or a small answer that was read before its head is sent.
  Whole(Bytes),
  /// Passed on as it comes. An error in it cuts the client's connection, so that a broken answer is
  /// never taken for a complete one.
  Stream(Streaming),
}

impl ResponseBody {
  pub(super) const EMPTY: Self = Self::Whole(Bytes::new());
}

impl Body for ResponseBody {
  type Data = Bytes;
  type Error = hyper::Error;

  fn poll_frame(
    self: Pin<&mut Self>,
    cx: &mut Context<'_>,
  ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
    match self.get_mut() {
      Self::Whole(bytes) if bytes.is_empty() => Poll::Ready(None),
      Self::Whole(bytes) => Poll::Ready(Some(Ok(Frame::data(std::mem::take(bytes))))),
      Self::Stream(streaming) => streaming.poll_frame(cx),
    }
  }

  fn is_end_stream(&self) -> bool {
    match self {
      Self::Whole(bytes) => bytes.is_empty(),
      Self::Stream(streaming) => streaming.body.is_end_stream(),
    }
  }

  fn size_hint(&self) -> SizeHint {
    match self {
      Self::Whole(bytes) => SizeHint::with_exact(bytes.len() as u64),
      Self::Stream(streaming) => streaming.body.size_hint(),
    }
  }
}

/// An answer on its way from a worker to a client.
#[derive(Debug)]
pub(super) struct Streaming {
  body: Incoming,
  exchange: Option<Exchange>,
}

impl Streaming {
  pub(super) fn new(body: Incoming, exchange: Exchange) -> Self {
    let mut streaming = Self { body, exchange: Some(exchange) };
    streaming.finish_at_end();
    streaming
  }

  fn poll_frame(
    &mut self,
    cx: &mut Context<'_>,
  ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
    let frame = ready!(Pin::new(&mut self.body).poll_frame(cx));
    match &frame {
      Some(Ok(_)) => self.finish_at_end(),
      None => self.finish(),
      Some(Err(_)) => {
        if let Some(exchange) = self.exchange.take() {
          exchange.in_flight.failed();
        }
      }
    }
    Poll::Ready(frame)
  }

  fn finish_at_end(&mut self) {
    if self.body.is_end_stream() {
      self.finish();
    }
  }

  fn finish(&mut self) {
    if let Some(exchange) = self.exchange.take() {
      exchange.finish();
    }
  }
}

/// A request in flight and the connection that carries it. Dropped before its end, when the client
/// goes away, it closes the connection: what is left of the answer must not be read as the next one.
#[derive(Debug)]
pub(super) struct Exchange {
  pub(super) in_flight: InFlight,
  pub(super) connection: Connection,
  /// The data-plane thread that this happens on.
  pub(super) thread: usize,
}

impl Exchange {
  /// The answer has been read to its end: the connection can be used again.
  pub(super) fn finish(self) {
    pool::release(self.connection, self.in_flight.upstream(), self.thread);
  }
}

/// Reads a body of known, small length to its end. In the usual case it is there already, in one piece,
/// and is not copied.
pub(super) async fn collect(mut body: Incoming) -> Result<Bytes, hyper::Error> {
  let mut whole = Bytes::new();
  let mut parts = BytesMut::new();
  while !body.is_end_stream() {
    let Some(frame) = body.frame().await else {
      break;
    };
    let Ok(data) = frame?.into_data() else {
      continue;
    };
    if whole.is_empty() && parts.is_empty() {
      whole = data;
    } else {
      parts.extend_from_slice(&std::mem::take(&mut whole));
      parts.extend_from_slice(&data);
    }
  }
  Ok(if parts.is_empty() { whole } else { parts.freeze() })
}
