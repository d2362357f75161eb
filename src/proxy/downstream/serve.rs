//! One client connection: reads requests, refuses what is malformed, has the rest answered.

use std::{
  convert::Infallible,
  sync::{Arc, Mutex, PoisonError, atomic::Ordering},
  task::Poll,
  time::Duration,
};

use tokio::{sync::mpsc, time::Instant};

use super::{
  super::{
    answer::SWITCHING_PROTOCOLS,
    client_header::Ends,
    connection::Connection,
    decoder::Decoder,
    edge::Edge,
    ending::Ending,
    exchange::{Delivered, Delivery, Exchange},
    fields::Name,
    forward::{Answered, Traits, forward},
    outgoing::Framing,
    pool, quiet, retry,
    shard::Shard,
    shared::{Held, count},
    stream::Stream,
    upgrade,
    upload::{Trailers, Upload},
    upstream::{Tunnel, Upstream},
  },
  check::{self, Allowed},
  connection::{ClientConnection, Next},
  forwarded::Origin,
  head::{RequestHead, Version},
  refusal::{Failure, Refusal},
  rewrite,
};

/// How long a client may take to read the last answer of a connection that is closed, while it still sends.
const LINGER: Duration = Duration::from_secs(2);
/// How long a client may take to send a piece of a body whose answer it has already.
const REST: Duration = Duration::from_secs(5);

/// A client's connection, as its requests and tunnels know it.
pub(in crate::proxy) struct Client {
  pub(in crate::proxy) shard: Arc<Shard>,
  ends: Ends,
  /// The line that tells a worker the addresses; empty without such a header.
  client_line: Box<[u8]>,
  /// Until it becomes a tunnel.
  serving: Mutex<Option<Held>>,
  /// Never sent on: the thread waits until the last copy is gone.
  _open: mpsc::Sender<Infallible>,
}

impl Client {
  pub(in crate::proxy) fn new(
    shard: Arc<Shard>,
    ends: Ends,
    open: mpsc::Sender<Infallible>,
  ) -> Self {
    shard.shared.tally.connections.fetch_add(1, Ordering::Relaxed);
    let serving = Held::new(&shard.shared, |shared| &shared.serving);
    let header = shard.shared.client_header.as_ref();
    let client_line = header.map(|header| header.line(&ends)).unwrap_or_default();
    Self { shard, serving: Mutex::new(Some(serving)), ends, client_line, _open: open }
  }

  /// It is a tunnel from here on, or a stream without an end of its own: no request of it is waited for when the
  /// proxy closes.
  pub(in crate::proxy) fn becomes_tunnel(&self) {
    drop(self.serving().take());
  }

  /// It takes requests again.
  fn becomes_server(&self) {
    self.serving().get_or_insert_with(|| Held::new(&self.shard.shared, |shared| &shared.serving));
  }

  /// Only the task of the connection takes the lock: it is there for the compiler.
  fn serving(&self) -> std::sync::MutexGuard<'_, Option<Held>> {
    self.serving.lock().unwrap_or_else(PoisonError::into_inner)
  }
}

impl Drop for Client {
  fn drop(&mut self) {
    self.shard.shared.tally.connections.fetch_sub(1, Ordering::Relaxed);
  }
}

/// What becomes of a connection after a request.
enum After {
  /// It takes another one.
  Persists,
  /// It is closed once the client has the answer.
  Closes,
  /// It is closed at once.
  Cut,
  /// It is no HTTP any more.
  Tunnel(Box<Answered>),
}

