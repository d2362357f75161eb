//! The wire format: a fixed header, then a payload that is never parsed here. Pure.
//!
//! All numbers are little-endian: both ends are always on the same machine.
//!
//! | offset | size | field |
//! |---|---|---|
//! | 0 | 4 | payload length in bytes |
//! | 4 | 1 | version, [`VERSION`] |
//! | 5 | 1 | kind, see [`crate::ipc::message`] |
//! | 6 | 2 | flags, see [`COMPRESSED`] |
//! | 8 | 8 | id, chosen by the sender |
//! | 16 | 8 | correlation: the id that this one answers, or 0 |

use std::fmt;

/// Version of the format. Both ends come from the same package, so another one is a fault.
pub const VERSION: u8 = 1;
/// Size of the header in bytes.
pub const HEADER: usize = 24;
/// Largest payload that is accepted, in bytes. A peer that announces more is cut off before
/// anything is allocated for it.
pub const MAX_PAYLOAD: usize = 1024 * 1024;

/// Flag: the payload is an LZ4 block behind its size, see [`crate::ipc::compress`]. Only channels for
/// messages of the app take it.
pub const COMPRESSED: u16 = 1;

/// One frame.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
  /// What it is; meaning is given by [`crate::ipc::message`].
  pub kind: u8,
  /// Chosen by the sender.
  pub id: u64,
  /// The id that this one answers, or 0.
  pub correlation: u64,
  /// The payload.
  pub payload: Vec<u8>,
}

/// Why a byte stream cannot be this protocol. The channel must be closed: there is no way to find
/// the next frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FrameError {
  /// The version byte is another one.
  Version(u8),
  /// Flags are set that this version does not know.
  Flags(u16),
  /// The announced payload is larger than what is accepted.
  TooLarge {
    /// Its size in bytes.
    size: usize,
    /// The most that is accepted.
    limit: usize,
  },
}

impl fmt::Display for FrameError {
  fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    match self {
      Self::Version(found) => write!(f, "frame of version {found} instead of {VERSION}"),
      Self::Flags(found) => write!(f, "frame with unknown flags {found:#06x}"),
      Self::TooLarge { size, limit } => write!(f, "frame of {size} bytes, {limit} is the most"),
    }
  }
}

impl std::error::Error for FrameError {}

impl From<FrameError> for String {
  fn from(error: FrameError) -> Self {
    error.to_string()
  }
}

impl Frame {
  /// The frame's bytes.
  ///
  /// # Errors
  /// [`FrameError::TooLarge`] when the payload is over [`MAX_PAYLOAD`].
  pub fn encode(&self) -> Result<Vec<u8>, FrameError> {
    let length = self.payload.len();
    if length > MAX_PAYLOAD {
      return Err(FrameError::TooLarge { size: length, limit: MAX_PAYLOAD });
    }
    let mut bytes = Vec::with_capacity(HEADER + length);
    let size = u32::try_from(length).unwrap_or(u32::MAX);
    bytes.extend_from_slice(&header(size, self.kind, 0, self.id, self.correlation));
    bytes.extend_from_slice(&self.payload);
    Ok(bytes)
  }
}

/// The bytes of a header.
#[must_use]
pub fn header(length: u32, kind: u8, flags: u16, id: u64, correlation: u64) -> [u8; HEADER] {
  let ([l0, l1, l2, l3], [f0, f1]) = (length.to_le_bytes(), flags.to_le_bytes());
  let [i0, i1, i2, i3, i4, i5, i6, i7] = id.to_le_bytes();
  let [c0, c1, c2, c3, c4, c5, c6, c7] = correlation.to_le_bytes();
  [
    l0, l1, l2, l3, VERSION, kind, f0, f1, i0, i1, i2, i3, i4, i5, i6, i7, c0, c1, c2, c3, c4, c5,
    c6, c7,
  ]
}

/// A frame inside the decoder's buffer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FrameRef<'a> {
  /// As [`Frame::kind`].
  pub kind: u8,
  /// Flags, only those that the decoder accepts.
  pub flags: u16,
  /// As [`Frame::id`].
  pub id: u64,
  /// As [`Frame::correlation`].
  pub correlation: u64,
  /// The payload.
  pub payload: &'a [u8],
}

