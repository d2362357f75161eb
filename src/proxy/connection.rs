//! One HTTP/1.1 connection to a worker.
//!
//! It has no task of its own: whoever waits for something from it reads and writes. A request then
//! costs no change of task, no channel and no wake-up beside the one that the socket causes.

use std::{
  io,
  pin::pin,
  task::{Context, Poll, ready},
  time::Duration,
};

use bytes::BytesMut;
use tokio::io::AsyncReadExt;

use super::{
  answer::{self, Answer, HeadLimits},
  decoder::{Decoder, Part},
  downstream::connection::ClientConnection,
  pool::MAX_IDLE,
  stream::Stream,
  upload::{Broken, Upload},
  upstream::Endpoint,
};

/// Room for what is read at once: heads and small bodies.
const SMALL: usize = 8 * 1024;
/// The same where a long body is on its way.
const LARGE: usize = 64 * 1024;

/// A connection that takes one request at a time. Dropped, it is closed.
#[derive(Debug)]
pub(super) struct Connection {
  stream: Stream,
  /// What was read and not yet passed on.
  buf: BytesMut,
  /// How many bytes were read so far.
  pub(super) received: u64,
  /// Whether it has carried a request before: then the worker may have closed it in the meantime.
  pub(super) reused: bool,
  /// How long it may stay idle.
  pub(super) keep: Duration,
}

impl Connection {
  /// Connects.
  pub(super) async fn open(endpoint: &Endpoint) -> io::Result<Self> {
    let stream = Stream::connect(endpoint).await?;
    Ok(Self {
      stream,
      buf: BytesMut::with_capacity(SMALL),
      received: 0,
      reused: false,
      keep: MAX_IDLE,
    })
  }

  /// Whether nothing has come since the last answer: the worker has neither closed the connection
  /// nor sent what nobody asked for.
  pub(super) fn is_quiet(&self) -> bool {
    self.buf.is_empty() && self.stream.is_quiet()
  }

  /// Gives back the memory that a long body took.
  pub(super) fn rest(&mut self) {
    if self.buf.capacity() > SMALL {
      self.buf = BytesMut::new();
    }
  }

  /// The socket, and what was read from it beyond the answer.
  pub(super) fn into_parts(self) -> (Stream, BytesMut) {
    (self.stream, self.buf)
  }

  /// Writes what of a request can be written now.
  pub(super) fn poll_upload(
    &mut self,
    upload: &mut Upload,
    client: &mut ClientConnection,
    cx: &mut Context<'_>,
  ) -> Poll<Result<(), Broken>> {
    upload.poll(&mut self.stream, client, cx)
  }

  /// The next head of an answer; an error of the kind `InvalidData` if one has begun that is none. `to_head`: whether
  /// the request is a HEAD.
  pub(super) fn poll_answer(
    &mut self,
    to_head: bool,
    limits: HeadLimits,
    cx: &mut Context<'_>,
  ) -> Poll<io::Result<Answer>> {
    let invalid = |error| io::Error::new(io::ErrorKind::InvalidData, error);
    loop {
      if let Some(answer) = answer::take(&mut self.buf, to_head, limits).map_err(invalid)? {
        return Poll::Ready(Ok(answer));
      }
      if ready!(self.poll_read(SMALL, cx))? == 0 {
        let begun = !self.buf.is_empty();
        let kind = if begun { io::ErrorKind::InvalidData } else { io::ErrorKind::UnexpectedEof };
        return Poll::Ready(Err(kind.into()));
      }
    }
  }

  /// The next part of the body that `decoder` finds the end of; an error if it is cut.
  pub(super) fn poll_body(
    &mut self,
    decoder: &mut Decoder,
    cx: &mut Context<'_>,
  ) -> Poll<io::Result<Part>> {
    loop {
      match decoder.decode(&mut self.buf).map_err(io::Error::other)? {
        Part::Incomplete => {}
        part => return Poll::Ready(Ok(part)),
      }
      let room = match decoder.left() {
        Some(left) if left <= SMALL as u64 => SMALL,
        _ => LARGE,
      };
      if ready!(self.poll_read(room, cx))? == 0 && !decoder.close() {
        return Poll::Ready(Err(io::ErrorKind::UnexpectedEof.into()));
      }
    }
  }

  fn poll_read(&mut self, room: usize, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
    if self.buf.capacity() - self.buf.len() < room / 2 {
      self.buf.reserve(room);
    }
    let read = ready!(pin!(self.stream.read_buf(&mut self.buf)).poll(cx));
    self.received += *read.as_ref().unwrap_or(&0) as u64;
    Poll::Ready(read)
  }
}
