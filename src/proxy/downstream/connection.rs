//! A client's connection: what was read from it, what is to be written to it, and whether the client is there.

use std::{
  future::poll_fn,
  io,
  os::fd::{AsFd, BorrowedFd},
  pin::pin,
  task::{Context, Poll, ready},
  time::Duration,
};

use bytes::BytesMut;
use tokio::{
  io::{AsyncReadExt, AsyncWriteExt},
  time::Instant,
};

use super::{
  super::{
    answer::HeadLimits,
    decoder::{Decoder, Part},
    fields::Span,
    outgoing::Outgoing,
    stream::Stream,
  },
  alarm::Alarm,
  half_closed::HalfClosed,
  head::{self, RequestHead},
  refusal::Refusal,
};

/// Room for what is read at once: heads and small bodies.
const SMALL: usize = 8 * 1024;
/// The same where a long body is on its way.
const LARGE: usize = 64 * 1024;
/// Bytes behind the present request that are read while it is answered.
const AHEAD: usize = 32 * 1024;
/// How long a client may take to read an answer of the proxy's own.
const FLUSH: Duration = Duration::from_secs(30);
/// Bytes that are read and thrown away before a connection is closed.
const LINGER: usize = 1024 * 1024;

/// Why a body ended early.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::proxy) enum BodyError {
  /// The client broke off.
  Gone,
  /// It is not valid, with a sentence for the developer of the client.
  Malformed(&'static str),
}

/// What can be sent early to a client that has closed its sending side, to learn whether it is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::proxy) enum Probe {
  /// The first letter of the answer, which is the same for all.
  Head,
  /// A zero in front of the size of the next chunk, which means the same with it.
  Chunk,
  /// Nothing: the next write tells.
  Nothing,
}

/// The next event of a connection without a request.
#[derive(Debug)]
pub(super) enum Next {
  Request(RequestHead),
  Refused(Refusal),
  /// The client is gone or has nothing more to ask.
  End,
  /// Time is up.
  Late,
}

/// One connection.
#[derive(Debug)]
pub(in crate::proxy) struct ClientConnection {
  stream: Stream,
  /// What was read and belongs to no request yet.
  input: BytesMut,
  /// How many bytes that were so far.
  pub(in crate::proxy) read: u64,
  pub(in crate::proxy) output: Outgoing,
  /// Finds the end of the body of the present request.
  pub(super) body: Decoder,
  /// Whether the client has closed its sending side.
  ended: bool,
  half_closed: Option<HalfClosed>,
  /// What of the answer was sent early.
  probed: Probe,
  pub(in crate::proxy) alarm: Alarm,
  /// Memory of the last request, to be used again.
  spans: Vec<Span>,
  pub(in crate::proxy) spare: Outgoing,
}

impl std::fmt::Debug for HalfClosed {
  fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
    f.write_str("HalfClosed")
  }
}

impl ClientConnection {
  pub(super) fn new(stream: Stream) -> Self {
    Self {
      stream,
      input: BytesMut::with_capacity(SMALL),
      read: 0,
      output: Outgoing::default(),
      body: Decoder::EMPTY,
      ended: false,
      half_closed: None,
      probed: Probe::Nothing,
      alarm: Alarm::default(),
      spans: Vec::new(),
      spare: Outgoing::default(),
    }
  }

