//! The data plane: an HTTP/1.1 reverse proxy from the public port to the workers.
//!
//! ```text
//! listener ──accepted connections, in turn──> shard (one thread each)
//!   shard ──> service (one client connection) ──> forward (one request) ──> route ──> balancer
//!                                                    │                        └─> queue, while nobody is routable
//!                                                    └─> pool ──> connection ──> worker
//! ```
//!
//! The control side only ever publishes [`Routes`] and reads counters; it is never asked during a
//! request, so that a busy or blocked master slows nothing down. The threads are the proxy's own, from
//! [`Proxy::open`] to [`Proxy::close`].

mod answer;
mod client_header;
mod connection;
mod decoder;
mod downstream;
mod edge;
mod ending;
mod events;
mod exchange;
mod farewell;
mod fields;
mod forward;
mod frames;
mod further;
mod goodbye;
mod guard;
mod holder;
mod latency;
mod listener;
mod outgoing;
mod pool;
mod queue;
mod quiet;
mod retry;
mod roll;
mod route;
mod routes;
mod shard;
mod shared;
mod stream;
mod tcp;
mod trust;
mod upgrade;
mod upload;
mod upstream;
mod websocket;

use std::{
  ffi::OsString,
  net::IpAddr,
  sync::{Arc, Mutex, MutexGuard, PoisonError, atomic::Ordering},
  thread::available_parallelism,
  time::{Duration, Instant},
};

use socket2::Socket;
use tokio::sync::mpsc::unbounded_channel;

#[cfg(test)]
pub(crate) use self::upstream::InFlight;
pub use self::{
  client_header::{ClientHeader, Ends},
  edge::Edge,
  farewell::Farewell,
  queue::QueueLimits,
  quiet::Timeouts,
  routes::Routes,
  trust::Trust,
  upstream::{Counters, Endpoint, Protocol, Upstream},
};
use self::{further::Further, shard::Shard, shared::Shared};
pub use crate::ipc::address::Address;
use crate::{
  balancer::Strategy,
  error::{ClusterError, Result},
  telemetry::histogram::Counts,
};

/// Tells an agent the name of the header that has the addresses of a client.
const CLIENT_HEADER: &str = "XYPRISS_CLUSTER_CLIENT";

/// Most data-plane threads of one proxy. Beyond that, the workers need the processors more.
pub const MAX_THREADS: usize = 8;

/// Listens on `port` of `host`, or of every address, for what is no request of a client.
///
/// # Errors
/// Like [`Proxy::bind`].
pub fn listen_on(host: Option<IpAddr>, port: u16) -> Result<std::net::TcpListener> {
  let address = Address::new(host, port);
  listener::listen(listener::reserve(address)?, address)
}

/// How a proxy is set up.
#[derive(Debug, Clone)]
pub struct Options {
  /// The address to listen on; every address of the machine if `None`.
  pub host: Option<IpAddr>,
  /// The public port; 0 for any free one.
  pub port: u16,
  /// Which worker takes a request.
  pub strategy: Strategy,
  /// Requests that wait for a worker.
  pub queue: QueueLimits,
  /// What is taken from clients, and whose word counts.
  pub edge: Edge,
  /// Data-plane threads, 1 to [`MAX_THREADS`]; as many as processors if `None`.
  pub threads: Option<usize>,
  /// The header by which workers learn the addresses of clients; none if `None`.
  pub client_header: Option<ClientHeader>,
}

impl Default for Options {
  fn default() -> Self {
    Self {
      host: None,
      port: 0,
      strategy: Strategy::default(),
      queue: QueueLimits { max_size: 1000, timeout: Duration::from_secs(30) },
      edge: Edge::default(),
      threads: None,
      client_header: None,
    }
  }
}

/// What a proxy is doing and did itself. What the workers did: [`Upstream::counters`].
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ProxyStats {
  /// Client connections that are open, idle ones and tunnels included.
  pub connections: usize,
  /// Requests that wait for a worker.
  pub waiting: usize,
  /// Requests answered 503 because no worker could take them in time.
  pub unavailable: u64,
  /// Requests answered 502 because a worker failed and they could not be repeated.
  pub bad_gateway: u64,
  /// Attempts after the first.
  pub retries: u64,
  /// Connections and threads that ended by a fault of the proxy itself.
  pub panics: u64,
}

/// A handle of one public port and the threads behind it. When the last one is dropped without
/// [`close`](Self::close), everything is cut at once.
#[derive(Debug, Clone)]
pub struct Proxy {
  inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
  shared: Arc<Shared>,
  address: Address,
  /// How further addresses are set up.
  options: Options,
  /// The strategy in use.
  strategy: Mutex<Strategy>,
  further: Further,
  threads: usize,
  stage: Mutex<Stage>,
}

#[derive(Debug)]
enum Stage {
  /// Bound, not listening.
  Reserved(Socket),
  Open,
  Closed,
}

