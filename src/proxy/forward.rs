//! Gets one request answered: gives it to a worker, and to another one when that fails and is safe.

use std::{
  sync::Arc,
  time::{Duration, Instant},
};

use http::{Request, Response, StatusCode};
use hyper::{body::Body, upgrade::OnUpgrade};

use super::{
  body::{Exchange, RequestBody, ResponseBody, Streaming, collect},
  connection::Connection,
  headers,
  reply::Failure,
  retry::{self, MAX_RETRIES},
  route::Route,
  service::Client,
  shared::count,
  upgrade,
  upstream::{InFlight, Protocol},
};

/// An answer to a repeatable request up to this length is read to its end before its head is sent, so
/// that the death of the worker in between leads to a retry and not to a cut connection.
const READ_AHEAD: u64 = 16 * 1024;

/// How one attempt failed.
enum Attempt {
  /// No byte was sent: here is the request again.
  Unsent {
    request: Box<Request<RequestBody>>,
    reused: bool,
  },
  /// The worker may have begun on it.
  Sent { reused: bool },
  /// The client went away in the middle of its request.
  ClientGone,
}

/// The answer to `request`. `from_client` is the client's side of a tunnel, if it asked for one.
pub(super) async fn forward(
  client: &Arc<Client>,
  mut request: Request<RequestBody>,
  mut from_client: Option<OnUpgrade>,
) -> Result<Response<ResponseBody>, Failure> {
  let shared = &client.shard.shared;
  let repeatable = retry::is_idempotent(request.method()) && request.body().is_end_stream();
  let mut route = Route::new(shared, Protocol::Http);
  // After one failure of a pooled connection the rest of the pool is suspect.
  let mut fresh = false;
  client.shard.budget().deposit(Instant::now());
  for retries in 0.. {
    let in_flight = route.next().await?;
    let spare = repeatable.then(|| repeat(&request));
    let upstream = Arc::clone(in_flight.upstream());
    let failed = match attempt(
      client,
      in_flight,
      request,
      &mut from_client,
      fresh,
      repeatable,
    )
    .await
    {
      Ok(response) => return Ok(response),
      Err(failed) => failed,
    };
    tracing::debug!(
      worker = upstream.worker(),
      "an attempt to answer a request failed"
    );
    if retries == MAX_RETRIES {
      break;
    }
    let reused;
    (request, reused) = match (failed, spare) {
      (Attempt::Unsent { request, reused }, _) => (*request, reused),
      (Attempt::Sent { reused }, Some(spare)) if client.shard.budget().withdraw(Instant::now()) => {
        (spare, reused)
      }
      _ => break,
    };
    count(&shared.tally.retries);
    // A pooled connection that broke says nothing about the worker: it may just have been idle for too long.
    if reused {
      fresh = true;
    } else {
      route.exclude(upstream);
    }
  }
  Err(Failure::BadGateway)
}

async fn attempt(
  client: &Arc<Client>,
  in_flight: InFlight,
  request: Request<RequestBody>,
  from_client: &mut Option<OnUpgrade>,
  fresh: bool,
  read_ahead: bool,
) -> Result<Response<ResponseBody>, Attempt> {
  let thread = client.shard.index;
  let started = Instant::now();
  let upstream = in_flight.upstream();
  let pooled = if fresh {
    None
  } else {
    upstream.pool(thread).take(started)
  };
  let mut connection = match pooled {
    Some(connection) => connection,
    None => match Connection::open(upstream.endpoint()).await {
      Ok(connection) => connection,
      Err(error) => {
        tracing::debug!(worker = upstream.worker(), %error, "a worker refused a connection");
        in_flight.failed();
        return Err(Attempt::Unsent {
          request: request.into(),
          reused: false,
        });
      }
    },
  };
  let reused = connection.reused;
  let mut response = match connection.send(request).await {
    Ok(response) => response,
    Err(mut error) => {
      return Err(match error.take_message() {
        Some(request) if reused => Attempt::Unsent {
          request: request.into(),
          reused,
        },
        Some(request) => {
          in_flight.failed();
          Attempt::Unsent {
            request: request.into(),
            reused,
          }
        }
        None if error.error().is_user() => Attempt::ClientGone,
        None => {
          in_flight.failed();
          Attempt::Sent { reused }
        }
      });
    }
  };
  in_flight.answered(started.elapsed(), response.status().is_server_error());
  if response.status() == StatusCode::SWITCHING_PROTOCOLS {
    return Ok(upgrade::tunnel(
      Arc::clone(client),
      from_client.take(),
      response,
      in_flight,
    ));
  }
  if let Some(seconds) = headers::keep_alive_timeout(response.headers()) {
    connection.keep = Duration::from_secs(seconds.saturating_sub(1));
  }
  headers::prepare_response(response.headers_mut(), false);
  let exchange = Exchange {
    in_flight,
    connection,
    thread,
  };
  let (head, body) = response.into_parts();
  let body = if read_ahead
    && body
      .size_hint()
      .exact()
      .is_some_and(|length| length <= READ_AHEAD)
  {
    match collect(body).await {
      Ok(bytes) => {
        exchange.finish();
        ResponseBody::Whole(bytes)
      }
      Err(_) => {
        exchange.in_flight.failed();
        return Err(Attempt::Sent { reused });
      }
    }
  } else {
    ResponseBody::Stream(Streaming::new(body, exchange))
  };
  Ok(Response::from_parts(head, body))
}

/// A second copy of a request without a body.
fn repeat(request: &Request<RequestBody>) -> Request<RequestBody> {
  let mut copy = Request::new(RequestBody::Empty);
  copy.method_mut().clone_from(request.method());
  copy.uri_mut().clone_from(request.uri());
  copy.headers_mut().clone_from(request.headers());
  copy
}
