//! Where WebSocket frames end in a stream of bytes (RFC 6455, 5.2), and the one frame that the proxy
//! makes itself. Pure and incremental: payloads are counted, never kept.

/// Head of a frame without its mask: two bytes, and up to eight of length.
const LONGEST_HEAD: usize = 10;
const MASK: usize = 4;
const CLOSE: u8 = 8;
/// A control frame carries at most this, of which two bytes are the code.
const LONGEST_REASON: usize = 123;

/// What one side has sent so far.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Frames {
  head: [u8; LONGEST_HEAD],
  /// Bytes of the present frame's head, mask included, that have passed.
  have: usize,
  /// Bytes of its payload that have not.
  left: u64,
  closed: bool,
}

impl Frames {
  /// Pass `bytes` up to the end of the frame that they begin or go on with. Gives how many that were: all,
  /// unless more frames follow.
  pub(super) fn pass(&mut self, bytes: &[u8]) -> usize {
    let mut at = 0;
    while at < bytes.len() {
      if self.left > 0 {
        let rest = bytes.len() - at;
        let payload = usize::try_from(self.left).map_or(rest, |left| left.min(rest));
        self.left -= payload as u64;
        at += payload;
      } else {
        if let Some(place) = self.head.get_mut(self.have) {
          *place = bytes[at];
        }
        self.have += 1;
        at += 1;
        if self.have < self.head_length() {
          continue;
        }
        self.left = self.payload_length();
      }
      if self.left == 0 {
        self.closed |= self.head[0] & 0x0f == CLOSE;
        self.have = 0;
        return at;
      }
    }
    at
  }

  /// Pass all of `bytes`, whatever they are.
  pub(super) fn pass_all(&mut self, mut bytes: &[u8]) {
    while !bytes.is_empty() {
      bytes = &bytes[self.pass(bytes)..];
    }
  }

  /// Whether a frame may begin here. Control frames may come between the fragments of a message, so the
  /// end of a message is not asked for (RFC 6455, 5.4).
  pub(super) fn is_boundary(&self) -> bool {
    self.have == 0
  }

  /// Whether a whole close frame has passed: nothing that counts comes after it.
  pub(super) fn is_closed(&self) -> bool {
    self.closed
  }

  fn head_length(&self) -> usize {
    if self.have < 2 {
      return 2;
    }
    let length = match self.head[1] & 0x7f {
      126 => 4,
      127 => 10,
      _ => 2,
    };
    if self.head[1] & 0x80 == 0 { length } else { length + MASK }
  }

  fn payload_length(&self) -> u64 {
    let [_, length, rest @ ..] = self.head;
    match length & 0x7f {
      126 => u64::from(u16::from_be_bytes([rest[0], rest[1]])),
      127 => u64::from_be_bytes(rest),
      length => u64::from(length),
    }
  }
}

/// A close frame. What goes to a worker is masked, as everything that comes from a client is.
pub(super) fn close_frame(code: u16, reason: &str, mask: Option<[u8; 4]>) -> Vec<u8> {
  let reason = &reason.as_bytes()[..reason.len().min(LONGEST_REASON)];
  let payload: Vec<u8> = code.to_be_bytes().into_iter().chain(reason.iter().copied()).collect();
  let length = u8::try_from(payload.len()).unwrap_or_default();
  match mask {
    None => [&[0x80 | CLOSE, length][..], &payload].concat(),
    Some(mask) => {
      let masked = payload.iter().zip(mask.iter().cycle()).map(|(byte, mask)| byte ^ mask);
      let head = [0x80 | CLOSE, 0x80 | length];
      head.into_iter().chain(mask).chain(masked).collect()
    }
  }
}

#[cfg(test)]
mod tests {
  use proptest::{collection::vec, prelude::*};

  use super::*;