impl Proxy {
  /// Reserves the address; clients are refused until [`open`](Self::open).
  ///
  /// # Errors
  /// [`ClusterError::PortInUse`] with the process that listens there, as far as it can be seen;
  /// [`ClusterError::PortUnavailable`] for any other refusal, such as missing rights.
  pub fn bind(options: Options) -> Result<Self> {
    Self::bind_at(Address::new(options.host, options.port), options)
  }

  fn bind_at(address: Address, options: Options) -> Result<Self> {
    let further = Options { threads: Some(1), ..options.clone() };
    let socket = listener::reserve(address)?;
    let bound =
      socket.local_addr().map_err(|error| ClusterError::system("read its port", &error))?;
    let port = bound.as_socket().map_or(address.port, |bound| bound.port());
    let threads = options.threads.or_else(|| available_parallelism().ok().map(Into::into));
    Ok(Self {
      inner: Arc::new(Inner {
        shared: Arc::new(Shared::new(
          options.strategy,
          options.queue,
          options.edge,
          options.client_header,
        )),
        address: Address { port, ..address },
        strategy: Mutex::new(options.strategy),
        options: further,
        further: Further::default(),
        threads: threads.unwrap_or(1).clamp(1, MAX_THREADS),
        stage: Mutex::new(Stage::Reserved(socket)),
      }),
    })
  }

  /// The public port.
  #[must_use]
  pub fn port(&self) -> u16 {
    self.inner.address.port
  }

  /// Variables by which the agents in the workers learn what to look for in requests.
  #[must_use]
  pub fn agent_env(&self) -> Vec<(OsString, OsString)> {
    let header = self.inner.shared.client_header.as_ref();
    header.map(|header| (CLIENT_HEADER.into(), header.name().into())).into_iter().collect()
  }

  /// Starts to listen, and the threads. Idempotent while open.
  ///
  /// `host` is the address that the app asked to listen on. It counts when [`Options::host`] is
  /// not set: an app that wants to be reached from this machine only must not be exposed by us.
  /// Publish a worker first: until then connections are taken for HTTP.
  ///
  /// # Errors
  /// Like [`bind`](Self::bind), if the port was taken meanwhile; [`ClusterError::System`] when the
  /// operating system refuses a thread; [`ClusterError::Stopped`] after [`close`](Self::close).
  pub fn open(&self, host: Option<IpAddr>) -> Result<()> {
    self.open_at(Some(Address::new(host, self.port())))
  }

  /// [`open`](Self::open), for all that an app can ask for. The port is that of the proxy in any case.
  ///
  /// # Errors
  /// Like [`open`](Self::open).
  pub fn open_at(&self, asked: Option<Address>) -> Result<()> {
    let inner = &*self.inner;
    let mut stage = inner.stage();
    match &*stage {
      Stage::Open => return Ok(()),
      Stage::Closed => return Err(ClusterError::Stopped { call: "listen" }),
      Stage::Reserved(_) => {}
    }
    let port = inner.address.port;
    let narrower = asked
      .filter(|asked| inner.address.host.is_none() && asked.is_narrow())
      .map(|asked| Address { port, ..asked });
    let address = narrower.unwrap_or(inner.address);
    // The old socket still holds the port while the new one is bound: nobody can slip in between.
    let rebound = narrower.map(listener::reserve).transpose()?;
    let Stage::Reserved(reserved) = std::mem::replace(&mut *stage, Stage::Closed) else {
      return Ok(());
    };
    let listener = listener::listen(rebound.unwrap_or(reserved), address)?;
    let opened = inner.start(listener);
    match opened {
      Ok(()) => *stage = Stage::Open,
      // Ends the threads that did start.
      Err(_) => inner.shared.close(Instant::now()),
    }
    opened
  }

  /// Opens an address beside the public port, for requests that wait until its routing table is published. One that is
  /// open stays as it is.
  ///
  /// # Errors
  /// Like [`bind`](Self::bind) and [`open`](Self::open).
  pub fn open_further(&self, address: Address) -> Result<()> {
    self.inner.further.open(address, self.current_options())
  }

  /// The addresses that are open beside the public port.
  #[must_use]
  pub fn further(&self) -> Vec<Address> {
    self.inner.further.addresses()
  }

  /// Publishes the routing table of a further address.
  pub fn publish_further(&self, address: &Address, upstreams: Vec<Arc<Upstream>>) {
    self.inner.further.publish(address, upstreams);
  }

  /// Begins to close a further address.
  pub fn close_further(&self, address: &Address, deadline: Instant) {
    self.inner.further.close(address, deadline);
  }

  fn is_running(&self) -> bool {
    *self.inner.shared.running.borrow() > 0
  }

