//! The reading side of a channel for messages of the app: from bytes to payloads. Pure.

use super::{
  compress::decompress,
  frame::{COMPRESSED, Decoder},
};

/// Kind of a frame with a batch of messages as JSON text.
pub const TEXT: u8 = 16;
/// Kind of a frame with one message that carries bytes: its envelope, `id` bytes of JSON text, then
/// they.
pub const RAW: u8 = 17;

/// Kind of a frame with one message that carries text, as [`RAW`]: as JSON it would be searched for
/// characters to escape, twice.
pub const LONG: u8 = 18;

/// What a batch may have in bytes, although no message in it is larger than that.
pub const BATCH: usize = 1024 * 1024;
/// What the envelope of a message may have besides its data, in bytes.
pub const ENVELOPE: usize = 64 * 1024;

/// The largest payload of a frame when messages have at most `max_message` bytes.
#[must_use]
pub const fn limit(max_message: usize) -> usize {
  (if max_message > BATCH { max_message } else { BATCH }) + ENVELOPE
}

/// The payload of one frame.
#[derive(Debug, PartialEq, Eq)]
pub enum Payload<'a> {
  /// A batch of messages.
  Text(&'a str),
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
  /// A sentence when the peer does not speak the protocol; the channel is of no use after that. What
  /// came before that was given.
  pub fn feed(&mut self, bytes: &[u8], mut each: impl FnMut(Payload<'_>)) -> Result<(), String> {
    let limit = self.limit;
    self.decoder.feed(bytes, |frame| {
      if frame.flags & COMPRESSED == 0 {
        each(payload(frame.kind, frame.id, frame.payload)?);
      } else {
        each(payload(frame.kind, frame.id, &decompress(frame.payload, limit)?)?);
      }
      Ok::<_, String>(())
    })
  }

  /// Whether the peer left in the middle of a frame, if it has left.
  #[must_use]
  pub const fn is_mid_frame(&self) -> bool {
    self.decoder.is_mid_frame()
  }
}

fn payload(kind: u8, id: u64, bytes: &[u8]) -> Result<Payload<'_>, String> {
  let text = |bytes| str::from_utf8(bytes).map_err(|error| format!("text of a frame: {error}"));
  let split = || {
    let split = usize::try_from(id).ok().and_then(|at| bytes.split_at_checked(at));
    let (envelope, bytes) = split.ok_or("frame shorter than its envelope")?;
    Ok::<_, String>((text(envelope)?, bytes))
  };
  match kind {
    TEXT => text(bytes).map(Payload::Text),
    RAW => split().map(|(envelope, bytes)| Payload::Raw { envelope, bytes }),
    LONG => {
      let (envelope, bytes) = split()?;
      Ok(Payload::Long { envelope, data: text(bytes)? })
    }
    unknown => Err(format!("frame of unknown kind {unknown}")),
  }
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

  fn read(bytes: &[u8], cut: usize) -> (Vec<String>, Result<(), String>) {
    let (mut incoming, mut seen) = (Incoming::new(1024), Vec::new());
    for chunk in bytes.chunks(cut) {
      let fed = incoming.feed(chunk, |payload| seen.push(format!("{payload:?}")));
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
      frame(TEXT, 0, 0, "[\"ä\"]".as_bytes()),
      frame(RAW, 0, 2, b"[]\x00\xff"),
      frame(TEXT, COMPRESSED, 0, &compress(long.as_bytes()).unwrap()),
      frame(LONG, 0, 2, "[]ä".as_bytes()),
    ];
    for cut in [1, 7, 100_000] {
      let (seen, result) = read(&good.concat(), cut);
      assert_eq!(result, Ok(()));
      let expected =
        ["Text(\"[\\\"ä\\\"]\")", "Raw { envelope: \"[]\", bytes: [0, 255] }"].map(str::to_owned);
      assert_eq!(seen.get(..2), Some(&expected[..]));
      assert_eq!(seen.get(2), Some(&format!("Text({long:?})")));
      let expected = "Long { envelope: \"[]\", data: \"ä\" }";
      assert_eq!(seen.get(3).map(String::as_str), Some(expected));
    }
    for (bad, part) in [
      (frame(TEXT, 0, 0, b"\xff"), "text of a frame"),
      (frame(RAW, 0, 9, b"[]"), "shorter than its envelope"),
      (frame(LONG, 0, 9, b"[]"), "shorter than its envelope"),
      (frame(LONG, 0, 2, b"[]\xff"), "text of a frame"),
      (frame(RAW, 0, u64::MAX, b"[]"), "shorter than its envelope"),
      (frame(99, 0, 0, b""), "unknown kind 99"),
      (frame(TEXT, 2, 0, b""), "unknown flags"),
      (frame(TEXT, COMPRESSED, 0, b"\xff\xff\xff\xff"), "is the most"),
      (frame(TEXT, COMPRESSED, 0, b""), "compressed frame"),
      (frame(TEXT, 0, 0, &vec![b' '; limit(1024) + 1]), "is the most"),
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
            Payload::Text(text) => text.len(),
            Payload::Raw { envelope, bytes } => envelope.len() + bytes.len(),
            Payload::Long { envelope, data } => envelope.len() + data.len(),
          };
        });
        prop_assert!(given <= 6 * limit(1024));
        if fed.is_err() {
          break;
        }
      }
    }
  }
}
