//! Scripted workers and a client that sees every byte. Everything waits for events, with a deadline.

use std::{
  future::Future,
  net::Ipv4Addr,
  sync::{
    Arc, Mutex,
    atomic::{AtomicUsize, Ordering},
  },
  time::{Duration, Instant},
};

use socket2::{Domain, SockAddr, Socket, Type};
use tokio::{
  io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
  net::{TcpListener, TcpStream, UnixListener},
  sync::Notify,
  task::JoinHandle,
};
use xypriss_cluster::{
  balancer::Strategy,
  proxy::{Edge, Endpoint, Options, Protocol, Proxy, QueueLimits, Timeouts, Upstream},
};

/// The future's value, or a failed test: nothing here takes that long.
pub async fn within<F: Future>(future: F) -> F::Output {
  tokio::time::timeout(Duration::from_secs(20), future).await.unwrap()
}

/// Returns once `condition` holds.
pub async fn until(condition: impl Fn() -> bool) {
  within(async {
    while !condition() {
      tokio::task::yield_now().await;
    }
  })
  .await;
}

/// A proxy on a free port of the loopback interface, with these workers.
pub fn proxy(workers: &[&Worker]) -> Proxy {
  proxy_with(workers, options())
}

pub fn proxy_with(workers: &[&Worker], options: Options) -> Proxy {
  let proxy = Proxy::bind(options).unwrap();
  publish(&proxy, workers);
  proxy.open(None).unwrap();
  proxy
}

pub fn options() -> Options {
  Options {
    host: Some(Ipv4Addr::LOCALHOST.into()),
    strategy: Strategy::RoundRobin,
    threads: Some(1),
    ..Options::default()
  }
}

pub fn with_timeouts(set: impl Fn(&mut Timeouts)) -> Options {
  let mut edge = Edge::default();
  set(&mut edge.timeouts);
  Options { edge, ..options() }
}

pub fn queue(max_size: usize, timeout: Duration) -> Options {
  Options { queue: QueueLimits { max_size, timeout }, ..options() }
}

pub fn publish(proxy: &Proxy, workers: &[&Worker]) {
  proxy.routes().publish(workers.iter().map(|worker| Arc::clone(&worker.upstream)).collect());
}

pub async fn close(proxy: &Proxy) {
  within(proxy.close(Instant::now() + Duration::from_secs(10))).await;
}

/// A worker process in the eyes of the proxy.
pub struct Worker {
  pub upstream: Arc<Upstream>,
  accepted: Arc<AtomicUsize>,
  seen: Arc<Mutex<Vec<Message>>>,
  listening: JoinHandle<()>,
}

impl Worker {
  /// Answers every request with 200 and `text`.
  pub async fn saying(text: &'static str) -> Self {
    Self::scripted(move |mut conn, _| async move {
      while conn.message().await.is_some() {
        conn.send(ok(text)).await;
      }
    })
    .await
  }

