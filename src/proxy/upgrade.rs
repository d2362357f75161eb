//! Connections that left HTTP: bytes are passed both ways until both sides are done, or the worker goes.
//! What a WebSocket is told then is in [`super::websocket`].

use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt, copy_bidirectional};

use super::{
  downstream::{
    connection::ClientConnection,
    prefixed::Prefixed,
    rewrite::{self, BodyForm},
    serve::Client,
  },
  fields::Name,
  forward::Answered,
  upstream::{Tunnel, Upstream},
  websocket,
};

/// Passes the worker's `101` on and joins the two connections.
///
/// The tunnel holds the client's record, which is what the data-plane thread waits for when it closes.
pub(super) async fn tunnel(client: &Client, mut connection: ClientConnection, answered: Answered) {
  let Answered { answer, connection: worker, in_flight, .. } = answered;
  client.becomes_tunnel();
  let in_flight = in_flight.into_tunnel(Tunnel::Endable);
  let websocket = answer.fields.says(Name::Upgrade, b"websocket");
  connection.write_head(|out| rewrite::write_answer(out, &answer, BodyForm::AsSent, None));
  if connection.flush().await.is_err() {
    return;
  }
  let (client_side, read) = connection.into_parts();
  let client_side = Prefixed::new(client_side, read);
  let (worker_side, early) = worker.into_parts();
  let upstream = in_flight.upstream();
  if websocket {
    websocket::relay(client_side, worker_side, early, upstream).await;
  } else {
    relay(client_side, worker_side, &early, upstream).await;
  }
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
