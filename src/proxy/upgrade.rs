//! Connections that left HTTP, such as WebSockets: bytes are passed both ways until both sides are done.

use std::sync::Arc;

use http::Response;
use hyper::{body::Incoming, upgrade::OnUpgrade};
use hyper_util::rt::TokioIo;
use tokio::io::copy_bidirectional;

use super::{body::ResponseBody, headers, reply::Failure, service::Client, upstream::InFlight};

/// Answers the client with the worker's `101` and joins the two connections once it is written.
///
/// The tunnel holds the client's record, which is what the data-plane thread waits for when it closes.
pub(super) fn tunnel(
  client: Arc<Client>,
  from_client: Option<OnUpgrade>,
  mut answer: Response<Incoming>,
  in_flight: InFlight,
) -> Response<ResponseBody> {
  let from_worker = answer.extensions_mut().remove::<OnUpgrade>();
  let (Some(from_client), Some(from_worker)) = (from_client, from_worker) else {
    // A `101` that nobody asked for: there is no telling what the worker speaks from here on.
    in_flight.failed();
    return Failure::BadGateway.response();
  };
  client.becomes_tunnel();
  let in_flight = in_flight.into_tunnel();
  tokio::spawn(async move {
    if let Ok((client_side, worker_side)) = tokio::try_join!(from_client, from_worker) {
      let (mut client_side, mut worker_side) =
        (TokioIo::new(client_side), TokioIo::new(worker_side));
      // An error is how many tunnels end; both sides are closed by it and learn of it that way.
      let _ = copy_bidirectional(&mut client_side, &mut worker_side).await;
    }
    drop((in_flight, client));
  });
  let (mut head, _) = answer.into_parts();
  headers::prepare_response(&mut head.headers, true);
  Response::from_parts(head, ResponseBody::EMPTY)
}
