//! What the main thread of a worker, which runs its JavaScript, did with a span of time.
//!
//! Linux counts it in `/proc/<pid>/schedstat` (the kernel's `scheduler/sched-stats.rst`: nanoseconds
//! on a processor, nanoseconds waiting for one) and shows its state in `/proc/<pid>/stat`. Elsewhere
//! nothing is known, which says so.

use std::{
  fs,
  time::{Duration, Instant},
};

use crate::health::{posture::Posture, starvation::Share};

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
  /// The letter of `/proc/<pid>/stat`.
  state: char,
}

impl Reading {
  /// Read it now; `None` when there is no such process, or the platform does not tell.
  #[must_use]
  pub fn take(pid: u32) -> Option<Self> {
    let read = |file: &str| fs::read_to_string(format!("/proc/{pid}/{file}")).ok();
    let counts = parse(&read("schedstat")?, &read("stat")?)?;
    Some(Self { at: Instant::now(), counts })
  }

  /// What it is at, seen after `before`.
  #[must_use]
  pub fn posture(&self, before: Option<&Self>) -> Posture {
    let elapsed = before.map(|before| self.at.saturating_duration_since(before.at));
    let share = before.map(|before| self.since(before));
    Posture::of(self.counts.state, share, elapsed.unwrap_or_default())
  }

  /// Its share of one processor since `before`, in per cent.
  #[must_use]
  pub fn cpu_since(&self, before: &Self) -> Option<u8> {
    let elapsed = self.at.saturating_duration_since(before.at).as_nanos();
    let per_cent = (100 * self.since(before).ran.as_nanos()).checked_div(elapsed)?;
    u8::try_from(per_cent.min(100)).ok()
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
  let waits = after.state == 'R' && ran.is_zero();
  Share { ran, waited: if waits { elapsed } else { waited } }
}

fn parse(schedstat: &str, stat: &str) -> Option<Counts> {
  let mut numbers = schedstat.split_ascii_whitespace().map(|word| word.parse().ok());
  let (ran, waited) = (numbers.next()??, numbers.next()??);
  // The name before it stands in brackets, and may hold some itself.
  let state = stat.rsplit_once(')')?.1.trim_start().chars().next()?;
  Some(Counts { ran: Duration::from_nanos(ran), waited: Duration::from_nanos(waited), state })
}

/// The function of the kernel that the main thread of `pid` sleeps in (`proc_pid_wchan(5)`); `None`
/// while it runs, or where that is not told.
#[must_use]
pub fn waits_in(pid: u32) -> Option<String> {
  let name = fs::read_to_string(format!("/proc/{pid}/wchan")).ok()?;
  (!name.is_empty() && name != "0").then_some(name)
}

/// The number of the system call that it is in (`proc_pid_syscall(5)`); `None` outside of one, or
/// where that is not told.
#[must_use]
pub fn system_call(pid: u32) -> Option<u32> {
  let text = fs::read_to_string(format!("/proc/{pid}/syscall")).ok()?;
  text.split_ascii_whitespace().next()?.parse().ok()
}

/// Whether `pid` has a handler of its own for `signal`; one without would end by it.
#[must_use]
pub fn catches(pid: u32, signal: i32) -> bool {
  let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
  caught(&status, signal)
}

fn caught(status: &str, signal: i32) -> bool {
  let mask = status.lines().find_map(|line| line.strip_prefix("SigCgt:"));
  let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or_default();
  u32::try_from(signal - 1).is_ok_and(|bit| mask.checked_shr(bit).is_some_and(|mask| mask & 1 == 1))
}

#[cfg(test)]
mod tests {
  #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
  use super::*;

  const fn counts(ran: u64, waited: u64, state: char) -> Counts {
    Counts { ran: Duration::from_millis(ran), waited: Duration::from_millis(waited), state }
  }

  #[test]
  fn parses() {
    let counts = parse("1044884940 9590510 100\n", "7 (a ) R (b) S 1 7").unwrap();
    assert_eq!(counts.ran, Duration::from_nanos(1_044_884_940));
    assert_eq!(counts.waited, Duration::from_nanos(9_590_510));
    assert_eq!(counts.state, 'S');
    assert_eq!(parse("1 2 3", "7 (node) R 1").unwrap().state, 'R');
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
      (counts(5, 5, 'R'), counts(5, 5, 'R'), ms(0), second),
      (counts(5, 5, 'R'), counts(5, 5, 'S'), ms(0), ms(0)),
      (counts(5, 5, 'R'), counts(905, 105, 'R'), ms(900), ms(100)),
    ] {
      assert_eq!(between(before, after, second), Share { ran, waited });
    }
  }

  #[test]
  fn knows_which_signals_are_caught() {
    let status = "Name:\tnode\nSigIgn:\t0000000000001000\nSigCgt:\t0000000108004203\n";
    for (signal, caught_) in [(1, true), (2, true), (9, false), (10, true), (15, true), (17, false)]
    {
      assert_eq!(caught(status, signal), caught_, "{signal}");
    }
    assert!(!caught("", 10) && !caught(status, 0) && !caught(status, 65));
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
