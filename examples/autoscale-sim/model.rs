//! A simple model of a cluster, second by second: requests need 8 ms of a worker and one answer of a database that all
//! share. What is not worked off waits. A worker takes some seconds to start.

use super::{load::Load, scaler::Scaler};

/// Processor time of a request, in seconds.
const COST: f64 = 0.008;
/// Seconds from starting a worker until it serves.
const BOOT: u32 = 4;
/// Seconds between two looks of a scaler.
const LOOK: u32 = 5;
/// Requests that may wait; the others are answered 503 and not counted.
const QUEUE: f64 = 2_000.0;
/// The part of a worker that is never got: requests come as they like.
const FULL: f64 = 0.98;

/// One second.
#[derive(Debug, Clone, Copy)]
pub struct Point {
  /// Workers, those that start included.
  pub workers: u32,
  /// Requests that came.
  pub rate: f64,
  /// Requests that were answered.
  pub served: f64,
  /// Mean time of a request, in milliseconds.
  pub latency: f64,
}

/// What a scaler sees of the seconds since its last look.
#[derive(Debug, Clone, Copy)]
pub struct View {
  /// Seconds since the start.
  pub second: u32,
  /// Workers that serve.
  pub serving: u32,
  /// Workers that start.
  pub booting: u32,
  /// Mean processor time of those that serve, in per cent of one core.
  pub cpu: f64,
  /// Mean time of a request, in milliseconds.
  pub latency: f64,
  /// Mean number of requests that wait.
  pub queue: f64,
  /// Requests that were answered, per second.
  pub throughput: f64,
  /// Seconds for which at least one worker had nothing to do at some time.
  pub idle: u32,
}

/// Play `load` to `scaler`, from two workers on.
pub fn simulate(load: Load, scaler: &mut dyn Scaler) -> Vec<Point> {
  let mut random = Random(0x5eed);
  let (mut serving, mut booting) = (2_u32, Vec::<u32>::new());
  // Requests that wait for a worker, and for the database.
  let (mut waiting, mut asking) = (0.0_f64, 0.0_f64);
  let mut idle = 0;
  let mut points = Vec::new();
  let mut window: Vec<(f64, f64, f64, f64)> = Vec::new();
  for second in 0..load.seconds() {
    let ready = booting.iter().filter(|at| **at <= second).count();
    booting.retain(|at| *at > second);
    serving += u32::try_from(ready).unwrap_or_default();
    let noise = if load.is_recorded() { 1.0 } else { random.between(0.93, 1.07) };
    let rate = load.rate(second) * noise;
    let capacity = f64::from(serving) * FULL / COST;
    let through = (waiting + rate).min(capacity);
    waiting = (waiting + rate - through).min(QUEUE);
    let answers = load.database(second);
    let served = (asking + through).min(answers);
    asking = (asking + through - served).min(QUEUE);
    let busy = (through / capacity).min(1.0);
    // The time in an M/M/1 queue of each stage, bounded by what really waits.
    let stage = |cost: f64, busy: f64, behind: f64, each: f64| {
      1000.0 * (cost / (1.0 - busy.min(0.95)) + behind / each)
    };
    let latency =
      stage(COST, busy, waiting, capacity) + stage(0.005, served / answers, asking, answers);
    // With less than all workers' time taken, one has nothing to do now and then.
    idle = if waiting < 1.0 && busy < 0.75 { idle + 1 } else { 0 };
    points.push(Point { workers: serving + len(&booting), rate, served, latency });
    window.push((100.0 * busy, latency, waiting + asking, served));
    if second % LOOK == LOOK - 1 {
      let mean =
        |of: fn(&(f64, f64, f64, f64)) -> f64| window.iter().map(of).sum::<f64>() / f64::from(LOOK);
      let view = View {
        second,
        serving,
        booting: len(&booting),
        cpu: mean(|it| it.0),
        latency: mean(|it| it.1),
        queue: mean(|it| it.2),
        throughput: mean(|it| it.3),
        idle,
      };
      window.clear();
      let present = serving + len(&booting);
      let wanted = scaler.wanted(&view);
      for _ in present..wanted {
        booting.push(second + BOOT);
      }
      let spare = present.saturating_sub(wanted);
      let started = spare.min(len(&booting));
      booting.truncate((len(&booting) - started) as usize);
      serving = (serving - (spare - started)).max(1);
    }
  }
  points
}

fn len(list: &[u32]) -> u32 {
  u32::try_from(list.len()).unwrap_or(u32::MAX)
}

/// Marsaglia's xorshift: the same numbers in every run.
struct Random(u64);

impl Random {
  fn between(&mut self, low: f64, high: f64) -> f64 {
    self.0 ^= self.0 << 13;
    self.0 ^= self.0 >> 7;
    self.0 ^= self.0 << 17;
    let part = u32::try_from(self.0 >> 32).unwrap_or_default();
    low + (high - low) * f64::from(part) / f64::from(u32::MAX)
  }
}
