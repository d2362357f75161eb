//! Bytes on their way to a socket: small pieces joined, large ones not copied, and framed where asked for.

use std::{
  io::{self, IoSlice, Write},
  pin::Pin,
  task::{Context, Poll, ready},
};

use bytes::{Buf, Bytes};
use tokio::io::AsyncWrite;

use super::{
  fields::{Fields, Name, write_line},
  stream::Stream,
};

/// Pieces of a body up to this size are joined with what stands before them; larger ones are not copied.
const JOIN: usize = 8 * 1024;
/// A buffer that grew beyond this is given back.
const KEEP: usize = 32 * 1024;

/// How a body is framed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Framing {
  /// By its length, or by the end of the connection: as it is.
  Plain,
  Chunked,
}

/// What is to be written.
#[derive(Debug, Default)]
pub(super) struct Outgoing {
  /// Written first: heads, framing and small pieces.
  out: Vec<u8>,
  /// How much of it is written.
  written: usize,
  /// Written second: a piece of the body that is not worth a copy.
  piece: Bytes,
  /// Written third: the line break after a chunk.
  tail: &'static [u8],
  /// How many bytes were written so far.
  sent: u64,
}

impl Outgoing {
  /// How many bytes were written so far, in all.
  pub(super) fn sent(&self) -> u64 {
    self.sent
  }

  /// Whether all of it is written.
  pub(super) fn is_empty(&self) -> bool {
    self.written == self.out.len() && self.piece.is_empty() && self.tail.is_empty()
  }

  /// Whether more is worth to be added before a write.
  pub(super) fn has_room(&self) -> bool {
    self.out.len() - self.written < JOIN && self.piece.is_empty()
  }

  /// From the start of what was added since it was last empty.
  pub(super) fn rewind(&mut self) {
    self.written = 0;
  }

  /// Forgets everything.
  pub(super) fn clear(&mut self) {
    if self.out.capacity() > KEEP {
      self.out = Vec::new();
    }
    self.out.clear();
    self.written = 0;
    self.piece = Bytes::new();
    self.tail = &[];
  }

  /// Where a head is added. Not while a large piece waits.
  pub(super) fn buffer(&mut self) -> &mut Vec<u8> {
    if self.is_empty() {
      self.clear();
    }
    &mut self.out
  }

  /// Adds a part of a body. There has to be room.
  pub(super) fn push(&mut self, data: Bytes, framing: Framing) {
    if data.is_empty() {
      return;
    }
    let chunked = framing == Framing::Chunked;
    let out = self.buffer();
    if chunked {
      // Writing to a vector cannot fail.
      let _ = write!(out, "{:x}\r\n", data.len());
    }
    let tail: &[u8] = if chunked { b"\r\n" } else { b"" };
    if data.len() <= JOIN {
      out.extend_from_slice(&data);
      out.extend_from_slice(tail);
    } else {
      self.piece = data;
      self.tail = tail;
    }
  }

  /// Adds the end of a body in chunks, with these trailers.
  pub(super) fn push_last_chunk(&mut self, trailers: Option<&Fields>) {
    let out = self.buffer();
    out.extend_from_slice(b"0\r\n");
    for field in trailers.iter().flat_map(|trailers| trailers.iter()) {
      if !steers(field.kind) {
        write_line(out, field.name, field.value);
      }
    }
    out.extend_from_slice(b"\r\n");
  }

  /// Writes all of it. `begun` is set once a byte was taken.
  pub(super) fn poll_flush(
    &mut self,
    stream: &mut Stream,
    begun: &mut bool,
    cx: &mut Context<'_>,
  ) -> Poll<io::Result<()>> {
    while !self.is_empty() {
      let stream = Pin::new(&mut *stream);
      let rest = &self.out[self.written..];
      let taken = if self.piece.is_empty() && self.tail.is_empty() {
        ready!(stream.poll_write(cx, rest))?
      } else {
        let slices = [IoSlice::new(rest), IoSlice::new(&self.piece), IoSlice::new(self.tail)];
        ready!(stream.poll_write_vectored(cx, &slices))?
      };
      if taken == 0 {
        return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
      }
      *begun = true;
      self.sent += taken as u64;
      let first = taken.min(rest.len());
      self.written += first;
      let second = (taken - first).min(self.piece.len());
      self.piece.advance(second);
      self.tail = &self.tail[taken - first - second..];
    }
    Poll::Ready(Ok(()))
  }
}

/// Fields that steer a message have no place behind it (RFC 9110, 6.5.1).
fn steers(kind: Name) -> bool {
  !matches!(kind, Name::Other | Name::Date)
}

#[cfg(test)]
mod tests {
  #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

  use std::future::poll_fn;

  use proptest::prelude::*;
  use tokio::{io::AsyncReadExt, net::UnixStream};

  use super::*;
  use crate::proxy::decoder::{Decoder, Part};

  #[test]
  fn trailers_do_not_steer() {
    let mut wire =
      bytes::BytesMut::from(&b"0\r\nX-Sum: 7\r\nContent-Length: 7\r\nHost: a\r\n\r\n"[..]);
    let Part::Trailers(trailers) = Decoder::chunked().decode(&mut wire).unwrap() else { panic!() };
    let mut outgoing = Outgoing::default();
    outgoing.push_last_chunk(Some(&trailers));
    assert_eq!(outgoing.buffer(), b"0\r\nX-Sum: 7\r\n\r\n");
  }

  proptest! {
    /// Pieces of any size come out whole and in order, however few bytes the socket takes at once.
    #[test]
    fn what_goes_in_comes_out(sizes in prop::collection::vec(0_usize..30_000, 0..12)) {
      let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
      runtime.block_on(async {
        let (ours, mut theirs) = UnixStream::pair().unwrap();
        let sent: Vec<u8> = sizes.iter().enumerate().flat_map(|(at, size)| vec![at as u8; *size]).collect();
        let writes = async {
          let (mut outgoing, mut stream, mut begun) = (Outgoing::default(), Stream::Unix(ours), false);
          for (at, size) in sizes.iter().enumerate() {
            outgoing.push(Bytes::from(vec![at as u8; *size]), Framing::Chunked);
            if !outgoing.has_room() {
              poll_fn(|cx| outgoing.poll_flush(&mut stream, &mut begun, cx)).await.unwrap();
            }
          }
          outgoing.push_last_chunk(None);
          poll_fn(|cx| outgoing.poll_flush(&mut stream, &mut begun, cx)).await.unwrap();
          drop(stream);
        };
        let reads = async {
          let mut wire = Vec::new();
          theirs.read_to_end(&mut wire).await.unwrap();
          wire
        };
        let ((), wire) = tokio::join!(writes, reads);
        let (mut decoder, mut buf, mut got) = (Decoder::chunked(), bytes::BytesMut::from(&wire[..]), Vec::new());
        while let Part::Data(data) = decoder.decode(&mut buf).unwrap() {
          got.extend_from_slice(&data);
        }
        assert!(decoder.is_end() && got == sent);
      });
    }
  }
}
