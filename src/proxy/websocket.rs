//! A WebSocket on its way through: bytes are passed both ways, and when its worker goes, the client gets
//! a close frame between two frames, never inside one.
//!
//! The client's answer to it goes on to the worker, who sees an ordinary close that the client began; the
//! worker's answer to that is what the client has seen already, and ends here. A client that does not
//! answer in time is answered for.
//!
//! - Open + told to go → Due (at a moment of its own in the drain window)
//! - Due + moment → Speaking (the frame that the worker is sending is finished first)
//! - Speaking + between two frames → Spoken (the close frame is on its way to the client)
//! - Spoken + both answered, or out of patience → over
//! - any + the worker is gone after it was told to go → Spoken, if between two frames

use std::future::pending;

use bytes::BytesMut;
use tokio::{
  io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, split},
  time::{Instant, sleep_until},
};

use super::{
  farewell::{ANSWER, Farewell},
  frames::{Frames, close_frame},
  upstream::Upstream,
};

/// Room for what is read at once.
const ROOM: usize = 8 * 1024;

/// How far its end has come.
#[derive(Debug, Clone, Copy)]
enum Stage {
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
struct Flow {
  frames: Frames,
  /// What was read and not yet written.
  buf: BytesMut,
  /// Nothing more comes.
  ended: bool,
  /// The other side was told so.
  shut: bool,
}

/// What one turn of a direction did.
enum Did {
  Read(usize),
  /// The side that it comes from sends no more.
  Ended,
  Written,
  /// The side that it goes to was told so.
  Shut,
  /// The side that it goes to is gone.
  Broke,
}

impl Flow {
  /// Do what is next: write what is there, else read. Cancel safe.
  async fn turn(
    &mut self,
    from: &mut (impl AsyncRead + Unpin),
    to: &mut (impl AsyncWrite + Unpin),
    may_shut: bool,
  ) -> Did {
    if !self.buf.is_empty() {
      return to.write_buf(&mut self.buf).await.map_or(Did::Broke, |_| Did::Written);
    }
    if !self.ended {
      self.buf.reserve(ROOM);
      return match from.read_buf(&mut self.buf).await {
        Ok(count) if count > 0 => Did::Read(count),
        Ok(_) | Err(_) => Did::Ended,
      };
    }
    if self.shut || !may_shut {
      return pending().await;
    }
    let shut = to.shutdown().await;
    self.shut = true;
    shut.map_or(Did::Broke, |()| Did::Shut)
  }

  /// Nobody takes it any more.
  fn give_up(&mut self) {
    self.buf.clear();
    (self.ended, self.shut) = (true, true);
  }

  fn is_over(&self) -> bool {
    self.ended && self.buf.is_empty()
  }

  /// The last `count` bytes of the buffer are new.
  fn arrived(&mut self, count: usize) {
    let at = self.buf.len() - count;
    self.frames.pass_all(&self.buf[at..]);
  }

  /// The last `count` bytes of the buffer are new, and only those up to the end of the present frame are
  /// wanted. Gives the others.
  fn arrived_to_boundary(&mut self, count: usize) -> BytesMut {
    let at = self.buf.len() - count;
    let passed = self.frames.pass(&self.buf[at..]);
    self.buf.split_off(at + passed)
  }

