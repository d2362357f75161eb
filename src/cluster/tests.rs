//! The handle and its supervisor on paused time, with workers that are no processes.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{
  net::{Ipv4Addr, SocketAddr},
  sync::{Arc, Mutex},
  time::Duration,
};

use nix::unistd::Pid;
use serde_json::{Value, json};
use tokio::{sync::mpsc, task::JoinHandle, time::timeout};

use super::{
  Cluster,
  launch::{Host, Runtime},
  snapshot::{ClusterState, WorkerStatus},
};
use crate::{
  error::{ClusterError, Result},
  event::{Event, EventSink},
  health::{
    checkup::{Checkup, Failure},
    posture::Posture,
  },
  proxy::{Endpoint, InFlight, Protocol, Upstream},
  worker::{Birth, Demand, End, News, Notice, Nursery, Target, cause::Cause},
};

#[derive(Default)]
struct Log(Mutex<Vec<Event>>);

impl EventSink for Log {
  fn emit(&self, event: Event) {
    self.0.lock().unwrap().push(event);
  }
}

impl Log {
  fn names(&self) -> Vec<&'static str> {
    self.0.lock().unwrap().iter().map(Event::name).collect()
  }

  fn count(&self, name: &str) -> usize {
    self.names().iter().filter(|seen| **seen == name).count()
  }
}

/// Hands every birth to the test, which plays the worker.
struct Cradle(mpsc::UnboundedSender<Birth>);

impl Nursery for Cradle {
  fn raise(&self, birth: Birth) {
    self.0.send(birth).unwrap();
  }
}

/// A worker as the test plays it.
struct Baby(Birth);

impl Baby {
  async fn say(&self, news: News) {
    self.0.notices.send(Notice { generation: self.0.generation, news }).await.unwrap();
  }

  async fn ready(&self) {
    self.say(News::Spawned { pid: Pid::from_raw(0x7fff_0000) }).await;
    let target = Some(target(&self.0.worker));
    self.say(News::Ready { target }).await;
    let now = std::time::SystemTime::now();
    self.say(News::Checkup(Checkup::NEW.passed(now).passed(now))).await;
  }

  async fn exit(self, cause: Cause) {
    let startup = (cause == Cause::Exited { code: 3 }).then(|| ClusterError::StartupExit {
      worker: self.0.worker.to_string(),
      cause: cause.clone(),
      stderr: vec!["boom".to_owned()],
    });
    self.say(News::Exited(End { cause, startup, stderr: vec!["boom".to_owned()] })).await;
  }

  async fn told(&mut self) -> Demand {
    *self.0.demand.wait_for(|demand| *demand != Demand::Run).await.unwrap()
  }

  /// Leave as soon as it is told to.
  async fn obey(mut self) {
    self.told().await;
    self.exit(Cause::AskedFor { code: Some(0), signal: None }).await;
  }
}

fn target(worker: &str) -> Target {
  let address = SocketAddr::from((Ipv4Addr::LOCALHOST, 9));
  Target {
    upstream: Upstream::new(worker.to_owned(), Endpoint::Tcp(address), Protocol::Http),
    requested_host: None,
    v6_only: false,
  }
}

const CRASH: Cause = Cause::Signalled { signal: 9 };
const BOOT_FAILURE: Cause = Cause::Exited { code: 3 };

struct Bench {
  cluster: Arc<Cluster>,
  log: Arc<Log>,
  births: mpsc::UnboundedReceiver<Birth>,
  cradle: Arc<Cradle>,
}

impl Bench {
  fn new(config: Value) -> Self {
    let log = Arc::new(Log::default());
    let host = Host {
      program: "/bin/false".into(),
      exec_argv: Vec::new(),
      script: Some("/app.js".to_owned()),
      args: Vec::new(),
      agent: "/agent.js".into(),
      addon: None,
      env: None,
      runtime: Runtime::Node,
    };
    let events = Arc::clone(&log) as Arc<dyn EventSink>;
    let cluster = Arc::new(Cluster::new(config, 0, host, events).unwrap());
    let (sender, births) = mpsc::unbounded_channel();
    Self { cluster, log, births, cradle: Arc::new(Cradle(sender)) }
  }

  fn start(&self) -> JoinHandle<Result<u16>> {
    let (cluster, cradle) = (Arc::clone(&self.cluster), Arc::clone(&self.cradle));
    tokio::spawn(async move { cluster.start_with(cradle, None).await })
  }

  async fn born(&mut self) -> Baby {
    Baby(timeout(Duration::from_secs(600), self.births.recv()).await.unwrap().unwrap())
  }

