//! Ends a worker that is above a hard limit.

use super::{
  slot::Place,
  supervisor::{Supervisor, retire},
};
use crate::{enforcement::Excess, worker::Demand};

impl Supervisor {
  /// Kill process `pid`, if it still does the work of slot `id`. It gets no more requests from here on.
  pub(super) fn condemn(&mut self, id: &str, pid: u32, excess: Excess) {
    let farewell = self.farewell(Demand::Kill);
    let present = self.index(id).and_then(|index| self.slots.get_mut(index));
    let present = present.and_then(|slot| slot.at_mut(Place::Station));
    if let Some(present) = present.filter(|present| present.pid == Some(pid)) {
      present.condemned = Some(excess);
      retire(present, Demand::Kill, farewell);
      self.publish();
    }
  }
}