/// Serves one connection until the client leaves, or the proxy closes and the last answer is sent.
pub(in crate::proxy) async fn serve(stream: Stream, client: Client) {
  let shared = Arc::clone(&client.shard.shared);
  let mut connection = ClientConnection::new(stream);
  let mut closing = std::pin::pin!(shared.closing_idle());
  let mut registered = false;
  loop {
    let limits = || shared.settings.load().edge.request_head();
    let timeouts = shared.settings.load().edge.timeouts;
    let until = quiet::deadline(Instant::now(), timeouts.request_head);
    let next = connection.next(limits, until, |cx| {
      // This is always the same task: registered once, it is woken.
      if registered && !shared.is_closing() {
        return Poll::Pending;
      }
      registered = true;
      closing.as_mut().poll(cx)
    });
    let head = match next.await {
      Next::Request(head) => head,
      Next::Refused(refusal) => return refuse(connection, refusal).await,
      Next::End | Next::Late => return,
    };
    let settings = shared.settings.load_full();
    let body = match check::check(&head, Allowed { trace: settings.edge.allow_trace }) {
      Ok(body) => body,
      Err(refusal) => return refuse(connection, refusal).await,
    };
    connection.body = body;
    match answer(&client, &mut connection, &head, &settings.edge).await {
      After::Persists => connection.recycle(head),
      After::Closes => return connection.close(Instant::now() + LINGER).await,
      After::Cut => return,
      After::Tunnel(answered) => return upgrade::tunnel(&client, connection, *answered).await,
    }
  }
}

async fn refuse(mut connection: ClientConnection, refusal: Refusal) {
  connection.write_head(|out| refusal.write(out));
  connection.linger(Instant::now() + LINGER).await;
}

async fn answer(
  client: &Client,
  connection: &mut ClientConnection,
  head: &RequestHead,
  edge: &Edge,
) -> After {
  let upgrade = if connection.is_read() { rewrite::upgrade(head, &edge.upgrades) } else { None };
  let repeatable = connection.is_read() && retry::is_idempotent(head.method());
  let traits = Traits {
    to_head: head.method() == b"HEAD",
    repeatable,
    upgrade: upgrade.is_some(),
    takes_interim: head.takes_interim(),
    long_poll: repeatable && head.is_long_poll(),
  };
  let Ok(target) = check::target(head) else {
    return After::Cut;
  };
  let origin = Origin {
    peer: client.ends.peer,
    port: client.ends.local.port(),
    host: match target {
      check::Target::Absolute { authority, .. } => authority,
      check::Target::Origin(_) => head.fields.get(Name::Host).unwrap_or_default(),
    },
    trusted: edge.trust.covers(client.ends.peer.ip()),
  };
  let mut outgoing = std::mem::take(&mut connection.spare);
  rewrite::write_request(
    outgoing.buffer(),
    head,
    target,
    &client.client_line,
    upgrade.as_deref(),
    &origin,
  );
  let body = (!connection.is_read()).then_some(match connection.body {
    Decoder::Length(_) => Framing::Plain,
    _ => Framing::Chunked,
  });
  let announced = head.fields.has(Name::Trailer);
  let trailers = if announced { Trailers::Announced } else { Trailers::Unexpected };
  let mut upload = Upload::new(outgoing, body, trailers);
  let started = std::time::Instant::now();
  let answered = forward(client, connection, &mut upload, traits).await;
  // A time without an answer says nothing where the client is gone.
  if !matches!(answered, Err(Failure::ClientGone)) {
    let micros = u64::try_from(started.elapsed().as_micros()).unwrap_or(u64::MAX);
    client.shard.shared.latency.record(client.shard.index, micros);
  }
  let after = match answered {
    Ok(answered) if answered.answer.status == SWITCHING_PROTOCOLS => {
      After::Tunnel(Box::new(answered))
    }
    Ok(answered) => deliver(client, connection, head, &mut upload, answered).await,
    Err(failure) => fail(client, connection, head, failure).await,
  };
  connection.spare = upload.into_spare();
  after
}

/// Answers for the workers.
async fn fail(
  client: &Client,
  connection: &mut ClientConnection,
  head: &RequestHead,
  failure: Failure,
) -> After {
  let shared = &client.shard.shared;
  // A server that does not know a method may hang up on it: that is no fault of the server.
  let failure = match failure {
    Failure::BadGateway if !retry::is_known(head.method()) => {
      Failure::Malformed("The method of the request is not known here.")
    }
    failure => failure,
  };
  match failure {
    Failure::Unavailable | Failure::Leaving => count(&shared.tally.unavailable),
    Failure::BadGateway | Failure::Late => count(&shared.tally.bad_gateway),
    Failure::ClientGone | Failure::ClientLate | Failure::Malformed(_) => {}
  }
  if failure == Failure::ClientGone {
    return After::Cut;
  }
  // What reads streams of events connects again after a cut, and not after an answer.
  if failure == Failure::Leaving && head.fields.says(Name::Accept, b"text/event-stream") {
    return After::Cut;
  }
  let closes = failure.closes() || !head.persists() || shared.is_closing() || !connection.is_read();
  connection.write_head(|out| failure.write(out, head, closes));
  if closes {
    return After::Closes;
  }
  connection.flush().await.map_or(After::Cut, |()| After::Persists)
}

