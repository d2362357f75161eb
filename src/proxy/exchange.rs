//! One request on one connection to a worker: sent while its answer is waited for, and the answer passed on while
//! the rest of the request still comes.
//!
//! All of it happens in the one task of the client's connection.

use std::{
  future::poll_fn,
  io,
  pin::Pin,
  sync::Arc,
  task::{Context, Poll, ready},
  time::Duration,
};

use tokio::time::{Instant, sleep_until};

use super::{
  answer::{Answer, HeadLimits},
  connection::Connection,
  decoder::{Decoder, Part},
  downstream::{
    connection::{BodyError, ClientConnection, Probe},
    rewrite,
  },
  ending::Ending,
  fields::Fields,
  outgoing::Framing,
  pool,
  quiet::{Quiet, Timeouts},
  shared::Shared,
  upload::{Broken, Upload},
  upstream::{InFlight, Upstream},
};

/// After this time without an answer it is looked whether the worker is told to go.
const PATIENCE: Duration = Duration::from_secs(1);

type Leaving = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Why there is no answer.
#[derive(Debug)]
pub(super) enum Unanswered {
  /// No byte of the request was sent.
  Unsent,
  /// The worker may have begun on it.
  Sent,
  /// The worker began an answer that is none: trying again would bring the same.
  Invalid,
  /// The client went away, or sent what is no body.
  Client(BodyError),
  /// The client did not send the body in time.
  ClientLate,
  /// The worker did not answer in time.
  Late,
  /// The worker goes; another one has taken the request.
  HandedOver(InFlight),
  /// Everything goes, and the request waits for news.
  Leaving,
}

/// What is waited for.
pub(super) struct Waiting<'a> {
  pub(super) shared: &'a Arc<Shared>,
  pub(super) upstream: &'a Arc<Upstream>,
  pub(super) limits: HeadLimits,
  /// Whether the request is a HEAD.
  pub(super) to_head: bool,
  /// Whether the client takes answers before the last one.
  pub(super) takes_interim: bool,
  /// Whether the request can be given to another worker.
  pub(super) movable: bool,
  /// Whether it waits for news, and would ask again.
  pub(super) long_poll: bool,
  pub(super) timeouts: Timeouts,
  /// Set once the client was told to go on with the body.
  pub(super) granted: bool,
}

impl Waiting<'_> {
  /// Sends a request and waits for the head of the answer, which may come before all of the request is sent.
  /// `another` takes the request to another worker, if there is one.
  pub(super) async fn answer(
    &mut self,
    client: &mut ClientConnection,
    connection: &mut Connection,
    upload: &mut Upload,
    mut another: impl FnMut() -> Option<InFlight>,
  ) -> Result<Answer, Unanswered> {
    let began = Instant::now();
    let (look, mut quiet) = (began + PATIENCE, Quiet::new(began));
    let (mut refused, mut watched, mut leaving) = (false, !(self.movable || self.long_poll), None);
    poll_fn(|cx| {
      if !refused && !upload.is_done() {
        match connection.poll_upload(upload, client, cx) {
          Poll::Ready(Err(Broken::Client(error))) => {
            return Poll::Ready(Err(Unanswered::Client(error)));
          }
          Poll::Ready(Err(Broken::Worker)) if !upload.has_begun() => {
            return Poll::Ready(Err(Unanswered::Unsent));
          }
          // Its answer may have come before it stopped to listen.
          Poll::Ready(Err(Broken::Worker)) => refused = true,
          Poll::Ready(Ok(())) | Poll::Pending => {}
        }
      }
      match self.poll_heads(client, connection, cx) {
        Poll::Ready(Ok(mut answer)) => {
          answer.persistent &= !refused;
          return Poll::Ready(Ok(answer));
        }
        Poll::Ready(Err(unanswered)) => return Poll::Ready(Err(unanswered)),
        Poll::Pending => {}
      }
      if client.is_read() && client.poll_gone(Probe::Head, cx).is_ready() {
        return Poll::Ready(Err(Unanswered::Client(BodyError::Gone)));
      }
      let sending = !refused && !upload.is_done();
      let (moved, limit) = if sending {
        (client.read.wrapping_add(upload.sent()), self.timeouts.request_body)
      } else {
        // What waits for news says so, and a stream of events may begin with its first one.
        let limit = if self.long_poll { Duration::ZERO } else { self.timeouts.response_head };
        (connection.received.wrapping_add(upload.sent()), limit)
      };
      let late = quiet.until(moved, limit, Instant::now());
      if !watched && client.alarm.poll(late.map_or(look, |late| late.min(look)), cx).is_ready() {
        watched = look <= Instant::now();
        leaving = watched.then(|| self.leaving());
      }
      if let Some(late) = late
        && client.alarm.poll(late, cx).is_ready()
      {
        let client_owes = sending && upload.is_waiting();
        return Poll::Ready(Err(if client_owes {
          Unanswered::ClientLate
        } else {
          Unanswered::Late
        }));
      }
      if let Some(left) = &mut leaving
        && left.as_mut().poll(cx).is_ready()
      {
        leaving = None;
        // While everything goes, the workers stay until the last request is answered.
        if self.long_poll && self.shared.is_closing() {
          return Poll::Ready(Err(Unanswered::Leaving));
        }
        if self.movable
          && let Some(taken) = another()
        {
          return Poll::Ready(Err(Unanswered::HandedOver(taken)));
        }
      }
      Poll::Pending
    })
    .await
  }

  /// The head of the last answer; those before it are passed on as they come.
  fn poll_heads(
    &mut self,
    client: &mut ClientConnection,
    connection: &mut Connection,
    cx: &mut Context<'_>,
  ) -> Poll<Result<Answer, Unanswered>> {
    loop {
      match client.poll_flush(cx) {
        Poll::Ready(Ok(())) => {}
        Poll::Ready(Err(_)) => return Poll::Ready(Err(Unanswered::Client(BodyError::Gone))),
        // A worker that says more than the client takes is not read from.
        Poll::Pending => return Poll::Pending,
      }
      match connection.poll_answer(self.to_head, self.limits, cx) {
        Poll::Ready(Ok(answer)) if answer.is_interim() => {
          self.granted |= answer.status == 100;
          if self.takes_interim {
            client.write_head(|out| rewrite::write_interim(out, &answer));
          }
        }
        Poll::Ready(Ok(answer)) => return Poll::Ready(Ok(answer)),
        Poll::Ready(Err(error)) => {
          tracing::trace!(%error, "no answer on a connection to a worker");
          let invalid = error.kind() == io::ErrorKind::InvalidData;
          return Poll::Ready(Err(if invalid { Unanswered::Invalid } else { Unanswered::Sent }));
        }
        Poll::Pending => return Poll::Pending,
      }
    }
  }

  /// Resolves when the worker has no more time for a request that has no answer yet.
  fn leaving(&self) -> Leaving {
    let (shared, upstream) = (Arc::clone(self.shared), Arc::clone(self.upstream));
    let long_poll = self.long_poll;
    Box::pin(async move {
      let window = async { sleep_until(upstream.dismissed().await.end()).await };
      tokio::select! {
        () = window => {}
        () = shared.closing(), if long_poll => {}
      }
    })
  }
}