  /// Runs `script` for each connection; they are numbered from 0.
  pub async fn scripted<F: Future<Output = ()> + Send + 'static>(
    script: impl Fn(Conn, usize) -> F + Send + 'static,
  ) -> Self {
    Self::start(Protocol::Http, script).await
  }

  pub async fn start<F: Future<Output = ()> + Send + 'static>(
    protocol: Protocol,
    script: impl Fn(Conn, usize) -> F + Send + 'static,
  ) -> Self {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = Endpoint::Tcp(listener.local_addr().unwrap());
    Self::serve(endpoint, protocol, Listener::Tcp(listener), script)
  }

  /// Like [`saying`](Self::saying), on a unix socket.
  pub async fn on_unix_socket(path: &std::path::Path, text: &'static str) -> Self {
    let listener = Listener::Unix(UnixListener::bind(path).unwrap());
    let script = move |mut conn: Conn, _| async move {
      while conn.message().await.is_some() {
        conn.send(ok(text)).await;
      }
    };
    Self::serve(Endpoint::Unix(path.to_owned()), Protocol::Http, listener, script)
  }

  /// On a unix socket that holds two connections until they are accepted, which begins with `gate`.
  pub fn with_small_backlog(path: &std::path::Path, text: &'static str, gate: Arc<Notify>) -> Self {
    let socket = Socket::new(Domain::UNIX, Type::STREAM, None).unwrap();
    socket.bind(&SockAddr::unix(path).unwrap()).unwrap();
    socket.listen(1).unwrap();
    socket.set_nonblocking(true).unwrap();
    let listener = UnixListener::from_std(socket.into()).unwrap();
    let endpoint = Endpoint::Unix(path.to_owned());
    let script = move |mut conn: Conn, _| async move {
      while conn.message().await.is_some() {
        conn.send(ok(text)).await;
      }
    };
    Self::serve(endpoint, Protocol::Http, Listener::Gated(listener, gate), script)
  }

  /// From now on it takes upgrades where `other` does.
  pub fn take_upgrades_at(&mut self, other: &Self) {
    let endpoint = |worker: &Self| worker.upstream.endpoint().clone();
    self.upstream = Upstream::with_upgrades(
      "worker-1".to_owned(),
      endpoint(self),
      Some(endpoint(other)),
      Protocol::Http,
    );
  }

  /// A port on which nobody listens.
  pub async fn dead() -> Self {
    let worker = Self::saying("never").await;
    worker.kill().await;
    worker
  }

  fn serve<F: Future<Output = ()> + Send + 'static>(
    endpoint: Endpoint,
    protocol: Protocol,
    listener: Listener,
    script: impl Fn(Conn, usize) -> F + Send + 'static,
  ) -> Self {
    let accepted = Arc::new(AtomicUsize::new(0));
    let seen = Arc::new(Mutex::new(Vec::new()));
    let listening = tokio::spawn({
      let (accepted, seen) = (Arc::clone(&accepted), Arc::clone(&seen));
      async move {
        // Aborting this task ends the scripts too, as the end of a process does.
        let mut scripts = tokio::task::JoinSet::new();
        loop {
          let stream = listener.accept().await;
          let number = accepted.fetch_add(1, Ordering::SeqCst);
          let conn = Conn { stream, buffer: Vec::new(), seen: Some(Arc::clone(&seen)) };
          scripts.spawn(script(conn, number));
        }
      }
    });
    Self {
      upstream: Upstream::new("worker-1".to_owned(), endpoint, protocol),
      accepted,
      seen,
      listening,
    }
  }

  /// Connections that it accepted so far.
  pub fn accepted(&self) -> usize {
    self.accepted.load(Ordering::SeqCst)
  }

  /// Requests that scripts read so far.
  pub fn seen(&self) -> Vec<Message> {
    self.seen.lock().unwrap().clone()
  }

  /// Ends listener and connections, like SIGKILL.
  pub async fn kill(&self) {
    self.listening.abort();
    until(|| self.listening.is_finished()).await;
  }
}

impl Drop for Worker {
  fn drop(&mut self) {
    self.listening.abort();
  }
}

/// A 200 with a body of known length.
pub fn ok(text: &str) -> String {
  format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{text}", text.len())
}

enum Listener {
  /// Accepts from the first notification on.
  Gated(UnixListener, Arc<Notify>),
  Tcp(TcpListener),
  Unix(UnixListener),
}

impl Listener {
  async fn accept(&self) -> Box<dyn Io> {
    match self {
      Self::Gated(listener, gate) => {
        gate.notified().await;
        gate.notify_one();
        Box::new(listener.accept().await.unwrap().0)
      }
      Self::Tcp(listener) => Box::new(listener.accept().await.unwrap().0),
      Self::Unix(listener) => Box::new(listener.accept().await.unwrap().0),
    }
  }
}

pub trait Io: AsyncRead + AsyncWrite + Unpin + Send {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send> Io for T {}

/// One end of a connection, raw.
pub struct Conn {
  stream: Box<dyn Io>,
  buffer: Vec<u8>,
  seen: Option<Arc<Mutex<Vec<Message>>>>,
}

/// A request or an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
  pub head: String,
  pub body: String,
}

impl Message {
  pub fn status(&self) -> u16 {
    self.head.split(' ').nth(1).unwrap().parse().unwrap()
  }

