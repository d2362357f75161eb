//! Gets one request answered: gives it to a worker, and to another one when that fails and is safe.

use std::{
  future::poll_fn,
  io,
  pin::pin,
  sync::Arc,
  task::Poll,
  time::{Duration, Instant},
};

use super::{
  answer::{Answer, SWITCHING_PROTOCOLS},
  connection::Connection,
  downstream::{
    connection::{BodyError, ClientConnection, Probe},
    refusal::Failure,
    serve::Client,
  },
  exchange::{Unanswered, Waiting},
  route::Route,
  shared::count,
  stream::Stream,
  upload::Upload,
  upstream::{InFlight, Protocol, Upstream},
};

/// However long a worker keeps idle connections, they are not kept longer.
const LONGEST_IDLE: Duration = Duration::from_secs(600);

/// What is to be known of a request on its way.
#[derive(Debug, Clone, Copy)]
pub(super) struct Traits {
  /// Whether it is a HEAD, whose answer has no body whatever its head says.
  pub(super) to_head: bool,
  /// Whether it can be sent again after a worker may have begun on it.
  pub(super) repeatable: bool,
  /// Whether the client asks to leave HTTP.
  pub(super) upgrade: bool,
  /// Whether the client takes answers before the last one.
  pub(super) takes_interim: bool,
  /// Whether it waits for news.
  pub(super) long_poll: bool,
}

/// A request that has an answer, of which only the head was read.
#[derive(Debug)]
pub(super) struct Answered {
  pub(super) answer: Answer,
  pub(super) connection: Connection,
  pub(super) in_flight: InFlight,
  /// Whether the client was told to go on with the body.
  pub(super) granted: bool,
}

/// How one attempt failed.
enum Failed {
  /// The worker has more connections to accept than its backlog holds.
  Full,
  /// No byte was sent.
  Unsent { reused: bool },
  /// The worker may have begun on it.
  Sent { reused: bool },
  /// It cannot be tried again.
  Final(Failure),
  /// The worker goes, and another one has taken the request.
  HandedOver(InFlight),
}

/// Sends a request until it has an answer.
pub(super) async fn forward(
  client: &Client,
  connection: &mut ClientConnection,
  upload: &mut Upload,
  traits: Traits,
) -> Result<Answered, Failure> {
  let shared = &client.shard.shared;
  let mut forwarding = Forwarding { client, traits, fresh: false, moved: false };
  let mut route = Route::new(shared, Protocol::Http);
  client.shard.budget().deposit(Instant::now());
  let mut handed_over = None;
  loop {
    let in_flight = match handed_over.take() {
      Some(taken) => taken,
      None => next(&mut route, connection).await?,
    };
    let upstream = Arc::clone(in_flight.upstream());
    let failed = match forwarding.attempt(in_flight, connection, upload, &route).await {
      Ok(answered) => return Ok(answered),
      Err(failed) => failed,
    };
    tracing::debug!(worker = upstream.worker(), "an attempt to answer a request failed");
    let reused = match failed {
      Failed::Final(failure) => return Err(failure),
      // That is no failure of the worker, and no attempt of the request.
      Failed::Full => {
        route.crowd(upstream);
        continue;
      }
      Failed::HandedOver(taken) => {
        upload.rewind();
        handed_over = Some(taken);
        forwarding.moved = true;
        count(&shared.tally.retries);
        continue;
      }
      Failed::Unsent { reused } => reused,
      Failed::Sent { reused }
        if forwarding.traits.repeatable
          && route.broke(&upstream)
          && client.shard.budget().withdraw(Instant::now()) =>
      {
        upload.rewind();
        reused
      }
      Failed::Sent { .. } => return Err(Failure::BadGateway),
    };
    count(&shared.tally.retries);
    // A pooled connection that broke says little about the worker: it may have been idle too long.
    if reused {
      forwarding.fresh = true;
    } else {
      route.exclude(upstream);
    }
  }
}

/// The next worker to try, unless the client leaves while one is waited for.
async fn next(
  route: &mut Route<'_>,
  connection: &mut ClientConnection,
) -> Result<InFlight, Failure> {
  let mut next = pin!(route.next());
  poll_fn(|cx| {
    if let Poll::Ready(next) = next.as_mut().poll(cx) {
      return Poll::Ready(next);
    }
    connection.poll_gone(Probe::Head, cx).map(|()| Err(Failure::ClientGone))
  })
  .await
}