/// A request in flight and the connection that carries it. Dropped before its end, when the client goes away, it
/// closes the connection: what is left of the answer must not be read as the next one.
#[derive(Debug)]
pub(super) struct Exchange {
  pub(super) in_flight: InFlight,
  pub(super) connection: Connection,
  /// Whether the connection can carry another request.
  pub(super) persistent: bool,
  /// The data-plane thread that this happens on.
  pub(super) thread: usize,
}

/// How an answer was passed on.
#[derive(Debug)]
pub(super) enum Delivered {
  /// All of it, and the connection to the worker if more of the request can be sent on it.
  Whole(Option<(Connection, Arc<Upstream>, usize)>),
  /// The client is gone, or the answer is cut, and so is to be the client's connection.
  Cut,
}

/// An answer on its way from a worker to a client.
pub(super) struct Delivery {
  /// `None` once the answer has been read to its end.
  exchange: Option<Exchange>,
  decoder: Decoder,
  framing: Framing,
  /// For a stream of events: when and where it is to end.
  ending: Option<Ending>,
  timeouts: Timeouts,
  quiet: Quiet,
  /// The answer broke off; what came of it is written first.
  broken: bool,
  rest: Option<(Connection, Arc<Upstream>, usize)>,
}

impl Delivery {
  pub(super) fn new(
    exchange: Exchange,
    decoder: Decoder,
    framing: Framing,
    ending: Option<Ending>,
    timeouts: Timeouts,
  ) -> Self {
    let (exchange, quiet) = (Some(exchange), Quiet::new(Instant::now()));
    Self { exchange, decoder, framing, ending, timeouts, quiet, broken: false, rest: None }
  }

  /// Passes the answer on, behind its head, and meanwhile the rest of the request.
  pub(super) async fn run(
    mut self,
    client: &mut ClientConnection,
    upload: &mut Upload,
  ) -> Delivered {
    let whole = poll_fn(|cx| self.poll(client, upload, cx)).await;
    if whole { Delivered::Whole(self.rest) } else { Delivered::Cut }
  }

