//! The eligible worker with the fewest requests in flight.

use std::sync::atomic::{AtomicUsize, Ordering};

use super::{Balancer, Candidates};

/// Scans all candidates: for the handful of workers that a machine runs, that is as cheap as two
/// random choices and never wrong. The scan starts one further each time, so that equals take turns
/// (an idle cluster would otherwise send everything to its first worker).
#[derive(Debug, Default)]
pub(super) struct LeastConnections {
  turn: AtomicUsize,
}

impl Balancer for LeastConnections {
  fn pick(&self, candidates: &dyn Candidates) -> Option<usize> {
    let len = candidates.len();
    let start = self.turn.fetch_add(1, Ordering::Relaxed).checked_rem(len)?;
    (start..len)
      .chain(0..start)
      .filter(|&index| candidates.eligible(index))
      .min_by_key(|&index| candidates.in_flight(index))
  }
}

#[cfg(test)]
mod tests {
  use proptest::prelude::*;

  use super::{super::tests::Fixed, *};

  proptest! {
    #[test]
    fn never_picks_one_that_is_busier_than_another(
      candidates in prop::collection::vec((any::<bool>(), 0..9usize), 1..12),
      picks in 1..20usize,
    ) {
      let candidates = Fixed(candidates);
      let balancer = LeastConnections::default();
      for _ in 0..picks {
        if let Some(index) = balancer.pick(&candidates) {
          let least = candidates.0.iter().filter(|(eligible, _)| *eligible).map(|(_, n)| *n).min();
          prop_assert_eq!(Some(candidates.in_flight(index)), least);
        }
      }
    }
  }

  #[test]
  fn equals_take_turns() {
    let balancer = LeastConnections::default();
    let candidates = Fixed(vec![(true, 0); 3]);
    let picks: Vec<_> = (0..6).filter_map(|_| balancer.pick(&candidates)).collect();
    assert_eq!(picks, [0, 1, 2, 0, 1, 2]);
  }
}
