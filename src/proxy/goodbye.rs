//! How the end of a WebSocket goes, without a socket or a clock: what is done with the bytes of either side,
//! and when a close frame may come between them.
//!
//! - Open + told to go → Due (at a moment of its own in the drain window)
//! - Due + moment → Speaking (the frame that the worker is sending is finished first)
//! - Speaking + between two frames → Spoken (the close frame is on its way to the client)
//! - Spoken + both answered, or out of patience → over
//! - any + the worker is gone after it was told to go → Spoken, if between two frames

use bytes::BytesMut;
use tokio::time::Instant;

use super::{
  farewell::{ANSWER, Farewell},
  frames::{Frames, close_frame},
};

/// How far its end has come.
#[derive(Debug, Clone, Copy)]
pub(super) enum Stage {
  /// Nobody has told it to end.
  Open,
  /// It is to end then.
  Due { farewell: Farewell, at: Instant },
  /// It is to end as soon as no frame is under way, and is cut if that takes longer than until then.
  Speaking { farewell: Farewell, until: Instant },
  /// Both sides have the close frame, or will in a moment. It is over then at the latest.
  Spoken { farewell: Farewell, until: Instant },
  /// The client did not answer, and the worker was answered for it.
  Answered { until: Instant },
}

/// One direction.
#[derive(Debug, Default)]
pub(super) struct Flow {
  pub(super) frames: Frames,
  /// What was read and not yet written.
  pub(super) buf: BytesMut,
  /// Nothing more comes.
  pub(super) ended: bool,
  /// The other side was told so.
  pub(super) shut: bool,
}

impl Flow {
  /// Nobody takes it any more.
  pub(super) fn give_up(&mut self) {
    self.buf.clear();
    (self.ended, self.shut) = (true, true);
  }

  pub(super) fn is_over(&self) -> bool {
    self.ended && self.buf.is_empty()
  }

  /// The last `count` bytes of the buffer are new.
  pub(super) fn arrived(&mut self, count: usize) {
    let at = self.buf.len() - count;
    self.frames.pass_all(&self.buf[at..]);
  }

  /// The last `count` bytes of the buffer are new, and only those up to the end of the present frame are
  /// wanted. Gives the others.
  pub(super) fn arrived_to_boundary(&mut self, count: usize) -> BytesMut {
    let at = self.buf.len() - count;
    let passed = self.frames.pass(&self.buf[at..]);
    self.buf.split_off(at + passed)
  }

  /// The last `count` bytes of the buffer are new, and nobody wants them.
  pub(super) fn arrived_in_vain(&mut self, count: usize) {
    let rest = self.buf.split_off(self.buf.len() - count);
    self.frames.pass_all(&rest);
  }
}

impl Stage {
  pub(super) fn wake(&self) -> Option<Instant> {
    match *self {
      Self::Open => None,
      Self::Due { at, .. } => Some(at),
      Self::Speaking { until, .. } | Self::Spoken { until, .. } | Self::Answered { until } => {
        Some(until)
      }
    }
  }

  /// Whether the client has its close frame.
  pub(super) fn is_told(&self) -> bool {
    matches!(self, Self::Spoken { .. } | Self::Answered { .. })
  }
}

/// Both directions, and how far their end has come. No socket, no clock.
#[derive(Debug)]
pub(super) struct Socket {
  /// From the worker to the client.
  pub(super) down: Flow,
  /// From the client to the worker.
  pub(super) up: Flow,
  pub(super) stage: Stage,
}

impl Socket {
  pub(super) fn new(early: BytesMut) -> Self {
    let count = early.len();
    let mut down = Flow { buf: early, ..Flow::default() };
    down.arrived(count);
    Self { down, up: Flow::default(), stage: Stage::Open }
  }

  pub(super) fn worker_sent(&mut self, count: usize) {
    match self.stage {
      Stage::Open | Stage::Due { .. } => self.down.arrived(count),
      Stage::Speaking { farewell, until } => {
        let rest = self.down.arrived_to_boundary(count);
        self.speak(farewell, until);
        self.down.frames.pass_all(&rest);
      }
      Stage::Spoken { .. } | Stage::Answered { .. } => self.down.arrived_in_vain(count),
    }
  }

