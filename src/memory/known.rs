//! What is remembered of the memory of one process of a worker, and what a new reading makes of it.

use std::time::Duration;

use super::{
  leak::{Evidence, Sample, Series, Verdict},
  limits::{Level, level},
  settings::Settings,
};
use crate::telemetry::registry::Worker;

/// What is remembered of a worker.
#[derive(Debug, Default)]
pub struct Known {
  /// Its process, if it was told.
  pub pid: Option<u32>,
  /// The last reading, in bytes.
  pub resident: u64,
  /// What speaks for a leak, while something does.
  pub leak: Option<Evidence>,
  /// Memory as callers gave it.
  given: Series,
  /// Memory as it was monitored.
  watched: Series,
  /// Whether `watched` is of what full collections left.
  live: bool,
  level: Option<Level>,
}

/// What a reading has changed, worth telling.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Assessment {
  /// Where the worker stands.
  pub level: Level,
  /// Whether that is worse than before, and not well.
  pub worse: bool,
  /// What speaks for a leak that was not known before.
  pub leak: Option<Evidence>,
}

impl Known {
  /// Of process `pid`, of which nothing was read yet.
  #[must_use]
  pub fn of(pid: u32) -> Self {
    Self { pid: Some(pid), ..Self::default() }
  }

  /// A caller says that it has `sample`. Gives the evidence of a leak that was not known before.
  pub fn given(&mut self, sample: Sample, limit: u64, settings: &Settings) -> Option<Evidence> {
    self.given.push(sample, &settings.leak);
    self.resident = sample.memory;
    self.judge(|known| known.given.verdict(sample.memory, limit, &settings.leak))
  }

  /// It was found to have `resident` bytes `at` that time, of at most `limit`; `worker` is what it tells of
  /// itself. A leak is looked for in what full collections left where that is known, else in resident
  /// memory.
  pub fn assess(
    &mut self,
    resident: u64,
    at: Duration,
    worker: Option<&Worker>,
    limit: u64,
    settings: &Settings,
  ) -> Assessment {
    self.resident = resident;
    let level = level(resident, limit, settings.thresholds);
    // Only what got worse is told: what stays bad is known.
    let before = self.level.replace(level);
    let worse = level > Level::Ok && before.is_none_or(|before| level > before);
    let leak = if settings.detects_leaks { self.watch(at, worker, limit, settings) } else { None };
    Assessment { level, worse, leak }
  }

  fn watch(
    &mut self,
    at: Duration,
    worker: Option<&Worker>,
    limit: u64,
    settings: &Settings,
  ) -> Option<Evidence> {
    let page = worker.and_then(|worker| worker.page.as_ref());
    let live = page.and_then(|page| page.collections()?.full).map(|(_, bytes)| bytes);
    if self.live != live.is_some() {
      self.live = live.is_some();
      self.watched = Series::default();
    }
    let requests = worker.and_then(Worker::requests);
    let resident = self.resident;
    let sample = Sample { at, memory: live.unwrap_or(resident), requests };
    self.watched.push(sample, &settings.leak);
    self.judge(|known| known.watched.verdict(resident, limit, &settings.leak))
  }

  /// Ask `verdict`; gives the evidence when it was not known before.
  fn judge(&mut self, verdict: impl Fn(&Self) -> Verdict) -> Option<Evidence> {
    let before = self.leak;
    self.leak = match verdict(self) {
      Verdict::Leak(evidence) => Some(evidence),
      Verdict::Learning { .. } | Verdict::Steady => None,
    };
    self.leak.filter(|_| before.is_none())
  }
}