  /// The last `count` bytes of the buffer are new, and nobody wants them.
  fn arrived_in_vain(&mut self, count: usize) {
    let rest = self.buf.split_off(self.buf.len() - count);
    self.frames.pass_all(&rest);
  }
}

/// Passes bytes until both sides are done.
pub(super) async fn relay(
  client: impl AsyncRead + AsyncWrite + Unpin,
  worker: impl AsyncRead + AsyncWrite + Unpin,
  early: BytesMut,
  upstream: &Upstream,
) {
  let (mut client_reads, mut client_writes) = split(client);
  let (mut worker_reads, mut worker_writes) = split(worker);
  let mut dismissed = std::pin::pin!(upstream.dismissed());
  let mut socket = Socket::new(early);
  while !socket.is_over() {
    let wake = socket.stage.wake();
    let told = socket.stage.is_told();
    tokio::select! {
      did = socket.down.turn(&mut worker_reads, &mut client_writes, !told) => match did {
        Did::Read(count) => socket.from_worker(count),
        Did::Ended => socket.worker_ended(upstream.farewell()),
        Did::Written | Did::Shut => {}
        // An error is how many tunnels end; both sides are closed by it and learn of it that way.
        Did::Broke => break,
      },
      did = socket.up.turn(&mut client_reads, &mut worker_writes, true) => match did {
        Did::Read(count) => socket.up.arrived(count),
        Did::Ended => socket.up.ended = true,
        Did::Written | Did::Shut => {}
        // A worker that is gone may have left a client to say goodbye to.
        Did::Broke => socket.up.give_up(),
      },
      farewell = &mut dismissed, if matches!(socket.stage, Stage::Open) => {
        socket.stage = Stage::Due { farewell, at: farewell.moment(fastrand::f64()) };
      }
      () = async { sleep_until(wake.unwrap_or_else(Instant::now)).await }, if wake.is_some() => {
        if socket.time_came(Instant::now()) {
          break;
        }
      }
    }
  }
  let _ = tokio::join!(client_writes.shutdown(), worker_writes.shutdown());
}

impl Stage {
  fn wake(&self) -> Option<Instant> {
    match *self {
      Self::Open => None,
      Self::Due { at, .. } => Some(at),
      Self::Speaking { until, .. } | Self::Spoken { until, .. } | Self::Answered { until } => {
        Some(until)
      }
    }
  }

  /// Whether the client has its close frame.
  fn is_told(&self) -> bool {
    matches!(self, Self::Spoken { .. } | Self::Answered { .. })
  }
}

/// Both directions, and how far their end has come. No socket, no clock.
#[derive(Debug)]
struct Socket {
  /// From the worker to the client.
  down: Flow,
  /// From the client to the worker.
  up: Flow,
  stage: Stage,
}

impl Socket {
  fn new(early: BytesMut) -> Self {
    let count = early.len();
    let mut down = Flow { buf: early, ..Flow::default() };
    down.arrived(count);
    Self { down, up: Flow::default(), stage: Stage::Open }
  }

