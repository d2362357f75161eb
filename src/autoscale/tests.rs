//! What must hold for any load, and the words of a few decisions.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::time::Duration;

use proptest::prelude::{any, prop_assert, prop_assert_eq, prop_assume, proptest};
use serde_json::json;

use super::{
  decision::{Action, Decision},
  governor::Governor,
  signals::{Room, Signal, Signals},
  wish::{wish, within_room},
};
use crate::config::{AutoScalingConfig, resolve};

const ROOMY: Room =
  Room { cpus: 1e6, cpu_used: 0.0, memory: u64::MAX, memory_used: 0, memory_of_one: 1 };

fn config(section: serde_json::Value) -> AutoScalingConfig {
  resolve(&json!({ "workers": 1, "autoScaling": section })).unwrap().config.auto_scaling
}

fn quick() -> AutoScalingConfig {
  config(json!({
    "enabled": true, "minWorkers": 1, "maxWorkers": 16, "cooldownPeriod": 3_000, "evaluationInterval": 1_000,
    "scaleUpThreshold": { "cpu": 80, "consecutiveChecks": 2 },
    "scaleDownThreshold": { "cpu": 40, "idleTime": 2_000, "consecutiveChecks": 3 },
  }))
}

/// `workers` that serve, with nothing to do.
fn calm(workers: u32) -> Signals {
  Signals {
    workers,
    serving: workers,
    booting: 0,
    cpu: Some(0.0),
    memory: None,
    response_time: None,
    queue: 0.0,
    idle: Duration::from_hours(1),
    throughput: 0.0,
    room: ROOMY,
  }
}

fn busy(workers: u32, cpu: f64, throughput: f64) -> Signals {
  Signals { cpu: Some(cpu), idle: Duration::ZERO, throughput, ..calm(workers) }
}

fn seconds(seconds: u64) -> Duration {
  Duration::from_secs(seconds)
}

/// The decision after as many looks as have to agree, all of them `signals`.
fn agreed(config: &AutoScalingConfig, signals: &Signals) -> Decision {
  let mut governor = Governor::default();
  let mut decision = Decision::hold(signals.workers, String::new());
  for second in 0..10 {
    decision = governor.decide(config, signals, seconds(second));
    if decision.action() != Action::Hold {
      break;
    }
  }
  decision
}

#[test]
fn each_signal_above_its_threshold_asks_for_more() {
  let config = quick();
  let cases = [
    (Signal::Cpu, Signals { cpu: Some(81.0), ..calm(2) }),
    (Signal::Memory, Signals { memory: Some(81.0), ..calm(2) }),
    (
      Signal::ResponseTime,
      Signals { response_time: Some(Duration::from_millis(1_001)), ..calm(2) },
    ),
    (Signal::Queue, Signals { queue: 100.5, ..calm(2) }),
  ];
  for (signal, signals) in cases {
    let decision = agreed(&config, &signals);
    assert_eq!((decision.from, decision.to), (2, 3), "{decision:?}");
    assert!(decision.reason.starts_with(&signal.to_string()), "{decision:?}");
    assert!(decision.reason.contains("is above"), "{decision:?}");
  }
}

#[test]
fn each_condition_of_scaling_down_is_needed() {
  let config = quick();
  assert_eq!(agreed(&config, &calm(2)).to, 1);
  let cases = [
    (
      "cpu: 50 % of a core per worker is between 40 and 80 %",
      Signals { cpu: Some(50.0), ..calm(2) },
    ),
    ("cpu: could not be read", Signals { cpu: None, ..calm(2) }),
    (
      "memory: 60 % of the memory limit per worker is between 50 and 80 %",
      Signals { memory: Some(60.0), ..calm(2) },
    ),
    (
      "idleTime: a worker has been idle for 1999 ms",
      Signals { idle: Duration::from_millis(1_999), ..calm(2) },
    ),
    ("1 worker starting", Signals { serving: 1, booting: 1, ..calm(2) }),
    (
      "queueLength: 90.0 requests waiting is low, but too much for fewer",
      Signals { queue: 90.0, ..calm(2) },
    ),
    ("all that minWorkers, 1, allows", calm(1)),
  ];
  for (words, signals) in cases {
    let decision = agreed(&config, &signals);
    assert_eq!(decision.action(), Action::Hold, "{words}: {decision:?}");
    assert!(decision.reason.contains(words), "{words}: {decision:?}");
  }
}

#[test]
fn looks_must_agree_in_a_row_and_one_that_does_not_begins_anew() {
  let (config, mut governor) = (quick(), Governor::default());
  let load = busy(2, 95.0, 10.0);
  let first = governor.decide(&config, &load, seconds(0));
  assert!(first.reason.ends_with("1 of 2 checks in a row"), "{first:?}");
  governor.decide(&config, &busy(2, 60.0, 10.0), seconds(1));
  assert_eq!(governor.decide(&config, &load, seconds(2)).action(), Action::Hold);
  assert_eq!(governor.decide(&config, &load, seconds(3)).to, 3);
}

