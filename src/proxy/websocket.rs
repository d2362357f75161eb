//! A WebSocket on its way through: bytes are passed both ways, and when its worker goes, the client gets
//! a close frame between two frames, never inside one.
//!
//! The client's answer to it goes on to the worker, who sees an ordinary close that the client began; the
//! worker's answer to that is what the client has seen already, and ends here. A client that does not
//! answer in time is answered for.
//!
//! When what is said, says [`super::goodbye`].

use std::future::pending;

use bytes::BytesMut;
use tokio::{
  io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, split},
  time::{Instant, sleep_until},
};

use super::{
  goodbye::{Flow, Socket, Stage},
  upstream::Upstream,
};

/// Room for what is read at once.
const ROOM: usize = 8 * 1024;

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
        Did::Read(count) => socket.worker_sent(count),
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

#[cfg(test)]
mod tests {
  #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

  use std::{net::Ipv4Addr, sync::Arc, time::Duration};

  use tokio::io::{DuplexStream, duplex};

  use super::{
    super::{
      farewell::{ANSWER, Farewell},
      frames::{Frames, close_frame},
      upstream::{Endpoint, Protocol},
    },
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