/// Passes a worker's answer on.
async fn deliver(
  client: &Client,
  connection: &mut ClientConnection,
  head: &RequestHead,
  upload: &mut Upload,
  answered: Answered,
) -> After {
  let Answered { mut answer, connection: worker, in_flight, granted } = answered;
  let thread = client.shard.index;
  let decoder = std::mem::take(&mut answer.body);
  let old = head.version == Version::Http10;
  let (delivery, framing) = match (&decoder, old) {
    (Decoder::Done, true) => (rewrite::BodyForm::UntilClose, Framing::Plain),
    (Decoder::UntilClose, false) => (rewrite::BodyForm::Chunks, Framing::Chunked),
    (Decoder::Length(_) | Decoder::Done, _) => (rewrite::BodyForm::AsSent, Framing::Plain),
    (_, false) => (rewrite::BodyForm::AsSent, Framing::Chunked),
    (_, true) => (rewrite::BodyForm::UntilClose, Framing::Plain),
  };
  let endless = old && !matches!(decoder, Decoder::Length(_) | Decoder::Done);
  // A client that waits for leave to send the body may send it or not once it has another answer: where the next
  // request would start is not certain.
  let waits = head.expects_continue() && !granted && !connection.is_read();
  let closes = !head.persists() || client.shard.shared.is_closing() || endless || waits;
  let words = match (closes, old) {
    (true, _) => Some("close"),
    (false, true) => Some("keep-alive"),
    (false, false) => None,
  };
  connection.begin_answer();
  connection.write_head(|out| rewrite::write_answer(out, &answer, delivery, words));
  let mut exchange =
    Exchange { in_flight, connection: worker, persistent: answer.persistent && !waits, thread };
  let mut ending = None;
  if answer.is_event_stream() && !decoder.is_end() {
    client.becomes_tunnel();
    exchange.in_flight = exchange.in_flight.into_tunnel(Tunnel::Endable);
    ending = Some(Ending::new(!answer.fields.has(Name::ContentEncoding)));
  }
  let streams = ending.is_some();
  let timeouts = client.shard.shared.settings.load().edge.timeouts;
  let delivered =
    Delivery::new(exchange, decoder, framing, ending, timeouts).run(connection, upload).await;
  if streams {
    client.becomes_server();
  }
  match delivered {
    Delivered::Cut => After::Cut,
    Delivered::Whole(_) if closes => After::Closes,
    Delivered::Whole(None) if connection.is_read() => After::Persists,
    Delivered::Whole(None) => After::Closes,
    Delivered::Whole(Some((worker, upstream, thread))) => {
      send_rest(connection, upload, worker, &upstream, thread).await
    }
  }
}

/// Goes on with a request whose answer is complete already.
async fn send_rest(
  connection: &mut ClientConnection,
  upload: &mut Upload,
  mut worker: Connection,
  upstream: &Arc<Upstream>,
  thread: usize,
) -> After {
  let (mut read, mut until) = (connection.read, Instant::now() + REST);
  let sent = std::future::poll_fn(|cx| {
    if let Poll::Ready(sent) = worker.poll_upload(upload, connection, cx) {
      return Poll::Ready(sent.is_ok());
    }
    if std::mem::replace(&mut read, connection.read) != connection.read {
      until = Instant::now() + REST;
    }
    connection.alarm.poll(until, cx).map(|()| false)
  });
  if !sent.await {
    return After::Closes;
  }
  if upload.leaves_connection_clean() {
    pool::keep(worker, upstream, thread);
  }
  After::Persists
}