  async fn running(&mut self, count: usize) -> Vec<Baby> {
    let started = self.start();
    let mut babies = Vec::new();
    for _ in 0..count {
      let baby = self.born().await;
      baby.ready().await;
      babies.push(baby);
    }
    started.await.unwrap().unwrap();
    babies
  }

  fn status(&self, id: &str) -> WorkerStatus {
    self.cluster.snapshot().worker(id).unwrap().status
  }

  /// Wait until the picture is as it should be.
  async fn until(&self, wanted: impl Fn(&super::snapshot::Snapshot) -> bool) {
    let run = self.cluster.run.lock().unwrap().clone().unwrap();
    let mut shown = run.snapshots.clone();
    timeout(Duration::from_secs(600), shown.wait_for(|s| wanted(s))).await.unwrap().unwrap();
  }
}

/// Call the cluster from a task, so that the test can play the workers meanwhile.
macro_rules! call {
  ($bench:ident, $method:ident($($arg:expr),*)) => {{
    let cluster = Arc::clone(&$bench.cluster);
    tokio::spawn(async move { cluster.$method($($arg),*).await })
  }};
}

#[path = "addresses_tests.rs"]
mod addresses;
#[path = "enforcement_tests.rs"]
mod enforcement;

#[path = "autoscaling_tests.rs"]
mod autoscaling;
#[path = "deploy_tests.rs"]
mod deploy;

#[tokio::test(start_paused = true)]
async fn starts_serves_and_stops() {
  let mut bench = Bench::new(json!({ "workers": 2 }));
  let babies = bench.running(2).await;
  assert_eq!(bench.cluster.snapshot().state, ClusterState::Running);
  assert_eq!(bench.log.names(), ["worker:started", "worker:started", "cluster:started"]);
  let ports: Vec<u16> = bench.cluster.snapshot().workers.iter().map(|w| w.port).collect();
  assert_ne!(ports[0], ports[1]);
  for baby in babies {
    tokio::spawn(baby.obey());
  }
  bench.cluster.stop(true).await;
  assert_eq!(bench.cluster.snapshot().state, ClusterState::Stopped);
  assert_eq!(bench.cluster.port(), None);
  assert_eq!(bench.log.count("worker:stopped"), 2);
  assert_eq!(bench.log.names().last(), Some(&"cluster:stopped"));
  bench.cluster.stop(true).await;
}

#[tokio::test(start_paused = true)]
async fn a_worker_that_fails_at_boot_fails_the_start_and_leaves_nothing() {
  let mut bench = Bench::new(json!({ "workers": 2 }));
  let started = bench.start();
  let (good, bad) = (bench.born().await, bench.born().await);
  good.ready().await;
  bad.exit(BOOT_FAILURE).await;
  let good = tokio::spawn(good.obey());
  let error = started.await.unwrap().unwrap_err();
  assert_eq!(error.code(), "ERR_WORKER_STARTUP_EXIT");
  assert!(error.to_string().contains("boom"), "{error}");
  good.await.unwrap();
  assert_eq!(bench.cluster.snapshot().state, ClusterState::Error);
  assert_eq!(bench.log.count("cluster:started"), 0);
  bench.cluster.stop(true).await;
  assert_eq!(bench.cluster.snapshot().state, ClusterState::Stopped);
}