/// The frame that `bytes` begin with, and its size with the header; `None` when it is not whole.
fn cut(
  bytes: &[u8],
  limit: usize,
  accepted: u16,
) -> Result<Option<(FrameRef<'_>, usize)>, FrameError> {
  let Some((header, rest)) = bytes.split_first_chunk::<HEADER>() else {
    return Ok(None);
  };
  let [l0, l1, l2, l3, version, kind, f0, f1, tail @ ..] = *header;
  if version != VERSION {
    return Err(FrameError::Version(version));
  }
  let flags = u16::from_le_bytes([f0, f1]);
  if flags & !accepted != 0 {
    return Err(FrameError::Flags(flags));
  }
  let length = u32::from_le_bytes([l0, l1, l2, l3]) as usize;
  if length > limit {
    return Err(FrameError::TooLarge { size: length, limit });
  }
  let Some(payload) = rest.get(..length) else {
    return Ok(None);
  };
  let (id, correlation) = tail.split_at(8);
  let number =
    |bytes: &[u8]| bytes.iter().rev().fold(0_u64, |number, byte| (number << 8) | u64::from(*byte));
  let frame = FrameRef { kind, flags, id: number(id), correlation: number(correlation), payload };
  Ok(Some((frame, HEADER + length)))
}

/// Room for bytes that is kept although nothing is held.
const KEPT: usize = 1024 * 1024;

/// Cuts a byte stream into frames, however the bytes were split on the way.
#[derive(Debug)]
pub struct Decoder {
  buffer: Vec<u8>,
  consumed: usize,
  limit: usize,
  flags: u16,
}

impl Default for Decoder {
  fn default() -> Self {
    Self::new(MAX_PAYLOAD, 0)
  }
}

impl Decoder {
  /// A decoder that accepts payloads of up to `limit` bytes, and the flags in `flags`.
  #[must_use]
  pub const fn new(limit: usize, flags: u16) -> Self {
    Self { buffer: Vec::new(), consumed: 0, limit, flags }
  }

  /// Append bytes as they were read.
  pub fn push(&mut self, bytes: &[u8]) {
    // Moving the rest down only here keeps `next` free of copies while a batch is cut up.
    self.buffer.drain(..self.consumed);
    self.consumed = 0;
    if self.buffer.is_empty() && self.buffer.capacity() > KEPT {
      self.buffer = Vec::new();
    }
    self.buffer.extend_from_slice(bytes);
  }

  /// The next whole frame, or `None` until more bytes come.
  ///
  /// # Errors
  /// A [`FrameError`] when the stream is not this protocol; the decoder is of no use after that.
  pub fn next_frame(&mut self) -> Result<Option<Frame>, FrameError> {
    let frame = self.next_ref()?;
    Ok(frame.map(|FrameRef { kind, id, correlation, payload, .. }| Frame {
      kind,
      id,
      correlation,
      payload: payload.to_vec(),
    }))
  }

  /// [`Self::next_frame`] without a copy.
  ///
  /// # Errors
  /// As there.
  pub fn next_ref(&mut self) -> Result<Option<FrameRef<'_>>, FrameError> {
    let rest = self.buffer.get(self.consumed..).unwrap_or_default();
    let Some((frame, size)) = cut(rest, self.limit, self.flags)? else {
      return Ok(None);
    };
    self.consumed += size;
    Ok(Some(frame))
  }

  /// Cut `bytes`, as they were read, into frames, and give `each` whole one in order. A frame that lies
  /// in `bytes` whole is never copied.
  ///
  /// # Errors
  /// What `each` gives, or a [`FrameError`]; the decoder is of no use after that.
  pub fn feed<E: From<FrameError>>(
    &mut self,
    mut bytes: &[u8],
    mut each: impl FnMut(FrameRef<'_>) -> Result<(), E>,
  ) -> Result<(), E> {
    while !bytes.is_empty() {
      if self.is_mid_frame() {
        let (part, rest) = bytes.split_at(self.missing().min(bytes.len()));
        self.push(part);
        bytes = rest;
        if let Some(frame) = self.next_ref()? {
          each(frame)?;
        }
      } else if let Some((frame, size)) = cut(bytes, self.limit, self.flags)? {
        each(frame)?;
        bytes = bytes.get(size..).unwrap_or_default();
      } else {
        self.push(bytes);
        let more = self.missing().min(KEPT);
        self.buffer.reserve(more);
        break;
      }
    }
    Ok(())
  }

  /// Bytes that the frame held lacks: of its header, or to its end.
  fn missing(&self) -> usize {
    let held = self.buffer.get(self.consumed..).unwrap_or_default();
    let whole = held.first_chunk().map_or(0, |length| u32::from_le_bytes(*length) as usize);
    let wanted = if held.len() < HEADER { HEADER } else { HEADER + whole };
    wanted.saturating_sub(held.len())
  }

  /// Whether bytes of an unfinished frame are held: the peer left in the middle of one.
  #[must_use]
  pub const fn is_mid_frame(&self) -> bool {
    self.buffer.len() > self.consumed
  }
}