  fn from_worker(&mut self, count: usize) {
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
  fn speak(&mut self, farewell: Farewell, until: Instant) {
    if !self.down.frames.is_boundary() {
      return;
    }
    if !self.down.frames.is_closed() {
      self.down.buf.extend_from_slice(&close_frame(farewell.code, farewell.reason, None));
    }
    self.stage = Stage::Spoken { farewell, until };
  }

  fn worker_ended(&mut self, farewell: Option<Farewell>) {
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
  fn time_came(&mut self, now: Instant) -> bool {
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

  fn is_over(&self) -> bool {
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
  #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

  use std::{net::Ipv4Addr, sync::Arc, time::Duration};

  use tokio::io::{DuplexStream, duplex};

  use super::{
    super::upstream::{Endpoint, Protocol},
    *,
  };

  struct Bench {
    client: DuplexStream,
    worker: DuplexStream,
    upstream: Arc<Upstream>,
    relay: tokio::task::JoinHandle<()>,
  }

  const CLOSE: [u8; 19] = *b"\x88\x11\x03\xf4service restart";
  const HELLO: [u8; 7] = *b"\x81\x05hello";

  fn bench() -> Bench {
    let endpoint = Endpoint::Tcp((Ipv4Addr::LOCALHOST, 1).into());
    let upstream = Upstream::new("worker-1".to_owned(), endpoint, Protocol::Http);
    let (client, client_side) = duplex(64 * 1024);
    let (worker, worker_side) = duplex(64 * 1024);
    let told = Arc::clone(&upstream);
    let relay = tokio::spawn(async move {
      relay(client_side, worker_side, BytesMut::new(), &told).await;
    });
    Bench { client, worker, upstream, relay }
  }

  impl Bench {
    fn dismiss(&self, window: Duration) {
      self.upstream.close();
      self.upstream.dismiss(Farewell::restart(window, Instant::now() + Duration::from_secs(600)));
    }
  }

  async fn reads(side: &mut DuplexStream, wanted: &[u8]) {
    let mut bytes = vec![0; wanted.len()];
    side.read_exact(&mut bytes).await.unwrap();
    assert_eq!(bytes, wanted);
  }

  async fn ends(side: &mut DuplexStream) {
    let mut rest = Vec::new();
    side.read_to_end(&mut rest).await.unwrap();
    assert_eq!(rest, [0; 0]);
  }

  #[tokio::test(start_paused = true)]
  async fn both_sides_see_an_ordinary_close() {
    let mut bench = bench();
    bench.worker.write_all(&HELLO).await.unwrap();
    reads(&mut bench.client, &HELLO).await;
    bench.dismiss(Duration::ZERO);
    reads(&mut bench.client, &CLOSE).await;
    // Nothing comes after it, and what the client still had to say arrives.
    bench.worker.write_all(&HELLO).await.unwrap();
    let last = [&b"\x81\x81\0\0\0\0x"[..], &close_frame(1012, "", Some([9; 4]))].concat();
    bench.client.write_all(&last).await.unwrap();
    reads(&mut bench.worker, &last).await;
    bench.worker.write_all(&close_frame(1012, "", None)).await.unwrap();
    ends(&mut bench.client).await;
    ends(&mut bench.worker).await;
    bench.relay.await.unwrap();
  }

  #[tokio::test(start_paused = true)]
  async fn no_frame_is_interrupted() {
    let mut bench = bench();
    // The first fragment of a message, of which half has come.
    bench.worker.write_all(b"\x01\x04ab").await.unwrap();
    reads(&mut bench.client, b"\x01\x04ab").await;
    bench.dismiss(Duration::ZERO);
    tokio::time::sleep(Duration::from_secs(1)).await;
    bench.worker.write_all(b"c").await.unwrap();
    reads(&mut bench.client, b"c").await;
    bench.worker.write_all(b"d\x00\x01e\x88\x00").await.unwrap();
    reads(&mut bench.client, b"d").await;
    reads(&mut bench.client, &CLOSE).await;
    bench.client.write_all(&close_frame(1012, "", Some([0; 4]))).await.unwrap();
    bench.relay.await.unwrap();
  }

  #[tokio::test(start_paused = true)]
  async fn a_client_that_does_not_answer_is_answered_for() {
    let mut bench = bench();
    bench.dismiss(Duration::ZERO);
    reads(&mut bench.client, &CLOSE).await;
    let began = Instant::now();
    let mut frame = [0; 23];
    bench.worker.read_exact(&mut frame).await.unwrap();
    assert!(began.elapsed() >= ANSWER);
    let mut frames = Frames::default();
    assert_eq!(frames.pass(&frame), frame.len());
    assert!(frames.is_closed());
    bench.relay.await.unwrap();
  }

  #[tokio::test(start_paused = true)]
  async fn a_worker_that_is_killed_still_leaves_a_close_frame() {
    let mut bench = bench();
    bench.dismiss(Duration::from_secs(60));
    drop(bench.worker);
    reads(&mut bench.client, &CLOSE).await;
    bench.client.write_all(&close_frame(1012, "", Some([0; 4]))).await.unwrap();
    bench.relay.await.unwrap();
  }

  #[tokio::test(start_paused = true)]
  async fn one_that_nobody_told_to_go_is_left_alone() {
    let mut bench = bench();
    let close = close_frame(4000, "bye", None);
    bench.worker.write_all(&close).await.unwrap();
    drop(bench.worker);
    reads(&mut bench.client, &close).await;
    ends(&mut bench.client).await;
    drop(bench.client);
    bench.relay.await.unwrap();
  }

  #[tokio::test(start_paused = true)]
  async fn an_app_that_says_goodbye_itself_is_not_talked_over() {
    let mut bench = bench();
    let close = close_frame(4000, "bye", None);
    bench.worker.write_all(&close).await.unwrap();
    reads(&mut bench.client, &close).await;
    bench.dismiss(Duration::ZERO);
    bench.client.write_all(&close_frame(4000, "", Some([0; 4]))).await.unwrap();
    ends(&mut bench.client).await;
    bench.relay.await.unwrap();
  }

  #[tokio::test(start_paused = true)]
  async fn the_ends_are_spread_over_the_window() {
    let began = Instant::now();
    let window = Duration::from_secs(40);
    let mut ends = Vec::new();
    for _ in 0..30 {
      let bench = bench();
      bench.dismiss(window);
      ends.push(tokio::spawn(async move {
        let mut bench = bench;
        reads(&mut bench.client, &CLOSE).await;
        began.elapsed()
      }));
    }
    let mut early = 0;
    for end in ends {
      let after = end.await.unwrap();
      assert!(after <= window + Duration::from_secs(1));
      early += usize::from(after < window / 2);
    }
    assert!((1..30).contains(&early), "{early} of 30 in the first half");
  }
}
