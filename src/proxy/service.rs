//! One client connection: reads requests, refuses what is malformed, has the rest answered.

use std::{
  convert::Infallible,
  future::poll_fn,
  sync::{Arc, Mutex, PoisonError, atomic::Ordering},
  time::Instant,
};

use http::{HeaderValue, Request, Response, StatusCode, header::CONNECTION};
use hyper::{
  body::{Body, Incoming},
  server::conn::http1,
  service::service_fn,
  upgrade::OnUpgrade,
};
use hyper_util::rt::TokioIo;
use tokio::sync::mpsc;

use super::{
  body::ResponseBody,
  client_header::Ends,
  forward::forward,
  framing,
  headers::{self, Peer},
  reply::Failure,
  shard::Shard,
  shared::{Held, count},
  stream::Stream,
  timer::HeadTimer,
  upload::Internal,
};

/// A client's connection, as its requests and tunnels know it.
pub(super) struct Client {
  pub(super) shard: Arc<Shard>,
  peer: Peer,
  /// The line that tells a worker the addresses; empty without such a header.
  client_line: Box<[u8]>,
  /// Until it becomes a tunnel.
  serving: Mutex<Option<Held>>,
  /// Never sent on: the thread waits until the last copy is gone.
  _open: mpsc::Sender<Infallible>,
}

impl Client {
  pub(super) fn new(shard: Arc<Shard>, ends: Ends, open: mpsc::Sender<Infallible>) -> Self {
    shard.shared.tally.connections.fetch_add(1, Ordering::Relaxed);
    let serving = Held::new(&shard.shared, |shared| &shared.serving);
    let header = shard.shared.client_header.as_ref();
    let client_line = header.map(|header| header.line(&ends)).unwrap_or_default();
    let peer = Peer::new(ends.peer.ip());
    Self { shard, serving: Mutex::new(Some(serving)), peer, client_line, _open: open }
  }

  /// What is added to the heads of its requests, and dropped from them.
  pub(super) fn internal(&self) -> Internal<'_> {
    Internal { line: &self.client_line, header: self.shard.shared.client_header.as_ref() }
  }

  /// It is a tunnel from here on: no request of it is waited for when the proxy closes.
  pub(super) fn becomes_tunnel(&self) {
    // Taken once, by the one task that serves the connection.
    drop(self.serving.lock().unwrap_or_else(PoisonError::into_inner).take());
  }
}

impl Drop for Client {
  fn drop(&mut self) {
    self.shard.shared.tally.connections.fetch_sub(1, Ordering::Relaxed);
  }
}

/// Serves one connection until the client leaves, or the proxy closes and the last answer is sent.
pub(super) async fn serve(http: &http1::Builder, stream: Stream, client: Client) {
  let shared = Arc::clone(&client.shard.shared);
  let client = Arc::new(client);
  let service = service_fn(move |request| {
    let client = Arc::clone(&client);
    async move { Ok::<_, Infallible>(last_or_not(&client, answer(&client, request).await)) }
  });
  let connection = http
    .clone()
    .timer(HeadTimer::default())
    .serve_connection(TokioIo::new(stream), service)
    .with_upgrades();
  let mut connection = std::pin::pin!(connection);
  let mut closing = std::pin::pin!(shared.closing_idle());
  let (mut registered, mut told) = (false, false);
  let ended = poll_fn(|cx| {
    // This is always the same task: registered once, it is woken.
    if !told && (!registered || shared.is_closing()) {
      registered = true;
      told = closing.as_mut().poll(cx).is_ready();
      if told {
        connection.as_mut().graceful_shutdown();
      }
    }
    connection.as_mut().poll(cx)
  })
  .await;
  if let Err(error) = ended {
    tracing::trace!(%error, "connection of a client ended");
  }
}

/// While the proxy closes, each answer is the last one of its connection and says so.
fn last_or_not(client: &Client, mut answer: Response<ResponseBody>) -> Response<ResponseBody> {
  if client.shard.shared.is_closing() && answer.status() != StatusCode::SWITCHING_PROTOCOLS {
    answer.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
  }
  answer
}

async fn answer(client: &Arc<Client>, request: Request<Incoming>) -> Response<ResponseBody> {
  let (mut head, body) = request.into_parts();
  if let Err(refusal) = framing::check(&head) {
    return refusal.response();
  }
  let empty = body.is_end_stream();
  let upgrade = empty && headers::asks_for_upgrade(&head);
  let from_client = if upgrade { head.extensions.remove::<OnUpgrade>() } else { None };
  headers::prepare_request(&mut head, &client.peer, upgrade);
  let body = if empty { None } else { Some(body) };
  let started = Instant::now();
  let answer = forward(client, &head, body, from_client).await;
  // Nobody has waited for an answer whose client is gone.
  if !matches!(answer, Err(Failure::ClientGone)) {
    let micros = u64::try_from(started.elapsed().as_micros()).unwrap_or(u64::MAX);
    client.shard.shared.latency.record(client.shard.index, micros);
  }
  answer.unwrap_or_else(|failure| {
    let tally = &client.shard.shared.tally;
    match failure {
      Failure::Unavailable => count(&tally.unavailable),
      Failure::BadGateway => count(&tally.bad_gateway),
      Failure::ClientGone => {}
    }
    failure.response()
  })
}
