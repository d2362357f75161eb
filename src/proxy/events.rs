//! Where a server-sent event ends in a stream of bytes: after a blank line (HTML, 9.2.5). Pure and incremental.

/// What has passed of a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Events {
  line: Line,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Line {
  /// Nothing has come since the last event.
  Boundary,
  /// As before, but a line feed would belong to the carriage return that ended the event.
  BoundaryAfterReturn,
  /// At the start of a line of an event.
  Start,
  /// As before, but a line feed would belong to the end of the line before.
  StartAfterReturn,
  /// Inside a line.
  Inside,
}

impl Default for Events {
  fn default() -> Self {
    Self { line: Line::Boundary }
  }
}

impl Events {
  /// Whether a stream may end here.
  pub(super) fn is_boundary(self) -> bool {
    matches!(self.line, Line::Boundary | Line::BoundaryAfterReturn)
  }

  /// Passes all of `bytes`.
  pub(super) fn pass_all(&mut self, bytes: &[u8]) {
    for byte in bytes {
      self.pass_one(*byte);
    }
  }

  /// Passes `bytes` up to the first place where a stream may end. Gives how many that were; all, if there is none.
  pub(super) fn pass(&mut self, bytes: &[u8]) -> usize {
    for (at, byte) in bytes.iter().enumerate() {
      self.pass_one(*byte);
      if self.is_boundary() {
        return at + 1;
      }
    }
    bytes.len()
  }

  fn pass_one(&mut self, byte: u8) {
    self.line = match (self.line, byte) {
      (Line::BoundaryAfterReturn, b'\n') => Line::Boundary,
      (Line::StartAfterReturn, b'\n') => Line::Start,
      (Line::Inside, b'\n') => Line::Start,
      (Line::Inside, b'\r') => Line::StartAfterReturn,
      (Line::Inside, _) => Line::Inside,
      // A blank line, or one more of them.
      (_, b'\n') => Line::Boundary,
      (_, b'\r') => Line::BoundaryAfterReturn,
      _ => Line::Inside,
    };
  }
}

#[cfg(test)]
mod tests {
  use proptest::prelude::*;

  use super::*;

  #[test]
  fn events_end_after_a_blank_line() {
    for (stream, end) in [
      ("data: 1\n\ndata", 9),
      ("data: 1\r\n\r\ndata", 10),
      ("data: 1\r\rdata", 9),
      ("data: 1\ndata: 2\n\n", 17),
      (":\n\n", 3),
      ("data: 1\n", 8),
      ("data: 1\r\n", 9),
      ("d", 1),
    ] {
      let mut events = Events::default();
      assert_eq!(events.pass(stream.as_bytes()), end, "{stream:?}");
      assert_eq!(
        events.is_boundary(),
        stream.len() > end || stream.ends_with("\n\n"),
        "{stream:?}"
      );
    }
    assert!(Events::default().is_boundary());
  }

  proptest! {
    #[test]
    fn how_the_bytes_arrive_makes_no_difference(stream in "[a\r\n]{0,40}", cut in 0_usize..41) {
      let (bytes, cut) = (stream.as_bytes(), cut.min(stream.len()));
      let (mut whole, mut parts) = (Events::default(), Events::default());
      whole.pass_all(bytes);
      parts.pass_all(&bytes[..cut]);
      parts.pass_all(&bytes[cut..]);
      prop_assert_eq!(whole, parts);
      let mut stepped = Events::default();
      let mut at = 0;
      while at < bytes.len() { at += stepped.pass(&bytes[at..]); }
      prop_assert_eq!(whole, stepped);
    }
  }
}
