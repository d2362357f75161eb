//! Gets one request answered: gives it to a worker, and to another one when that fails and is safe.

use std::{
  io,
  sync::Arc,
  time::{Duration, Instant},
};

use http::{Method, Response, StatusCode, request};
use hyper::{body::Incoming, upgrade::OnUpgrade};

use super::{
  body::{Exchange, ResponseBody},
  connection::{Connection, Unanswered},
  decoder::Decoder,
  headers,
  reply::Failure,
  retry,
  route::Route,
  service::Client,
  shared::count,
  upgrade,
  upload::Upload,
  upstream::{InFlight, Protocol, Upstream},
};

/// An answer to a repeatable request up to this length is read to its end before its head is sent, so
/// that the death of the worker in between leads to a retry and not to a cut connection.
const READ_AHEAD: u64 = 16 * 1024;

/// How one attempt failed.
enum Failed {
  /// No byte was sent.
  Unsent { reused: bool },
  /// The worker may have begun on it.
  Sent { reused: bool },
  /// The client went away in the middle of its request.
  ClientGone,
}

/// The answer to a request. `from_client` is the client's side of a tunnel, if it asked for one.
pub(super) async fn forward(
  client: &Arc<Client>,
  head: &request::Parts,
  body: Option<Incoming>,
  from_client: Option<OnUpgrade>,
) -> Result<Response<ResponseBody>, Failure> {
  let mut forwarding = Forwarding {
    client,
    from_client,
    to_head: head.method == Method::HEAD,
    repeatable: body.is_none() && retry::is_idempotent(&head.method),
    fresh: false,
  };
  let mut upload = Upload::new(head, body, client.internal());
  let mut route = Route::new(&client.shard.shared, Protocol::Http);
  client.shard.budget().deposit(Instant::now());
  loop {
    let in_flight = route.next().await?;
    let upstream = Arc::clone(in_flight.upstream());
    let failed = match forwarding.attempt(in_flight, &mut upload).await {
      Ok(response) => return Ok(response),
      Err(failed) => failed,
    };
    tracing::debug!(worker = upstream.worker(), "an attempt to answer a request failed");
    let reused = match failed {
      Failed::ClientGone => return Err(Failure::ClientGone),
      Failed::Unsent { reused } => reused,
      Failed::Sent { reused }
        if forwarding.repeatable
          && route.broke(&upstream)
          && client.shard.budget().withdraw(Instant::now()) =>
      {
        upload.rewind();
        reused
      }
      Failed::Sent { .. } => return Err(Failure::BadGateway),
    };
    count(&client.shard.shared.tally.retries);
    // A pooled connection that broke says little about the worker: it may have been idle too long.
    if reused {
      forwarding.fresh = true;
    } else {
      route.exclude(upstream);
    }
  }
}

/// What the attempts for one request have in common.
struct Forwarding<'a> {
  client: &'a Arc<Client>,
  from_client: Option<OnUpgrade>,
  /// Whether it is a HEAD, whose answer has no body whatever its head says.
  to_head: bool,
  /// Whether the request can be sent again after a worker may have begun on it.
  repeatable: bool,
  /// Set after a pooled connection failed: the rest of the pool is suspect then.
  fresh: bool,
}

impl Forwarding<'_> {
  async fn attempt(
    &mut self,
    in_flight: InFlight,
    upload: &mut Upload,
  ) -> Result<Response<ResponseBody>, Failed> {
    let started = Instant::now();
    let mut connection = match self.connection(in_flight.upstream(), started).await {
      Ok(connection) => connection,
      Err(error) => {
        let worker = in_flight.upstream().worker();
        tracing::debug!(worker, %error, "a worker refused a connection");
        in_flight.failed();
        return Err(Failed::Unsent { reused: false });
      }
    };
    let reused = connection.reused;
    let mut answer = match connection.send(upload, self.to_head).await {
      Ok(answer) => answer,
      Err(unanswered) => return Err(failed(unanswered, reused, &in_flight)),
    };
    let server_error = answer.status.is_server_error();
    in_flight.answered(self.client.shard.index, started.elapsed(), server_error);
    if answer.status == StatusCode::SWITCHING_PROTOCOLS {
      let client = Arc::clone(self.client);
      return Ok(upgrade::tunnel(client, self.from_client.take(), answer, connection, in_flight));
    }
    if let Some(seconds) = headers::keep_alive_timeout(&answer.headers) {
      connection.keep = Duration::from_secs(seconds.saturating_sub(1));
    }
    headers::prepare_response(&mut answer.headers, false);
    let mut exchange = Exchange {
      in_flight,
      connection,
      upload: upload.take_rest(),
      persistent: answer.persistent,
      thread: self.client.shard.index,
    };
    let decoder = std::mem::replace(&mut answer.body, Decoder::EMPTY);
    let small = decoder.left().is_some_and(|left| left <= READ_AHEAD);
    let at_once = decoder.is_end() || (self.repeatable && small);
    if !at_once {
      return Ok(answer.into_response(ResponseBody::stream(decoder, exchange)));
    }
    match exchange.collect(decoder).await {
      Ok(bytes) => {
        exchange.finish();
        Ok(answer.into_response(ResponseBody::Whole(bytes)))
      }
      Err(_) => {
        exchange.in_flight.broke();
        Err(Failed::Sent { reused })
      }
    }
  }

  async fn connection(&self, upstream: &Upstream, now: Instant) -> io::Result<Connection> {
    if self.from_client.is_some()
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
    Unanswered::ClientGone => Failed::ClientGone,
  };
  match failed {
    Failed::Sent { .. } => in_flight.broke(),
    Failed::Unsent { reused: false } => in_flight.failed(),
    Failed::Unsent { reused: true } | Failed::ClientGone => {}
  }
  failed
}