  /// The close frame, if it may come here. A worker that said goodbye itself has done what is needed.
  pub(super) fn speak(&mut self, farewell: Farewell, until: Instant) {
    if !self.down.frames.is_boundary() {
      return;
    }
    if !self.down.frames.is_closed() {
      self.down.buf.extend_from_slice(&close_frame(farewell.code, farewell.reason, None));
    }
    self.stage = Stage::Spoken { farewell, until };
  }

  pub(super) fn worker_ended(&mut self, farewell: Option<Farewell>) {
    self.down.ended = true;
    // One that nobody told to go ends its WebSockets as it likes.
    let Some(farewell) = farewell.filter(|_| !self.stage.is_told()) else {
      return;
    };
    if !self.down.frames.is_closed() {
      self.speak(farewell, Instant::now() + ANSWER);
    }
  }

  /// The moment that the stage waited for. Gives whether it is over.
  pub(super) fn time_came(&mut self, now: Instant) -> bool {
    let until = now + ANSWER;
    match self.stage {
      Stage::Open => false,
      Stage::Due { farewell, at } => {
        if at <= now {
          self.stage = Stage::Speaking { farewell, until };
          self.speak(farewell, until);
        }
        false
      }
      Stage::Spoken { farewell, until: over } if over <= now => {
        let silent = !self.up.frames.is_closed() && self.up.frames.is_boundary();
        if !silent || self.down.ended || self.up.shut {
          return true;
        }
        let mask = fastrand::u32(..).to_be_bytes();
        self.up.buf.extend_from_slice(&close_frame(farewell.code, farewell.reason, Some(mask)));
        self.up.ended = true;
        self.stage = Stage::Answered { until };
        false
      }
      Stage::Spoken { .. } => false,
      Stage::Speaking { until, .. } | Stage::Answered { until } => until <= now,
    }
  }

  pub(super) fn is_over(&self) -> bool {
    if self.down.is_over() && self.up.is_over() {
      return true;
    }
    let written = self.down.buf.is_empty() && self.up.buf.is_empty();
    let client_done = self.up.frames.is_closed() || self.up.ended;
    let worker_done = self.down.frames.is_closed() || self.down.ended;
    self.stage.is_told() && written && client_done && worker_done
  }
}

#[cfg(test)]
mod tests {
  use proptest::{collection::vec, prelude::*};

  use super::*;

  /// What a worker sends: small frames of every kind but close, with payloads that look like heads.
  fn frames() -> impl Strategy<Value = Vec<Vec<u8>>> {
    let opcode = prop_oneof![Just(0x01_u8), Just(0x00), Just(0x80), Just(0x82), Just(0x89)];
    let frame = (opcode, 0_u8..125).prop_map(|(first, length)| {
      let payload = (0..length).map(|at| if at % 2 == 0 { 0x88 } else { 0x02 });
      [first, length].into_iter().chain(payload).collect()
    });
    vec(frame, 1..12)
  }

  proptest! {
    /// Whenever it is told to end, and however the bytes come: the client gets whole frames, one close
    /// frame, and nothing after it.
    #[test]
    fn the_close_frame_comes_once_and_between_two_frames(
      frames in frames(),
      cuts in vec(1_usize..40, 1..20),
      told_after in 0_usize..30,
    ) {
      let (farewell, now) = (Farewell::shutdown(), Instant::now());
      let stream = frames.concat();
      let mut socket = Socket::new(BytesMut::new());
      let (mut client, mut at, mut turn) = (Vec::new(), 0, 0);
      let mut cuts = cuts.iter().cycle();
      while at < stream.len() || turn <= told_after {
        if turn == told_after {
          socket.stage = Stage::Due { farewell, at: now };
          prop_assert!(!socket.time_came(now));
        }
        turn += 1;
        client.extend(socket.down.buf.split());
        let end = stream.len().min(at + cuts.next().copied().unwrap_or(1));
        if at < end {
          socket.down.buf.extend_from_slice(&stream[at..end]);
          socket.worker_sent(end - at);
          at = end;
        }
        client.extend(socket.down.buf.split());
      }
      let close = close_frame(farewell.code, farewell.reason, None);
      let whole = client.strip_suffix(&close[..]);
      prop_assert!(whole.is_some(), "no close frame at the end of {client:?}");
      let whole = whole.unwrap_or_default();
      let ends = frames.iter().scan(0, |at, frame| { *at += frame.len(); Some(*at) });
      prop_assert!(stream.starts_with(whole));
      prop_assert!(whole.is_empty() || ends.into_iter().any(|end| end == whole.len()));
    }
  }
}