  /// The next request, until `closing` says that none is waited for any more.
  pub(super) async fn next(
    &mut self,
    limits: impl Fn() -> HeadLimits,
    until: Option<Instant>,
    mut closing: impl FnMut(&mut Context<'_>) -> Poll<()>,
  ) -> Next {
    let (mut looked_at, mut first) = (0, true);
    poll_fn(|cx| {
      loop {
        if !self.input.is_empty() && (first || head::may_be_complete(&self.input, looked_at)) {
          match head::take(&mut self.input, limits(), &mut self.spans) {
            Ok(Some(head)) => return Poll::Ready(Next::Request(head)),
            Ok(None) => {}
            Err(refusal) => return Poll::Ready(Next::Refused(refusal)),
          }
          first = false;
        } else if self.input.len() > limits().size {
          return Poll::Ready(Next::Refused(Refusal::TooLarge));
        }
        looked_at = self.input.len();
        if self.ended {
          return Poll::Ready(Next::End);
        }
        match self.poll_read(SMALL, cx) {
          Poll::Ready(Ok(1..)) => {}
          Poll::Ready(Ok(0) | Err(_)) => return Poll::Ready(Next::End),
          Poll::Pending => {
            if self.input.is_empty() && closing(cx).is_ready() {
              return Poll::Ready(Next::End);
            }
            return match until {
              Some(until) => self.alarm.poll(until, cx).map(|()| Next::Late),
              None => Poll::Pending,
            };
          }
        }
      }
    })
    .await
  }

  /// Takes back the memory that a request used.
  pub(super) fn recycle(&mut self, head: RequestHead) {
    self.spans = head.fields.into_spans();
    if self.input.is_empty() && self.input.capacity() > LARGE {
      self.input = BytesMut::with_capacity(SMALL);
    }
  }

  /// Whether all of the present request has been read.
  pub(in crate::proxy) fn is_read(&self) -> bool {
    self.body.is_end()
  }

  /// The next part of the body of the present request.
  pub(in crate::proxy) fn poll_body(
    &mut self,
    cx: &mut Context<'_>,
  ) -> Poll<Result<Part, BodyError>> {
    loop {
      match self.body.decode(&mut self.input) {
        Ok(Part::Incomplete) => {}
        Ok(part) => return Poll::Ready(Ok(part)),
        Err(_) => {
          return Poll::Ready(Err(BodyError::Malformed("The body of the request is not valid.")));
        }
      }
      let room = match self.body.left() {
        Some(left) if left <= SMALL as u64 => SMALL,
        _ => LARGE,
      };
      match ready!(self.poll_read(room, cx)) {
        Ok(1..) => {}
        Ok(0) | Err(_) => return Poll::Ready(Err(BodyError::Gone)),
      }
    }
  }

  /// Ready when the client is gone. Until then, `probe` can be sent to find out.
  pub(in crate::proxy) fn poll_gone(&mut self, probe: Probe, cx: &mut Context<'_>) -> Poll<()> {
    while !self.ended {
      if self.input.len() >= AHEAD {
        // What the client has sent meanwhile is enough for a sign of life.
        return Poll::Pending;
      }
      match ready!(self.poll_read(SMALL, cx)) {
        Ok(_) => {}
        Err(_) => return Poll::Ready(()),
      }
    }
    if self.half_closed.is_none() {
      self.half_closed = Some(HalfClosed::watch(&self.stream));
    }
    let byte = match probe {
      Probe::Head => Some(b'H'),
      Probe::Chunk => Some(b'0'),
      Probe::Nothing => None,
    };
    if let Some(byte) = byte
      && self.output.is_empty()
      && self.probed != probe
    {
      self.output.buffer().push(byte);
      self.probed = probe;
      if let Poll::Ready(Err(_)) = self.poll_flush(cx) {
        return Poll::Ready(());
      }
    }
    match &mut self.half_closed {
      Some(half_closed) => half_closed.poll(cx),
      None => Poll::Pending,
    }
  }

  /// Adds a head to what is written, less what of it was sent early.
  pub(in crate::proxy) fn write_head(&mut self, write: impl FnOnce(&mut Vec<u8>)) {
    let out = self.output.buffer();
    let at = out.len();
    write(out);
    if self.probed == Probe::Head && at < out.len() {
      out.remove(at);
      self.probed = Probe::Nothing;
    }
  }

  /// Writes what is to be written.
  pub(in crate::proxy) fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
    self.output.poll_flush(&mut self.stream, &mut false, cx)
  }

  /// Writes what is to be written, or says that the client is gone.
  pub(in crate::proxy) async fn flush(&mut self) -> io::Result<()> {
    let until = Instant::now() + FLUSH;
    poll_fn(|cx| match self.poll_flush(cx) {
      Poll::Pending => self.alarm.poll(until, cx).map(|()| Err(io::ErrorKind::TimedOut.into())),
      flushed => flushed,
    })
    .await
  }

  /// The next answer starts anew.
  pub(super) fn begin_answer(&mut self) {
    if self.probed == Probe::Chunk {
      self.probed = Probe::Nothing;
    }
  }

  /// Closes the connection behind the last answer.
  pub(super) async fn close(mut self, until: Instant) {
    if !self.is_read() || !self.input.is_empty() {
      return self.linger(until).await;
    }
    if self.flush().await.is_ok() {
      // An error is an end, too.
      let _ = self.stream.shutdown().await;
    }
  }

  /// Closes the connection in a way that lets the client read the answer, although it may still be sending: a
  /// socket that is closed with unread bytes resets the connection, and the answer is lost with it.
  pub(super) async fn linger(mut self, until: Instant) {
    if self.flush().await.is_err() || self.stream.shutdown().await.is_err() {
      return;
    }
    let mut thrown_away = 0;
    poll_fn(|cx| {
      while thrown_away < LINGER {
        self.input.clear();
        match self.poll_read(LARGE, cx) {
          Poll::Ready(Ok(count @ 1..)) => thrown_away += count,
          Poll::Ready(_) => return Poll::Ready(()),
          Poll::Pending => return self.alarm.poll(until, cx),
        }
      }
      Poll::Ready(())
    })
    .await;
  }

  /// The socket, and what was read from it beyond the request.
  pub(in crate::proxy) fn into_parts(self) -> (Stream, BytesMut) {
    (self.stream, self.input)
  }

  /// Reads more. `Ok(0)` is the end.
  fn poll_read(&mut self, room: usize, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
    if self.ended {
      return Poll::Ready(Ok(0));
    }
    if self.input.capacity() - self.input.len() < room / 2 {
      self.input.reserve(room);
    }
    let read = ready!(pin!(self.stream.read_buf(&mut self.input)).poll(cx));
    self.ended = matches!(read, Ok(0));
    self.read += *read.as_ref().unwrap_or(&0) as u64;
    Poll::Ready(read)
  }
}

impl AsFd for Stream {
  fn as_fd(&self) -> BorrowedFd<'_> {
    match self {
      Self::Tcp(stream) => stream.as_fd(),
      Self::Unix(stream) => stream.as_fd(),
    }
  }
}
