//! Limits of workers on paused time. The workers are played; what is read of them is read of idle processes.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::process::{Child, Command as Program, Stdio};

use super::*;
use crate::{
  cluster::command::Command,
  enforcement::{Amount, Bound, Excess},
  worker::tuning::Refusal,
};

/// A process that does nothing, and is gone with the test.
struct Idle(Child);

impl Idle {
  fn start() -> Self {
    Self(Program::new("cat").stdin(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap())
  }
}

impl Drop for Idle {
  fn drop(&mut self) {
    self.0.kill().unwrap();
    self.0.wait().unwrap();
  }
}

impl Baby {
  /// Ready, as process `idle`.
  async fn ready_as(&self, idle: &Idle) {
    self.say(News::Spawned { pid: Pid::from_raw(i32::try_from(idle.0.id()).unwrap()) }).await;
    self.say(News::Ready { target: Some(target(&self.0.worker)) }).await;
    let now = std::time::SystemTime::now();
    self.say(News::Checkup(Checkup::NEW.passed(now).passed(now))).await;
  }
}

impl Bench {
  async fn idle(&mut self, count: usize) -> (Vec<Baby>, Vec<Idle>) {
    let started = self.start();
    let (mut babies, mut idles) = (Vec::new(), Vec::new());
    for _ in 0..count {
      let (baby, idle) = (self.born().await, Idle::start());
      baby.ready_as(&idle).await;
      babies.push(baby);
      idles.push(idle);
    }
    started.await.unwrap().unwrap();
    (babies, idles)
  }

  /// Have a worker be given so many requests, and answer them.
  fn serve(&self, worker: &str, requests: usize) {
    let snapshot = self.cluster.snapshot();
    let upstream = snapshot.worker(worker).unwrap().upstream.clone().unwrap();
    (0..requests).for_each(|_| drop(upstream.enter().unwrap()));
  }