#[cfg(test)]
mod tests {
  #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
  use proptest::prelude::*;

  use super::*;

  fn frame() -> impl Strategy<Value = Frame> {
    (any::<u8>(), any::<u64>(), any::<u64>(), proptest::collection::vec(any::<u8>(), 0..600))
      .prop_map(|(kind, id, correlation, payload)| Frame { kind, id, correlation, payload })
  }

  proptest! {
    #[test]
    fn survives_any_split(frames in proptest::collection::vec(frame(), 0..8), cut in 1_usize..64) {
      let bytes: Vec<u8> = frames.iter().flat_map(|frame| frame.encode().unwrap()).collect();
      let mut decoder = Decoder::default();
      let mut seen = Vec::new();
      for chunk in bytes.chunks(cut) {
        decoder.push(chunk);
        while let Some(frame) = decoder.next_frame().unwrap() {
          seen.push(frame);
        }
      }
      prop_assert_eq!(&seen, &frames);
      prop_assert!(!decoder.is_mid_frame());
      seen.clear();
      for chunk in bytes.chunks(cut) {
        let fed = decoder.feed(chunk, |FrameRef { kind, id, correlation, payload, .. }| {
          seen.push(Frame { kind, id, correlation, payload: payload.to_vec() });
          Ok::<_, FrameError>(())
        });
        prop_assert_eq!(fed, Ok(()));
      }
      prop_assert_eq!(seen, frames);
      prop_assert!(!decoder.is_mid_frame());
    }

    #[test]
    fn never_panics_on_junk(bytes in proptest::collection::vec(any::<u8>(), 0..2048)) {
      let mut decoder = Decoder::default();
      decoder.push(&bytes);
      while let Ok(Some(_)) = decoder.next_frame() {}
    }
  }

  #[test]
  fn refuses_what_it_does_not_know() {
    let good = Frame { kind: 1, id: 2, correlation: 3, payload: b"x".to_vec() }.encode().unwrap();
    for (offset, byte, error) in [
      (4, 9, FrameError::Version(9)),
      (6, 1, FrameError::Flags(1)),
      (3, 0xff, FrameError::TooLarge { size: 0xff00_0001, limit: MAX_PAYLOAD }),
    ] {
      let mut bytes = good.clone();
      *bytes.get_mut(offset).unwrap() = byte;
      let mut decoder = Decoder::default();
      decoder.push(&bytes);
      assert_eq!(decoder.next_frame(), Err(error));
    }
  }

  #[test]
  fn refuses_to_send_too_much() {
    let frame = Frame { kind: 1, id: 0, correlation: 0, payload: vec![0; MAX_PAYLOAD + 1] };
    let error = FrameError::TooLarge { size: MAX_PAYLOAD + 1, limit: MAX_PAYLOAD };
    assert_eq!(frame.encode(), Err(error));
  }

  #[test]
  fn knows_when_the_peer_left_in_the_middle() {
    let bytes = Frame { kind: 1, id: 2, correlation: 3, payload: vec![7; 10] }.encode().unwrap();
    let mut decoder = Decoder::default();
    decoder.push(bytes.get(..HEADER + 3).unwrap());
    assert_eq!(decoder.next_frame(), Ok(None));
    assert!(decoder.is_mid_frame());
  }
}
