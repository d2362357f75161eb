//! Where the body of a request or an answer ends (RFC 9112, 6 and 7.1). Pure.

use bytes::{Buf, Bytes, BytesMut};
use httparse::Status;

use super::{
  answer::Malformed,
  fields::{self, Fields},
};

/// Longest line with the size of a chunk: nobody needs more extensions than that.
const MAX_SIZE_LINE: usize = 4096;
/// Longest trailer section, in bytes.
const MAX_TRAILERS: usize = 64 * 1024;
/// Most trailers.
const MAX_TRAILER_COUNT: usize = 64;

/// Finds the end of one body.
///
/// ```text
/// Length      ──all bytes──> Done
/// UntilClose  ──connection closed──> Done
/// Size ──"5\r\n"──> Data ──5 bytes──> DataEnd ──"\r\n"──> Size
///   └──"0\r\n"──> Trailers ──"\r\n"──> Done
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) enum Decoder {
  /// That many bytes are left.
  Length(u64),
  /// All that comes until the sender closes the connection.
  UntilClose,
  /// The size of a chunk is next.
  Size,
  /// That many bytes of a chunk are left.
  Data(u64),
  /// The line break after a chunk is next.
  DataEnd,
  /// What follows the last chunk.
  Trailers,
  /// It has ended.
  #[default]
  Done,
}

/// The next part of a body.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Part {
  Data(Bytes),
  Trailers(Fields),
  /// More bytes are needed.
  Incomplete,
  End,
}

impl Decoder {
  /// There is no body.
  pub(super) const EMPTY: Self = Self::Done;

  /// A body of `length` bytes.
  pub(super) const fn length(length: u64) -> Self {
    if length == 0 { Self::Done } else { Self::Length(length) }
  }

  /// A body in chunks.
  pub(super) const fn chunked() -> Self {
    Self::Size
  }

  /// A body that ends with its connection.
  pub(super) const fn until_close() -> Self {
    Self::UntilClose
  }

  pub(super) const fn is_end(&self) -> bool {
    matches!(self, Self::Done)
  }

  /// How many bytes are left, where that is known.
  pub(super) const fn left(&self) -> Option<u64> {
    match self {
      Self::Done => Some(0),
      Self::Length(left) => Some(*left),
      _ => None,
    }
  }

  /// The sender has closed the connection. False if that cuts the body.
  pub(super) fn close(&mut self) -> bool {
    if *self == Self::UntilClose {
      *self = Self::Done;
    }
    self.is_end()
  }

  /// Takes the next part off the front of `buf`. What follows the end of the body stays there.
  pub(super) fn decode(&mut self, buf: &mut BytesMut) -> Result<Part, Malformed> {
    loop {
      match self {
        Self::Done => return Ok(Part::End),
        _ if buf.is_empty() => return Ok(Part::Incomplete),
        Self::UntilClose => return Ok(Part::Data(buf.split().freeze())),
        Self::Length(left) => {
          let data = take(buf, left);
          if *left == 0 {
            *self = Self::Done;
          }
          return Ok(Part::Data(data));
        }
        Self::Data(left) => {
          let data = take(buf, left);
          if *left == 0 {
            *self = Self::DataEnd;
          }
          return Ok(Part::Data(data));
        }
        Self::DataEnd => {
          if buf.len() < 2 {
            return Ok(Part::Incomplete);
          }
          if &buf[..2] != b"\r\n" {
            return Err(Malformed("a chunk is longer than it says"));
          }
          buf.advance(2);
          *self = Self::Size;
        }
        Self::Size => match httparse::parse_chunk_size(buf) {
          // Without a digit it is no size, which the parser takes for 0. In an extension it takes a line
          // feed for a part of it, where others see the end of the line.
          Ok(Status::Complete((end, size)))
            if buf[0].is_ascii_hexdigit() && !fields::has_bare_line_feed(&buf[..end]) =>
          {
            buf.advance(end);
            *self = if size == 0 { Self::Trailers } else { Self::Data(size) };
          }
          Ok(Status::Partial) if buf.len() <= MAX_SIZE_LINE => return Ok(Part::Incomplete),
          _ => return Err(Malformed("the size of a chunk is not valid")),
        },
        Self::Trailers => {
          let Some(trailers) = take_trailers(buf)? else {
            return Ok(Part::Incomplete);
          };
          *self = Self::Done;
          return Ok(if trailers.is_empty() { Part::End } else { Part::Trailers(trailers) });
        }
      }
    }
  }
}

fn take(buf: &mut BytesMut, left: &mut u64) -> Bytes {
  let length = usize::try_from(*left).unwrap_or(usize::MAX).min(buf.len());
  *left -= length as u64;
  buf.split_to(length).freeze()
}

