//! A request on its way to a worker: its head as bytes, and its body as it comes.
//!
//! The head is written out once, however many workers it takes. As long as no byte of the whole was
//! taken by a socket, nothing is lost: the same upload goes to the next worker.

use std::{
  io::{self, IoSlice, Write},
  pin::Pin,
  task::{Context, Poll, ready},
};

use bytes::{Buf, Bytes};
use http::{
  HeaderMap, HeaderName, HeaderValue, Method,
  header::{
    CONNECTION, CONTENT_LENGTH, CONTENT_TYPE, HOST, TE, TRAILER, TRANSFER_ENCODING, UPGRADE,
  },
  request,
};
use hyper::body::{Body, Incoming};
use tokio::io::AsyncWrite;

use super::{client_header::ClientHeader, stream::Stream};

/// Pieces of a body up to this size are joined with what stands before them; larger ones are not copied.
const JOIN: usize = 8 * 1024;

/// How a body is framed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Framing {
  Length,
  Chunked,
}

/// Why an upload ended early.
#[derive(Debug)]
pub(super) enum Broken {
  /// The client broke off.
  Client,
  /// The worker took no more.
  Worker,
}

/// What the proxy and the agents of its workers tell each other in requests.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Internal<'a> {
  /// The first line behind the request line, with its end; may be empty.
  pub(super) line: &'a [u8],
  /// The header of that line, of which a client can send none.
  pub(super) header: Option<&'a ClientHeader>,
}

impl Internal<'_> {
  fn is(&self, name: &HeaderName) -> bool {
    self.header.is_some_and(|header| header.is(name))
  }
}

/// A request on its way.
#[derive(Debug)]
pub(super) struct Upload {
  /// Written first. The head, and then what frames the body.
  out: Vec<u8>,
  /// How much of `out` is written.
  written: usize,
  /// Written second: a piece of the body that is not worth a copy.
  piece: Bytes,
  /// What is still to come.
  body: Option<(Incoming, Framing)>,
  /// Whether the head announces trailers. Others are dropped, as the worker does not expect them.
  trailers: bool,
  /// Whether a byte was ever written.
  begun: bool,
}

impl Upload {
  /// The request with this head, which is ready for the worker but for its framing.
  pub(super) fn new(head: &request::Parts, body: Option<Incoming>, internal: Internal<'_>) -> Self {
    let body = body.map(|body| {
      let framing =
        if body.size_hint().exact().is_some() { Framing::Length } else { Framing::Chunked };
      (body, framing)
    });
    let length = match &body {
      Some((body, _)) => body.size_hint().exact(),
      // Where a body is usual, its absence has to be said (RFC 9110, 8.6).
      None => says_length(head).then_some(0),
    };
    let chunked = matches!(body, Some((_, Framing::Chunked)));
    let out = write_head(head, length, chunked, internal);
    let trailers = head.headers.contains_key(TRAILER);
    Self { out, written: 0, piece: Bytes::new(), body, trailers, begun: false }
  }

  /// Whether all of it is written.
  pub(super) fn is_done(&self) -> bool {
    self.body.is_none() && self.written == self.out.len() && self.piece.is_empty()
  }

  /// Whether a worker may have seen some of it.
  pub(super) fn has_begun(&self) -> bool {
    self.begun
  }

  /// From the start again. Of use where there is no body: what was read of one is gone.
  pub(super) fn rewind(&mut self) {
    self.written = 0;
    self.begun = false;
  }

  /// What is still to be written, if anything, to be written beside the answer.
  pub(super) fn take_rest(&mut self) -> Option<Self> {
    let rest = (!self.is_done()).then(|| Self {
      out: std::mem::take(&mut self.out),
      written: self.written,
      piece: std::mem::take(&mut self.piece),
      body: self.body.take(),
      trailers: self.trailers,
      begun: self.begun,
    })?;
    self.written = 0;
    Some(rest)
  }

  /// Writes what can be written now. Ready when that is all, or when no more is to be written.
  pub(super) fn poll(
    &mut self,
    stream: &mut Stream,
    cx: &mut Context<'_>,
  ) -> Poll<Result<(), Broken>> {
    loop {
      let more = self.fill(cx)?;
      ready!(self.flush(stream, cx)).map_err(|_| Broken::Worker)?;
      match more {
        Poll::Ready(()) if self.body.is_none() => return Poll::Ready(Ok(())),
        Poll::Ready(()) => {}
        Poll::Pending => return Poll::Pending,
      }
    }
  }

  /// Takes as much of the body as is worth a write. Pending when the client has to send first.
  fn fill(&mut self, cx: &mut Context<'_>) -> Result<Poll<()>, Broken> {
    while let Some((body, framing)) = &mut self.body
      && self.out.len() - self.written < JOIN
      && self.piece.is_empty()
    {
      let Poll::Ready(frame) = Pin::new(body).poll_frame(cx) else {
        return Ok(Poll::Pending);
      };
      if self.written == self.out.len() {
        self.out.clear();
        self.written = 0;
      }
      let framing = *framing;
      match frame.transpose().map_err(|_| Broken::Client)? {
        None => {
          if framing == Framing::Chunked {
            self.out.extend_from_slice(b"0\r\n\r\n");
          }
          self.body = None;
        }
        Some(frame) => match frame.into_data() {
          Ok(data) => self.push(data, framing),
          Err(frame) => {
            if let (Ok(trailers), Framing::Chunked) = (frame.into_trailers(), framing) {
              self.out.extend_from_slice(b"0\r\n");
              if self.trailers {
                write_trailers(&mut self.out, &trailers);
              }
              self.out.extend_from_slice(b"\r\n");
              self.body = None;
            }
          }
        },
      }
    }
    Ok(Poll::Ready(()))
  }