#[tokio::test(start_paused = true)]
async fn stopping_during_the_start_ends_the_start() {
  let mut bench = Bench::new(json!({ "workers": 1 }));
  let started = bench.start();
  let baby = bench.born().await;
  let baby = tokio::spawn(baby.obey());
  bench.cluster.stop(true).await;
  assert_eq!(started.await.unwrap().unwrap_err().code(), "ERR_CLUSTER_STOPPED");
  baby.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_death_is_healed_after_the_delay_in_the_same_slot_and_port() {
  let mut bench = Bench::new(json!({ "workers": 2 }));
  let mut babies = bench.running(2).await;
  let port = bench.cluster.snapshot().worker("worker-1").unwrap().port;
  babies.remove(0).exit(CRASH).await;
  bench.until(|s| s.worker("worker-1").unwrap().status == WorkerStatus::Starting).await;
  let died = tokio::time::Instant::now();
  let baby = bench.born().await;
  assert!((2000..=2400).contains(&died.elapsed().as_millis()), "{:?}", died.elapsed());
  assert_eq!(&*baby.0.worker, "worker-1");
  baby.ready().await;
  bench.until(|s| s.worker("worker-1").unwrap().status == WorkerStatus::Running).await;
  let worker = bench.cluster.snapshot().worker("worker-1").unwrap().clone();
  assert_eq!((worker.restarts, worker.port), (1, port));
  assert_eq!(bench.log.count("worker:restart"), 1);
  assert_eq!(bench.log.count("health:changed"), 2);
}

#[tokio::test(start_paused = true)]
async fn a_crash_loop_ends_and_the_others_serve_on() {
  let mut bench = Bench::new(json!({ "workers": 2, "maxRestarts": 2 }));
  let mut babies = bench.running(2).await;
  babies.remove(0).exit(CRASH).await;
  for _ in 0..2 {
    bench.born().await.exit(BOOT_FAILURE).await;
  }
  bench.until(|s| s.worker("worker-1").unwrap().status == WorkerStatus::Error).await;
  assert_eq!(bench.status("worker-2"), WorkerStatus::Running);
  assert_eq!(bench.cluster.snapshot().verdict().name(), "degraded");
  // A person repairs the app and asks for it again.
  let again = call!(bench, restart_worker("worker-1".to_owned()));
  bench.born().await.ready().await;
  again.await.unwrap().unwrap();
  assert_eq!(bench.status("worker-1"), WorkerStatus::Running);
}

#[tokio::test(start_paused = true)]
async fn a_worker_that_dies_of_a_request_is_never_given_up() {
  let mut bench = Bench::new(json!({ "workers": 1, "maxRestarts": 1 }));
  let mut babies = bench.running(1).await;
  for _ in 0..20 {
    let baby = babies.remove(0);
    let upstream = bench.cluster.snapshot().workers[0].upstream.clone().unwrap();
    upstream.enter().unwrap().broke();
    baby.exit(CRASH).await;
    let next = bench.born().await;
    next.ready().await;
    bench.until(|s| s.workers[0].status == WorkerStatus::Running).await;
    babies.push(next);
  }
  assert_eq!(bench.log.count("worker:error"), 0);
}

#[tokio::test(start_paused = true)]
async fn when_all_are_given_up_that_is_an_error_once_and_nothing_waits() {
  for (policy, errors) in [("error", 1), ("stay", 0)] {
    let process = json!({ "maxRestarts": 0, "onAllFailed": policy });
    let mut bench = Bench::new(json!({ "workers": 2, "processManagement": process }));
    for baby in bench.running(2).await {
      assert_eq!(bench.log.count("error"), 0);
      baby.exit(CRASH).await;
    }
    bench.until(|s| s.state == ClusterState::Error).await;
    assert_eq!(bench.log.count("error"), errors, "{policy}");
    let routes = bench.cluster.run.lock().unwrap().clone().unwrap().proxy.clone();
    assert!(routes.routes().is_exhausted());
    let again = call!(bench, restart_worker("worker-1".to_owned()));
    bench.born().await.ready().await;
    again.await.unwrap().unwrap();
    bench.until(|s| s.state == ClusterState::Running).await;
    assert!(!routes.routes().is_exhausted());
  }
}

#[tokio::test(start_paused = true)]
async fn without_respawn_the_dead_stay_dead() {
  let mut bench = Bench::new(json!({ "workers": 2, "autoRestart": false }));
  let mut babies = bench.running(2).await;
  babies.remove(0).exit(CRASH).await;
  bench.until(|s| s.worker("worker-1").unwrap().status == WorkerStatus::Stopped).await;
  assert!(bench.births.try_recv().is_err());
}

#[tokio::test(start_paused = true)]
async fn a_rolling_restart_starts_the_successor_first() {
  let mut bench = Bench::new(json!({ "workers": 2 }));
  let babies = bench.running(2).await;
  let restarted = call!(bench, restart());
  for mut old in babies {
    let successor = bench.born().await;
    assert_eq!(successor.0.worker, old.0.worker);
    assert_eq!(*old.0.demand.borrow(), Demand::Run);
    let routed = |bench: &Bench| {
      bench.cluster.run.lock().unwrap().clone().unwrap().proxy.routes().snapshot().len()
    };
    assert_eq!(routed(&bench), 2);
    successor.ready().await;
    assert!(matches!(old.told().await, Demand::Stop { .. }));
    assert_eq!(routed(&bench), 2);
    old.exit(Cause::AskedFor { code: Some(0), signal: None }).await;
  }
  restarted.await.unwrap().unwrap();
  let restarts: Vec<u32> = bench.cluster.snapshot().workers.iter().map(|w| w.restarts).collect();
  assert_eq!(restarts, [1, 1]);
  assert_eq!(bench.log.count("health:changed"), 0);
}

#[tokio::test(start_paused = true)]
async fn a_successor_that_fails_stops_the_rolling_restart() {
  let mut bench = Bench::new(json!({ "workers": 2 }));
  let babies = bench.running(2).await;
  let restarted = call!(bench, restart());
  bench.born().await.exit(BOOT_FAILURE).await;
  let error = restarted.await.unwrap().unwrap_err();
  assert_eq!(error.code(), "ERR_ROLLOUT_ABORTED");
  assert!(error.to_string().contains("boom"), "{error}");
  for baby in &babies {
    assert_eq!(*baby.0.demand.borrow(), Demand::Run);
  }
  assert_eq!(bench.cluster.snapshot().verdict().name(), "healthy");
}

#[tokio::test(start_paused = true)]
async fn an_old_worker_that_dies_early_is_replaced_by_its_successor_alone() {
  let mut bench = Bench::new(json!({ "workers": 1 }));
  let mut babies = bench.running(1).await;
  let restarted = call!(bench, restart());
  let successor = bench.born().await;
  babies.remove(0).exit(CRASH).await;
  bench.until(|s| s.worker("worker-1").unwrap().status == WorkerStatus::Starting).await;
  successor.ready().await;
  restarted.await.unwrap().unwrap();
  assert!(bench.births.try_recv().is_err());
  assert_eq!(bench.status("worker-1"), WorkerStatus::Running);
}

#[tokio::test(start_paused = true)]
async fn when_the_successor_dies_too_the_slot_is_filled_again() {
  let mut bench = Bench::new(json!({ "workers": 1 }));
  let mut babies = bench.running(1).await;
  let restarted = call!(bench, restart());
  let successor = bench.born().await;
  babies.remove(0).exit(CRASH).await;
  successor.exit(BOOT_FAILURE).await;
  restarted.await.unwrap().unwrap_err();
  bench.born().await.ready().await;
  bench.until(|s| s.worker("worker-1").unwrap().status == WorkerStatus::Running).await;
}

#[tokio::test(start_paused = true)]
async fn scales_both_ways_and_refuses_what_is_no_number_of_workers() {
  let mut bench = Bench::new(json!({ "workers": 1 }));
  let _first = bench.running(1).await;
  let scaled = call!(bench, scale(3.0));
  let young = [bench.born().await, bench.born().await];
  assert_eq!(bench.cluster.snapshot().state, ClusterState::Scaling);
  for baby in &young {
    baby.ready().await;
  }
  scaled.await.unwrap().unwrap();
  assert_eq!(bench.cluster.snapshot().state, ClusterState::Running);
  for count in [0.0, -1.0, 1.5, f64::NAN, f64::INFINITY, 1e9] {
    let error = bench.cluster.scale(count).await.unwrap_err();
    assert_eq!(error.code(), "ERR_INVALID_WORKER_COUNT", "{count}");
  }
  assert_eq!(bench.cluster.scale_by(-3.0).await.unwrap_err().code(), "ERR_INVALID_WORKER_COUNT");
  for baby in young {
    tokio::spawn(baby.obey());
  }
  bench.cluster.scale_by(-2.0).await.unwrap();
  let left: Vec<String> =
    bench.cluster.snapshot().workers.iter().map(|w| w.id.to_string()).collect();
  assert_eq!(left, ["worker-1"]);
  assert_eq!(bench.log.count("cluster:scaled"), 2);
}

#[tokio::test(start_paused = true)]
async fn a_stopping_worker_is_not_routable_and_an_unknown_one_is_named() {
  let mut bench = Bench::new(json!({ "workers": 2 }));
  let mut babies = bench.running(2).await;
  let stopped = call!(bench, stop_worker("worker-1".to_owned(), true));
  let mut first = babies.remove(0);
  first.told().await;
  let run = bench.cluster.run.lock().unwrap().clone().unwrap();
  let routed: Vec<String> =
    run.proxy.routes().snapshot().iter().map(|u| u.worker().to_owned()).collect();
  assert_eq!(routed, ["worker-2"]);
  first.exit(Cause::AskedFor { code: Some(0), signal: None }).await;
  stopped.await.unwrap().unwrap();
  let error = bench.cluster.stop_worker("worker-1".to_owned(), true).await.unwrap_err();
  assert_eq!(error.code(), "ERR_WORKER_NOT_FOUND");
  assert!(error.to_string().contains("worker-2"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn an_impatient_stop_overtakes_a_patient_one() {
  let mut bench = Bench::new(json!({ "workers": 1 }));
  let mut babies = bench.running(1).await;
  let mut baby = babies.remove(0);
  let patient = call!(bench, stop(true));
  assert!(matches!(baby.told().await, Demand::Stop { .. }));
  let impatient = call!(bench, stop(false));
  baby.0.demand.wait_for(|demand| *demand == Demand::Kill).await.unwrap();
  baby.exit(Cause::AskedFor { code: None, signal: Some(9) }).await;
  patient.await.unwrap();
  impatient.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn calls_before_and_after_a_run_say_so() {
  let mut bench = Bench::new(json!({ "workers": 1 }));
  for _ in 0..2 {
    assert_eq!(bench.cluster.restart().await.unwrap_err().code(), "ERR_CLUSTER_NOT_RUNNING");
    assert_eq!(bench.cluster.scale(2.0).await.unwrap_err().code(), "ERR_CLUSTER_NOT_RUNNING");
    assert_eq!(bench.cluster.metrics().unwrap_err().code(), "ERR_CLUSTER_NOT_RUNNING");
    let babies = bench.running(1).await;
    for baby in babies {
      tokio::spawn(baby.obey());
    }
    bench.cluster.stop(true).await;
  }
}

#[tokio::test(start_paused = true)]
async fn a_configuration_is_changed_whole_or_not_at_all() {
  let mut bench = Bench::new(json!({ "workers": 1 }));
  let babies = bench.running(1).await;
  let bad = json!({ "workers": 2, "loadBalancing": { "strategy": "fastest" } });
  let error = bench.cluster.update_config(bad).await.unwrap_err();
  assert_eq!(error.code(), "ERR_CONFIGURATION");
  assert_eq!(bench.cluster.config().workers, 1);
  let good = json!({ "workers": 2, "exec": { "env": { "RELEASE": "2" } } });
  let updated = call!(bench, update_config(good));
  let successor = bench.born().await;
  assert!(successor.0.launch.env.contains(&("RELEASE".into(), "2".into())));
  successor.ready().await;
  for baby in babies {
    baby.obey().await;
  }
  bench.born().await.ready().await;
  updated.await.unwrap().unwrap();
  assert_eq!(bench.cluster.snapshot().workers.len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_port_that_somebody_took_meanwhile_is_no_fault_of_the_worker() {
  let mut bench = Bench::new(json!({ "workers": 1 }));
  let started = bench.start();
  let baby = bench.born().await;
  let port = bench.cluster.snapshot().workers[0].port;
  let thief = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, port)).unwrap();
  baby.exit(BOOT_FAILURE).await;
  bench.born().await.ready().await;
  started.await.unwrap().unwrap();
  assert_ne!(bench.cluster.snapshot().workers[0].port, port);
  drop(thief);
}

#[tokio::test(start_paused = true)]
async fn a_configuration_that_fails_to_roll_out_is_taken_back() {
  let mut bench = Bench::new(json!({ "workers": 2 }));
  let mut babies = bench.running(2).await;
  let update = json!({ "exec": { "env": { "RELEASE": "bad" } } });
  let updated = call!(bench, update_config(update));
  bench.born().await.exit(BOOT_FAILURE).await;
  let error = updated.await.unwrap().unwrap_err();
  assert_eq!(error.code(), "ERR_ROLLOUT_ABORTED");
  assert!(bench.cluster.config().exec.env.is_empty());
  // Whoever dies now is born again as it was.
  babies.remove(0).exit(CRASH).await;
  let reborn = bench.born().await;
  assert!(!reborn.0.launch.env.contains(&("RELEASE".into(), "bad".into())));
}

#[tokio::test(start_paused = true)]
async fn scaling_down_takes_the_dead_first() {
  let mut bench = Bench::new(json!({ "workers": 2, "autoRestart": false }));
  let mut babies = bench.running(2).await;
  babies.remove(0).exit(CRASH).await;
  bench.until(|s| s.worker("worker-1").unwrap().status == WorkerStatus::Stopped).await;
  bench.cluster.scale_by(-1.0).await.unwrap();
  assert_eq!(bench.status("worker-2"), WorkerStatus::Running);
  assert_eq!(bench.cluster.snapshot().workers.len(), 1);
  assert_eq!(bench.cluster.config().workers, 1);
}

#[tokio::test(start_paused = true)]
async fn a_worker_that_is_stopped_during_a_rolling_restart_is_passed_over() {
  let mut bench = Bench::new(json!({ "workers": 2 }));
  let mut babies = bench.running(2).await;
  let restarted = call!(bench, restart());
  let successor = bench.born().await;
  let stopped = call!(bench, stop_worker("worker-1".to_owned(), true));
  tokio::spawn(babies.remove(0).obey());
  tokio::spawn(successor.obey());
  stopped.await.unwrap().unwrap();
  bench.born().await.ready().await;
  babies.remove(0).obey().await;
  restarted.await.unwrap().unwrap();
  let restarts: Vec<u32> = bench.cluster.snapshot().workers.iter().map(|w| w.restarts).collect();
  assert_eq!(restarts, [1]);
}

#[tokio::test(start_paused = true)]
async fn a_worker_that_closes_its_server_is_out_of_rotation_until_it_listens_again() {
  let mut bench = Bench::new(json!({ "workers": 1 }));
  let babies = bench.running(1).await;
  let run = bench.cluster.run.lock().unwrap().clone().unwrap();
  let routed = || run.proxy.routes().snapshot().len();
  assert_eq!(routed(), 1);
  babies[0].say(News::Closed).await;
  bench.until(|s| s.workers[0].upstream.is_none()).await;
  assert_eq!(routed(), 0);
  babies[0].say(News::Listening(target("worker-1"))).await;
  bench.until(|s| s.workers[0].upstream.is_some()).await;
  assert_eq!(routed(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_port_that_is_taken_each_time_ends_as_a_failed_start() {
  let mut bench = Bench::new(json!({ "workers": 1 }));
  let started = bench.start();
  let mut thieves = Vec::new();
  for _ in 0..4 {
    let baby = bench.born().await;
    let port = bench.cluster.snapshot().workers[0].port;
    thieves.push(std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, port)).unwrap());
    baby.exit(BOOT_FAILURE).await;
  }
  let error = started.await.unwrap().unwrap_err();
  assert_eq!(error.code(), "ERR_WORKER_STARTUP_EXIT");
}

#[tokio::test(start_paused = true)]
async fn a_cluster_whose_handle_is_gone_ends() {
  let mut bench = Bench::new(json!({ "workers": 1 }));
  let mut babies = bench.running(1).await;
  let mut baby = babies.remove(0);
  drop(bench.cluster);
  assert_eq!(baby.told().await, Demand::Kill);
}

#[tokio::test(start_paused = true)]
async fn a_cluster_without_a_worker_left_is_in_error_until_one_serves() {
  let mut bench = Bench::new(json!({ "workers": 1, "maxRestarts": 0 }));
  let mut babies = bench.running(1).await;
  babies.remove(0).exit(CRASH).await;
  bench.until(|s| s.state == ClusterState::Error).await;
  let again = call!(bench, restart_worker("worker-1".to_owned()));
  bench.born().await.ready().await;
  again.await.unwrap().unwrap();
  assert_eq!(bench.cluster.snapshot().state, ClusterState::Running);
}

#[tokio::test(start_paused = true)]
async fn a_change_whose_new_worker_fails_is_taken_back() {
  let mut bench = Bench::new(json!({ "workers": 1 }));
  let _babies = bench.running(1).await;
  let before = bench.cluster.config();
  let updated = call!(bench, update_config(json!({ "workers": 3, "maxRestarts": 9 })));
  let (good, bad) = (bench.born().await, bench.born().await);
  good.ready().await;
  tokio::spawn(good.obey());
  bad.exit(BOOT_FAILURE).await;
  assert_eq!(updated.await.unwrap().unwrap_err().code(), "ERR_WORKER_STARTUP_EXIT");
  assert_eq!(bench.cluster.config(), before);
  assert_eq!(bench.cluster.snapshot().workers.len(), 1);
  assert_eq!(bench.cluster.snapshot().state, ClusterState::Running);
}

#[tokio::test(start_paused = true)]
async fn a_short_form_changes_what_a_long_form_said() {
  let bench = Bench::new(json!({ "processManagement": { "maxRestarts": 7 } }));
  bench.cluster.update_config(json!({ "maxRestarts": 5 })).await.unwrap();
  assert_eq!(bench.cluster.config().restart.max_restarts, 5);
  bench.cluster.update_config(json!({ "maxRestarts": null })).await.unwrap();
  assert_eq!(bench.cluster.config().restart.max_restarts, 3);
  for patch in [json!(null), json!([]), json!("x"), json!({ "ipc": { "\0": "a cycle" } })] {
    let error = bench.cluster.update_config(patch).await.unwrap_err();
    assert_eq!(error.code(), "ERR_CONFIGURATION");
  }
}

#[tokio::test(start_paused = true)]
async fn what_cannot_change_while_it_runs_is_refused() {
  let mut bench = Bench::new(json!({ "workers": 1 }));
  let _babies = bench.running(1).await;
  let patch = json!({ "loadBalancing": { "host": "::1", "strategy": "round-robin" } });
  let error = bench.cluster.update_config(patch).await.unwrap_err();
  assert!(error.to_string().contains("loadBalancing.host: cannot change"), "{error}");
  assert_eq!(bench.cluster.config().load_balancing.strategy, "least-connections");
}

#[tokio::test(start_paused = true)]
async fn a_stop_sees_a_start_that_was_only_just_called() {
  let mut bench = Bench::new(json!({ "workers": 1 }));
  bench.cluster.begin();
  assert_eq!(bench.cluster.snapshot().state, ClusterState::Initializing);
  let stopped = call!(bench, stop(false));
  tokio::task::yield_now().await;
  let started = bench.start();
  let mut births = std::mem::replace(&mut bench.births, mpsc::unbounded_channel().1);
  tokio::spawn(async move {
    while let Some(birth) = births.recv().await {
      tokio::spawn(Baby(birth).obey());
    }
  });
  assert_eq!(started.await.unwrap().unwrap_err().code(), "ERR_CLUSTER_STOPPED");
  stopped.await.unwrap();
  assert_eq!(bench.cluster.snapshot().state, ClusterState::Stopped);
}

impl Baby {
  /// Fail a check that makes it unhealthy.
  async fn sicken(&self, failure: Failure) {
    let now = std::time::SystemTime::now();
    self.say(News::Checkup(Checkup::NEW.passed(now).failed(failure, now, 1))).await;
  }

  async fn recover(&self) {
    self.say(News::Checkup(Checkup::NEW.passed(std::time::SystemTime::now()))).await;
  }
}

impl Bench {
  fn routed(&self) -> usize {
    self.cluster.run.lock().unwrap().clone().unwrap().proxy.routes().snapshot().len()
  }
}

const HANGS: Failure =
  Failure::Hangs { patience: Duration::from_millis(5), posture: Posture::Runs };
const HUNG: Cause = Cause::Hung { failure: HANGS, diagnosis: None };

#[tokio::test(start_paused = true)]
async fn a_worker_that_hangs_is_examined_and_killed_before_the_next_is_started() {
  let mut bench = Bench::new(json!({ "workers": 2 }));
  let mut babies = bench.running(2).await;
  babies[0].sicken(HANGS).await;
  assert_eq!(babies[0].told().await, Demand::Autopsy);
  bench.until(|s| s.verdict().name() == "degraded").await;
  assert_eq!(bench.routed(), 1);
  assert!(bench.births.try_recv().is_err());
  let since = tokio::time::Instant::now();
  babies.remove(0).exit(HUNG).await;
  let next = bench.born().await;
  // The first time nobody waits for that.
  assert!(since.elapsed() < Duration::from_secs(1), "{:?}", since.elapsed());
  assert_eq!(&*next.0.worker, "worker-1");
  next.ready().await;
  bench.until(|s| s.verdict().name() == "healthy").await;
  assert_eq!((bench.routed(), bench.log.count("health:changed")), (2, 2));
  assert_eq!((bench.log.count("worker:error"), bench.log.count("worker:restart")), (1, 1));
  let hang = bench.cluster.snapshot().workers[0].last_hang.clone().unwrap();
  assert_eq!((&hang.cause, hang.pid.is_some()), (&HUNG, true));
}

#[tokio::test(start_paused = true)]
async fn of_those_that_hang_a_quarter_is_killed_at_a_time_and_none_is_given_up() {
  let mut bench = Bench::new(json!({ "workers": 3, "processManagement": { "maxRestarts": 1 } }));
  let mut babies = bench.running(3).await;
  for baby in &babies {
    baby.sicken(HANGS).await;
  }
  bench.until(|s| s.verdict().name() == "critical").await;
  assert_eq!(babies[0].told().await, Demand::Autopsy);
  assert_eq!((*babies[1].0.demand.borrow(), bench.routed()), (Demand::Run, 0));
  babies.remove(0).exit(HUNG).await;
  assert_eq!(babies[0].told().await, Demand::Autopsy);
  for baby in &mut babies {
    assert_eq!(baby.told().await, Demand::Autopsy);
    baby.say(News::Exited(End { cause: HUNG, startup: None, stderr: Vec::new() })).await;
  }
  for _ in 0..9 {
    let mut next = bench.born().await;
    next.ready().await;
    next.sicken(HANGS).await;
    assert_eq!(next.told().await, Demand::Autopsy);
    next.exit(HUNG).await;
  }
  assert_ne!(bench.status("worker-1"), WorkerStatus::Error);
}

#[tokio::test(start_paused = true)]
async fn one_that_answers_badly_is_drained_and_a_bad_successor_waits_longer() {
  let mut bench = Bench::new(json!({ "workers": 2 }));
  let mut babies = bench.running(2).await;
  babies[0].sicken(Failure::Answered(500)).await;
  let successor = bench.born().await;
  successor.ready().await;
  assert!(matches!(babies[0].told().await, Demand::Stop { .. }));
  successor.sicken(Failure::Answered(500)).await;
  let since = tokio::time::Instant::now();
  let _third = bench.born().await;
  assert!(since.elapsed() >= Duration::from_secs(2), "{:?}", since.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_quarter_is_relieved_at_a_time_and_nobody_who_recovered() {
  let mut bench = Bench::new(json!({ "workers": 3 }));
  let babies = bench.running(3).await;
  for baby in &babies {
    baby.sicken(Failure::Answered(503)).await;
  }
  bench.until(|s| s.verdict().name() == "critical").await;
  // Nobody is better: they answer on.
  assert_eq!(bench.routed(), 3);
  let first = bench.born().await;
  babies[1].recover().await;
  bench.until(|s| s.verdict().name() == "degraded").await;
  assert!(bench.births.try_recv().is_err());
  assert_eq!(bench.routed(), 1);
  first.ready().await;
  assert_eq!(&*bench.born().await.0.worker, "worker-3");
  assert!(timeout(Duration::from_secs(60), bench.births.recv()).await.is_err());
}

#[tokio::test(start_paused = true)]
async fn a_sick_worker_whose_successor_fails_keeps_its_place_and_gets_another() {
  let mut bench = Bench::new(json!({ "workers": 2 }));
  let babies = bench.running(2).await;
  babies[0].sicken(Failure::Answered(500)).await;
  bench.born().await.exit(BOOT_FAILURE).await;
  let another = bench.born().await;
  assert_eq!((&*another.0.worker, bench.status("worker-1")), ("worker-1", WorkerStatus::Running));
  assert_eq!(*babies[0].0.demand.borrow(), Demand::Run);
}

#[tokio::test(start_paused = true)]
async fn without_respawn_a_sick_worker_is_told_of_and_left_alone() {
  let mut bench = Bench::new(json!({ "workers": 2, "processManagement": { "respawn": false } }));
  let babies = bench.running(2).await;
  babies[0].sicken(HANGS).await;
  bench.until(|s| s.verdict().name() == "degraded").await;
  assert!(timeout(Duration::from_secs(60), bench.births.recv()).await.is_err());
  assert_eq!((bench.routed(), bench.log.count("worker:error")), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn a_release_that_fails_its_trial_never_takes_over() {
  for (failure, killed) in [(Failure::Answered(500), false), (HANGS, true)] {
    let mut bench = Bench::new(json!({ "workers": 2 }));
    let babies = bench.running(2).await;
    let restarted = call!(bench, restart());
    let mut canary = bench.born().await;
    assert!(canary.0.on_trial && !babies[0].0.on_trial);
    canary.say(News::Ready { target: Some(target(&canary.0.worker)) }).await;
    canary.sicken(failure).await;
    assert_eq!(canary.told().await == Demand::Autopsy, killed);
    canary.exit(Cause::AskedFor { code: Some(0), signal: None }).await;
    let error = restarted.await.unwrap().unwrap_err();
    assert_eq!(error.code(), "ERR_ROLLOUT_ABORTED");
    assert!(error.to_string().contains(&failure.to_string()), "{error}");
    assert_eq!(error.details()["cause"]["code"], "ERR_WORKER_UNHEALTHY");
    assert!(babies.iter().all(|baby| *baby.0.demand.borrow() == Demand::Run));
    assert_eq!((bench.routed(), bench.log.count("worker:restart")), (2, 0));
    assert_eq!(bench.log.count("health:changed"), 0);
  }
}

#[tokio::test(start_paused = true)]
async fn a_successor_is_well_for_the_soak_time_before_it_takes_over() {
  let soak = json!({ "deployment": { "healthCheckGracePeriod": 60_000 } });
  let mut bench = Bench::new(json!({ "workers": 1, "advanced": soak }));
  let mut babies = bench.running(1).await;
  let restarted = call!(bench, restart());
  let canary = bench.born().await;
  let began = tokio::time::Instant::now();
  canary.ready().await;
  assert!(matches!(babies[0].told().await, Demand::Stop { .. }));
  assert!(began.elapsed() >= Duration::from_secs(60), "{:?}", began.elapsed());
  babies.remove(0).exit(Cause::AskedFor { code: Some(0), signal: None }).await;
  restarted.await.unwrap().unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_trial_ends_when_nobody_is_left_to_protect() {
  let soak = json!({ "deployment": { "healthCheckGracePeriod": 600_000 } });
  let mut bench = Bench::new(json!({ "workers": 1, "advanced": soak }));
  let mut babies = bench.running(1).await;
  let restarted = call!(bench, restart());
  let canary = bench.born().await;
  let began = tokio::time::Instant::now();
  canary.say(News::Ready { target: Some(target(&canary.0.worker)) }).await;
  babies.remove(0).exit(CRASH).await;
  restarted.await.unwrap().unwrap();
  assert!(began.elapsed() < Duration::from_secs(60));
  assert_eq!(bench.status("worker-1"), WorkerStatus::Running);
}
