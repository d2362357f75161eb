//! One HTTP/1.1 connection to a worker.
//!
//! It has no task of its own: whoever waits for something from it reads and writes. A request then
//! costs no change of task, no channel and no wake-up beside the one that the socket causes.

use std::{
  future::poll_fn,
  io,
  pin::pin,
  task::{Context, Poll, ready},
  time::Duration,
};

use bytes::BytesMut;
use hyper::body::Frame;
use tokio::io::AsyncReadExt;

use super::{
  answer::{self, Answer},
  decoder::{Decoder, Part},
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
  /// Whether it has carried a request before: then the worker may have closed it in the meantime.
  pub(super) reused: bool,
  /// How long it may stay idle.
  pub(super) keep: Duration,
}

/// Why there is no answer.
#[derive(Debug)]
pub(super) enum Unanswered {
  /// No byte of the request was sent.
  Unsent,
  /// The worker may have begun on it.
  Sent,
  /// The client went away in the middle of its request.
  ClientGone,
}

impl Connection {
  /// Connects.
  pub(super) async fn open(endpoint: &Endpoint) -> io::Result<Self> {
    let stream = Stream::connect(endpoint).await?;
    Ok(Self { stream, buf: BytesMut::with_capacity(SMALL), reused: false, keep: MAX_IDLE })
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

  /// Sends a request and waits for the head of the answer, which may come before all of the request
  /// is sent. `to_head`: whether it is a HEAD.
  pub(super) async fn send(
    &mut self,
    upload: &mut Upload,
    to_head: bool,
  ) -> Result<Answer, Unanswered> {
    let mut refused = false;
    poll_fn(|cx| {
      if !refused && !upload.is_done() {
        match upload.poll(&mut self.stream, cx) {
          Poll::Ready(Err(Broken::Client)) => return Poll::Ready(Err(Unanswered::ClientGone)),
          Poll::Ready(Err(Broken::Worker)) if !upload.has_begun() => {
            return Poll::Ready(Err(Unanswered::Unsent));
          }
          // Its answer may have come before it stopped to listen.
          Poll::Ready(Err(Broken::Worker)) => refused = true,
          Poll::Ready(Ok(())) | Poll::Pending => {}
        }
      }
      let answer = ready!(self.poll_answer(to_head, cx));
      Poll::Ready(match answer {
        Ok(answer) => Ok(Answer { persistent: answer.persistent && !refused, ..answer }),
        Err(error) => {
          tracing::trace!(%error, "no answer on a connection to a worker");
          Err(Unanswered::Sent)
        }
      })
    })
    .await
  }

  fn poll_answer(&mut self, to_head: bool, cx: &mut Context<'_>) -> Poll<io::Result<Answer>> {
    loop {
      if let Some(answer) = answer::take(&mut self.buf, to_head).map_err(io::Error::other)? {
        return Poll::Ready(Ok(answer));
      }
      if ready!(self.poll_read(SMALL, cx))? == 0 {
        return Poll::Ready(Err(io::ErrorKind::UnexpectedEof.into()));
      }
    }
  }

  /// The next part of the body that `decoder` finds the end of; an error if it is cut.
  pub(super) fn poll_body(
    &mut self,
    decoder: &mut Decoder,
    cx: &mut Context<'_>,
  ) -> Poll<Option<io::Result<Frame<bytes::Bytes>>>> {
    loop {
      match decoder.decode(&mut self.buf).map_err(io::Error::other)? {
        Part::Data(data) => return Poll::Ready(Some(Ok(Frame::data(data)))),
        Part::Trailers(trailers) => return Poll::Ready(Some(Ok(Frame::trailers(trailers)))),
        Part::End => return Poll::Ready(None),
        Part::Incomplete => {}
      }
      let room = match decoder.left() {
        Some(left) if left <= SMALL as u64 => SMALL,
        _ => LARGE,
      };
      if ready!(self.poll_read(room, cx))? == 0 && !decoder.close() {
        return Poll::Ready(Some(Err(io::ErrorKind::UnexpectedEof.into())));
      }
    }
  }

  /// Goes on with a request whose answer is complete already. False when the worker wants no more.
  pub(super) async fn finish(&mut self, mut upload: Upload) -> bool {
    poll_fn(|cx| upload.poll(&mut self.stream, cx)).await.is_ok()
  }

  /// Goes on with a request while its answer comes. Tells whether more is to be written.
  pub(super) fn poll_upload(
    &mut self,
    upload: &mut Upload,
    cx: &mut Context<'_>,
  ) -> Poll<Result<(), Broken>> {
    upload.poll(&mut self.stream, cx)
  }

  fn poll_read(&mut self, room: usize, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
    if self.buf.capacity() - self.buf.len() < room / 2 {
      self.buf.reserve(room);
    }
    pin!(self.stream.read_buf(&mut self.buf)).poll(cx)
  }
}
