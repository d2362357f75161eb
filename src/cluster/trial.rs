//! The trial of a successor: ready is not yet well. A release that boots and then hangs or answers
//! its health endpoint with an error must not take over from one that works, so it is checked before
//! it gets its first request, and has to stay well for `healthCheckGracePeriod`.
//!
//! There is no trial where nobody is to be protected: when health checks are off, or when the
//! predecessor is gone. A predecessor that is sick itself is relieved after the first check.

use tokio::time::{Duration, Instant};

use super::{
  exchange::Role,
  slot::{Slot, Station},
  supervisor::Supervisor,
};
use crate::{
  error::ClusterError,
  worker::{Demand, Target},
};

impl Supervisor {
  /// A successor proved that it is ready.
  pub(super) fn try_out(&mut self, index: usize, target: Option<Target>) {
    if let Some(successor) = self.slots.get_mut(index).and_then(|slot| slot.successor.as_mut()) {
      successor.incarnation.target = target;
      successor.incarnation.ready = Some(Instant::now());
    }
  }

  /// Let those take over that have passed.
  pub(super) fn judge_trials(&mut self) {
    let now = Instant::now();
    for index in 0..self.slots.len() {
      if self.passes_at(index).is_some_and(|at| at <= now)
        && let Some(slot) = self.slots.get_mut(index)
        && let Some(successor) = &mut slot.successor
      {
        if let Role::Waits { passed, .. } = &mut successor.role
          && matches!(slot.station, Station::Serving(_))
        {
          *passed = true;
          successor.replies.drain(..).for_each(|reply| self.outbox.answer(reply, Ok(())));
          continue;
        }
        let target = successor.incarnation.target.take();
        self.take_over(index, target);
      }
    }
  }

  /// When the next successor has been well for long enough.
  pub(super) fn next_trial(&self) -> Option<Instant> {
    (0..self.slots.len()).filter_map(|index| self.passes_at(index)).min()
  }

  /// A successor was checked: one that is sick is told to go. What becomes of the slot is decided
  /// when it is gone.
  pub(super) fn fail_trial(&mut self, index: usize) {
    let by = self.patience();
    let Some(slot) = self.slots.get_mut(index) else {
      return;
    };
    let Some(successor) = slot.successor.as_mut().filter(|successor| successor.failed.is_none())
    else {
      return;
    };
    let checkup = successor.incarnation.checkup;
    let Some(failure) = checkup.failure.filter(|_| checkup.is_sick()) else {
      return;
    };
    successor.failed = Some(ClusterError::Unhealthy {
      worker: slot.id.to_string(),
      failures: checkup.consecutive_failures,
      failure,
    });
    let demand = if checkup.hangs() { Demand::Autopsy } else { Demand::Stop { by } };
    successor.incarnation.raise_demand(demand);
  }

  fn passes_at(&self, index: usize) -> Option<Instant> {
    let config = self.births.config.borrow();
    let soak = config.advanced.deployment.health_check_grace_period.0;
    passes_at(self.slots.get(index)?, config.health.enabled, soak)
  }
}

/// When the successor of `slot` may take over; `None` while that is not known.
fn passes_at(slot: &Slot, checked: bool, soak: Duration) -> Option<Instant> {
  let successor = slot.successor.as_ref().filter(|successor| successor.failed.is_none())?;
  let ready = successor.incarnation.ready?;
  let soak =
    if matches!(successor.role, Role::Waits { soaks: false, .. }) { Duration::ZERO } else { soak };
  match &slot.station {
    // It waits for its turn, as long as there is somebody in front of it.
    Station::Serving(_) if matches!(successor.role, Role::Waits { passed: true, .. }) => None,
    Station::Serving(old) if checked => {
      let soak = if old.checkup.is_sick() { Duration::ZERO } else { soak };
      successor.incarnation.checkup.is_proven().then(|| ready + soak)
    }
    Station::Serving(_) => Some(ready + soak),
    Station::Booting(_)
    | Station::Waiting { .. }
    | Station::Failed
    | Station::Ended
    | Station::Vacant => Some(ready),
  }
}
