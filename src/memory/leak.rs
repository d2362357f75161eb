//! Whether the memory of a worker grows without end. Pure: a [`Series`] is fed samples and judged.
//!
//! Memory of a JavaScript process goes up until garbage is collected, so what counts are the *minima*:
//! of each window of samples the lowest, or what was left after a full collection where that is known.
//! Samples of the warm-up are left out. The slope of the minima is that of Theil and Sen (the median of
//! the slopes of all pairs; up to 29 % of the points may be anything), and a leak is reported only if
//!
//! - Kendall's tau says that nearly all pairs of minima grow: no sawtooth, no noise;
//! - both halves of the series grow at least half as fast as the whole: no load step, no plateau;
//! - where requests are counted, memory grows with their number as well;
//! - its trend is a good part of the memory, and at this pace reaches the limit within the horizon.
//!
//! Sources: P. K. Sen, "Estimates of the regression coefficient based on Kendall's tau", 1968;
//! M. G. Kendall, "A new measure of rank correlation", 1938.

use std::time::Duration;

use crate::monitor::reading::float;

/// What the judgement rests on.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Settings {
  /// Samples of a new worker that say nothing of it: it loads modules and fills caches. Default 20.
  pub warm_up: usize,
  /// Samples of which the lowest is a minimum. Default 4.
  pub window: usize,
  /// Minima that a judgement needs, at least 8. Default 16.
  pub enough: usize,
  /// A leak that would take longer to reach the limit is none worth an alarm. Default 24 hours.
  pub horizon: Duration,
}

impl Default for Settings {
  fn default() -> Self {
    Self { warm_up: 20, window: 4, enough: 16, horizon: Duration::from_secs(86_400) }
  }
}

/// Least growth that is worth an alarm, in bytes and as a part of the memory.
const GROWTH: (f64, f64) = (1_048_576.0, 0.05);
/// Least of Kendall's tau; 1 is growth at every step.
const TAU: f64 = 0.8;
/// How fast each half must grow, as a part of the whole.
const HALF: f64 = 0.5;
/// Minima that are kept. When there are as many, each two become one.
const KEPT: usize = 96;
/// Minima whose median is the baseline, and the present.
const ENDS: usize = 3;

/// One look at a worker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sample {
  /// When, from any fixed moment.
  pub at: Duration,
  /// The memory that is judged, in bytes: resident, or what a full collection left.
  pub memory: u64,
  /// Requests that it had by then, where they are counted.
  pub requests: Option<u64>,
}

/// What speaks for a leak.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Evidence {
  /// Memory after the warm-up, in bytes.
  pub baseline: u64,
  /// The latest minima, in bytes.
  pub present: u64,
  /// Growth per hour, in bytes.
  pub per_hour: f64,
  /// Growth per 1 000 requests, in bytes, where requests were counted and came.
  pub per_thousand_requests: Option<f64>,
  /// Kendall's tau, -1 to 1.
  pub tau: f64,
  /// Minima that were judged.
  pub minima: usize,
  /// The time between the first and the last of them.
  pub observed: Duration,
  /// The limit, in bytes.
  pub limit: u64,
  /// When the limit is reached at this pace.
  pub exhausted_in: Duration,
}

/// A judgement.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Verdict {
  /// There are too few samples yet.
  Learning {
    /// How many more it takes, about.
    missing: usize,
  },
  /// Nothing that looks like a leak.
  Steady,
  /// A leak.
  Leak(Evidence),
}

/// The memory of one worker over time. Never holds more than a few kilobytes.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Series {
  seen: usize,
  minima: Vec<Sample>,
  /// The lowest of the present window, and how many samples it has.
  open: Option<(Sample, usize)>,
  /// How many windows of the settings one window has by now.
  merged: usize,
}