  /// A frame as RFC 6455, 5.2 lays it out.
  fn frame(fin: bool, opcode: u8, masked: bool, length: usize) -> Vec<u8> {
    let mask_bit = if masked { 0x80 } else { 0 };
    let mut bytes = vec![if fin { 0x80 | opcode } else { opcode }];
    match length {
      0..126 => bytes.push(mask_bit | u8::try_from(length).unwrap_or_default()),
      126..65_536 => {
        bytes.push(mask_bit | 126);
        bytes.extend(u16::try_from(length).unwrap_or_default().to_be_bytes());
      }
      _ => {
        bytes.push(mask_bit | 127);
        bytes.extend((length as u64).to_be_bytes());
      }
    }
    if masked {
      bytes.extend([0x88, 0x02, 0x88, 0x00]);
    }
    // A payload that looks like close frames.
    bytes.extend((0..length).map(|at| if at % 2 == 0 { 0x88 } else { 0x00 }));
    bytes
  }

  #[test]
  fn frames_of_every_size_end_where_they_do() {
    for masked in [false, true] {
      for length in [0, 1, 125, 126, 127, 65_535, 65_536, 70_000] {
        let mut bytes = frame(true, 2, masked, length);
        let whole = bytes.len();
        bytes.extend([0x89, 0x00]);
        let mut frames = Frames::default();
        assert_eq!(frames.pass(&bytes), whole, "{masked} {length}");
        assert!(frames.is_boundary() && !frames.is_closed());
        for end in 1..whole.min(300) {
          let mut frames = Frames::default();
          assert_eq!(frames.pass(&bytes[..end]), end);
          assert!(!frames.is_boundary(), "{masked} {length} {end}");
        }
      }
    }
  }

  #[test]
  fn a_close_frame_counts_when_it_is_whole() {
    for mask in [None, Some([1, 2, 3, 4])] {
      let bytes = close_frame(1012, "service restart", mask);
      let mut frames = Frames::default();
      frames.pass_all(&bytes[..bytes.len() - 1]);
      assert!(!frames.is_closed());
      frames.pass_all(&bytes[bytes.len() - 1..]);
      assert!(frames.is_closed() && frames.is_boundary());
    }
  }

  #[test]
  fn the_close_frame_is_as_the_rfc_wants_it() {
    assert_eq!(close_frame(1012, "", None), [0x88, 2, 0x03, 0xf4]);
    assert_eq!(close_frame(1012, "a", Some([1, 0, 1, 0])), [0x88, 0x83, 1, 0, 1, 0, 2, 0xf4, 0x60]);
    assert_eq!(close_frame(1012, &"x".repeat(500), None).len(), 2 + 125);
  }

  #[test]
  fn a_length_beyond_memory_is_waited_for_and_no_more() {
    let mut frames = Frames::default();
    frames.pass_all(&[0x82, 127, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1, 2, 3]);
    assert!(!frames.is_boundary());
  }

  proptest! {
    /// Cut anywhere, the same boundaries are found, and no byte of a payload is taken for a head.
    #[test]
    fn how_the_bytes_arrive_makes_no_difference(
      shapes in vec((any::<bool>(), prop_oneof![Just(0_u8), Just(1), Just(2), Just(9), Just(10)], any::<bool>(), 0_usize..400), 1..12),
      cuts in vec(1_usize..64, 1..40),
    ) {
      let frames: Vec<Vec<u8>> =
        shapes.into_iter().map(|(fin, opcode, masked, length)| frame(fin, opcode, masked, length)).collect();
      let stream = frames.concat();
      let ends: Vec<usize> = frames.iter().scan(0, |at, frame| { *at += frame.len(); Some(*at) }).collect();
      let (mut seen, mut found, mut at) = (Frames::default(), Vec::new(), 0);
      for cut in cuts.iter().cycle() {
        if at == stream.len() { break; }
        let mut piece = &stream[at..stream.len().min(at + cut)];
        while !piece.is_empty() {
          let passed = seen.pass(piece);
          prop_assert!(passed > 0 && passed <= piece.len());
          at += passed;
          piece = &piece[passed..];
          if seen.is_boundary() { found.push(at); }
        }
      }
      prop_assert_eq!(found, ends);
      prop_assert!(!seen.is_closed());
    }

    #[test]
    fn nothing_that_arrives_is_too_much(bytes in vec(any::<u8>(), 0..600)) {
      Frames::default().pass_all(&bytes);
    }
  }
}
