//! One process of a worker: its readings so far, and the verdict on it.

use std::time::Duration;

use super::{
  excess::{Amount, Bound, Excess},
  limits::Limits,
};

/// Part of a limit of requests or age by which workers differ.
const SPREAD: f64 = 0.1;
/// The shortest time that processor time is a share of, for a soft and for a hard limit.
const SHARES: (Duration, Duration) = (Duration::from_millis(20), Duration::from_secs(1));

/// A look at a process.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Reading {
  /// When, from any fixed moment.
  pub at: Duration,
  /// Resident memory, in bytes.
  pub resident: u64,
  /// Processor time since its start.
  pub cpu: Duration,
  /// Since its start.
  pub age: Duration,
  /// Requests that it was given.
  pub requests: u64,
  /// The memory that it may have while it leaks, and from how much on it is replaced; `None` when it does not.
  pub leak: Option<(u64, u64)>,
  /// Whether soft limits count it: it came a whole interval after the last that they counted.
  pub counts: bool,
}

/// What is to be done about a worker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
  /// Nothing.
  Fine,
  /// It is to be replaced, successor first.
  Recycle(Excess),
  /// It is to be killed at once.
  Kill(Excess),
  /// Nothing can be done: it needed as much from the first. Told once.
  TooLow(Excess),
}

/// What was seen of one process.
#[derive(Debug, Clone, PartialEq)]
pub struct Record {
  /// How much earlier than others it is recycled, 0 to 1.
  early: f64,
  /// Its memory at the first reading, soon after it was ready, in bytes.
  baseline: u64,
  /// Readings in a row at or above the soft limit of memory, and of processor time.
  memory: u32,
  cpu: u32,
  /// Where the present share of processor time begins, for the soft and for the hard limit.
  marks: [(Duration, Duration); 2],
  /// Whether it was told that it can do with no less.
  told: bool,
}

impl Record {
  /// Begin with the `first` reading of a process, soon after it was ready. `early`, 0 to 1, is by how much
  /// it is recycled before others.
  #[must_use]
  pub fn new(first: &Reading, early: f64) -> Self {
    let mark = (first.at, first.cpu);
    Self {
      early: early.clamp(0.0, 1.0),
      baseline: first.resident,
      memory: 0,
      cpu: 0,
      marks: [mark, mark],
      told: false,
    }
  }

  /// Its memory when it was ready, in bytes.
  #[must_use]
  pub const fn baseline(&self) -> u64 {
    self.baseline
  }

  /// Other limits hold from now on. What it needed when it was ready stays true.
  pub const fn reconfigured(&mut self) {
    (self.memory, self.cpu, self.told) = (0, 0, false);
  }

  /// Take in a reading. The worst comes first: what it is killed for, then memory, processor time, and
  /// what is due.
  pub fn judge(&mut self, reading: &Reading, limits: &Limits) -> Verdict {
    // It cannot need more than it was once seen with; one that was ready before its cache was given back
    // has a lower baseline than it seemed.
    self.baseline = self.baseline.min(reading.resident);
    let usage = self.usage(reading);
    if let Some(excess) = hard(reading, usage[1], limits) {
      let outgrown = !matches!(excess.bound, Bound::WorkerMemory)
        || limits.hard_memory.is_some_and(|limit| self.baseline <= limit);
      return if outgrown { Verdict::Kill(excess) } else { self.too_low(excess) };
    }
    let soft = self.soft(reading, usage[0], limits);
    if let Some(excess) = soft {
      let outgrown = !matches!(excess.bound, Bound::WorkerMemory | Bound::MemoryThreshold)
        || limits.soft_memory.is_some_and(|(limit, ..)| self.baseline < limit);
      return if outgrown { Verdict::Recycle(excess) } else { self.too_low(excess) };
    }
    self.due(reading, limits).map_or(Verdict::Fine, Verdict::Recycle)
  }

  fn too_low(&mut self, excess: Excess) -> Verdict {
    if std::mem::replace(&mut self.told, true) { Verdict::Fine } else { Verdict::TooLow(excess) }
  }