  /// The options with what was changed since.
  fn current_options(&self) -> Options {
    let settings = self.inner.shared.settings.load();
    let (queue, edge) = (settings.queue, settings.edge.clone());
    let strategy = *self.inner.strategy.lock().unwrap_or_else(PoisonError::into_inner);
    Options { queue, edge, strategy, ..self.inner.options.clone() }
  }

  /// The routing table.
  #[must_use]
  pub fn routes(&self) -> &Routes {
    &self.inner.shared.routes
  }

  /// Balances by another strategy from the next request on.
  pub fn set_strategy(&self, strategy: Strategy) {
    self.inner.shared.configure(|settings| settings.balancer = strategy.balancer());
    *self.inner.strategy.lock().unwrap_or_else(PoisonError::into_inner) = strategy;
    self.inner.further.all().iter().for_each(|proxy| proxy.set_strategy(strategy));
  }

  /// Applies other limits to the requests that begin to wait from now on.
  pub fn set_queue(&self, limits: QueueLimits) {
    self.inner.shared.configure(|settings| settings.queue = limits);
    self.inner.further.all().iter().for_each(|proxy| proxy.set_queue(limits));
  }

  /// Applies other rules to the requests that are read from now on.
  pub fn set_edge(&self, edge: &Edge) {
    self.inner.shared.configure(|settings| settings.edge = edge.clone());
    self.inner.further.all().iter().for_each(|proxy| proxy.set_edge(edge));
  }

  /// Begins to close: stops accepting, and answers what is in flight and what idle client connections ask
  /// in the next second, each with `Connection: close`.
  /// What is left at `deadline` is cut; the earliest deadline counts. Goes on by itself.
  pub fn begin_close(&self, deadline: Instant) {
    // Frees the port if it was only reserved.
    *self.inner.stage() = Stage::Closed;
    self.inner.shared.close(deadline);
    self.inner.further.end(deadline);
  }

  /// Resolves when no request is left, after [`begin_close`](Self::begin_close). Tunnels may be: they
  /// end when their workers are told to go, or at the deadline.
  pub async fn drained(&self) {
    let mut serving = self.inner.shared.serving.subscribe();
    // Fails only without a sender, which `self` holds.
    let _ = serving.wait_for(|serving| *serving == 0).await;
    for proxy in self.inner.further.all() {
      Box::pin(proxy.drained()).await;
    }
  }

  /// Closes, and resolves when everything has ended, tunnels and threads too: the port is free.
  ///
  /// Idempotent, and may be awaited on any runtime, by several at once. Closing goes on if the future
  /// is dropped.
  pub async fn close(&self, deadline: Instant) {
    self.begin_close(deadline);
    let mut running = self.inner.shared.running.subscribe();
    // Fails only without a sender, which `self` holds.
    let _ = running.wait_for(|running| *running == 0).await;
    for proxy in self.inner.further.all() {
      Box::pin(proxy.close(deadline)).await;
    }
  }

  /// Times from a request to the head of its answer as clients saw them, in microseconds: waiting for
  /// a worker and repeating are in them.
  #[must_use]
  pub fn latency(&self) -> Counts {
    self.inner.further.add_latency(self.inner.shared.latency.counts())
  }

  /// Whether every data-plane thread turns, asked now and given `limit` to say so. Before the port is
  /// open there is none to ask; while it closes, those that have ended are not asked.
  pub async fn turns(&self, limit: Duration) -> bool {
    let shared = &self.inner.shared;
    shared.roll.call(limit, shared.is_closing()).await
  }

  /// What it is doing now.
  #[must_use]
  pub fn stats(&self) -> ProxyStats {
    let Shared { tally, queue, .. } = &*self.inner.shared;
    let stats = ProxyStats {
      connections: tally.connections.load(Ordering::Relaxed),
      waiting: queue.waiting(),
      unavailable: tally.unavailable.load(Ordering::Relaxed),
      bad_gateway: tally.bad_gateway.load(Ordering::Relaxed),
      retries: tally.retries.load(Ordering::Relaxed),
      panics: tally.panics.load(Ordering::Relaxed),
    };
    self.inner.further.add_to(stats)
  }
}

impl Inner {
  fn stage(&self) -> MutexGuard<'_, Stage> {
    self.stage.lock().unwrap_or_else(PoisonError::into_inner)
  }

  /// Starts the threads; the first one accepts for all.
  fn start(&self, listener: std::net::TcpListener) -> Result<()> {
    let (deal, dealt): (Vec<_>, Vec<_>) = (0..self.threads).map(|_| unbounded_channel()).unzip();
    let mut acceptor = Some(listener::accept_all(listener, deal, Arc::clone(&self.shared)));
    for (index, dealt) in dealt.into_iter().enumerate() {
      let shard = Shard::new(index, self.threads, Arc::clone(&self.shared));
      shard.start(dealt, acceptor.take())?;
    }
    Ok(())
  }
}

impl Drop for Inner {
  fn drop(&mut self) {
    self.shared.close(Instant::now());
  }
}