impl Series {
  /// Take in a sample. One that is not later than the last is left out.
  pub fn push(&mut self, sample: Sample, settings: &Settings) {
    self.seen += 1;
    if self.seen <= settings.warm_up {
      return;
    }
    let size = settings.window.max(1) * self.merged.max(1);
    let (lowest, count) = match self.open.take() {
      None => (sample, 1),
      // Requests and time go on; the memory is that of the lowest.
      Some((lowest, count)) => {
        (if sample.memory <= lowest.memory { sample } else { lowest }, count + 1)
      }
    };
    if count < size {
      self.open = Some((lowest, count));
      return;
    }
    if self.minima.last().is_none_or(|last| last.at < lowest.at) {
      self.minima.push(lowest);
    }
    if self.minima.len() >= KEPT {
      let lower = |pair: &[Sample]| pair.iter().min_by_key(|sample| sample.memory).copied();
      self.minima = self.minima.chunks(2).filter_map(lower).collect();
      self.merged = self.merged.max(1) * 2;
    }
  }

  /// Judge what was seen so far. `resident` is the memory that counts against `limit` now.
  #[must_use]
  pub fn verdict(&self, resident: u64, limit: u64, settings: &Settings) -> Verdict {
    let enough = settings.enough.max(8);
    if self.minima.len() < enough {
      let to_come = (enough - self.minima.len()) * settings.window.max(1);
      let open = self.open.map_or(0, |(_, count)| count);
      let warming = settings.warm_up.saturating_sub(self.seen);
      return Verdict::Learning { missing: warming + to_come.saturating_sub(open) };
    }
    self.leak(resident, limit, settings).map_or(Verdict::Steady, Verdict::Leak)
  }

  fn leak(&self, resident: u64, limit: u64, settings: &Settings) -> Option<Evidence> {
    let minima = self.minima.as_slice();
    // The shape is judged by the order of the samples, whose pace is the caller's affair; how fast it
    // goes is told by the clock.
    let memory = minima.iter().map(|sample| float(sample.memory));
    let order = (0_u32..).map(f64::from);
    let points: Vec<(f64, f64)> = order.zip(memory).collect();
    let timed: Vec<(f64, f64)> =
      minima.iter().map(|sample| (sample.at.as_secs_f64(), float(sample.memory))).collect();
    let (step, slope, tau) = (theil_sen(&points)?, theil_sen(&timed)?, kendall(&points));
    let (first, second) = points.split_at(points.len() / 2);
    let halves = [theil_sen(first)?, theil_sen(second)?];
    let baseline = median(points.iter().take(ENDS).map(|point| point.1).collect())?;
    let present = median(points.iter().rev().take(ENDS).map(|point| point.1).collect())?;
    // By the trend, not from end to end: a load step between them is no part of it.
    let steps = u64::try_from(points.len().saturating_sub(1)).unwrap_or_default();
    let trend = step * float(steps);
    let grown = trend >= f64::max(GROWTH.0, GROWTH.1 * f64::max(baseline, present));
    let both = halves.iter().all(|half| *half >= HALF * step);
    if !(step > 0.0 && slope > 0.0 && tau >= TAU && grown && both) {
      return None;
    }
    let per_request = per_request(minima);
    if per_request.is_some_and(|growth| growth <= 0.0) {
      return None;
    }
    let head_room = float(limit.saturating_sub(resident));
    let exhausted_in = Duration::try_from_secs_f64(head_room / slope).unwrap_or(Duration::MAX);
    if exhausted_in > settings.horizon {
      return None;
    }
    let observed = minima.last()?.at.saturating_sub(minima.first()?.at);
    Some(Evidence {
      baseline: bytes(baseline),
      present: bytes(present),
      per_hour: slope * 3600.0,
      per_thousand_requests: per_request.map(|growth| growth * 1000.0),
      tau,
      minima: minima.len(),
      observed,
      limit,
      exhausted_in,
    })
  }
}

/// Growth per request; `None` where requests are not counted, or none came.
fn per_request(minima: &[Sample]) -> Option<f64> {
  let points: Option<Vec<(f64, f64)>> =
    minima.iter().map(|sample| Some((float(sample.requests?), float(sample.memory)))).collect();
  theil_sen(&points?)
}

