//! Gets one request answered: gives it to a worker, and to another one when that fails and is safe.

use std::{
  io,
  sync::Arc,
  time::{Duration, Instant},
};

use http::{Request, Response, StatusCode};
use hyper::{body::Body, client::conn::TrySendError, upgrade::OnUpgrade};

use super::{
  body::{Exchange, RequestBody, ResponseBody, Streaming, collect},
  connection::Connection,
  headers,
  reply::Failure,
  retry::{self, MAX_REPEATS},
  route::Route,
  service::Client,
  shared::count,
  upgrade,
  upstream::{InFlight, Protocol, Upstream},
};

/// An answer to a repeatable request up to this length is read to its end before its head is sent, so
/// that the death of the worker in between leads to a retry and not to a cut connection.
const READ_AHEAD: u64 = 16 * 1024;

/// How one attempt failed.
enum Failed {
  /// No byte was sent: here is the request again.
  Unsent { request: Box<Request<RequestBody>>, reused: bool },
  /// The worker may have begun on it.
  Sent { reused: bool },
  /// The client went away in the middle of its request.
  ClientGone,
}

/// The answer to `request`. `from_client` is the client's side of a tunnel, if it asked for one.
pub(super) async fn forward(
  client: &Arc<Client>,
  mut request: Request<RequestBody>,
  from_client: Option<OnUpgrade>,
) -> Result<Response<ResponseBody>, Failure> {
  let repeatable = retry::is_idempotent(request.method()) && request.body().is_end_stream();
  let mut forwarding = Forwarding { client, from_client, repeatable, fresh: false };
  let mut route = Route::new(&client.shard.shared, Protocol::Http);
  client.shard.budget().deposit(Instant::now());
  let mut repeats = 0;
  loop {
    let in_flight = route.next().await?;
    let upstream = Arc::clone(in_flight.upstream());
    let spare = repeatable.then(|| repeat(&request));
    let failed = match forwarding.attempt(in_flight, request).await {
      Ok(response) => return Ok(response),
      Err(failed) => failed,
    };
    tracing::debug!(worker = upstream.worker(), "an attempt to answer a request failed");
    if matches!(failed, Failed::ClientGone) {
      return Err(Failure::ClientGone);
    }
    let reused;
    (request, reused) = match (failed, spare) {
      (Failed::Unsent { request, reused }, _) => (*request, reused),
      (Failed::Sent { reused }, Some(spare))
        if repeats < MAX_REPEATS && client.shard.budget().withdraw(Instant::now()) =>
      {
        repeats += 1;
        (spare, reused)
      }
      _ => return Err(Failure::BadGateway),
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
  /// Whether the request can be sent again after a worker may have begun on it.
  repeatable: bool,
  /// Set after a pooled connection failed: the rest of the pool is suspect then.
  fresh: bool,
}

impl Forwarding<'_> {
  async fn attempt(
    &mut self,
    in_flight: InFlight,
    request: Request<RequestBody>,
  ) -> Result<Response<ResponseBody>, Failed> {
    let started = Instant::now();
    let mut connection = match self.connection(in_flight.upstream(), started).await {
      Ok(connection) => connection,
      Err(error) => {
        let worker = in_flight.upstream().worker();
        tracing::debug!(worker, %error, "a worker refused a connection");
        in_flight.failed();
        return Err(Failed::Unsent { request: request.into(), reused: false });
      }
    };
    let reused = connection.reused;
    let mut response = match connection.send(request).await {
      Ok(response) => response,
      Err(error) => return Err(unanswered(error, reused, &in_flight)),
    };
    in_flight.answered(
      self.client.shard.index,
      started.elapsed(),
      response.status().is_server_error(),
    );
    if response.status() == StatusCode::SWITCHING_PROTOCOLS {
      let client = Arc::clone(self.client);
      return Ok(upgrade::tunnel(client, self.from_client.take(), response, in_flight));
    }
    if let Some(seconds) = headers::keep_alive_timeout(response.headers()) {
      connection.keep = Duration::from_secs(seconds.saturating_sub(1));
    }
    headers::prepare_response(response.headers_mut(), false);
    let exchange = Exchange { in_flight, connection, thread: self.client.shard.index };
    let (head, body) = response.into_parts();
    let small = body.size_hint().exact().is_some_and(|length| length <= READ_AHEAD);
    if !(self.repeatable && small) {
      let body = ResponseBody::Stream(Streaming::new(body, exchange));
      return Ok(Response::from_parts(head, body));
    }
    match collect(body).await {
      Ok(bytes) => {
        exchange.finish();
        Ok(Response::from_parts(head, ResponseBody::Whole(bytes)))
      }
      Err(_) => {
        exchange.in_flight.failed();
        Err(Failed::Sent { reused })
      }
    }
  }

  async fn connection(&self, upstream: &Upstream, now: Instant) -> io::Result<Connection> {
    let pooled = if self.fresh { None } else { upstream.pool(self.client.shard.index).take(now) };
    match pooled {
      Some(connection) => Ok(connection),
      None => Connection::open(upstream.endpoint()).await,
    }
  }
}

/// What the lack of an answer means. That a pooled connection was closed before anything was sent is
/// no failure of the worker, and neither is a client that goes away.
fn unanswered(
  mut error: TrySendError<Request<RequestBody>>,
  reused: bool,
  in_flight: &InFlight,
) -> Failed {
  let failed = match error.take_message() {
    Some(request) => Failed::Unsent { request: request.into(), reused },
    None if error.error().is_user() => Failed::ClientGone,
    None => Failed::Sent { reused },
  };
  if let Failed::Sent { .. } | Failed::Unsent { reused: false, .. } = failed {
    in_flight.failed();
  }
  failed
}

/// A second copy of a request without a body.
fn repeat(request: &Request<RequestBody>) -> Request<RequestBody> {
  let mut copy = Request::new(RequestBody::Empty);
  copy.method_mut().clone_from(request.method());
  copy.uri_mut().clone_from(request.uri());
  copy.headers_mut().clone_from(request.headers());
  copy
}
