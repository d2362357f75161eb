//! Addresses beside the public port. Each has a routing table, a queue and a thread of its own.

use std::{
  collections::BTreeMap,
  sync::{Arc, Mutex, MutexGuard, PoisonError},
  time::Instant,
};

use super::{Address, Options, Proxy, ProxyStats, Upstream};
use crate::{
  error::{ClusterError, Result},
  telemetry::histogram::Counts,
};

/// Most addresses that one cluster opens beside the public port.
const MOST: usize = 256;

/// The addresses of one cluster beside the public port.
#[derive(Debug, Default)]
pub(super) struct Further {
  // Held for a look or a change, never over an await.
  open: Mutex<Opened>,
}

#[derive(Debug, Default)]
struct Opened {
  proxies: BTreeMap<Address, Proxy>,
  /// Those that are closed and may still answer what they had.
  closing: Vec<Proxy>,
  /// What those that are gone had counted.
  departed: ProxyStats,
  /// Set when the cluster closes: nothing is opened any more.
  ended: bool,
}

impl Further {
  fn lock(&self) -> MutexGuard<'_, Opened> {
    self.open.lock().unwrap_or_else(PoisonError::into_inner)
  }

  /// Opens an address; one that is open stays as it is.
  pub(super) fn open(&self, address: Address, options: Options) -> Result<()> {
    let mut opened = self.lock();
    if opened.proxies.contains_key(&address) {
      return Ok(());
    }
    if opened.ended {
      return Err(ClusterError::Stopped { call: "listen" });
    }
    if opened.proxies.len() >= MOST {
      let reason = format!("{MOST} addresses are open already");
      return Err(ClusterError::System { what: "open another address", reason });
    }
    let proxy = Proxy::bind_at(address, options)?;
    proxy.open_at(None)?;
    opened.proxies.insert(address, proxy);
    Ok(())
  }

  /// The addresses that are open.
  pub(super) fn addresses(&self) -> Vec<Address> {
    self.lock().proxies.keys().copied().collect()
  }

  /// Publishes the routing table of an address.
  pub(super) fn publish(&self, address: &Address, upstreams: Vec<Arc<Upstream>>) {
    if let Some(proxy) = self.lock().proxies.get(address) {
      proxy.routes().publish(upstreams);
    }
  }

  /// Begins to close an address.
  pub(super) fn close(&self, address: &Address, deadline: Instant) {
    let mut opened = self.lock();
    let gone: Vec<Proxy> = opened.closing.extract_if(.., |proxy| !proxy.is_running()).collect();
    opened.departed = gone.iter().map(Proxy::stats).fold(opened.departed, add);
    if let Some(proxy) = opened.proxies.remove(address) {
      proxy.begin_close(deadline);
      opened.closing.push(proxy);
    }
  }

  /// Begins to close all.
  pub(super) fn end(&self, deadline: Instant) {
    let mut opened = self.lock();
    opened.ended = true;
    for proxy in opened.proxies.values().chain(&opened.closing) {
      proxy.begin_close(deadline);
    }
  }

  /// All of them, those that close included.
  pub(super) fn all(&self) -> Vec<Proxy> {
    let opened = self.lock();
    opened.proxies.values().chain(&opened.closing).cloned().collect()
  }

  /// Adds what they do to `stats`.
  pub(super) fn add_to(&self, stats: ProxyStats) -> ProxyStats {
    let departed = self.lock().departed;
    self.all().iter().map(Proxy::stats).fold(add(stats, departed), add)
  }

  /// Adds their times to `counts`.
  pub(super) fn add_latency(&self, counts: Counts) -> Counts {
    self.all().iter().fold(counts, |sum, proxy| sum.with(&proxy.latency()))
  }
}

const fn add(sum: ProxyStats, stats: ProxyStats) -> ProxyStats {
  ProxyStats {
    connections: sum.connections + stats.connections,
    waiting: sum.waiting + stats.waiting,
    unavailable: sum.unavailable + stats.unavailable,
    bad_gateway: sum.bad_gateway + stats.bad_gateway,
    retries: sum.retries + stats.retries,
    panics: sum.panics + stats.panics,
  }
}