fn take_trailers(buf: &mut BytesMut) -> Result<Option<Fields>, Malformed> {
  if buf.starts_with(b"\r\n") {
    buf.advance(2);
    return Ok(Some(Fields::default()));
  }
  let mut parsed = [httparse::EMPTY_HEADER; MAX_TRAILER_COUNT];
  let Status::Complete((end, found)) = httparse::parse_headers(buf, &mut parsed)? else {
    let long = buf.len() > MAX_TRAILERS;
    return if long { Err(Malformed("the trailers are too long")) } else { Ok(None) };
  };
  if end > MAX_TRAILERS {
    return Err(Malformed("the trailers are too long"));
  }
  if fields::has_bare_line_feed(&buf[..end]) {
    return Err(Malformed("a line of the trailers ends without a carriage return"));
  }
  let mut spans = Vec::with_capacity(found.len());
  fields::locate(buf, found, &mut spans);
  Ok(Some(Fields::new(buf.split_to(end).freeze(), spans)))
}

#[cfg(test)]
mod tests {
  #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

  use proptest::prelude::*;

  use super::*;

  /// The whole body as it comes out when `wire` arrives in pieces of `step` bytes, its trailers, and
  /// what is left over after its end.
  fn decode(
    mut decoder: Decoder,
    wire: &[u8],
    step: usize,
  ) -> Result<(Vec<u8>, Fields, usize, bool), Malformed> {
    let (mut body, mut trailers, mut buf) = (Vec::new(), Fields::default(), BytesMut::new());
    let mut pieces = wire.chunks(step);
    loop {
      match decoder.decode(&mut buf)? {
        Part::Data(data) => body.extend_from_slice(&data),
        Part::Trailers(found) => trailers = found,
        Part::End => break,
        Part::Incomplete => match pieces.next() {
          Some(piece) => buf.extend_from_slice(piece),
          None => return Ok((body, trailers, buf.len(), decoder.close())),
        },
      }
    }
    Ok((body, trailers, buf.len() + pieces.map(<[u8]>::len).sum::<usize>(), true))
  }

  #[test]
  fn lengths() {
    assert_eq!(decode(Decoder::length(3), b"abcd", 2).unwrap().0, b"abc");
    assert_eq!(decode(Decoder::length(3), b"abcd", 9).unwrap().2, 1);
    assert!(!decode(Decoder::length(3), b"ab", 1).unwrap().3);
    assert!(decode(Decoder::length(0), b"", 1).unwrap().3);
    assert_eq!(decode(Decoder::until_close(), b"abc", 2).unwrap().0, b"abc");
    assert!(decode(Decoder::until_close(), b"abc", 2).unwrap().3);
  }

  #[test]
  fn chunks_and_trailers() {
    let wire = b"3;x=y\r\nabc\r\nA\r\n0123456789\r\n0\r\nX-Sum: 7\r\n\r\nnext";
    for step in 1..wire.len() {
      let (body, trailers, rest, whole) = decode(Decoder::chunked(), wire, step).unwrap();
      assert_eq!(body, b"abc0123456789");
      let trailers: Vec<_> = trailers.iter().map(|field| (field.name, field.value)).collect();
      assert_eq!(trailers, [(&b"X-Sum"[..], &b"7"[..])]);
      assert_eq!((rest, whole), (4, true));
    }
    assert!(!decode(Decoder::chunked(), b"3\r\nabc\r\n", 4).unwrap().3);
  }

  #[test]
  fn broken_chunks_are_refused() {
    for wire in [
      &b"x\r\n"[..],
      b"-1\r\n",
      b"3\r\nabcd\r\n",
      b"fffffffffffffffff\r\n",
      b"\r\n",
      b"3\nabc\r\n",
      b"3;x\ny\r\n",
      b"0\r\n\n",
      b"0\r\nX: y\n\r\n",
      b"0\r\nX: y\r\n\n",
      b"0\r\nX : y\r\n\r\n",
      b"0\r\n X: y\r\n\r\n",
      b"0\r\nX: y\r\n z\r\n\r\n",
    ] {
      assert!(decode(Decoder::chunked(), wire, 1).is_err(), "{}", wire.escape_ascii());
    }
    let endless = [b"3;".to_vec(), vec![b'x'; MAX_SIZE_LINE + 2]].concat();
    assert!(decode(Decoder::chunked(), &endless, 64).is_err());
    let endless = [b"0\r\nX: ".to_vec(), vec![b'x'; MAX_TRAILERS + 1]].concat();
    assert!(decode(Decoder::chunked(), &endless, 4096).is_err());
  }

  proptest! {
    #[test]
    fn what_is_chunked_comes_out_again(
      chunks in prop::collection::vec(prop::collection::vec(any::<u8>(), 1..40), 0..8),
      step in 1usize..50,
    ) {
      let mut wire = Vec::new();
      for chunk in &chunks {
        wire.extend_from_slice(format!("{:x}\r\n", chunk.len()).as_bytes());
        wire.extend_from_slice(chunk);
        wire.extend_from_slice(b"\r\n");
      }
      wire.extend_from_slice(b"0\r\n\r\n");
      let (body, _, rest, whole) = decode(Decoder::chunked(), &wire, step).unwrap();
      prop_assert_eq!(body, chunks.concat());
      prop_assert_eq!((rest, whole), (0, true));
    }

    #[test]
    fn nothing_panics_and_everything_ends(wire in prop::collection::vec(any::<u8>(), 0..200), step in 1usize..9) {
      let _ = decode(Decoder::chunked(), &wire, step);
    }
  }
}
