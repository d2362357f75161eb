//! Which worker takes the next request: one trait, one file per strategy, no sockets and no clock.

mod least_connections;
mod round_robin;

use std::{fmt::Debug, sync::Arc};

use least_connections::LeastConnections;
use round_robin::RoundRobin;

/// What a strategy may know of the workers it chooses from. Indices are `0..len()`.
pub trait Candidates {
  /// How many there are, eligible or not.
  fn len(&self) -> usize;
  /// Whether there are none at all.
  fn is_empty(&self) -> bool {
    self.len() == 0
  }
  /// Whether this one may be chosen now. Asked anew for every choice.
  fn eligible(&self, index: usize) -> bool;
  /// Requests and tunnels that this one is busy with.
  fn in_flight(&self, index: usize) -> usize;
}

/// A strategy. Shared by all data-plane threads, hence `&self`.
pub trait Balancer: Send + Sync + Debug {
  /// The index of the candidate that takes the request; `None` when none is eligible.
  fn pick(&self, candidates: &dyn Candidates) -> Option<usize>;
}

/// The strategies by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Strategy {
  /// Each in turn, whatever it is busy with.
  RoundRobin,
  /// The one with the fewest requests in flight; equals take turns.
  #[default]
  LeastConnections,
}

impl Strategy {
  /// Every strategy, for messages that list what is allowed.
  pub const ALL: [Self; 2] = [Self::RoundRobin, Self::LeastConnections];

  /// The strategy of this name, as the configuration spells it.
  #[must_use]
  pub fn parse(name: &str) -> Option<Self> {
    Self::ALL.into_iter().find(|strategy| strategy.name() == name)
  }

  /// How the configuration spells it.
  #[must_use]
  pub const fn name(self) -> &'static str {
    match self {
      Self::RoundRobin => "round-robin",
      Self::LeastConnections => "least-connections",
    }
  }

  /// A new balancer of this strategy.
  #[must_use]
  pub fn balancer(self) -> Arc<dyn Balancer> {
    match self {
      Self::RoundRobin => Arc::new(RoundRobin::default()),
      Self::LeastConnections => Arc::new(LeastConnections::default()),
    }
  }
}

#[cfg(test)]
mod tests {
  use proptest::prelude::{any, prop, prop_assert, proptest};

  use super::*;

  /// Candidates as (eligible, in flight).
  #[derive(Debug)]
  pub(super) struct Fixed(pub Vec<(bool, usize)>);

  impl Candidates for Fixed {
    fn len(&self) -> usize {
      self.0.len()
    }
    fn eligible(&self, index: usize) -> bool {
      self.0[index].0
    }
    fn in_flight(&self, index: usize) -> usize {
      self.0[index].1
    }
  }

  #[test]
  fn names_are_parsed_back() {
    for strategy in Strategy::ALL {
      assert_eq!(Strategy::parse(strategy.name()), Some(strategy));
    }
    assert_eq!(Strategy::parse("Round-Robin"), None);
    assert_eq!(Strategy::parse("ip-hash"), None);
  }

  proptest! {
    #[test]
    fn every_strategy_picks_an_eligible_one_whenever_there_is_one(
      candidates in prop::collection::vec((any::<bool>(), 0..50usize), 0..12),
      picks in 1..20usize,
    ) {
      let candidates = Fixed(candidates);
      for strategy in Strategy::ALL {
        let balancer = strategy.balancer();
        for _ in 0..picks {
          match balancer.pick(&candidates) {
            Some(index) => prop_assert!(candidates.eligible(index)),
            None => prop_assert!(!candidates.0.iter().any(|(eligible, _)| *eligible)),
          }
        }
      }
    }
  }
}