  fn errors(&self) -> Vec<ClusterError> {
    let events = self.log.0.lock().unwrap();
    let errors = events.iter().filter_map(|event| match event {
      Event::WorkerError { error, .. } => Some(error.clone()),
      _ => None,
    });
    errors.collect()
  }
}

fn excess() -> Excess {
  let (reading, limit) = (Amount::Bytes(2 << 20), Amount::Bytes(1 << 20));
  Excess { bound: Bound::WorkerMemory, reading, limit, readings: 1 }
}

#[tokio::test(start_paused = true)]
async fn a_condemned_worker_gets_no_more_requests_and_its_death_names_the_limit() {
  let mut bench = Bench::new(json!({ "workers": 2 }));
  let mut babies = bench.running(2).await;
  let run = bench.cluster.run.lock().unwrap().clone().unwrap();
  let condemn = |pid| {
    let id = "worker-1".to_owned();
    run.ask("test", move |reply| Command::Condemn { id, pid, excess: excess(), reply })
  };
  // Another process than the one that was seen above the limit.
  condemn(1).await.unwrap();
  assert_eq!((bench.routed(), *babies[0].0.demand.borrow()), (2, Demand::Run));
  condemn(0x7fff_0000).await.unwrap();
  assert_eq!((bench.routed(), babies[0].told().await), (1, Demand::Kill));
  babies.remove(0).exit(Cause::AskedFor { code: None, signal: Some(9) }).await;
  bench.born().await.ready().await;
  bench.until(|s| s.worker("worker-1").unwrap().restarts == 1).await;
  let expected =
    "was killed at a hard limit: 2 MB of memory, resources.maxMemoryPerWorker is 1 MB".to_owned();
  let events = bench.log.0.lock().unwrap();
  let causes = events.iter().filter_map(|event| match event {
    Event::WorkerExit { cause, .. } => Some(cause.to_string()),
    _ => None,
  });
  assert_eq!(causes.collect::<Vec<_>>(), [expected]);
}

#[tokio::test(start_paused = true)]
async fn a_setting_that_is_refused_is_told_once() {
  let mut bench = Bench::new(json!({ "workers": 2 }));
  let babies = bench.running(2).await;
  let refused = |field| Refusal { field, reason: "not allowed".to_owned() };
  for baby in &babies {
    baby.say(News::Untuned(vec![refused("resources.priorityLevel")])).await;
  }
  babies[0].say(News::Untuned(vec![refused("resources.fileDescriptorLimit")])).await;
  babies[0].sicken(HANGS).await;
  bench.until(|s| s.verdict().name() == "degraded").await;
  let codes: Vec<&str> = bench.errors().iter().map(ClusterError::code).collect();
  assert_eq!(codes, ["ERR_SETTING_REFUSED", "ERR_SETTING_REFUSED", "ERR_WORKER_UNHEALTHY"]);
}

#[tokio::test(start_paused = true)]
async fn one_is_recycled_at_a_time_and_the_next_when_it_is_gone() {
  let mut bench = Bench::new(json!({
    "workers": 2, "processManagement": { "maxRequestsPerWorker": 10 },
  }));
  let (mut babies, _idles) = bench.idle(2).await;
  for id in ["worker-1", "worker-2"] {
    bench.serve(id, 8);
  }
  assert!(timeout(Duration::from_secs(60), bench.births.recv()).await.is_err());
  for id in ["worker-1", "worker-2"] {
    bench.serve(id, 2);
  }
  let (successor, idle) = (bench.born().await, Idle::start());
  assert!(timeout(Duration::from_secs(60), bench.births.recv()).await.is_err(), "one at a time");
  assert_eq!(bench.routed(), 2);
  successor.ready_as(&idle).await;
  assert!(matches!(babies[0].told().await, Demand::Stop { .. }));
  assert!(timeout(Duration::from_secs(20), bench.births.recv()).await.is_err(), "it drains");
  babies.remove(0).exit(Cause::AskedFor { code: Some(0), signal: None }).await;
  let second = bench.born().await;
  assert_eq!(&*second.0.worker, "worker-2");
  let reasons: Vec<String> = bench
    .log
    .0
    .lock()
    .unwrap()
    .iter()
    .filter_map(|event| match event {
      Event::WorkerRestart { reason, .. } => Some(reason.clone()),
      _ => None,
    })
    .collect();
  assert_eq!(
    reasons,
    ["was given 10 requests, processManagement.maxRequestsPerWorker is 10 requests"]
  );
}

#[tokio::test(start_paused = true)]
async fn whoever_waits_longest_comes_first() {
  let mut bench = Bench::new(json!({
    "workers": 2, "processManagement": { "maxRequestsPerWorker": 10 },
  }));
  let (babies, mut idles) = bench.idle(2).await;
  for baby in babies {
    tokio::spawn(baby.obey());
  }
  let mut recycled = Vec::new();
  for _ in 0..4 {
    // Each successor is due again before the next look.
    for id in ["worker-1", "worker-2"] {
      bench.serve(id, 10);
    }
    let (successor, idle) = (bench.born().await, Idle::start());
    successor.ready_as(&idle).await;
    recycled.push(successor.0.worker.to_string());
    tokio::spawn(successor.obey());
    idles.push(idle);
    let count = recycled.len();
    bench.until(|s| s.workers.iter().map(|it| it.restarts as usize).sum::<usize>() == count).await;
  }
  assert_eq!(recycled, ["worker-1", "worker-2", "worker-1", "worker-2"]);
}

#[tokio::test(start_paused = true)]
async fn a_limit_below_what_a_fresh_worker_has_is_told_once_and_is_no_loop() {
  let mut bench = Bench::new(json!({
    "workers": 1,
    "resources": { "maxMemoryPerWorker": "1KB", "enforcement": { "enforceHardLimits": true } },
  }));
  let (babies, _idles) = bench.idle(1).await;
  assert!(timeout(Duration::from_secs(600), bench.births.recv()).await.is_err());
  assert_eq!(*babies[0].0.demand.borrow(), Demand::Run);
  let errors = bench.errors();
  assert_eq!(errors.len(), 1, "{errors:?}");
  assert_eq!(errors[0].details()["limit"], "resources.maxMemoryPerWorker");
  assert_eq!(errors[0].details()["allowed"], 1024);
  assert_eq!(bench.log.count("memory:critical"), 1);
}

#[tokio::test(start_paused = true)]
async fn nothing_is_recycled_during_another_operation() {
  let mut bench = Bench::new(json!({
    "workers": 1, "processManagement": { "maxRequestsPerWorker": 1 },
  }));
  let (_babies, _idles) = bench.idle(1).await;
  let turn = Arc::clone(&bench.cluster.operation).lock_owned().await;
  bench.serve("worker-1", 5);
  assert!(timeout(Duration::from_secs(60), bench.births.recv()).await.is_err());
  drop(turn);
  assert_eq!(&*bench.born().await.0.worker, "worker-1");
}
