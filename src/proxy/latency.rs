//! How long answers take, counted on each data-plane thread by itself: nothing on the way of a request
//! takes a lock, or writes to memory that another thread writes to.

use std::sync::OnceLock;

use super::MAX_THREADS;
use crate::telemetry::histogram::{Counts, Histogram};

/// Times in microseconds, a histogram per thread that counted any.
#[derive(Debug, Default)]
pub(super) struct Latency {
  threads: [OnceLock<Box<Histogram>>; MAX_THREADS],
}

impl Latency {
  /// Counts a time, on data-plane thread `thread`, the only one that may say so.
  pub(super) fn record(&self, thread: usize, micros: u64) {
    if let Some(histogram) = self.threads.get(thread) {
      histogram.get_or_init(Box::default).record(micros);
    }
  }

  /// What all threads counted.
  pub(super) fn counts(&self) -> Counts {
    let mut counts = Counts::default();
    for histogram in self.threads.iter().filter_map(OnceLock::get) {
      histogram.add_to(&mut counts);
    }
    counts
  }
}

#[cfg(test)]
mod tests {
  use super::*;

  #[test]
  fn adds_up_what_all_threads_counted() {
    let latency = Latency::default();
    assert_eq!(latency.counts().total(), 0);
    for thread in 0..MAX_THREADS {
      latency.record(thread, 10);
      latency.record(thread, 20);
    }
    // No such thread: nothing to write to.
    latency.record(MAX_THREADS, 30);
    let counts = latency.counts();
    assert_eq!((counts.total(), counts.quantile(0.5), counts.max()), (16, Some(10), Some(20)));
  }
}
