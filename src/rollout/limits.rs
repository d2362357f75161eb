//! How far a deployment may depart from the number of workers that there should be.

use crate::config::model::DeploymentConfig;

/// The bounds of a deployment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Limits {
  /// Worker after worker.
  Rolling {
    /// Processes beyond one for each worker: successors that start, and predecessors that have not gone.
    surge: usize,
    /// Workers that may be missing.
    unavailable: usize,
  },
  /// All successors are started, and take over together or not at all. None is missing meanwhile, and
  /// there are twice as many processes.
  AtOnce,
}

impl Limits {
  /// What `config` says for so many workers.
  #[must_use]
  pub const fn of(config: &DeploymentConfig, workers: usize) -> Self {
    if !config.rolling_updates {
      return Self::AtOnce;
    }
    let (surge, unavailable) =
      (config.max_surge.at_least(workers), config.max_unavailable.at_most(workers));
    // With neither, as a small share of few workers may be, nothing would ever be done.
    let surge = if surge == 0 && unavailable == 0 { 1 } else { surge };
    Self::Rolling { surge, unavailable }
  }
}
