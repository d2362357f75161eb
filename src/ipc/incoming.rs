//! The reading side of a channel for messages of the app: from bytes to payloads. Pure.

use std::borrow::Cow;

use super::{
  compress::decompress,
  frame::{COMPRESSED, Decoder},
};

/// Kind of a frame with a batch of messages: their heads, `id` bytes, then a list in JSON with what
/// belongs to them. A head is two numbers of 8 bytes; the first of all says when, and how many more
/// there are. `lib/ipc/entry.ts` says what they mean. Only the list is ever compressed.
pub const BATCH: u8 = 16;
/// Kind of a frame with one message that carries bytes: its envelope, `id` bytes of JSON text, then
/// they.
pub const RAW: u8 = 17;

/// Kind of a frame with one message that carries text, as [`RAW`]: as JSON it would be searched for
/// characters to escape, twice.
pub const LONG: u8 = 18;

/// Bytes of a head.
const HEAD: usize = 16;

/// What a batch may have in bytes, although no message in it is larger than that.
pub const LEAST_LIMIT: usize = 1024 * 1024;
/// What the envelope of a message may have besides its data, in bytes.
pub const ENVELOPE: usize = 64 * 1024;

/// The largest payload of a frame when messages have at most `max_message` bytes.
#[must_use]
pub const fn limit(max_message: usize) -> usize {
  (if max_message > LEAST_LIMIT { max_message } else { LEAST_LIMIT }) + ENVELOPE
}

/// The payload of one frame.
#[derive(Debug, PartialEq, Eq)]
pub enum Payload<'a> {
  /// A batch of messages.
  Batch {
    /// Their heads.
    heads: &'a [u8],
    /// The list.
    list: &'a str,
  },
  /// One message with bytes.
  Raw {
    /// Its envelope.
    envelope: &'a str,
    /// Its bytes.
    bytes: &'a [u8],
  },
  /// One message with a long text.
  Long {
    /// Its envelope.
    envelope: &'a str,
    /// Its text.
    data: &'a str,
  },
}

/// Cuts what was read into payloads.
#[derive(Debug)]
pub struct Incoming {
  decoder: Decoder,
  limit: usize,
}

impl Incoming {
  /// For messages of at most `max_message` bytes.
  #[must_use]
  pub const fn new(max_message: usize) -> Self {
    let limit = limit(max_message);
    Self { decoder: Decoder::new(limit, COMPRESSED), limit }
  }

  /// Take `bytes` as they were read, and give `each` whole payload in order.
  ///
  /// # Errors
  /// A sentence when the peer does not speak the protocol, or what `each` says of it; the channel is
  /// of no use after that. What came before that was given.
  pub fn feed(
    &mut self,
    bytes: &[u8],
    mut each: impl FnMut(Payload<'_>) -> Result<(), String>,
  ) -> Result<(), String> {
    let limit = self.limit;
    self.decoder.feed(bytes, |frame| {
      let compressed = frame.flags & COMPRESSED != 0;
      if frame.kind == BATCH {
        let (heads, list) = split(frame.payload, frame.id)?;
        check(heads)?;
        let whole =
          if compressed { Cow::Owned(decompress(list, limit)?) } else { Cow::Borrowed(list) };
        each(Payload::Batch { heads, list: text(&whole)? })
      } else if compressed {
        each(single(frame.kind, frame.id, &decompress(frame.payload, limit)?)?)
      } else {
        each(single(frame.kind, frame.id, frame.payload)?)
      }
    })
  }

  /// Whether the peer left in the middle of a frame, if it has left.
  #[must_use]
  pub const fn is_mid_frame(&self) -> bool {
    self.decoder.is_mid_frame()
  }
}

/// A frame with one message.
fn single(kind: u8, id: u64, bytes: &[u8]) -> Result<Payload<'_>, String> {
  match kind {
    RAW => {
      let (envelope, bytes) = split(bytes, id)?;
      Ok(Payload::Raw { envelope: text(envelope)?, bytes })
    }
    LONG => {
      let (envelope, data) = split(bytes, id)?;
      Ok(Payload::Long { envelope: text(envelope)?, data: text(data)? })
    }
    unknown => Err(format!("frame of unknown kind {unknown}")),
  }
}

fn split(bytes: &[u8], at: u64) -> Result<(&[u8], &[u8]), String> {
  let parts = usize::try_from(at).ok().and_then(|at| bytes.split_at_checked(at));
  parts.ok_or_else(|| "frame shorter than its envelope".to_owned())
}

fn text(bytes: &[u8]) -> Result<&str, String> {
  str::from_utf8(bytes).map_err(|error| format!("text of a frame: {error}"))
}

/// Whether there are as many heads as the first of them says.
fn check(heads: &[u8]) -> Result<(), String> {
  let (pairs, rest) = heads.as_chunks::<HEAD>();
  let first = pairs.first().and_then(|first| first.last_chunk());
  let said = f64::from_le_bytes(*first.ok_or("batch without heads")?);
  // Frames are too short for more than 32 bits of them.
  let behind = u32::try_from(pairs.len() - 1).unwrap_or(u32::MAX);
  #[expect(clippy::float_cmp, reason = "both are whole numbers, or the batch is none")]
  if !rest.is_empty() || said != f64::from(behind) {
    return Err(format!("batch with {} bytes of heads for {said} messages", heads.len()));
  }
  Ok(())
}

#[cfg(test)]
mod tests {
  #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
  use proptest::prelude::*;

  use super::*;
  use crate::ipc::{compress::compress, frame::header};

  fn frame(kind: u8, flags: u16, id: u64, payload: &[u8]) -> Vec<u8> {
    let head = header(u32::try_from(payload.len()).unwrap(), kind, flags, id, 0);
    [&head, payload].concat()
  }