/// The median slope of all pairs; `None` when no two differ in `x`.
fn theil_sen(points: &[(f64, f64)]) -> Option<f64> {
  let slopes = pairs(points).filter(|(one, other)| other.0 > one.0);
  median(slopes.map(|(one, other)| (other.1 - one.1) / (other.0 - one.0)).collect())
}

/// Pairs that grow less pairs that shrink, as a part of all.
fn kendall(points: &[(f64, f64)]) -> f64 {
  let (mut sum, mut all) = (0.0, 0.0);
  for (one, other) in pairs(points) {
    all += 1.0;
    if other.1 > one.1 {
      sum += 1.0;
    } else if other.1 < one.1 {
      sum -= 1.0;
    }
  }
  if all > 0.0 { sum / all } else { 0.0 }
}

fn pairs(points: &[(f64, f64)]) -> impl Iterator<Item = ((f64, f64), (f64, f64))> {
  points
    .iter()
    .enumerate()
    .flat_map(move |(index, one)| points.iter().skip(index + 1).map(move |other| (*one, *other)))
}

fn median(mut values: Vec<f64>) -> Option<f64> {
  let middle = values.len().checked_sub(1)? / 2;
  let (_, median, _) = values.select_nth_unstable_by(middle, f64::total_cmp);
  Some(*median)
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "came from an integer")]
const fn bytes(value: f64) -> u64 {
  value as u64
}

#[cfg(test)]
mod tests {
  use proptest::prelude::*;

  use super::*;

  const MB: f64 = 1_048_576.0;
  /// Between two samples, in seconds.
  const PACE: u64 = 30;
  const LIMIT: f64 = 512.0 * MB;

  /// The first sample, counted from 0, at which `memory(sample)` is called a leak.
  fn alarm(samples: usize, memory: impl Fn(usize) -> f64) -> Option<(usize, Evidence)> {
    let settings = Settings::default();
    let mut series = Series::default();
    (0..samples).find_map(|index| {
      let now = bytes(memory(index));
      let at = Duration::from_secs(PACE * u64::try_from(index).unwrap_or_default());
      series.push(Sample { at, memory: now, requests: None }, &settings);
      // Only then has anything changed.
      if series.open.is_some() {
        return None;
      }
      match series.verdict(now, bytes(LIMIT), &settings) {
        Verdict::Leak(evidence) => Some((index, evidence)),
        Verdict::Learning { .. } | Verdict::Steady => None,
      }
    })
  }

  #[expect(clippy::cast_precision_loss, reason = "small numbers")]
  const fn at(index: usize) -> f64 {
    index as f64
  }

  /// The same for every seed, between -1 and 1.
  fn noise(seed: u64, index: usize) -> f64 {
    let mut random = fastrand::Rng::with_seed(seed ^ (u64::try_from(index).unwrap_or(0) << 20));
    random.f64() * 2.0 - 1.0
  }

  #[test]
  fn a_steady_leak_is_told_with_its_numbers() {
    // A megabyte each half minute: 120 an hour.
    let (index, evidence) = alarm(400, |index| (100.0 + at(index)) * MB).unzip();
    assert!(index.is_some_and(|index| index <= 90), "{index:?}");
    let Some(evidence) = evidence else { return };
    assert!((evidence.per_hour / MB - 120.0).abs() < 1.0, "{evidence:?}");
    assert!((evidence.tau - 1.0).abs() < 1e-9);
    let left = LIMIT / MB - 100.0 - at(index.unwrap_or_default());
    assert!((evidence.exhausted_in.as_secs_f64() / 3600.0 - left / 120.0).abs() < 0.01);
    assert_eq!(evidence.per_thousand_requests, None);
    assert!(evidence.present > evidence.baseline && evidence.minima >= 16);
  }

