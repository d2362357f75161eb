//! Deployments on paused time, with workers that are no processes.

use super::*;

fn deployment(workers: usize, section: Value) -> Value {
  json!({ "workers": workers, "advanced": { "deployment": section } })
}

const GONE: Cause = Cause::AskedFor { code: Some(0), signal: None };

fn release(two: &Baby) -> bool {
  two.0.launch.env.contains(&("RELEASE".into(), "2".into()))
}

fn to_release_2() -> Value {
  json!({ "exec": { "env": { "RELEASE": "2" } } })
}

impl Bench {
  /// Take the place of `old`, which leaves when it is told to.
  async fn succeed(&mut self, old: Baby) -> Baby {
    let successor = self.born().await;
    assert_eq!(successor.0.worker, old.0.worker);
    successor.ready().await;
    old.obey().await;
    successor
  }

  async fn born_as(&mut self, ids: &[&str]) -> Vec<Baby> {
    let mut babies = Vec::new();
    for id in ids {
      babies.push(self.born().await);
      assert_eq!(&*babies[babies.len() - 1].0.worker, *id);
    }
    babies
  }

  async fn nobody_is_born(&mut self) {
    let wait = Duration::from_millis(1_500);
    assert!(timeout(wait, self.births.recv()).await.is_err(), "somebody was born");
  }
}

#[tokio::test(start_paused = true)]
async fn after_the_canary_as_many_at_a_time_as_may_be_too_many() {
  let mut bench = Bench::new(deployment(4, json!({ "maxSurge": 2 })));
  let mut old = bench.running(4).await;
  let restarted = call!(bench, restart());
  bench.succeed(old.remove(0)).await;
  let two = bench.born_as(&["worker-2", "worker-3"]).await;
  for successor in &two {
    successor.ready().await;
  }
  bench.nobody_is_born().await;
  old.remove(0).obey().await;
  bench.succeed(old.remove(1)).await;
  old.remove(0).obey().await;
  restarted.await.unwrap().unwrap();
  assert_eq!((bench.routed(), bench.log.count("health:changed")), (4, 0));
}

#[tokio::test(start_paused = true)]
async fn without_surge_one_goes_before_the_next_comes() {
  let mut bench = Bench::new(deployment(2, json!({ "maxSurge": 0, "maxUnavailable": 1 })));
  let old = bench.running(2).await;
  let restarted = call!(bench, restart());
  for mut old in old {
    assert!(matches!(old.told().await, Demand::Stop { .. }));
    bench.nobody_is_born().await;
    let worker = Arc::clone(&old.0.worker);
    assert_eq!((bench.status(&worker), bench.routed()), (WorkerStatus::Starting, 1));
    old.exit(GONE).await;
    let new = bench.born().await;
    assert!(new.0.on_trial && new.0.worker == worker);
    new.ready().await;
  }
  restarted.await.unwrap().unwrap();
  assert_eq!((bench.routed(), bench.log.count("worker:restart")), (2, 2));
}

#[tokio::test(start_paused = true)]
async fn a_canary_that_falls_ill_under_requests_gives_its_place_back() {
  for dies in [false, true] {
    let mut bench = Bench::new(deployment(2, json!({ "healthCheckGracePeriod": 60_000 })));
    let old = bench.running(2).await;
    let pid = bench.cluster.snapshot().workers[0].generation;
    let restarted = call!(bench, restart());
    let canary = bench.born().await;
    canary.ready().await;
    bench.until(|s| s.workers[0].generation != pid).await;
    assert_eq!((bench.routed(), *old[0].0.demand.borrow()), (2, Demand::Run));
    tokio::time::sleep(Duration::from_secs(30)).await;
    if dies {
      canary.exit(CRASH).await;
    } else {
      canary.sicken(Failure::Answered(500)).await;
      canary.obey().await;
    }
    let error = restarted.await.unwrap().unwrap_err();
    assert_eq!(error.details()["phase"], "canary");
    let code = if dies { "ERR_WORKER_DIED" } else { "ERR_WORKER_UNHEALTHY" };
    assert_eq!(error.details()["cause"]["code"], code);
    assert_eq!(bench.cluster.snapshot().workers[0].generation, pid);
    assert!(old.iter().all(|old| *old.0.demand.borrow() == Demand::Run));
    assert_eq!(bench.routed(), 2);
    assert_eq!(bench.cluster.snapshot().verdict().name(), "healthy");
    bench.nobody_is_born().await;
  }
}