#[test]
fn the_cooldown_counts_from_the_last_change_whoever_made_it() {
  let (config, mut governor) = (quick(), Governor::default());
  governor.decide(&config, &busy(2, 95.0, 10.0), seconds(0));
  // Somebody has added two workers since.
  for second in 1..4 {
    let decision = governor.decide(&config, &busy(4, 95.0, 20.0), seconds(second));
    assert!(decision.reason.contains("of the cooldown are left"), "{decision:?}");
  }
  assert_eq!(governor.decide(&config, &busy(4, 95.0, 20.0), seconds(4)).to, 5);
}

#[test]
fn a_worker_that_did_not_help_is_the_last_one() {
  let (config, mut governor) = (quick(), Governor::default());
  let slow = |workers| Signals {
    response_time: Some(seconds(3)),
    throughput: 50.0,
    ..busy(workers, 5.0, 50.0)
  };
  governor.decide(&config, &slow(2), seconds(0));
  assert_eq!(governor.decide(&config, &slow(2), seconds(1)).to, 3);
  for second in 4..100 {
    let decision = governor.decide(&config, &slow(3), seconds(second));
    assert_eq!(decision.action(), Action::Hold);
    assert!(decision.reason.contains("the last worker did not help"), "{decision:?}");
  }
  // Another signal may still ask.
  let hot = Signals { cpu: Some(99.0), ..slow(3) };
  governor.decide(&config, &hot, seconds(100));
  assert_eq!(governor.decide(&config, &hot, seconds(101)).to, 4);
}

#[test]
fn a_worker_that_helped_is_followed_by_another() {
  let (config, mut governor) = (quick(), Governor::default());
  let load = |workers: u32| busy(workers, 100.0, 100.0 * f64::from(workers));
  let mut counts = Vec::new();
  let mut workers = 1;
  for second in 0..30 {
    workers = governor.decide(&config, &load(workers), seconds(second)).to;
    counts.push(workers);
  }
  assert!(workers >= 8, "{counts:?}");
}

#[test]
fn there_is_no_room_where_processors_or_memory_are_taken() {
  let full = Room { cpus: 2.0, cpu_used: 185.0, ..ROOMY };
  let (count, why) = within_room(&full, 2, 3);
  assert_eq!(count, 2);
  assert!(why.unwrap().contains("185 of 200 % of the processors"));
  let mib = 1 << 20;
  let small =
    Room { memory: 1_000 * mib, memory_used: 600 * mib, memory_of_one: 200 * mib, ..ROOMY };
  assert_eq!(within_room(&small, 3, 8).0, 4);
  let spent = Room { memory_used: 890 * mib, ..small };
  assert_eq!(within_room(&spent, 3, 8).0, 3);
  // Fewer are always possible.
  assert_eq!(within_room(&Room { cpu_used: 200.0, ..full }, 3, 1), (1, None));
}

#[test]
fn a_number_outside_the_bounds_is_brought_within() {
  let config = config(json!({ "minWorkers": 2, "maxWorkers": 4 }));
  for (workers, wanted) in [(1, 2), (9, 4)] {
    let decision = Governor::default().decide(&config, &busy(workers, 50.0, 1.0), seconds(0));
    assert_eq!((decision.from, decision.to), (workers, wanted), "{}", decision.reason);
  }
}

#[test]
fn a_bound_that_acts_is_named() {
  let config = config(json!({ "minWorkers": 2, "maxWorkers": 4, "scaleStep": 4 }));
  let down = agreed(&config, &calm(4));
  assert_eq!(down.to, 2, "{down:?}");
  assert!(down.reason.ends_with("not below minWorkers, 2"), "{down:?}");
  let up = agreed(&config, &busy(3, 250.0, 10.0));
  assert_eq!(up.to, 4, "{up:?}");
  assert!(up.reason.ends_with("not above maxWorkers, 4"), "{up:?}");
}

#[test]
fn a_dead_worker_is_the_first_that_is_not_needed() {
  let dead = Signals { serving: 2, ..busy(3, 30.0, 1.0) };
  let decision = agreed(&quick(), &Signals { idle: seconds(60), ..dead });
  assert_eq!(decision.to, 2, "{decision:?}");
}