  #[test]
  fn a_leak_too_slow_to_matter_is_none() {
    // 100 KB an hour would take months.
    assert_eq!(alarm(3000, |index| 100.0 * MB + at(index) * 0.8 * 1024.0), None);
  }

  #[test]
  fn requests_are_a_second_witness() {
    let settings = Settings::default();
    let judge = |requests: &dyn Fn(u64) -> u64| {
      let mut series = Series::default();
      for index in 0..100_u64 {
        let sample = Sample {
          at: Duration::from_secs(index * PACE),
          memory: (100 + index) << 20,
          requests: Some(requests(index)),
        };
        series.push(sample, &settings);
      }
      series.verdict(200 << 20, bytes(LIMIT), &settings)
    };
    let Verdict::Leak(evidence) = judge(&|index| index * 1000) else {
      panic!("growth with requests is a leak");
    };
    let growth = evidence.per_thousand_requests.unwrap_or_default();
    assert!((growth / MB - 1.0).abs() < 0.01, "{growth}");
    // What no request came for is told by time alone.
    let Verdict::Leak(evidence) = judge(&|_| 0) else {
      panic!("growth without requests is a leak");
    };
    assert_eq!(evidence.per_thousand_requests, None);
  }

  #[test]
  fn says_how_much_is_missing_and_never_holds_much() {
    let settings = Settings::default();
    let mut series = Series::default();
    assert_eq!(series.verdict(0, 1, &settings), Verdict::Learning { missing: 84 });
    for index in 0..200_000_u64 {
      let at = Duration::from_secs(index);
      series.push(Sample { at, memory: 1 << 27, requests: Some(index) }, &settings);
      assert!(series.minima.len() <= KEPT);
    }
    assert_eq!(series.verdict(1 << 27, 1 << 28, &settings), Verdict::Steady);
  }

  proptest! {
    #![proptest_config(ProptestConfig { cases: 32, ..ProptestConfig::default() })]

    #[test]
    fn no_alarm_on_a_sawtooth(period in 2_usize..24, height in 1.0..200.0, phase in 0_usize..24, seed in any::<u64>()) {
      let memory = |index: usize| {
        let up = at((index + phase) % period) / at(period);
        (100.0 + height * up + noise(seed, index)) * MB
      };
      prop_assert_eq!(alarm(400, memory), None);
    }

    #[test]
    fn no_alarm_on_a_plateau_after_warm_up(time in 1.0..10.0_f64, height in 1.0..300.0_f64, seed in any::<u64>()) {
      let memory = |index: usize| {
        (80.0 + height * (1.0 - f64::exp(-at(index) / time)) + noise(seed, index)) * MB
      };
      prop_assert_eq!(alarm(400, memory), None);
    }

    #[test]
    fn no_alarm_on_a_load_step(
      when in 0_usize..400, height in -80.0..300.0, drift in 0.0..0.005, rough in 0.0..2.0, seed in any::<u64>(),
    ) {
      let memory = |index: usize| {
        let step = if index >= when { height } else { 0.0 };
        (100.0 + step + drift * at(index) + rough * noise(seed, index)) * MB
      };
      prop_assert_eq!(alarm(500, memory), None);
    }

    #[test]
    fn no_alarm_on_noise(part in 0.0..0.3, seed in any::<u64>()) {
      prop_assert_eq!(alarm(500, |index| (100.0 + 100.0 * part * noise(seed, index)) * MB), None);
    }

    #[test]
    fn alarm_on_a_steady_leak_before_the_limit(
      base in 40.0..200.0, lives in 130_usize..1000, saw in 0.0..20.0, period in 2_usize..12, seed in any::<u64>(),
    ) {
      // It reaches the limit at sample `lives`.
      let per_sample = (LIMIT / MB - base) / at(lives);
      let memory = |index: usize| {
        let up = saw * at(index % period) / at(period);
        (base + per_sample * at(index) + up + noise(seed, index)) * MB
      };
      let alarm = alarm(lives, memory);
      prop_assert!(alarm.is_some());
    }
  }
}