#[tokio::test(start_paused = true)]
async fn a_predecessor_that_hangs_while_it_stands_by_is_put_back_and_killed() {
  let mut bench = Bench::new(deployment(2, json!({ "healthCheckGracePeriod": 60_000 })));
  let mut old = bench.running(2).await;
  let before = bench.cluster.snapshot().workers[0].generation;
  let restarted = call!(bench, restart());
  let canary = bench.born().await;
  canary.ready().await;
  bench.until(|s| s.workers[0].generation != before).await;
  old[0].sicken(HANGS).await;
  canary.exit(CRASH).await;
  assert_eq!(restarted.await.unwrap().unwrap_err().code(), "ERR_ROLLOUT_ABORTED");
  assert_eq!(old[0].told().await, Demand::Autopsy);
}

#[tokio::test(start_paused = true)]
async fn one_that_dies_while_its_predecessor_drains_ends_the_deployment() {
  let mut bench = Bench::new(deployment(1, json!({})));
  let mut old = bench.running(1).await.remove(0);
  let before = bench.cluster.config();
  let updated = call!(bench, update_config(to_release_2()));
  let new = bench.born().await;
  new.ready().await;
  assert!(matches!(old.told().await, Demand::Stop { .. }));
  new.exit(CRASH).await;
  tokio::spawn(old.obey());
  let cluster = Arc::clone(&bench.cluster);
  tokio::spawn(async move {
    while let Some(birth) = bench.births.recv().await {
      let baby = Baby(birth);
      assert!(!release(&baby));
      baby.ready().await;
      tokio::spawn(baby.obey());
    }
  });
  let error = updated.await.unwrap().unwrap_err();
  assert_eq!(error.details()["cause"]["code"], "ERR_WORKER_DIED");
  assert_eq!(cluster.config(), before);
}

#[tokio::test(start_paused = true)]
async fn a_worker_that_hangs_does_not_wait_for_a_deployment() {
  let mut bench = Bench::new(deployment(2, json!({ "healthCheckGracePeriod": 600_000 })));
  let mut old = bench.running(2).await;
  let _restarted = call!(bench, restart());
  let canary = bench.born().await;
  canary.ready().await;
  old[1].sicken(HANGS).await;
  assert_eq!(old[1].told().await, Demand::Autopsy);
}

#[tokio::test(start_paused = true)]
async fn a_new_configuration_that_turns_out_bad_midway_is_taken_back() {
  let mut bench = Bench::new(deployment(3, json!({})));
  let mut old = bench.running(3).await;
  let before = bench.cluster.config();
  let updated = call!(bench, update_config(to_release_2()));
  let first = bench.succeed(old.remove(0)).await;
  assert!(release(&first));
  bench.born().await.exit(BOOT_FAILURE).await;
  // The one that was replaced comes back as it was.
  let back = bench.succeed(first).await;
  assert!(!release(&back));
  let error = updated.await.unwrap().unwrap_err();
  let details = error.details();
  assert_eq!((&details["workerId"], &details["phase"]), (&json!("worker-2"), &json!("rollout")));
  assert_eq!((&details["rolledBack"], &details["kept"]), (&json!(["worker-1"]), &json!([])));
  assert!(error.to_string().contains("worker-1 runs again as before"), "{error}");
  assert_eq!(bench.cluster.config(), before);
  assert!(old.iter().all(|old| *old.0.demand.borrow() == Demand::Run));
  bench.nobody_is_born().await;
}

#[tokio::test(start_paused = true)]
async fn a_replaced_worker_that_dies_ends_the_deployment_too() {
  let mut bench = Bench::new(deployment(2, json!({})));
  let mut old = bench.running(2).await;
  let updated = call!(bench, update_config(to_release_2()));
  let first = bench.succeed(old.remove(0)).await;
  let second = bench.born().await;
  first.exit(CRASH).await;
  second.obey().await;
  let again = bench.born().await;
  assert!(!release(&again) && &*again.0.worker == "worker-1");
  again.ready().await;
  let error = updated.await.unwrap().unwrap_err();
  assert_eq!(error.details()["cause"]["code"], "ERR_WORKER_DIED");
  assert_eq!(error.details()["rolledBack"], json!(["worker-1"]));
  assert_eq!((*old[0].0.demand.borrow(), bench.routed()), (Demand::Run, 2));
}

#[tokio::test(start_paused = true)]
async fn a_restart_keeps_what_it_has_replaced_as_the_old_code_is_gone() {
  let mut bench = Bench::new(deployment(2, json!({})));
  let mut old = bench.running(2).await;
  let restarted = call!(bench, restart());
  let first = bench.succeed(old.remove(0)).await;
  bench.born().await.exit(BOOT_FAILURE).await;
  let error = restarted.await.unwrap().unwrap_err();
  assert_eq!(error.details()["kept"], json!(["worker-1"]));
  assert_eq!(*first.0.demand.borrow(), Demand::Run);
  bench.nobody_is_born().await;
}