proptest! {
  /// Whatever is measured: never outside the bounds, never within the cooldown, never without a reason.
  #[test]
  fn bounds_and_cooldown_hold(
    min in 1..8_u32, span in 0..8_u32, step in 1..5_u32, start in 1..16_u32,
    looks in proptest::collection::vec((0.0..100.0, 0.0..100.0, 0..3_000_u64, 0.0..300.0, 0..5_u64, 0..2_u32, any::<bool>()), 1..80),
  ) {
    let mut config = quick();
    (config.min_workers, config.max_workers, config.scale_step) = (min, min + span, step);
    let (mut governor, mut workers, mut changed) = (Governor::default(), start, None);
    for (second, (cpu, memory, time, queue, idle, booting, read)) in looks.into_iter().enumerate() {
      let now = seconds(second as u64);
      let booting = booting.min(workers);
      let signals = Signals {
        serving: workers - booting, booting, cpu: read.then_some(cpu), memory: Some(memory),
        response_time: Some(Duration::from_millis(time)), queue, idle: seconds(idle), throughput: queue,
        ..calm(workers)
      };
      let decision = governor.decide(&config, &signals, now);
      prop_assert!(!decision.reason.is_empty());
      prop_assert_eq!(decision.from, workers);
      if decision.to != workers {
        prop_assert!((min..=min + span).contains(&decision.to));
        if let Some(before) = changed {
          prop_assert!(now - before >= config.cooldown_period.0);
        }
        let within = (min..=min + span).contains(&workers);
        prop_assert!(!within || decision.to.abs_diff(workers) <= step);
        changed = Some(now);
        workers = decision.to;
      }
    }
  }

  /// Constant load is answered with a number of workers that stays: it is approached from one side.
  #[test]
  fn constant_load_is_not_answered_with_up_and_down(
    start in 1..16_u32, work in 0.0..1_500.0_f64, service in 1.0..900.0_f64, concurrency in 0.0..200.0_f64, step in 1..4_u32,
  ) {
    let mut config = quick();
    config.scale_step = step;
    let (mut governor, mut workers) = (Governor::default(), start);
    let (mut directions, mut settled) = (Vec::new(), 0);
    for second in 0..400 {
      let each = work / f64::from(workers);
      // What a queue does to the time of a request, and to those that wait.
      let full = (each / 100.0).min(0.99);
      let signals = Signals {
        cpu: Some(each.min(100.0)),
        response_time: Some(Duration::from_secs_f64(service / 1000.0 / (1.0 - full))),
        queue: (concurrency - f64::from(workers)).max(0.0),
        idle: if concurrency < f64::from(workers) { seconds(60) } else { Duration::ZERO },
        throughput: work.min(100.0 * f64::from(workers)),
        ..calm(workers)
      };
      let decision = governor.decide(&config, &signals, seconds(second));
      if decision.to != workers {
        directions.push(decision.action() == Action::Up);
        settled = second;
      }
      workers = decision.to;
    }
    let turns = directions.windows(2).filter(|pair| pair[0] != pair[1]).count();
    prop_assert!(turns <= 1, "{directions:?}");
    prop_assert!(settled < 300, "still changing at {settled}");
  }

  /// More load never asks for fewer workers.
  #[test]
  fn wishes_are_monotone_in_load(
    workers in 1..16_u32, booting in 0..3_u32, step in 1..5_u32,
    cpu in (0.0..100.0_f64, 0.0..100.0_f64), memory in (0.0..100.0_f64, 0.0..100.0_f64),
    time in (0..3_000_u64, 0..3_000_u64), queue in (0.0..300.0_f64, 0.0..300.0_f64), idle in (0..5_u64, 0..5_u64),
  ) {
    let mut config = quick();
    config.scale_step = step;
    let booting = booting.min(workers - 1);
    let load = |cpu: f64, memory: f64, time: u64, queue: f64, idle: u64| Signals {
      serving: workers - booting, booting, cpu: Some(cpu), memory: Some(memory),
      response_time: Some(Duration::from_millis(time)), queue, idle: seconds(idle), ..calm(workers)
    };
    let light = load(cpu.0.min(cpu.1), memory.0.min(memory.1), time.0.min(time.1), queue.0.min(queue.1), idle.0.max(idle.1));
    let heavy = load(cpu.0.max(cpu.1), memory.0.max(memory.1), time.0.max(time.1), queue.0.max(queue.1), idle.0.min(idle.1));
    let (light, heavy) = (wish(&config, &light, &[]), wish(&config, &heavy, &[]));
    prop_assert!(light.count <= heavy.count, "{light:?} {heavy:?}");
  }

  /// No look may lower what there is room for below what there is.
  #[test]
  fn room_never_takes_workers_away(workers in 1..64_u32, wanted in 1..64_u32, cpu in 0.0..800.0, used in 0..8_u64, one in 0..4_u64) {
    prop_assume!(wanted >= workers);
    let room = Room { cpus: 4.0, cpu_used: cpu, memory: 8 << 30, memory_used: used << 30, memory_of_one: one << 28 };
    let (count, why) = within_room(&room, workers, wanted);
    prop_assert!((workers..=wanted).contains(&count));
    prop_assert_eq!(why.is_some(), count < wanted);
  }
}
