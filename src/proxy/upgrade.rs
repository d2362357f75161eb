//! Connections that left HTTP, such as WebSockets: bytes are passed both ways until both sides are done.

use std::sync::Arc;

use http::Response;
use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncWriteExt, copy_bidirectional};

use super::{
  answer::Answer, body::ResponseBody, connection::Connection, headers, reply::Failure,
  service::Client, upstream::InFlight,
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
  let in_flight = in_flight.into_tunnel();
  tokio::spawn(async move {
    if let Ok(client_side) = from_client.await {
      let mut client_side = TokioIo::new(client_side);
      let (mut worker_side, early) = connection.into_parts();
      // An error is how many tunnels end; both sides are closed by it and learn of it that way.
      if client_side.write_all(&early).await.is_ok() {
        let _ = copy_bidirectional(&mut client_side, &mut worker_side).await;
      }
    }
    drop((in_flight, client));
  });
  headers::prepare_response(&mut answer.headers, true);
  answer.into_response(ResponseBody::EMPTY)
}