  /// Shares of processor time that are complete, for soft and hard limits.
  fn usage(&mut self, reading: &Reading) -> [Option<f64>; 2] {
    let complete = [reading.counts, true];
    let mut shares = [None; 2];
    for (index, shortest) in [SHARES.0, SHARES.1].into_iter().enumerate() {
      let (Some(mark), Some(share), Some(complete)) =
        (self.marks.get_mut(index), shares.get_mut(index), complete.get(index))
      else {
        continue;
      };
      let elapsed = reading.at.saturating_sub(mark.0);
      if *complete && elapsed >= shortest {
        let spent = reading.cpu.saturating_sub(mark.1);
        *share = Some(100.0 * spent.as_secs_f64() / elapsed.as_secs_f64());
        *mark = (reading.at, reading.cpu);
      }
    }
    shares
  }

  fn soft(&mut self, reading: &Reading, usage: Option<f64>, limits: &Limits) -> Option<Excess> {
    if reading.counts {
      let above = limits.soft_memory.is_some_and(|(limit, ..)| reading.resident >= limit);
      self.memory = if above { self.memory.saturating_add(1) } else { 0 };
    }
    if let Some(usage) = usage {
      let above = limits.soft_cpu.is_some_and(|(limit, _)| usage > limit);
      self.cpu = if above { self.cpu.saturating_add(1) } else { 0 };
    }
    if let Some((limit, from)) = reading.leak
      && limits.recycles_leaks
      && reading.resident >= from
    {
      let (reading, limit) = (Amount::Bytes(reading.resident), Amount::Bytes(limit));
      return Some(Excess { bound: Bound::Leak, reading, limit, readings: 1 });
    }
    if let Some((_, bound, limit)) = limits.soft_memory
      && self.memory >= limits.readings
    {
      let (reading, limit) = (Amount::Bytes(reading.resident), Amount::Bytes(limit));
      return Some(Excess { bound, reading, limit, readings: self.memory });
    }
    let (limit, bound) = limits.soft_cpu?;
    let usage = usage.filter(|_| self.cpu >= limits.readings)?;
    let (reading, limit) = (percent(usage), percent(limit));
    Some(Excess { bound, reading, limit, readings: self.cpu })
  }

  fn due(&self, reading: &Reading, limits: &Limits) -> Option<Excess> {
    let part = 1.0 - SPREAD * self.early;
    if let Some(limit) = limits.requests
      && float(reading.requests) >= float(limit) * part
    {
      let (reading, limit) = (Amount::Requests(reading.requests), Amount::Requests(limit));
      return Some(Excess { bound: Bound::Requests, reading, limit, readings: 1 });
    }
    let limit = limits.lifetime.filter(|limit| reading.age >= limit.mul_f64(part))?;
    let (reading, limit) = (Amount::Age(reading.age), Amount::Age(limit));
    Some(Excess { bound: Bound::Lifetime, reading, limit, readings: 1 })
  }
}

fn hard(reading: &Reading, usage: Option<f64>, limits: &Limits) -> Option<Excess> {
  if let Some(limit) = limits.hard_memory.filter(|limit| reading.resident > *limit) {
    let (reading, limit) = (Amount::Bytes(reading.resident), Amount::Bytes(limit));
    return Some(Excess { bound: Bound::WorkerMemory, reading, limit, readings: 1 });
  }
  let (usage, limit) = (usage?, limits.hard_cpu?);
  (usage > limit).then(|| Excess {
    bound: Bound::WorkerCpu,
    reading: percent(usage),
    limit: percent(limit),
    readings: 1,
  })
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "`as` saturates")]
const fn percent(share: f64) -> Amount {
  Amount::Percent(share.round() as u32)
}

#[expect(clippy::cast_precision_loss, reason = "a comparison of counts far below 2^53")]
const fn float(number: u64) -> f64 {
  number as f64
}

#[cfg(test)]
mod tests {
  #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
  use proptest::prelude::*;
  use serde_json::{Value, json};

  use super::*;

  const MB: u64 = 1 << 20;

  fn limits(written: &Value) -> Limits {
    Limits::of(&crate::config::resolve(written).unwrap().config)
  }

