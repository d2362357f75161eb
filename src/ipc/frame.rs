//! The wire format: a fixed header, then a payload that is never parsed here. Pure.
//!
//! All numbers are little-endian: both ends are always on the same machine.
//!
//! | offset | size | field |
//! |---|---|---|
//! | 0 | 4 | payload length in bytes |
//! | 4 | 1 | version, [`VERSION`] |
//! | 5 | 1 | kind, see [`crate::ipc::message`] |
//! | 6 | 2 | flags, 0 so far |
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
  /// The announced payload is larger than [`MAX_PAYLOAD`].
  TooLarge(usize),
}

impl fmt::Display for FrameError {
  fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    match self {
      Self::Version(found) => write!(f, "frame of version {found} instead of {VERSION}"),
      Self::Flags(found) => write!(f, "frame with unknown flags {found:#06x}"),
      Self::TooLarge(size) => write!(f, "frame of {size} bytes, {MAX_PAYLOAD} is the most"),
    }
  }
}

impl std::error::Error for FrameError {}

impl Frame {
  /// The frame's bytes.
  ///
  /// # Errors
  /// [`FrameError::TooLarge`] when the payload is over [`MAX_PAYLOAD`].
  pub fn encode(&self) -> Result<Vec<u8>, FrameError> {
    let length = self.payload.len();
    let announced = u32::try_from(length).ok().filter(|_| length <= MAX_PAYLOAD);
    let announced = announced.ok_or(FrameError::TooLarge(length))?;
    let mut bytes = Vec::with_capacity(HEADER + length);
    bytes.extend_from_slice(&announced.to_le_bytes());
    bytes.push(VERSION);
    bytes.push(self.kind);
    bytes.extend_from_slice(&0_u16.to_le_bytes());
    bytes.extend_from_slice(&self.id.to_le_bytes());
    bytes.extend_from_slice(&self.correlation.to_le_bytes());
    bytes.extend_from_slice(&self.payload);
    Ok(bytes)
  }
}

/// Cuts a byte stream into frames, however the bytes were split on the way.
#[derive(Debug, Default)]
pub struct Decoder {
  buffer: Vec<u8>,
  consumed: usize,
}

impl Decoder {
  /// Append bytes as they were read.
  pub fn push(&mut self, bytes: &[u8]) {
    // Moving the rest down only here keeps `next` free of copies while a batch is cut up.
    self.buffer.drain(..self.consumed);
    self.consumed = 0;
    self.buffer.extend_from_slice(bytes);
  }

  /// The next whole frame, or `None` until more bytes come.
  ///
  /// # Errors
  /// A [`FrameError`] when the stream is not this protocol; the decoder is of no use after that.
  pub fn next_frame(&mut self) -> Result<Option<Frame>, FrameError> {
    let rest = self.buffer.get(self.consumed..).unwrap_or_default();
    let Some((header, rest)) = rest.split_first_chunk::<HEADER>() else {
      return Ok(None);
    };
    let [l0, l1, l2, l3, version, kind, f0, f1, tail @ ..] = *header;
    if version != VERSION {
      return Err(FrameError::Version(version));
    }
    let flags = u16::from_le_bytes([f0, f1]);
    if flags != 0 {
      return Err(FrameError::Flags(flags));
    }
    let length = u32::from_le_bytes([l0, l1, l2, l3]) as usize;
    if length > MAX_PAYLOAD {
      return Err(FrameError::TooLarge(length));
    }
    let Some(payload) = rest.get(..length) else {
      return Ok(None);
    };
    let (id, correlation) = tail.split_at(8);
    let number = |bytes: &[u8]| {
      bytes.iter().rev().fold(0_u64, |number, byte| (number << 8) | u64::from(*byte))
    };
    let frame =
      Frame { kind, id: number(id), correlation: number(correlation), payload: payload.to_vec() };
    self.consumed += HEADER + length;
    Ok(Some(frame))
  }

  /// Whether bytes of an unfinished frame are held: the peer left in the middle of one.
  #[must_use]
  pub fn is_mid_frame(&self) -> bool {
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
      (3, 0xff, FrameError::TooLarge(0xff00_0001)),
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
    assert_eq!(frame.encode(), Err(FrameError::TooLarge(MAX_PAYLOAD + 1)));
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
