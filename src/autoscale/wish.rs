//! How many workers one look asks for, by the arithmetic of Kubernetes' Horizontal Pod Autoscaler:
//! `ceil(workers × value / target)` for each signal, and the largest counts.
//!
//! Thresholds are where something happens; what is aimed at is [`TOLERANCE`] below the upper one. Between the two
//! nothing happens, and workers are taken away only if the load of those that stay would be below the aim: this is
//! what keeps constant load from being answered with up and down in turn.

use super::signals::{Room, Signal, Signals};
use crate::config::AutoScalingConfig;

/// The part of an upper threshold that is left free; the tolerance of the Horizontal Pod Autoscaler.
pub const TOLERANCE: f64 = 0.1;
/// The part of processors and memory that workers are to leave free.
const RESERVE: f64 = 0.1;

/// How many workers one look asks for, and why. Not yet bounded by anything but `scaleStep`.
#[derive(Debug, Clone, PartialEq)]
pub struct Wish {
  /// Workers.
  pub count: u32,
  /// Which signal asks for more; `None` if none does.
  pub because: Option<Signal>,
  /// Why, in words and numbers.
  pub reason: String,
}

/// What `signals` ask for. More load never asks for fewer workers. `ignored` are signals that are not to ask for more.
#[must_use]
pub fn wish(config: &AutoScalingConfig, signals: &Signals, ignored: &[Signal]) -> Wish {
  more(config, signals, ignored).unwrap_or_else(|| fewer(config, signals))
}

/// The signal that asks for the most workers, if any is above its threshold.
fn more(config: &AutoScalingConfig, signals: &Signals, ignored: &[Signal]) -> Option<Wish> {
  let up = &config.scale_up_threshold;
  let asked = |signal: Signal| {
    let (value, threshold) = (signal.value(signals)?, signal.threshold(up));
    (!ignored.contains(&signal) && value > threshold)
      .then(|| (signal, value, threshold, needed(signals.serving.max(1), value, threshold)))
  };
  let (signal, value, threshold, needed) =
    Signal::ALL.into_iter().filter_map(asked).max_by_key(|(.., needed)| *needed)?;
  let capacity = signals.serving + signals.booting;
  // Those that start take part of the load soon, and count as if they had nothing to do yet.
  let missing = needed.saturating_sub(capacity).min(config.scale_step);
  let mut reason = format!("{signal}: {} is above {}", signal.say(value), signal.say(threshold));
  if missing == 0 {
    reason = format!("{reason}, and {} starting are enough for it", workers(signals.booting));
  }
  Some(Wish { count: signals.workers + missing, because: Some(signal), reason })
}

fn fewer(config: &AutoScalingConfig, signals: &Signals) -> Wish {
  let stay = |reason: String| Wish { count: signals.workers, because: None, reason };
  let (up, down) = (&config.scale_up_threshold, &config.scale_down_threshold);
  if signals.booting > 0 {
    return stay(format!("{} starting, which is not measured yet", workers(signals.booting)));
  }
  // As the Horizontal Pod Autoscaler does: what is not known is not taken for nothing.
  let Some(cpu) = signals.cpu else {
    return stay("cpu: could not be read, so no worker is taken away".to_owned());
  };
  if cpu >= down.cpu {
    return stay(between(Signal::Cpu, cpu, down.cpu, up.cpu));
  }
  if let Some(memory) = signals.memory
    && memory >= down.memory
  {
    return stay(between(Signal::Memory, memory, down.memory, up.memory));
  }
  if signals.idle < down.idle_time.0 {
    let (idle, wanted) = (signals.idle.as_millis(), down.idle_time.0.as_millis());
    return stay(format!("idleTime: a worker has been idle for {idle} ms, less than {wanted} ms"));
  }
  if signals.workers <= config.min_workers {
    let (present, least) = (workers(signals.workers), config.min_workers);
    return stay(format!("load is low, and {present} are all that minWorkers, {least}, allows"));
  }
  let need = |signal: Signal| {
    let value = signal.value(signals)?;
    Some((signal, value, needed(signals.serving, value, signal.threshold(up))))
  };
  let most = Signal::ALL.into_iter().filter_map(need).max_by_key(|(.., needed)| *needed);
  let Some((signal, value, needed)) = most else { return stay("nothing was measured".to_owned()) };
  let needed = needed.max(1);
  if needed >= signals.serving && signals.serving == signals.workers {
    return stay(format!("{signal}: {} is low, but too much for fewer workers", signal.say(value)));
  }
  let lost = signals.workers - signals.serving;
  let spare = (signals.serving.saturating_sub(needed) + lost).min(config.scale_step);
  let (floor, idle) = (Signal::Cpu.say(down.cpu), signals.idle.as_millis());
  let count = signals.workers - spare;
  let reason = format!(
    "cpu: {} is below {floor}, a worker has been idle for {idle} ms, and {} would be enough",
    Signal::Cpu.say(cpu),
    workers(count)
  );
  Wish { count, because: None, reason }
}

fn between(signal: Signal, value: f64, low: f64, high: f64) -> String {
  format!("{signal}: {} is between {low:.0} and {high:.0} %", signal.say(value))
}

/// How many workers bring `value`, the mean of `serving` workers, to the aim below `threshold`.
fn needed(serving: u32, value: f64, threshold: f64) -> u32 {
  let workers = f64::from(serving) * value / (threshold * (1.0 - TOLERANCE));
  #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a cast saturates")]
  let whole = workers.ceil().min(f64::from(u32::MAX / 2)) as u32;
  // Above the threshold one more is needed in any case; the aim below it sees to that.
  whole
}

/// How many workers there is room for, at least those that there are, and what is short.
#[must_use]
pub fn within_room(room: &Room, workers: u32, wanted: u32) -> (u32, Option<String>) {
  if wanted <= workers {
    return (wanted, None);
  }
  let cpu = 100.0 * room.cpus;
  if room.cpu_used >= cpu * (1.0 - RESERVE) {
    let (used, all) = (room.cpu_used, cpu);
    let why =
      format!("workers take {used:.0} of {all:.0} % of the processors: more would only share them");
    return (workers, Some(why));
  }
  #[expect(clippy::cast_precision_loss, reason = "an estimate")]
  let (all, used, one) =
    (room.memory as f64 * (1.0 - RESERVE), room.memory_used as f64, room.memory_of_one as f64);
  if one <= 0.0 {
    return (wanted, None);
  }
  #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a cast saturates")]
  let fit = ((all - used) / one).floor().clamp(0.0, f64::from(u32::MAX / 2)) as u32;
  let bounded = wanted.min(workers.saturating_add(fit));
  let why = (bounded < wanted).then(|| {
    let mib = |bytes: f64| bytes / f64::from(1 << 20);
    format!(
      "there is memory for {fit} more: workers have {:.0} of {:.0} MiB, the largest {:.0}",
      mib(used),
      mib(all),
      mib(one)
    )
  });
  (bounded, why)
}

/// `count` workers, in words.
#[must_use]
pub fn workers(count: u32) -> String {
  if count == 1 { "1 worker".to_owned() } else { format!("{count} workers") }
}
