//! One data-plane thread: its runtime, the connections it was dealt, its end.
//!
//! A request is read, forwarded and answered on one thread, over worker connections that only this
//! thread uses: nothing on its way wakes another thread.

use std::{
  net::SocketAddr,
  sync::{Arc, Mutex, MutexGuard, PoisonError},
  thread,
  time::Instant,
};

use tokio::{
  net::TcpStream,
  runtime,
  sync::mpsc::{self, UnboundedReceiver},
};

use super::{
  client_header::Ends,
  downstream::serve::{self, Client},
  guard,
  retry::Budget,
  roll,
  shared::{Held, Shared},
  stream::Stream,
  tcp,
  upstream::Protocol,
};
use crate::error::{ClusterError, Result};

/// Retries per 10 seconds that need no requests to justify them; all threads together.
const RETRY_RESERVE: usize = 100;

/// An accepted connection on its way to its thread.
pub(super) type Accepted = (std::net::TcpStream, SocketAddr);

/// What belongs to one data-plane thread.
pub(super) struct Shard {
  /// Which of the threads it is: the index of its pools.
  pub(super) index: usize,
  pub(super) shared: Arc<Shared>,
  budget: Mutex<Budget>,
}

impl Shard {
  pub(super) fn new(index: usize, threads: usize, shared: Arc<Shared>) -> Arc<Self> {
    let reserve = RETRY_RESERVE.div_ceil(threads) as u64;
    Arc::new(Self { index, shared, budget: Mutex::new(Budget::new(reserve, Instant::now())) })
  }

  /// Only this thread takes the lock: it is there for the compiler.
  pub(super) fn budget(&self) -> MutexGuard<'_, Budget> {
    self.budget.lock().unwrap_or_else(PoisonError::into_inner)
  }

  /// Starts the thread. `acceptor`, if there is one, runs on it too.
  pub(super) fn start(
    self: Arc<Self>,
    dealt: UnboundedReceiver<Accepted>,
    acceptor: Option<impl Future<Output = ()> + Send + 'static>,
  ) -> Result<()> {
    let runtime = runtime::Builder::new_current_thread()
      .enable_all()
      .build()
      .map_err(|error| ClusterError::system("start a proxy thread", &error))?;
    let name = format!("xypriss-proxy-{}", self.index);
    let calls = self.shared.roll.join();
    let running = Held::new(&self.shared, |shared| &shared.running);
    let serving = Held::new(&self.shared, |shared| &shared.serving);
    thread::Builder::new()
      .name(name)
      .spawn(move || {
        let _running = running;
        if let Some(acceptor) = acceptor {
          runtime.spawn(acceptor);
        }
        runtime.spawn(roll::answer(calls));
        let (shared, index) = (Arc::clone(&self.shared), self.index);
        guard::thread(&shared, index, || runtime.block_on(self.run(dealt, serving)));
        // Dropping the runtime cuts what the deadline left over.
        drop(runtime);
      })
      .map_err(|error| ClusterError::system("start a proxy thread", &error))?;
    Ok(())
  }

  async fn run(self: Arc<Self>, mut dealt: UnboundedReceiver<Accepted>, serving: Held) {
    let (open, mut all_closed) = mpsc::channel(1);
    // Ends when the acceptor does, after it has dealt the last connection.
    while let Some((stream, address)) = dealt.recv().await {
      let Some((stream, local)) = adopt(stream) else {
        continue;
      };
      let ends = Ends { peer: address, local };
      let client = Client::new(Arc::clone(&self), ends, open.clone());
      match self.shared.routes.protocol() {
        Protocol::Tcp => {
          tokio::spawn(guard::connection(Arc::clone(&self.shared), tcp::serve(stream, client)))
        }
        Protocol::Http => {
          let serving = serve::serve(stream, client);
          tokio::spawn(guard::connection(Arc::clone(&self.shared), serving))
        }
      };
    }
    drop((open, serving));
    tokio::select! {
      _ = all_closed.recv() => {}
      () = self.shared.deadline() => {}
    }
    // They hold their sockets themselves: the end of the runtime does not close them.
    for upstream in self.shared.routes.peek().iter() {
      upstream.pool(self.index).clear();
    }
  }
}

fn adopt(stream: std::net::TcpStream) -> Option<(Stream, SocketAddr)> {
  stream.set_nodelay(true).ok()?;
  let local = stream.local_addr().ok()?;
  TcpStream::from_std(stream).map(|stream| (Stream::Tcp(stream), local)).ok()
}
