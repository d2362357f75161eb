//! From looks to decisions: enough of them must agree, the cooldown is kept, and what did not help is not repeated.
//!
//! The rules are those of Kubernetes' Horizontal Pod Autoscaler: of the last `consecutiveChecks` looks, the *least*
//! that was asked for counts for scaling up, and the *most* for scaling down. Two are our own. If the last worker
//! that a signal asked for changed neither that signal nor the throughput, it is not asked for another one: the
//! database may be what is slow. And a number of workers that was too few for some load is not gone back to while the
//! load is the same.

use std::{cmp::Ordering, collections::VecDeque, time::Duration};

use super::{
  decision::Decision,
  signals::{Signal, Signals},
  wish::{Wish, wish, within_room, workers},
};
use crate::config::AutoScalingConfig;

/// By what part a signal or the throughput must have become better for a worker to have helped.
const HELP: f64 = 0.05;
/// Below what part of a load it is another one.
const LIGHTER: f64 = 0.8;

/// What has to be known of the past. Times are since any fixed moment.
#[derive(Debug, Clone, Default)]
pub struct Governor {
  /// What the last looks asked for, the latest at the end.
  looks: VecDeque<u32>,
  /// When the number of workers last changed.
  changed: Option<Duration>,
  /// How many there were at the last look.
  count: Option<u32>,
  /// What signals were when they last got what they asked for, while they ask for more.
  growths: Vec<Growth>,
  /// The last number of workers that was too few, and for what.
  too_few: Option<TooFew>,
}

#[derive(Debug, Clone, Copy)]
struct Growth {
  signal: Signal,
  value: f64,
  throughput: f64,
}

impl Growth {
  /// Whether anything is better since.
  fn helped(&self, signals: &Signals) -> bool {
    let better = |value: f64| value <= self.value * (1.0 - HELP);
    self.signal.value(signals).is_none_or(better)
      || signals.throughput > self.throughput * (1.0 + HELP)
  }
}

#[derive(Debug, Clone, Copy)]
struct TooFew {
  count: u32,
  throughput: f64,
  work: f64,
}

impl Governor {
  /// What is to be done after `signals`, at `now`. Between `minWorkers` and `maxWorkers`, and nothing within the
  /// cooldown.
  pub fn decide(
    &mut self,
    config: &AutoScalingConfig,
    signals: &Signals,
    now: Duration,
  ) -> Decision {
    if self.count.is_some_and(|count| count != signals.workers) {
      self.overruled(now);
    }
    self.count = Some(signals.workers);
    let (from, wish) = (signals.workers, self.wish(config, signals));
    let keep = config
      .scale_up_threshold
      .consecutive_checks
      .max(config.scale_down_threshold.consecutive_checks);
    self.looks.push_back(wish.count);
    while self.looks.len() > keep as usize {
      self.looks.pop_front();
    }
    let decision = self.govern(config, signals, &wish, now);
    if decision.to > from
      && let Some(signal) = wish.because
    {
      let throughput = signals.throughput;
      self.growths.retain(|growth| !signal.alike().contains(&growth.signal));
      self.growths.extend(signal.alike().iter().map(|signal| {
        let value = signal.value(signals).unwrap_or_default();
        Growth { signal: *signal, value, throughput }
      }));
      self.too_few = Some(TooFew { count: from, throughput, work: work(signals) });
    }
    if decision.to != from {
      if decision.to < from {
        self.growths.clear();
      }
      self.settled(decision.to, now);
    }
    decision
  }

  /// There are `count` workers since `now`, as was decided.
  pub fn settled(&mut self, count: u32, now: Duration) {
    self.looks.clear();
    self.changed = Some(now);
    self.count = Some(count);
  }

  /// Somebody else changed the number of workers, or what is wanted of them: a new beginning, at `now`.
  pub fn overruled(&mut self, now: Duration) {
    *self = Self { changed: Some(now), ..Self::default() };
  }

  /// Other thresholds: what was seen under the old ones says nothing. The cooldown goes on.
  pub fn reconfigured(&mut self) {
    *self = Self { changed: self.changed, count: self.count, ..Self::default() };
  }