  fn memory_limits(enforcement: &Value) -> Limits {
    limits(&json!({ "resources": { "maxMemoryPerWorker": "100MB", "enforcement": enforcement } }))
  }

  /// A look at second `at`, at a worker that took `cpu` seconds until then.
  const fn reading(at: u64, megabytes: u64, cpu: u64) -> Reading {
    Reading {
      at: Duration::from_secs(at),
      resident: megabytes * MB,
      cpu: Duration::from_secs(cpu),
      age: Duration::from_secs(at),
      requests: 0,
      leak: None,
      counts: true,
    }
  }

  /// The verdicts on a worker with so many megabytes, second by second; the first is when it is ready.
  fn verdicts(megabytes: &[u64], limits: &Limits) -> Vec<Verdict> {
    let mut record = Record::new(&reading(0, megabytes[0], 0), 0.0);
    let later = (1..).zip(&megabytes[1..]);
    later.map(|(at, mb)| record.judge(&reading(at, *mb, 0), limits)).collect()
  }

  fn bound(verdict: Verdict) -> Option<Bound> {
    match verdict {
      Verdict::Fine => None,
      Verdict::Recycle(excess) | Verdict::Kill(excess) | Verdict::TooLow(excess) => {
        Some(excess.bound)
      }
    }
  }

  #[test]
  fn a_soft_limit_takes_readings_in_a_row() {
    let limits = memory_limits(&json!({}));
    let found = verdicts(&[50, 96, 97, 94, 96, 97, 120, 130], &limits);
    let fine = Verdict::Fine;
    assert_eq!(found[..5], [fine, fine, fine, fine, fine]);
    let Verdict::Recycle(excess) = found[5] else { panic!("{found:?}") };
    assert_eq!((excess.bound, excess.readings), (Bound::WorkerMemory, 3));
    assert_eq!((excess.reading.number(), excess.limit.number()), (120 * MB, 100 * MB));
    // Until somebody acts.
    assert!(matches!(found[6], Verdict::Recycle(_)));
  }

  #[test]
  fn a_hard_limit_takes_one() {
    let limits = memory_limits(&json!({ "killOnMemoryExceed": true }));
    let found = verdicts(&[50, 100, 101], &limits);
    assert_eq!(found[0], Verdict::Fine);
    let Verdict::Kill(excess) = found[1] else { panic!("{found:?}") };
    assert_eq!((excess.bound, excess.reading.number()), (Bound::WorkerMemory, 101 * MB));
  }

  #[test]
  fn a_worker_that_began_above_its_limit_is_told_of_once_and_left_alone() {
    for enforcement in [json!({}), json!({ "enforceHardLimits": true })] {
      let limits = memory_limits(&enforcement);
      let found = verdicts(&[120; 20], &limits);
      let told: Vec<_> = found.iter().filter(|it| **it != Verdict::Fine).collect();
      assert_eq!(told.len(), 1, "{found:?}");
      assert!(matches!(told[0], Verdict::TooLow(_)));
    }
  }

  #[test]
  fn processor_time_is_a_share_of_the_time_between_readings() {
    let limits = limits(&json!({ "resources": { "maxCpuPerWorker": 50 } }));
    // It took 10 s to start, which is not held against it.
    let mut record = Record::new(&reading(0, 1, 10), 0.0);
    let mut cpu = 10;
    let mut judge = |at: u64, spent: u64| {
      cpu += spent;
      record.judge(&reading(at * 10, 1, cpu), &limits)
    };
    assert_eq!([judge(1, 9), judge(2, 9), judge(3, 1)], [Verdict::Fine; 3]);
    assert_eq!([judge(4, 9), judge(5, 9)], [Verdict::Fine; 2]);
    let Verdict::Recycle(excess) = judge(6, 9) else { panic!("three in a row") };
    assert_eq!(
      excess.to_string(),
      "took 90 % of a core, resources.maxCpuPerWorker is 50 % of a core (3 readings in a row)"
    );
  }

