//! What a worker writes, cut into whole lines: forwarded with its id, and the last lines of stderr
//! kept for the day it dies.

use std::{
  collections::VecDeque,
  sync::{Arc, Mutex, PoisonError},
};

use tokio::io::{AsyncRead, AsyncReadExt as _};

use super::{
  ear::Ear,
  forward::{Forward, Target},
};

/// Longest line that stays whole, in bytes; a longer one is cut into lines of this length.
const MAX_LINE: usize = 64 * 1024;
/// Lines of stderr that are kept.
const KEPT_LINES: usize = 20;
/// Longest kept line, in bytes.
const KEPT_LINE: usize = 2 * 1024;

/// The last lines that a worker wrote to stderr, oldest first.
#[derive(Debug, Clone, Default)]
pub struct Tail(Arc<Mutex<VecDeque<String>>>);

impl Tail {
  /// The lines.
  #[must_use]
  pub fn lines(&self) -> Vec<String> {
    self.0.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect()
  }

  fn push(&self, line: &[u8]) {
    let line = line.get(..KEPT_LINE).unwrap_or(line);
    let text = String::from_utf8_lossy(line).trim_end().to_owned();
    // The lock is held for a push and a pop, by the one reader and by whoever reports a death.
    let mut lines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
    if lines.len() == KEPT_LINES {
      lines.pop_front();
    }
    lines.push_back(text);
  }
}

/// What is made of stderr besides.
#[derive(Debug, Clone, Default)]
pub struct Listeners {
  /// Keeps the last lines.
  pub tail: Tail,
  /// Hears of an inspector.
  pub ear: Ear,
}

/// Pass on everything from `stream` until it ends, line by line.
pub async fn pump(
  mut stream: impl AsyncRead + Unpin,
  target: Target,
  worker: &str,
  forward: &Forward,
  listeners: Option<&Listeners>,
) {
  let mut lines = Lines::default();
  let mut buffer = vec![0; 8 * 1024];
  loop {
    let read = match stream.read(&mut buffer).await {
      Ok(0) => break,
      Ok(read) => buffer.get(..read).unwrap_or_default(),
      Err(error) => {
        tracing::warn!(worker, %error, "output of a worker cannot be read");
        break;
      }
    };
    for line in lines.push(read) {
      deliver(&line, target, worker, forward, listeners).await;
    }
  }
  if let Some(line) = lines.finish() {
    deliver(&line, target, worker, forward, listeners).await;
  }
}

async fn deliver(
  line: &[u8],
  target: Target,
  worker: &str,
  forward: &Forward,
  listeners: Option<&Listeners>,
) {
  if let Some(Listeners { tail, ear }) = listeners {
    if ear.hears(line) {
      return;
    }
    tail.push(line);
  }
  let mut tagged = Vec::with_capacity(worker.len() + line.len() + 4);
  tagged.extend_from_slice(b"[");
  tagged.extend_from_slice(worker.as_bytes());
  tagged.extend_from_slice(b"] ");
  tagged.extend_from_slice(line);
  tagged.push(b'\n');
  forward.write(target, tagged).await;
}

/// Cuts bytes into lines, without their line feeds.
#[derive(Debug, Default)]
struct Lines {
  partial: Vec<u8>,
}

impl Lines {
  fn push(&mut self, bytes: &[u8]) -> Vec<Vec<u8>> {
    let mut whole = Vec::new();
    let mut pieces = bytes.split(|byte| *byte == b'\n');
    let last = pieces.next_back().unwrap_or_default();
    for piece in pieces {
      self.extend(piece, &mut whole);
      whole.push(std::mem::take(&mut self.partial));
    }
    self.extend(last, &mut whole);
    whole
  }

  fn extend(&mut self, mut piece: &[u8], whole: &mut Vec<Vec<u8>>) {
    while let Some((head, rest)) =
      piece.split_at_checked(MAX_LINE.saturating_sub(self.partial.len()))
    {
      self.partial.extend_from_slice(head);
      whole.push(std::mem::take(&mut self.partial));
      piece = rest;
    }
    self.partial.extend_from_slice(piece);
  }

  fn finish(&mut self) -> Option<Vec<u8>> {
    (!self.partial.is_empty()).then(|| std::mem::take(&mut self.partial))
  }
}

#[cfg(test)]
mod tests {
  use proptest::prelude::*;

  use super::*;

  proptest! {
    #[test]
    fn lines_are_whole_however_they_were_read(
      lines in proptest::collection::vec("[a-z]{0,20}", 0..20),
      cut in 1_usize..50,
    ) {
      let text = lines.iter().map(|line| format!("{line}\n")).collect::<String>();
      let mut splitter = Lines::default();
      let seen: Vec<Vec<u8>> =
        text.as_bytes().chunks(cut).flat_map(|chunk| splitter.push(chunk)).collect();
      prop_assert_eq!(splitter.finish(), None);
      prop_assert_eq!(seen, lines.into_iter().map(String::into_bytes).collect::<Vec<_>>());
    }
  }

  #[test]
  fn a_line_without_end_is_cut_and_never_grows_without_bound() {
    let mut splitter = Lines::default();
    let seen = splitter.push(&vec![b'x'; 2 * MAX_LINE + 5]);
    assert_eq!(seen.iter().map(Vec::len).collect::<Vec<_>>(), [MAX_LINE, MAX_LINE]);
    assert_eq!(splitter.finish().map(|line| line.len()), Some(5));
  }

  #[test]
  fn keeps_only_the_last_lines() {
    let tail = Tail::default();
    for number in 0..KEPT_LINES + 3 {
      tail.push(format!("line {number}").as_bytes());
    }
    let lines = tail.lines();
    assert_eq!(lines.len(), KEPT_LINES);
    assert_eq!(lines.first().map(String::as_str), Some("line 3"));
  }
}
