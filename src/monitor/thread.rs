//! What the main thread of a worker, which runs its JavaScript, did with a span of time.
//!
//! Linux counts it in `/proc/<pid>/schedstat` (the kernel's `scheduler/sched-stats.rst`: nanoseconds
//! on a processor, nanoseconds waiting for one) and shows its state in `/proc/<pid>/stat`. Elsewhere
//! nothing is known, which says so.

use std::{
  fs,
  time::{Duration, Instant},
};

use crate::health::starvation::Share;

/// A reading at one moment.
#[derive(Debug, Clone, Copy)]
pub struct Reading {
  at: Instant,
  counts: Counts,
}

#[derive(Debug, Clone, Copy)]
struct Counts {
  ran: Duration,
  waited: Duration,
  runnable: bool,
}

impl Reading {
  /// Read it now; `None` when there is no such process, or the platform does not tell.
  #[must_use]
  pub fn take(pid: u32) -> Option<Self> {
    let read = |file: &str| fs::read_to_string(format!("/proc/{pid}/{file}")).ok();
    let counts = parse(&read("schedstat")?, &read("stat")?)?;
    Some(Self { at: Instant::now(), counts })
  }

  /// What happened since `before`.
  #[must_use]
  pub fn since(&self, before: &Self) -> Share {
    between(before.counts, self.counts, self.at.saturating_duration_since(before.at))
  }
}

/// A wait is counted when it ends. A thread that is runnable and did not run at all waits still.
fn between(before: Counts, after: Counts, elapsed: Duration) -> Share {
  let ran = after.ran.saturating_sub(before.ran);
  let waited = after.waited.saturating_sub(before.waited);
  let waits = after.runnable && ran.is_zero();
  Share { ran, waited: if waits { elapsed } else { waited } }
}

fn parse(schedstat: &str, stat: &str) -> Option<Counts> {
  let mut numbers = schedstat.split_ascii_whitespace().map(|word| word.parse().ok());
  let (ran, waited) = (numbers.next()??, numbers.next()??);
  // The name before it stands in brackets, and may hold some itself.
  let state = stat.rsplit_once(')')?.1.trim_start().chars().next()?;
  Some(Counts {
    ran: Duration::from_nanos(ran),
    waited: Duration::from_nanos(waited),
    runnable: state == 'R',
  })
}

#[cfg(test)]
mod tests {
  #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
  use super::*;

  const fn counts(ran: u64, waited: u64, runnable: bool) -> Counts {
    Counts { ran: Duration::from_millis(ran), waited: Duration::from_millis(waited), runnable }
  }

  #[test]
  fn parses() {
    let counts = parse("1044884940 9590510 100\n", "7 (a ) R (b) S 1 7").unwrap();
    assert_eq!(counts.ran, Duration::from_nanos(1_044_884_940));
    assert_eq!(counts.waited, Duration::from_nanos(9_590_510));
    assert!(!counts.runnable);
    assert!(parse("1 2 3", "7 (node) R 1").unwrap().runnable);
    for (schedstat, stat) in
      [("", "7 (a) R"), ("1", "7 (a) R"), ("x 2 3", "7 (a) R"), ("1 2 3", "7")]
    {
      assert!(parse(schedstat, stat).is_none());
    }
  }

  #[test]
  fn one_that_never_ran_and_wants_to_has_waited_all_the_time() {
    let second = Duration::from_secs(1);
    let ms = Duration::from_millis;
    for (before, after, ran, waited) in [
      (counts(5, 5, true), counts(5, 5, true), ms(0), second),
      (counts(5, 5, true), counts(5, 5, false), ms(0), ms(0)),
      (counts(5, 5, true), counts(905, 105, true), ms(900), ms(100)),
    ] {
      assert_eq!(between(before, after, second), Share { ran, waited });
    }
  }

  #[cfg(target_os = "linux")]
  #[test]
  fn reads_a_process_and_nothing_of_none() {
    let own = std::process::id();
    let (before, after) = (Reading::take(own).unwrap(), Reading::take(own).unwrap());
    assert!(after.counts.ran >= before.counts.ran);
    assert!(Reading::take(u32::MAX - 1).is_none());
  }
}
