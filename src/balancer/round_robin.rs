//! Each eligible worker in turn.

use std::sync::atomic::{AtomicUsize, Ordering};

use super::{Balancer, Candidates};

/// Counts choices and maps the count onto the eligible candidates, not onto all of them: stepping
/// over an ineligible one would give its neighbour a double share.
#[derive(Debug, Default)]
pub(super) struct RoundRobin {
  turn: AtomicUsize,
}

impl Balancer for RoundRobin {
  fn pick(&self, candidates: &dyn Candidates) -> Option<usize> {
    let eligible = || (0..candidates.len()).filter(|&index| candidates.eligible(index));
    let count = eligible().count();
    let turn = self.turn.fetch_add(1, Ordering::Relaxed).checked_rem(count)?;
    // Eligibility can change between the two scans; any eligible one is then as good as the next.
    eligible().nth(turn).or_else(|| eligible().next())
  }
}

#[cfg(test)]
mod tests {
  use proptest::prelude::*;

  use super::{super::tests::Fixed, *};

  proptest! {
    #[test]
    fn shares_differ_by_at_most_one(eligible in prop::collection::vec(any::<bool>(), 1..12), picks in 1..200usize) {
      let candidates = Fixed(eligible.iter().map(|eligible| (*eligible, 0)).collect());
      let balancer = RoundRobin::default();
      let mut shares = vec![0usize; eligible.len()];
      for _ in 0..picks {
        if let Some(index) = balancer.pick(&candidates) {
          shares[index] += 1;
        }
      }
      let shares: Vec<_> = shares.into_iter().zip(&eligible).filter(|(_, e)| **e).map(|(n, _)| n).collect();
      if let (Some(least), Some(most)) = (shares.iter().min(), shares.iter().max()) {
        prop_assert!(most - least <= 1, "{shares:?}");
      }
    }
  }

  #[test]
  fn survives_the_wrap_of_its_counter() {
    let balancer = RoundRobin { turn: AtomicUsize::new(usize::MAX) };
    let candidates = Fixed(vec![(true, 0); 3]);
    assert!(balancer.pick(&candidates).is_some());
    assert_eq!(balancer.pick(&candidates), Some(0));
  }
}