  pub fn header(&self, name: &str) -> Option<&str> {
    self.head.lines().skip(1).find_map(|line| {
      let (key, value) = line.split_once(':')?;
      key.eq_ignore_ascii_case(name).then(|| value.trim())
    })
  }
}

impl Conn {
  pub async fn to(proxy: &Proxy) -> Self {
    Self::over(TcpStream::connect((Ipv4Addr::LOCALHOST, proxy.port())).await.unwrap())
  }

  pub fn over(stream: TcpStream) -> Self {
    Self { stream: Box::new(stream), buffer: Vec::new(), seen: None }
  }

  /// Sends `GET path` and reads the answer.
  pub async fn get(&mut self, path: &str) -> Message {
    self.send(format!("GET {path} HTTP/1.1\r\nHost: a.test\r\n\r\n")).await;
    self.answer().await
  }

  pub async fn answer(&mut self) -> Message {
    within(self.message()).await.unwrap()
  }

  pub async fn send(&mut self, bytes: impl AsRef<[u8]>) {
    // An end that is gone shows in what is read next.
    let _ = within(self.stream.write_all(bytes.as_ref())).await;
  }

  /// The head of the request that a script gets next, as it was sent, with a note that it was seen.
  pub async fn request_head(&mut self) -> Option<String> {
    let head = self.head().await?;
    if let Some(seen) = &self.seen {
      seen.lock().unwrap().push(Message { head: head.clone(), body: String::new() });
    }
    Some(head)
  }

  /// Closes this side for sending.
  pub async fn finish(&mut self) {
    self.stream.shutdown().await.unwrap();
  }

  /// The head of the next message without its blank line; `None` at the end.
  pub async fn head(&mut self) -> Option<String> {
    loop {
      if let Some(end) = self.buffer.windows(4).position(|bytes| bytes == b"\r\n\r\n") {
        let head = self.buffer.drain(..end + 4).collect::<Vec<_>>();
        return Some(String::from_utf8(head[..end].to_vec()).unwrap());
      }
      if !self.fill().await {
        return None;
      }
    }
  }

  /// The next `length` bytes.
  pub async fn exactly(&mut self, length: usize) -> Option<String> {
    while self.buffer.len() < length {
      if !self.fill().await {
        return None;
      }
    }
    Some(String::from_utf8(self.buffer.drain(..length).collect()).unwrap())
  }

  /// The next message with its body, whichever way that is framed; `None` if it ends before.
  pub async fn message(&mut self) -> Option<Message> {
    let head = self.head().await?;
    let mut message = Message { head, body: String::new() };
    if message.header("transfer-encoding").is_some() {
      while let Some(chunk) = self.chunk().await? {
        message.body.push_str(&chunk);
      }
    } else if let Some(length) = message.header("content-length") {
      message.body = self.exactly(length.parse().unwrap()).await?;
    }
    if let Some(seen) = &self.seen {
      seen.lock().unwrap().push(message.clone());
    }
    Some(message)
  }

  /// The next chunk, `Some(None)` for the last one.
  pub async fn chunk(&mut self) -> Option<Option<String>> {
    let mut line = String::new();
    while !line.ends_with("\r\n") {
      line.push_str(&self.exactly(1).await?);
    }
    let length = usize::from_str_radix(line.trim_end(), 16).unwrap();
    if length == 0 {
      // Trailers, and the empty line behind them.
      while line != "\r\n" {
        line.clear();
        while !line.ends_with("\r\n") {
          line.push_str(&self.exactly(1).await?);
        }
      }
      return Some(None);
    }
    let data = self.exactly(length + 2).await?;
    Some(Some(data[..length].to_owned()))
  }

  /// Everything until the other side ends the connection.
  pub async fn rest(&mut self) -> String {
    within(async { while self.fill().await {} }).await;
    String::from_utf8(std::mem::take(&mut self.buffer)).unwrap()
  }

  async fn fill(&mut self) -> bool {
    // A reset is an end like any other.
    matches!(self.stream.read_buf(&mut self.buffer).await, Ok(1..))
  }
}