#[tokio::test(start_paused = true)]
async fn all_at_once_nobody_takes_over_before_all_can() {
  let section = json!({ "rollingUpdates": false, "healthCheckGracePeriod": 10_000 });
  for fails in [Some(false), Some(true), None] {
    let mut bench = Bench::new(deployment(2, section.clone()));
    let old = bench.running(2).await;
    let restarted = call!(bench, restart());
    let mut new = bench.born_as(&["worker-1", "worker-2"]).await;
    new[0].ready().await;
    tokio::time::sleep(Duration::from_secs(60)).await;
    assert_eq!(bench.log.count("worker:restart"), 0);
    if fails == Some(false) {
      // Before: nobody ever notices.
      new.remove(1).exit(BOOT_FAILURE).await;
      new.remove(0).obey().await;
    } else {
      new[1].ready().await;
      bench.until(|s| s.workers.iter().all(|worker| worker.restarts == 1)).await;
      assert!(old.iter().all(|old| *old.0.demand.borrow() == Demand::Run));
    }
    if fails == Some(true) {
      // After: both have their old process again.
      new.remove(1).exit(CRASH).await;
      new.remove(0).obey().await;
    }
    if fails.is_some() {
      let error = restarted.await.unwrap().unwrap_err();
      assert_eq!((&error.details()["kept"], bench.routed()), (&json!([]), 2));
      assert!(old.iter().all(|old| *old.0.demand.borrow() == Demand::Run));
      assert_eq!(bench.log.count("worker:restart"), if fails == Some(true) { 4 } else { 0 });
      continue;
    }
    for old in old {
      old.obey().await;
    }
    restarted.await.unwrap().unwrap();
    assert_eq!(bench.routed(), 2);
  }
}

#[tokio::test(start_paused = true)]
async fn a_worker_that_dies_meanwhile_is_not_born_as_what_is_not_proven() {
  let mut bench = Bench::new(deployment(2, json!({ "healthCheckGracePeriod": 60_000 })));
  let mut old = bench.running(2).await;
  let updated = call!(bench, update_config(to_release_2()));
  let canary = bench.born().await;
  old.remove(1).exit(CRASH).await;
  let reborn = bench.born().await;
  assert!(release(&canary) && !release(&reborn));
  reborn.ready().await;
  canary.ready().await;
  old.remove(0).obey().await;
  let second = bench.succeed(reborn).await;
  assert!(release(&second));
  updated.await.unwrap().unwrap();
  // From here on it is what there is.
  second.exit(CRASH).await;
  assert!(release(&bench.born().await));
}

#[tokio::test(start_paused = true)]
async fn a_stop_ends_a_deployment_at_once() {
  let mut bench = Bench::new(deployment(2, json!({ "healthCheckGracePeriod": 600_000 })));
  let old = bench.running(2).await;
  let restarted = call!(bench, restart());
  let canary = bench.born().await;
  canary.ready().await;
  for baby in old.into_iter().chain([canary]) {
    tokio::spawn(baby.obey());
  }
  bench.cluster.stop(true).await;
  assert_eq!(restarted.await.unwrap().unwrap_err().code(), "ERR_CLUSTER_STOPPED");
  // Nothing was begun after it. How long it took cannot be told on a paused clock: the data plane ends on threads of
  // its own, and the clock runs ahead while that is waited for.
  assert!(bench.births.try_recv().is_err());
}

#[tokio::test(start_paused = true)]
async fn a_second_deployment_waits_for_the_first() {
  let mut bench = Bench::new(deployment(2, json!({})));
  let old = bench.running(2).await;
  let first = call!(bench, restart());
  let second = call!(bench, update_config(to_release_2()));
  let mut between = Vec::new();
  for old in old {
    let new = bench.succeed(old).await;
    assert!(!release(&new));
    between.push(new);
  }
  first.await.unwrap().unwrap();
  for old in between {
    assert!(release(&bench.succeed(old).await));
  }
  second.await.unwrap().unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_change_whose_new_worker_fails_takes_the_replaced_ones_back() {
  let mut bench = Bench::new(deployment(1, json!({})));
  let mut old = bench.running(1).await;
  let mut change = to_release_2();
  change["workers"] = json!(2);
  let updated = call!(bench, update_config(change));
  let new = bench.succeed(old.remove(0)).await;
  bench.born().await.exit(BOOT_FAILURE).await;
  assert!(!release(&bench.succeed(new).await));
  assert_eq!(updated.await.unwrap().unwrap_err().code(), "ERR_WORKER_STARTUP_EXIT");
  assert_eq!((bench.cluster.config().workers, bench.routed()), (1, 1));
}
