//! Connections to workers that do not speak HTTP/1.1: one worker is chosen per connection and the bytes
//! are passed through.

use std::sync::Arc;

use tokio::io::copy_bidirectional;

use super::{
  downstream::serve::Client,
  route::Route,
  stream::Stream,
  upstream::{InFlight, Protocol, Tunnel},
};

/// Serves one connection. If no worker takes it, it is closed: there are no words that would be
/// understood in a protocol that we do not know.
pub(super) async fn serve(mut stream: Stream, client: Client) {
  let Some((mut worker, in_flight)) = connect(&client).await else {
    return;
  };
  client.becomes_tunnel();
  let in_flight = in_flight.into_tunnel(Tunnel::Foreign);
  // An error is how many connections end; both sides are closed by it and learn of it that way.
  let _ = copy_bidirectional(&mut stream, &mut worker).await;
  drop(in_flight);
}

/// Tries one worker after the other. Nothing was sent to those that refuse, so that is always safe.
async fn connect(client: &Client) -> Option<(Stream, InFlight)> {
  let mut route = Route::new(&client.shard.shared, Protocol::Tcp);
  loop {
    let in_flight = route.next().await.ok()?;
    match Stream::connect(in_flight.upstream().endpoint()).await {
      Ok(stream) => return Some((stream, in_flight)),
      Err(error) => {
        tracing::debug!(worker = in_flight.upstream().worker(), %error, "a worker refused a connection");
        let upstream = Arc::clone(in_flight.upstream());
        if Stream::is_full(&error) {
          in_flight.turn_away();
          route.crowd(upstream);
        } else {
          in_flight.failed();
          route.exclude(upstream);
        }
      }
    }
  }
}