  /// A batch with `said` for the number of its `count` heads, and `list` behind them.
  fn batch(said: f64, count: usize, flags: u16, list: &[u8]) -> Vec<u8> {
    let heads = [&1.0_f64.to_le_bytes(), &said.to_le_bytes(), &*vec![0; count * HEAD]].concat();
    frame(BATCH, flags, heads.len() as u64, &[&heads, list].concat())
  }

  fn read(bytes: &[u8], cut: usize) -> (Vec<String>, Result<(), String>) {
    let (mut incoming, mut seen) = (Incoming::new(1024), Vec::new());
    for chunk in bytes.chunks(cut) {
      let fed = incoming.feed(chunk, |payload| {
        seen.push(format!("{payload:?}"));
        Ok(())
      });
      if fed.is_err() {
        return (seen, fed);
      }
    }
    (seen, Ok(()))
  }

  #[test]
  fn gives_payloads_and_names_what_is_none() {
    let long = "ab".repeat(2000);
    let good = [
      batch(1.0, 1, 0, "[\"ä\"]".as_bytes()),
      frame(RAW, 0, 2, b"[]\x00\xff"),
      batch(0.0, 0, COMPRESSED, &compress(long.as_bytes()).unwrap()),
      frame(LONG, 0, 2, "[]ä".as_bytes()),
      frame(LONG, COMPRESSED, 2, &compress(long.as_bytes()).unwrap()),
    ];
    for cut in [1, 7, 100_000] {
      let (seen, result) = read(&good.concat(), cut);
      assert_eq!(result, Ok(()));
      let expected = [
        ", list: \"[\\\"ä\\\"]\" }".to_owned(),
        "Raw { envelope: \"[]\", bytes: [0, 255] }".to_owned(),
        format!(", list: {long:?} }}"),
        "Long { envelope: \"[]\", data: \"ä\" }".to_owned(),
        format!("Long {{ envelope: \"ab\", data: {:?} }}", &long[2..]),
      ];
      assert_eq!(seen.len(), expected.len());
      for (seen, expected) in seen.iter().zip(&expected) {
        assert!(seen.ends_with(expected), "{seen}");
      }
    }
    for (bad, part) in [
      (batch(0.0, 0, 0, b"\xff"), "text of a frame"),
      (batch(2.0, 1, 0, b"[]"), "32 bytes of heads for 2"),
      (batch(f64::NAN, 1, 0, b"[]"), "heads for NaN"),
      (frame(BATCH, 0, 0, b"[]"), "without heads"),
      (frame(BATCH, 0, 15, &[0; 40]), "without heads"),
      (frame(BATCH, 0, 20, &[0; 40]), "20 bytes of heads for 0"),
      (frame(BATCH, 0, 41, &[0; 40]), "shorter than its envelope"),
      (frame(RAW, 0, 9, b"[]"), "shorter than its envelope"),
      (frame(LONG, 0, 9, b"[]"), "shorter than its envelope"),
      (frame(LONG, 0, 2, b"[]\xff"), "text of a frame"),
      (frame(RAW, 0, u64::MAX, b"[]"), "shorter than its envelope"),
      (frame(99, 0, 0, b""), "unknown kind 99"),
      (frame(BATCH, 2, 0, b""), "unknown flags"),
      (batch(0.0, 0, COMPRESSED, b"\xff\xff\xff\xff"), "is the most"),
      (batch(0.0, 0, COMPRESSED, b""), "compressed frame"),
      (frame(LONG, COMPRESSED, 0, b"\xff\xff\xff\xff"), "is the most"),
      (frame(BATCH, 0, 0, &vec![b' '; limit(1024) + 1]), "is the most"),
    ] {
      let (seen, result) = read(&[good[0].clone(), bad].concat(), 50);
      assert_eq!(seen.len(), 1, "what came before is given");
      assert!(result.as_ref().is_err_and(|error| error.contains(part)), "{part}: {result:?}");
    }
  }

  proptest! {
    #![proptest_config(ProptestConfig {
      cases: 2_000,
      // What fails once fails again.
      rng_seed: proptest::test_runner::RngSeed::Fixed(4),
      ..ProptestConfig::default()
    })]

    /// The fuzz target: whole frames with some bytes changed, cut anywhere.
    #[test]
    fn survives_what_a_broken_peer_writes(
      frames in proptest::collection::vec(
        (14_u8..20, 0_u16..3, 0_u64..40, proptest::collection::vec(any::<u8>(), 0..400)), 1..6),
      flips in proptest::collection::vec((any::<usize>(), any::<u8>()), 0..6),
      cut in 1_usize..600,
      lost in 0_usize..30,
    ) {
      let mut bytes: Vec<u8> =
        frames.iter().flat_map(|(kind, flags, id, data)| frame(*kind, *flags, *id, data)).collect();
      for (at, byte) in flips {
        let length = bytes.len();
        if let Some(place) = bytes.get_mut(at % length) {
          *place = byte;
        }
      }
      bytes.truncate(bytes.len().saturating_sub(lost));
      let mut incoming = Incoming::new(1024);
      for chunk in bytes.chunks(cut) {
        let mut given = 0;
        let fed = incoming.feed(chunk, |payload| {
          given += match payload {
            Payload::Batch { heads, list } => heads.len() + list.len(),
            Payload::Raw { envelope, bytes } => envelope.len() + bytes.len(),
            Payload::Long { envelope, data } => envelope.len() + data.len(),
          };
          Ok(())
        });
        prop_assert!(given <= 6 * limit(1024));
        if fed.is_err() {
          break;
        }
      }
    }
  }
}