/// What the attempts for one request have in common.
struct Forwarding<'a> {
  client: &'a Client,
  traits: Traits,
  /// Set after a pooled connection failed: the rest of the pool is suspect then.
  fresh: bool,
  /// Set after a worker that goes gave it to another one, which happens once.
  moved: bool,
}

impl Forwarding<'_> {
  async fn attempt(
    &mut self,
    in_flight: InFlight,
    client: &mut ClientConnection,
    upload: &mut Upload,
    route: &Route<'_>,
  ) -> Result<Answered, Failed> {
    let started = Instant::now();
    let mut connection = match self.connection(in_flight.upstream(), started).await {
      Ok(connection) => connection,
      Err(error) => {
        let worker = in_flight.upstream().worker();
        tracing::debug!(worker, %error, "a worker refused a connection");
        if Stream::is_full(&error) {
          in_flight.turn_away();
          return Err(Failed::Full);
        }
        in_flight.failed();
        return Err(Failed::Unsent { reused: false });
      }
    };
    let reused = connection.reused;
    let edge = &self.client.shard.shared.settings.load_full().edge;
    let mut waiting = Waiting {
      shared: &self.client.shard.shared,
      upstream: in_flight.upstream(),
      limits: edge.response_head(),
      to_head: self.traits.to_head,
      takes_interim: self.traits.takes_interim,
      movable: self.traits.repeatable && !self.moved,
      long_poll: self.traits.long_poll,
      timeouts: edge.timeouts,
      granted: false,
    };
    let answer = match waiting.answer(client, &mut connection, upload, || route.try_next()).await {
      Ok(answer) => answer,
      Err(unanswered) => return Err(failed(unanswered, reused, &in_flight)),
    };
    let granted = waiting.granted;
    in_flight.answered(self.client.shard.index, started.elapsed(), answer.status >= 500);
    if answer.status == SWITCHING_PROTOCOLS && !self.traits.upgrade {
      // That was not asked for: there is no telling what the worker speaks from here on.
      in_flight.failed();
      return Err(Failed::Final(Failure::BadGateway));
    }
    if let Some(seconds) = answer.keep_alive_timeout() {
      connection.keep = Duration::from_secs(seconds.saturating_sub(1)).min(LONGEST_IDLE);
    }
    Ok(Answered { answer, connection, in_flight, granted })
  }

  async fn connection(&self, upstream: &Upstream, now: Instant) -> io::Result<Connection> {
    if self.traits.upgrade
      && let Some(endpoint) = upstream.upgrades()
    {
      return Connection::open(endpoint).await;
    }
    let pooled = if self.fresh { None } else { upstream.pool(self.client.shard.index).take(now) };
    match pooled {
      Some(connection) => Ok(connection),
      None => Connection::open(upstream.endpoint()).await,
    }
  }
}

/// What the lack of an answer means. That a pooled connection was closed before anything was sent is
/// no failure of the worker, and neither is a client that goes away.
fn failed(unanswered: Unanswered, reused: bool, in_flight: &InFlight) -> Failed {
  let failed = match unanswered {
    Unanswered::Unsent => Failed::Unsent { reused },
    Unanswered::Sent => Failed::Sent { reused },
    Unanswered::Invalid => {
      in_flight.failed();
      Failed::Final(Failure::BadGateway)
    }
    Unanswered::Late => {
      in_flight.failed();
      Failed::Final(Failure::Late)
    }
    Unanswered::ClientLate => Failed::Final(Failure::ClientLate),
    Unanswered::Client(BodyError::Gone) => Failed::Final(Failure::ClientGone),
    Unanswered::Client(BodyError::Malformed(message)) => Failed::Final(Failure::Malformed(message)),
    Unanswered::HandedOver(taken) => Failed::HandedOver(taken),
    Unanswered::Leaving => Failed::Final(Failure::Leaving),
  };
  match failed {
    Failed::Sent { .. } => in_flight.broke(),
    Failed::Unsent { reused: false } => in_flight.failed(),
    Failed::Unsent { reused: true } | Failed::Final(_) | Failed::HandedOver(_) | Failed::Full => {}
  }
  failed
}