  fn poll(
    &mut self,
    client: &mut ClientConnection,
    upload: &mut Upload,
    cx: &mut Context<'_>,
  ) -> Poll<bool> {
    if let Some(exchange) = &mut self.exchange
      && !upload.is_done()
    {
      match exchange.connection.poll_upload(upload, client, cx) {
        Poll::Ready(Ok(())) | Poll::Pending => {}
        // The worker answers without it: that is its right.
        Poll::Ready(Err(Broken::Worker)) => exchange.persistent = false,
        Poll::Ready(Err(Broken::Client(_))) => return Poll::Ready(false),
      }
    }
    loop {
      let more = self.fill(client, upload, cx);
      match client.poll_flush(cx) {
        Poll::Ready(Ok(())) => {}
        Poll::Ready(Err(_)) => return Poll::Ready(false),
        Poll::Pending => break,
      }
      if self.broken {
        return Poll::Ready(false);
      }
      if self.exchange.is_none() {
        return Poll::Ready(true);
      }
      if more.is_pending() {
        break;
      }
    }
    let probe = if self.framing == Framing::Chunked { Probe::Chunk } else { Probe::Nothing };
    if client.is_read() && client.poll_gone(probe, cx).is_ready() {
      return Poll::Ready(false);
    }
    self.poll_late(client, upload, cx).map(|()| false)
  }

  /// Ready when a side has been silent for too long. A stream of events may be.
  fn poll_late(
    &mut self,
    client: &mut ClientConnection,
    upload: &Upload,
    cx: &mut Context<'_>,
  ) -> Poll<()> {
    let written = client.output.sent();
    let (moved, limit) = match &self.exchange {
      Some(exchange) if client.output.is_empty() => {
        let sent = client.read.wrapping_add(upload.sent());
        let moved = exchange.connection.received.wrapping_add(written).wrapping_add(sent);
        (moved, if self.ending.is_some() { Duration::ZERO } else { self.timeouts.response_body })
      }
      _ => (written, self.timeouts.client),
    };
    let Some(late) = self.quiet.until(moved, limit, Instant::now()) else {
      return Poll::Pending;
    };
    ready!(client.alarm.poll(late, cx));
    if let Some(exchange) = self.exchange.take()
      && client.output.is_empty()
    {
      let worker = exchange.in_flight.upstream().worker();
      tracing::debug!(worker, "a worker did not go on with its answer in time");
      exchange.in_flight.failed();
    }
    Poll::Ready(())
  }

  /// Takes as much of the answer as is worth a write. Pending when the worker has to send first.
  fn fill(
    &mut self,
    client: &mut ClientConnection,
    upload: &Upload,
    cx: &mut Context<'_>,
  ) -> Poll<()> {
    while client.output.has_room() {
      let Some(exchange) = &mut self.exchange else {
        return Poll::Ready(());
      };
      if let Some(ending) = &mut self.ending
        && ending.poll_now(exchange.in_flight.upstream(), cx)
      {
        self.end_events(client);
        return Poll::Ready(());
      }
      match exchange.connection.poll_body(&mut self.decoder, cx) {
        Poll::Pending => return Poll::Pending,
        Poll::Ready(Ok(Part::Data(mut data))) => {
          if let Some(ending) = &mut self.ending {
            data.truncate(ending.pass(&data));
          }
          client.output.push(data, self.framing);
          // A body of known length ends with its last byte.
          if self.decoder.is_end() {
            self.complete(client, upload, None);
          }
        }
        Poll::Ready(Ok(Part::Trailers(trailers))) => self.complete(client, upload, Some(trailers)),
        Poll::Ready(Ok(Part::End | Part::Incomplete)) => self.complete(client, upload, None),
        Poll::Ready(Err(error)) => self.cut(client, &error),
      }
    }
    Poll::Ready(())
  }

  /// The answer has been read to its end: the connection can be used again, once the request has been sent to its
  /// end, too.
  fn complete(&mut self, client: &mut ClientConnection, upload: &Upload, trailers: Option<Fields>) {
    if self.framing == Framing::Chunked {
      client.output.push_last_chunk(trailers.as_ref());
    }
    let Some(Exchange { in_flight, connection, persistent, thread }) = self.exchange.take() else {
      return;
    };
    let upstream = Arc::clone(in_flight.upstream());
    drop(in_flight);
    let persistent = persistent && upload.leaves_connection_clean();
    if persistent && upload.is_done() {
      pool::keep(connection, &upstream, thread);
    } else if persistent {
      self.rest = Some((connection, upstream, thread));
    }
  }

  /// A stream of events ends between two of them, as if its app had ended it.
  fn end_events(&mut self, client: &mut ClientConnection) {
    match self.framing {
      Framing::Chunked => client.output.push_last_chunk(None),
      // Only the end of the connection tells the client that nothing more comes.
      Framing::Plain => self.broken = true,
    }
    self.exchange = None;
  }

  fn cut(&mut self, client: &mut ClientConnection, error: &io::Error) {
    let Some(exchange) = self.exchange.take() else {
      return;
    };
    let worker = exchange.in_flight.upstream().worker();
    tracing::debug!(worker, %error, "a worker broke off its answer");
    let told = exchange.in_flight.upstream().farewell().is_some();
    if told && self.ending.as_ref().is_some_and(Ending::is_boundary) {
      // It was to end anyway.
      self.exchange = Some(exchange);
      return self.end_events(client);
    }
    exchange.in_flight.broke();
    self.broken = true;
  }
}
