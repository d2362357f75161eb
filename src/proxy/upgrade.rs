//! Connections that left HTTP: bytes are passed both ways until both sides are done, or the worker goes.
//! What a WebSocket is told then is in [`super::websocket`].

use std::sync::Arc;

use http::{Response, header::UPGRADE};
use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt, copy_bidirectional};

use super::{
  answer::Answer,
  body::ResponseBody,
  connection::Connection,
  headers,
  reply::Failure,
  service::Client,
  upstream::{InFlight, Tunnel, Upstream},
  websocket,
};

/// Answers the client with the worker's `101` and joins the two connections once it is written.
///
/// The tunnel holds the client's record, which is what the data-plane thread waits for when it closes.
pub(super) fn tunnel(
  client: Arc<Client>,
  from_client: Option<OnUpgrade>,
  mut answer: Answer,
  connection: Connection,
  in_flight: InFlight,
) -> Response<ResponseBody> {
  let Some(from_client) = from_client else {
    // A `101` that nobody asked for: there is no telling what the worker speaks from here on.
    in_flight.failed();
    return Failure::BadGateway.response();
  };
  client.becomes_tunnel();
  let in_flight = in_flight.into_tunnel(Tunnel::Endable);
  let protocol = answer.headers.get(UPGRADE);
  let websocket =
    protocol.is_some_and(|protocol| protocol.as_bytes().eq_ignore_ascii_case(b"websocket"));
  tokio::spawn(async move {
    if let Ok(client_side) = from_client.await {
      let client_side = TokioIo::new(client_side);
      let (worker_side, early) = connection.into_parts();
      let upstream = in_flight.upstream();
      if websocket {
        websocket::relay(client_side, worker_side, early, upstream).await;
      } else {
        relay(client_side, worker_side, &early, upstream).await;
      }
    }
    drop((in_flight, client));
  });
  headers::prepare_response(&mut answer.headers, true);
  answer.into_response(ResponseBody::EMPTY)
}

/// A protocol that we cannot say goodbye in has until the last WebSocket would have been ended.
async fn relay(
  mut client: impl AsyncRead + AsyncWrite + Unpin,
  mut worker: impl AsyncRead + AsyncWrite + Unpin,
  early: &[u8],
  upstream: &Upstream,
) {
  // An error is how many tunnels end; both sides are closed by it and learn of it that way.
  if client.write_all(early).await.is_err() {
    return;
  }
  let over = async { tokio::time::sleep_until(upstream.dismissed().await.end()).await };
  tokio::select! {
    _ = copy_bidirectional(&mut client, &mut worker) => {}
    () = over => {
      let _ = tokio::join!(client.shutdown(), worker.shutdown());
    }
  }
}
