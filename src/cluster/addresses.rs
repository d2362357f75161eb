//! Addresses beside the public port: which are open, and which workers are behind each.
//!
//! An address is opened when the first worker asks for it. It is closed when no process asks for it any more and none
//! is on its way that may: in the gap of a restart its clients wait.

use std::sync::Arc;

use tokio::sync::oneshot;

use super::{
  relief::routable_by,
  slot::{Incarnation, Place, Slot, Station},
  snapshot::add,
  supervisor::{Closing, Supervisor},
};
use crate::proxy::{Address, Upstream};

/// A server of a process at an address beside the public port.
#[derive(Debug)]
pub struct Served {
  /// The address.
  pub address: Address,
  /// Where its requests go; none until the server listens.
  pub upstream: Option<Arc<Upstream>>,
}

impl Supervisor {
  /// A process is about to listen at `address`.
  pub(super) fn asks(
    &mut self,
    index: usize,
    place: Place,
    address: Address,
    reply: oneshot::Sender<bool>,
  ) {
    let opened = self.closing == Closing::No && self.open_further(index, address);
    if opened {
      self.with(index, place, |worker| worker.served.push(Served { address, upstream: None }));
    }
    // The process may have ended meanwhile.
    let _heard = reply.send(opened);
  }

  fn open_further(&self, index: usize, address: Address) -> bool {
    match self.proxy.open_further(address) {
      Ok(()) => true,
      Err(error) => {
        // The worker tries by itself, and its app is told what it would be told alone.
        let worker = self.slots.get(index).map(|slot| slot.id.to_string());
        tracing::debug!(?worker, ?address, %error, "an address of a worker cannot be opened");
        false
      }
    }
  }

  /// A process takes requests at `address`.
  pub(super) fn serves(
    &mut self,
    index: usize,
    place: Place,
    address: Address,
    upstream: Arc<Upstream>,
  ) {
    let mut old = None;
    self.with(index, place, |worker| {
      let served = worker.served.iter_mut().find(|served| served.address == address);
      old = served.and_then(|served| served.upstream.replace(upstream));
    });
    self.publish();
    self.depart(old);
  }

  /// A process has no server at `address` any more.
  pub(super) fn leaves(&mut self, index: usize, place: Place, address: Address) {
    let mut old = None;
    self.with(index, place, |worker| {
      let at = worker.served.iter().position(|served| served.address == address);
      old = at.and_then(|at| worker.served.remove(at).upstream);
    });
    self.publish();
    self.depart(old);
  }

  fn depart(&mut self, old: Option<Arc<Upstream>>) {
    if let Some(old) = old {
      old.close();
      self.departed = add(self.departed, old.counters());
    }
  }

  /// Let the data plane see what is routable at each address.
  pub(super) fn publish_further(&self) {
    for address in self.proxy.further() {
      let upstreams = routable_by(&self.slots, |worker| worker.at(&address));
      self.proxy.publish_further(&address, upstreams.into_iter().map(Arc::clone).collect());
    }
  }

  /// Close the addresses that are of no use any more.
  pub(super) fn close_unwanted(&self) {
    if self.slots.iter().any(is_under_way) {
      return;
    }
    for address in self.proxy.further() {
      let asked = |worker: &Incarnation| worker.served.iter().any(|it| it.address == address);
      if !self.slots.iter().any(|slot| slot.incarnations().any(asked)) {
        self.proxy.close_further(&address, self.patience().into_std());
      }
    }
  }
}

/// Whether a process of the slot is on its way, which may ask for any address.
fn is_under_way(slot: &Slot) -> bool {
  match &slot.station {
    Station::Booting(_) | Station::Waiting { .. } => true,
    Station::Serving(_) | Station::Failed | Station::Ended | Station::Vacant => {
      slot.successor.is_some() || slot.recreation.is_some()
    }
  }
}