  #[test]
  fn it_is_killed_for_processor_time_of_a_whole_second() {
    let hard = json!({ "killOnCpuExceed": true });
    let limits = limits(&json!({ "resources": { "maxCpuPerWorker": 50, "enforcement": hard } }));
    let at = |ms: u64, cpu: u64| Reading {
      at: Duration::from_millis(ms),
      cpu: Duration::from_millis(cpu),
      counts: false,
      ..reading(0, 1, 0)
    };
    let mut record = Record::new(&at(0, 0), 0.0);
    assert_eq!(record.judge(&at(100, 100), &limits), Verdict::Fine);
    assert_eq!(record.judge(&at(1000, 400), &limits), Verdict::Fine);
    assert_eq!(record.judge(&at(1900, 1300), &limits), Verdict::Fine);
    assert_eq!(bound(record.judge(&at(2000, 1400), &limits)), Some(Bound::WorkerCpu));
  }

  #[test]
  fn requests_and_age_are_due_up_to_a_tenth_early() {
    let process = json!({ "maxRequestsPerWorker": 1000, "maxWorkerLifetime": 60_000 });
    let limits = limits(&json!({ "processManagement": process }));
    for (early, requests, age, expected) in [
      (0.0, 999, 59, None),
      (0.0, 1000, 0, Some(Bound::Requests)),
      (0.0, 0, 60, Some(Bound::Lifetime)),
      (1.0, 899, 53, None),
      (1.0, 900, 0, Some(Bound::Requests)),
      (1.0, 0, 54, Some(Bound::Lifetime)),
    ] {
      let mut record = Record::new(&reading(0, 1, 0), early);
      let seen = Reading { requests, ..reading(age, 1, 0) };
      assert_eq!(bound(record.judge(&seen, &limits)), expected, "{early} {requests} {age}");
    }
  }

  #[test]
  fn a_leak_is_acted_on_at_the_warning_threshold_and_only_where_that_is_wanted() {
    for (recycle, megabytes, expected) in
      [(true, 79, None), (true, 80, Some(Bound::Leak)), (false, 90, None)]
    {
      let memory = json!({ "leakDetection": { "recycle": recycle } });
      let limits = limits(
        &json!({ "resources": { "maxMemoryPerWorker": "100MB", "memoryManagement": memory } }),
      );
      let mut record = Record::new(&reading(0, 50, 0), 0.0);
      let seen = Reading { leak: Some((100 * MB, 80 * MB)), ..reading(1, megabytes, 0) };
      assert_eq!(bound(record.judge(&seen, &limits)), expected, "{recycle} {megabytes}");
    }
  }

  proptest! {
    #[test]
    fn nobody_below_every_limit_is_touched(megabytes in proptest::collection::vec(1_u64..95, 2..60), hard in any::<bool>()) {
      let limits = memory_limits(&json!({ "enforceHardLimits": hard }));
      prop_assert!(verdicts(&megabytes, &limits).iter().all(|it| *it == Verdict::Fine));
    }

    #[test]
    fn nobody_is_killed_or_recycled_who_never_was_below(megabytes in proptest::collection::vec(101_u64..500, 2..60), hard in any::<bool>()) {
      let limits = memory_limits(&json!({ "enforceHardLimits": hard }));
      let found = verdicts(&megabytes, &limits);
      prop_assert!(found.iter().all(|it| matches!(it, Verdict::Fine | Verdict::TooLow(_))));
      prop_assert!(found.iter().filter(|it| **it != Verdict::Fine).count() <= 1);
    }

    #[test]
    fn whoever_stays_above_is_found_in_as_many_readings_as_it_takes(
      before in proptest::collection::vec(1_u64..95, 1..20), above in 95_u64..500, readings in 1_u32..10,
    ) {
      let limits = memory_limits(&json!({ "consecutiveChecks": readings }));
      let count = readings as usize;
      let megabytes = [before.clone(), vec![above; count]].concat();
      let found = verdicts(&megabytes, &limits);
      let first = found.iter().position(|it| *it != Verdict::Fine);
      prop_assert_eq!(first, Some(before.len() - 1 + count - 1));
      prop_assert!(matches!(found[first.unwrap()], Verdict::Recycle(_)));
    }
  }
}