  fn push(&mut self, data: Bytes, framing: Framing) {
    if data.is_empty() {
      return;
    }
    if framing == Framing::Chunked {
      // Writing to a vector cannot fail.
      let _ = write!(self.out, "{:x}\r\n", data.len());
    }
    if data.len() <= JOIN || framing == Framing::Chunked {
      self.out.extend_from_slice(&data);
    } else {
      self.piece = data;
    }
    if framing == Framing::Chunked {
      self.out.extend_from_slice(b"\r\n");
    }
  }

  fn flush(&mut self, stream: &mut Stream, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
    while self.written < self.out.len() || !self.piece.is_empty() {
      let stream = Pin::new(&mut *stream);
      let rest = &self.out[self.written..];
      let taken = if self.piece.is_empty() {
        ready!(stream.poll_write(cx, rest))?
      } else {
        ready!(stream.poll_write_vectored(cx, &[IoSlice::new(rest), IoSlice::new(&self.piece)]))?
      };
      if taken == 0 {
        return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
      }
      self.begun = true;
      let first = taken.min(rest.len());
      self.written += first;
      self.piece.advance(taken - first);
    }
    Poll::Ready(Ok(()))
  }
}

fn says_length(head: &request::Parts) -> bool {
  head.headers.contains_key(CONTENT_LENGTH)
    || [Method::POST, Method::PUT, Method::PATCH].contains(&head.method)
}

fn write_head(
  head: &request::Parts,
  length: Option<u64>,
  chunked: bool,
  internal: Internal<'_>,
) -> Vec<u8> {
  let target = head.uri.path_and_query().map_or("/", http::uri::PathAndQuery::as_str);
  let mut out = Vec::with_capacity(1024);
  out.extend_from_slice(head.method.as_str().as_bytes());
  out.push(b' ');
  if !target.starts_with('/') && target != "*" {
    out.push(b'/');
  }
  out.extend_from_slice(target.as_bytes());
  out.extend_from_slice(b" HTTP/1.1\r\n");
  out.extend_from_slice(internal.line);
  for (name, value) in &head.headers {
    if *name != CONTENT_LENGTH && *name != TRANSFER_ENCODING && !internal.is(name) {
      write_field(&mut out, name, value);
    }
  }
  if let Some(length) = length {
    // Writing to a vector cannot fail.
    let _ = write!(out, "content-length: {length}\r\n");
  } else if chunked {
    out.extend_from_slice(b"transfer-encoding: chunked\r\n");
  }
  out.extend_from_slice(b"\r\n");
  out
}

/// Fields that steer a message have no place behind it (RFC 9110, 6.5.1).
fn write_trailers(out: &mut Vec<u8>, trailers: &HeaderMap) {
  const STEERING: [HeaderName; 8] =
    [CONNECTION, CONTENT_LENGTH, CONTENT_TYPE, HOST, TE, TRAILER, TRANSFER_ENCODING, UPGRADE];
  for (name, value) in trailers {
    if !STEERING.contains(name) {
      write_field(out, name, value);
    }
  }
}

fn write_field(out: &mut Vec<u8>, name: &HeaderName, value: &HeaderValue) {
  out.extend_from_slice(name.as_str().as_bytes());
  out.extend_from_slice(b": ");
  out.extend_from_slice(value.as_bytes());
  out.extend_from_slice(b"\r\n");
}

#[cfg(test)]
mod tests {
  #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

  use super::*;
  use crate::proxy::headers::tests::head;

  fn written(method: &str, target: &str, headers: &[(&str, &str)]) -> String {
    String::from_utf8(Upload::new(&head(method, target, headers), None, Internal::default()).out)
      .unwrap()
  }

  #[test]
  fn heads_as_they_are_sent() {
    for (method, target, headers, expected) in [
      (
        "GET",
        "/a?b=c",
        &[("host", "a"), ("X-A", "1")][..],
        "GET /a?b=c HTTP/1.1\r\nhost: a\r\nx-a: 1\r\n\r\n",
      ),
      ("GET", "/", &[("content-length", "0")], "GET / HTTP/1.1\r\ncontent-length: 0\r\n\r\n"),
      ("POST", "/", &[], "POST / HTTP/1.1\r\ncontent-length: 0\r\n\r\n"),
      ("OPTIONS", "*", &[], "OPTIONS * HTTP/1.1\r\n\r\n"),
      ("GET", "/", &[("x", "1"), ("x", "2")], "GET / HTTP/1.1\r\nx: 1\r\nx: 2\r\n\r\n"),
    ] {
      assert_eq!(written(method, target, headers), expected);
    }
  }

  #[test]
  fn bodies_are_framed_one_way_only() {
    let head = head("POST", "/", &[("content-length", "7"), ("content-length", "7")]);
    let text = |length, chunked| {
      String::from_utf8(write_head(&head, length, chunked, Internal::default())).unwrap()
    };
    assert_eq!(text(Some(7), false), "POST / HTTP/1.1\r\ncontent-length: 7\r\n\r\n");
    assert_eq!(text(None, true), "POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n");
  }

  #[test]
  fn trailers_do_not_steer() {
    let mut trailers = HeaderMap::new();
    trailers.insert("x-sum", HeaderValue::from_static("7"));
    trailers.insert(CONTENT_LENGTH, HeaderValue::from_static("7"));
    let mut out = Vec::new();
    write_trailers(&mut out, &trailers);
    assert_eq!(out, b"x-sum: 7\r\n");
  }
}