  /// What the look asks for, without the signals that did not become better by what they got.
  fn wish(&mut self, config: &AutoScalingConfig, signals: &Signals) -> Wish {
    let above = |signal: &Signal| {
      signal
        .value(signals)
        .is_some_and(|value| value > signal.threshold(&config.scale_up_threshold))
    };
    // Below its threshold, a signal has got what it wanted.
    self.growths.retain(|growth| growth.signal.alike().iter().any(above));
    let free = wish(config, signals, &[]);
    if free.because.is_none() || self.growths.is_empty() {
      return free;
    }
    let stay = |reason: String| Wish { count: signals.workers, because: None, reason };
    if signals.booting > 0 {
      let starting = workers(signals.booting);
      return stay(format!("{}, and {starting} starting are not known to help yet", free.reason));
    }
    let helpless: Vec<Growth> =
      self.growths.iter().filter(|growth| !growth.helped(signals)).copied().collect();
    let ignored: Vec<Signal> = helpless.iter().map(|growth| growth.signal).collect();
    let bounded = wish(config, signals, &ignored);
    let blocked = free.because.and_then(|signal| helpless.iter().find(|it| it.signal == signal));
    match blocked {
      Some(growth) if bounded.because.is_none() => {
        // So it was not for want of workers.
        self.too_few = None;
        stay(format!(
          "{}, but the last worker did not help: it was {} at {:.1} requests/s, and is at {:.1} requests/s",
          free.reason,
          growth.signal.say(growth.value),
          growth.throughput,
          signals.throughput
        ))
      }
      _ => bounded,
    }
  }

  fn govern(
    &self,
    config: &AutoScalingConfig,
    signals: &Signals,
    wish: &Wish,
    now: Duration,
  ) -> Decision {
    let from = signals.workers;
    let hold = |reason: String| Decision::hold(from, reason);
    let (min, max) = (config.min_workers, config.max_workers.max(config.min_workers));
    let bounded = from.clamp(min, max);
    if let Some(left) = self.cooldown(config, now) {
      let wanted = if wish.count == from && bounded == from {
        String::new()
      } else {
        format!("; asked for: {}", wish.count)
      };
      return hold(format!(
        "{}{wanted}; {} ms of the cooldown are left",
        wish.reason,
        left.as_millis()
      ));
    }
    if bounded != from {
      let bound = if from < min { "minWorkers" } else { "maxWorkers" };
      return Decision {
        from,
        to: bounded,
        reason: format!("{} are outside {bound}, {bounded}", workers(from)),
      };
    }
    if wish.count == from {
      return hold(wish.reason.clone());
    }
    let up = wish.count > from;
    let checks = if up {
      config.scale_up_threshold.consecutive_checks
    } else {
      config.scale_down_threshold.consecutive_checks
    };
    let last = || self.looks.iter().rev().take(checks as usize);
    let agree = last().take_while(|asked| if up { **asked > from } else { **asked < from }).count();
    if agree < checks as usize {
      return hold(format!("{}; {agree} of {checks} checks in a row", wish.reason));
    }
    let agreed = if up { last().min() } else { last().max() }.copied().unwrap_or(from);
    let (roomy, short) = within_room(&signals.room, from, agreed);
    let to = roomy.clamp(min, max);
    if to == from {
      let why = short.unwrap_or_else(|| {
        let (bound, value) = if up { ("maxWorkers", max) } else { ("minWorkers", min) };
        format!("{} are all that {bound}, {value}, allows", workers(from))
      });
      return hold(format!("{}; {why}", wish.reason));
    }
    let reason = match to.cmp(&roomy) {
      Ordering::Equal => wish.reason.clone(),
      Ordering::Greater => format!("{}; not below minWorkers, {min}", wish.reason),
      Ordering::Less => format!("{}; not above maxWorkers, {max}", wish.reason),
    };
    match self.regretted(signals, to) {
      Some((least, why)) if !up => {
        Decision { from, to: least.min(from), reason: format!("{reason}; {why}") }
      }
      _ => Decision { from, to, reason },
    }
  }

  fn cooldown(&self, config: &AutoScalingConfig, now: Duration) -> Option<Duration> {
    let left = (self.changed? + config.cooldown_period.0).saturating_sub(now);
    (!left.is_zero()).then_some(left)
  }

  /// If `to` workers are known to be too few: how many are not, and why.
  fn regretted(&self, signals: &Signals, to: u32) -> Option<(u32, String)> {
    let too_few = self.too_few.filter(|it| to <= it.count && it.throughput > 0.0)?;
    let same =
      signals.throughput > too_few.throughput * LIGHTER && work(signals) >= too_few.work * LIGHTER;
    same.then(|| {
      let why = format!(
        "{} were too few at {:.1} requests/s, and there are {:.1}",
        workers(too_few.count),
        too_few.throughput,
        signals.throughput
      );
      (too_few.count + 1, why)
    })
  }
}

/// Processor time that the load takes, in per cent of one core.
fn work(signals: &Signals) -> f64 {
  signals.cpu.unwrap_or_default() * f64::from(signals.serving)
}
