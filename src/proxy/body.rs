//! The body of an answer. An enum instead of a boxed trait: nothing is allocated for a small answer.

use std::{
  future::poll_fn,
  io,
  pin::Pin,
  sync::Arc,
  task::{Context, Poll},
};

use bytes::{Bytes, BytesMut};
use hyper::body::{Body, Frame, SizeHint};

use super::{
  connection::Connection,
  decoder::Decoder,
  pool,
  upload::{Broken, Upload},
  upstream::InFlight,
};

/// What a client receives.
#[derive(Debug)]
pub(super) enum ResponseBody {
  /// Complete: the proxy's own words, or a small answer that was read before its head is sent.
  Whole(Bytes),
  /// Passed on as it comes. An error in it cuts the client's connection, so that a broken answer is
  /// never taken for a complete one.
  Stream(Box<Streaming>),
}

impl ResponseBody {
  pub(super) const EMPTY: Self = Self::Whole(Bytes::new());

  /// An answer that is passed on as it comes.
  pub(super) fn stream(decoder: Decoder, exchange: Exchange) -> Self {
    let exchange = Some(exchange);
    Self::Stream(Box::new(Streaming { decoder, exchange, unwritten: true, broken: None }))
  }
}

impl Body for ResponseBody {
  type Data = Bytes;
  type Error = io::Error;

  fn poll_frame(
    self: Pin<&mut Self>,
    cx: &mut Context<'_>,
  ) -> Poll<Option<io::Result<Frame<Bytes>>>> {
    match self.get_mut() {
      Self::Whole(bytes) if bytes.is_empty() => Poll::Ready(None),
      Self::Whole(bytes) => Poll::Ready(Some(Ok(Frame::data(std::mem::take(bytes))))),
      Self::Stream(streaming) => streaming.poll_frame(cx),
    }
  }

  fn is_end_stream(&self) -> bool {
    match self {
      Self::Whole(bytes) => bytes.is_empty(),
      Self::Stream(streaming) => streaming.decoder.is_end(),
    }
  }

  fn size_hint(&self) -> SizeHint {
    let length = match self {
      Self::Whole(bytes) => Some(bytes.len() as u64),
      Self::Stream(streaming) => streaming.decoder.left(),
    };
    length.map_or_else(SizeHint::default, SizeHint::with_exact)
  }
}

/// An answer on its way from a worker to a client.
#[derive(Debug)]
pub(super) struct Streaming {
  decoder: Decoder,
  /// `None` once the answer is complete or broken.
  exchange: Option<Exchange>,
  /// Whether something was passed on that the client's connection may not have written yet.
  unwritten: bool,
  /// What the answer broke off with, held back until that is written.
  broken: Option<io::Error>,
}

impl Streaming {
  fn poll_frame(&mut self, cx: &mut Context<'_>) -> Poll<Option<io::Result<Frame<Bytes>>>> {
    if let Some(error) = self.broken.take() {
      return Poll::Ready(Some(Err(error)));
    }
    let Some(exchange) = &mut self.exchange else {
      return Poll::Ready(None);
    };
    let frame = exchange.poll_frame(&mut self.decoder, cx);
    self.unwritten = match &frame {
      Poll::Pending => false,
      Poll::Ready(Some(Ok(_))) => true,
      Poll::Ready(_) => self.unwritten,
    };
    match frame {
      Poll::Ready(Some(Err(error))) => self.fail(error, cx),
      frame => {
        // Not when it is asked for more: a body of known length is not asked again after its end.
        if self.decoder.is_end()
          && let Some(exchange) = self.exchange.take()
        {
          exchange.finish();
        }
        frame
      }
    }
  }

  /// An error cuts the client's connection at once, and with it what is not written yet. So that comes
  /// first: it is written when there is nothing to take.
  fn fail(
    &mut self,
    error: io::Error,
    cx: &mut Context<'_>,
  ) -> Poll<Option<io::Result<Frame<Bytes>>>> {
    if let Some(exchange) = self.exchange.take() {
      exchange.in_flight.broke();
    }
    if !self.unwritten {
      return Poll::Ready(Some(Err(error)));
    }
    self.broken = Some(error);
    cx.waker().wake_by_ref();
    Poll::Pending
  }
}

/// A request in flight and the connection that carries it. Dropped before its end, when the client
/// goes away, it closes the connection: what is left of the answer must not be read as the next one.
#[derive(Debug)]
pub(super) struct Exchange {
  pub(super) in_flight: InFlight,
  pub(super) connection: Connection,
  /// What of the request is still to be sent.
  pub(super) upload: Option<Upload>,
  /// Whether the connection can carry another request.
  pub(super) persistent: bool,
  /// The data-plane thread that this happens on.
  pub(super) thread: usize,
}

impl Exchange {
  /// The next part of the answer, and meanwhile of the request.
  fn poll_frame(
    &mut self,
    decoder: &mut Decoder,
    cx: &mut Context<'_>,
  ) -> Poll<Option<io::Result<Frame<Bytes>>>> {
    if let Some(upload) = &mut self.upload
      && let Poll::Ready(ended) = self.connection.poll_upload(upload, cx)
    {
      self.upload = None;
      match ended {
        Ok(()) => {}
        // The worker answers without it: that is its right.
        Err(Broken::Worker) => self.persistent = false,
        Err(Broken::Client) => {
          return Poll::Ready(Some(Err(io::ErrorKind::ConnectionAborted.into())));
        }
      }
    }
    self.connection.poll_body(decoder, cx)
  }

  /// The answer has been read to its end: the connection can be used again, once the request has
  /// been sent to its end, too.
  pub(super) fn finish(self) {
    if !self.persistent {
      return;
    }
    let upstream = Arc::clone(self.in_flight.upstream());
    let (mut connection, thread) = (self.connection, self.thread);
    match self.upload {
      None => pool::keep(connection, &upstream, thread),
      Some(upload) => {
        tokio::spawn(async move {
          if connection.finish(upload).await {
            pool::keep(connection, &upstream, thread);
          }
        });
      }
    }
  }

  /// Reads a body of known, small length to its end. In the usual case it is there already, in one
  /// piece, and is not copied.
  pub(super) async fn collect(&mut self, mut decoder: Decoder) -> io::Result<Bytes> {
    let mut whole = Bytes::new();
    let mut parts = BytesMut::new();
    while !decoder.is_end() {
      let Some(frame) = poll_fn(|cx| self.poll_frame(&mut decoder, cx)).await else {
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
}
