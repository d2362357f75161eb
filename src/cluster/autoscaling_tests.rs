//! Automatic scaling of a cluster on paused time, with workers that are no processes.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use super::*;
use crate::autoscale::decision::{Action, Decision};

fn scaling(more: Value) -> Value {
  let mut section = json!({
    "enabled": true, "minWorkers": 1, "maxWorkers": 3, "cooldownPeriod": 5_000, "evaluationInterval": 1_000,
    "scaleUpThreshold": { "queueLength": 1, "consecutiveChecks": 2 },
  });
  section.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
  json!({ "workers": 1, "autoScaling": section })
}

impl Bench {
  fn decisions(&self) -> Vec<Decision> {
    let events = self.log.0.lock().unwrap();
    let decisions = events.iter().filter_map(|event| match event {
      Event::AutoscaleDecision { decision } => Some(decision.clone()),
      _ => None,
    });
    decisions.collect()
  }

  /// Wait for so many evaluations in all.
  async fn evaluations(&self, count: usize) -> Vec<Decision> {
    for _ in 0..100_000 {
      if self.decisions().len() >= count {
        return self.decisions();
      }
      tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("{} evaluations only", self.decisions().len());
  }

  /// Requests that do not end.
  fn occupy(&self, worker: &str, requests: usize) -> Vec<InFlight> {
    let snapshot = self.cluster.snapshot();
    let upstream = snapshot.worker(worker).unwrap().upstream.clone().unwrap();
    (0..requests).map(|_| upstream.enter().unwrap()).collect()
  }
}

#[tokio::test(start_paused = true)]
async fn the_first_workers_are_as_many_as_may_be() {
  let mut bench = Bench::new(scaling(json!({ "minWorkers": 2 })));
  let _babies = bench.running(2).await;
  assert_eq!(bench.cluster.snapshot().workers.len(), 2);
}

#[tokio::test(start_paused = true)]
async fn requests_that_wait_bring_a_worker_and_the_cooldown_counts_from_when_it_is_there() {
  let mut bench = Bench::new(scaling(json!({})));
  let _first = bench.running(1).await;
  assert_eq!(bench.cluster.metrics().unwrap()["lastScalingAction"], Value::Null);
  let _requests = bench.occupy("worker-1", 9);
  let second = bench.born().await;
  let decisions = bench.decisions();
  assert_eq!(decisions.len(), 2, "{decisions:?}");
  assert_eq!((decisions[1].from, decisions[1].to), (1, 2));
  assert!(decisions[1].reason.starts_with("queueLength: 8.0 requests waiting"), "{decisions:?}");
  second.ready().await;
  bench.until(|s| s.state == ClusterState::Running).await;
  let action = bench.cluster.metrics().unwrap()["lastScalingAction"].clone();
  assert_eq!(
    (&action["action"], &action["from"], &action["to"]),
    (&json!("up"), &json!(1), &json!(2))
  );
  assert_eq!(action["reason"], json!(decisions[1].reason));
  // Not again before the cooldown is over.
  let later = bench.evaluations(6).await;
  assert!(later[2..6].iter().all(|it| it.reason.contains("cooldown")), "{later:?}");
  // What was chosen by hand stays chosen: the next start has one worker.
  assert_eq!(bench.cluster.config().workers, 1);
}

#[tokio::test(start_paused = true)]
async fn an_evaluation_during_another_operation_is_skipped_and_says_so() {
  let mut bench = Bench::new(scaling(json!({})));
  let _first = bench.running(1).await;
  let _requests = bench.occupy("worker-1", 9);
  let scaled = call!(bench, scale(2.0));
  let second = bench.born().await;
  let decisions = bench.evaluations(3).await;
  assert!(
    decisions.iter().all(|it| it.reason == "another operation is under way"),
    "{decisions:?}"
  );
  assert_eq!(bench.cluster.snapshot().workers.len(), 2);
  second.ready().await;
  scaled.await.unwrap().unwrap();
  let action = bench.cluster.metrics().unwrap()["lastScalingAction"].clone();
  assert_eq!(action["reason"], json!("scale(2)"));
}

#[tokio::test(start_paused = true)]
async fn an_evaluation_by_hand_waits_for_its_turn_and_works_while_scaling_is_off() {
  let mut bench = Bench::new(scaling(json!({ "enabled": false })));
  assert_eq!(bench.cluster.auto_scale().await.unwrap_err().code(), "ERR_CLUSTER_NOT_RUNNING");
  let _first = bench.running(1).await;
  let _requests = bench.occupy("worker-1", 9);
  let first = bench.cluster.auto_scale().await.unwrap().decision;
  assert!(first.reason.ends_with("1 of 2 checks in a row"), "{first:?}");
  let evaluated = call!(bench, auto_scale());
  bench.born().await.ready().await;
  let decision = evaluated.await.unwrap().unwrap().decision;
  assert_eq!((decision.action(), decision.to), (Action::Up, 2), "{decision:?}");
  assert_eq!(bench.log.count("cluster:scaled"), 1);
  assert_eq!(bench.decisions().len(), 2, "nothing evaluates while it is off");
}

#[tokio::test(start_paused = true)]
async fn a_new_configuration_acts_at_once() {
  let mut bench = Bench::new(scaling(json!({ "enabled": false })));
  let _first = bench.running(1).await;
  let updated =
    call!(bench, update_config(json!({ "autoScaling": { "enabled": true, "minWorkers": 2 } })));
  bench.born().await.ready().await;
  updated.await.unwrap().unwrap();
  assert_eq!(bench.cluster.snapshot().workers.len(), 2);
  assert!(!bench.evaluations(2).await.is_empty());
  bench.cluster.update_config(json!({ "autoScaling": { "enabled": false } })).await.unwrap();
  tokio::time::sleep(Duration::from_secs(2)).await;
  let before = bench.decisions().len();
  tokio::time::sleep(Duration::from_secs(60)).await;
  assert_eq!(bench.decisions().len(), before);
}

#[tokio::test(start_paused = true)]
async fn a_worker_that_fails_to_start_is_told_and_tried_again_after_the_cooldown_only() {
  let mut bench = Bench::new(scaling(json!({})));
  let _first = bench.running(1).await;
  let _requests = bench.occupy("worker-1", 9);
  let second = bench.born().await;
  second.exit(BOOT_FAILURE).await;
  let decisions = bench.evaluations(5).await;
  assert!(decisions[2].reason.starts_with("scaling failed"), "{decisions:?}");
  assert_eq!((decisions[2].from, decisions[2].to), (1, 1));
  assert!(decisions[3..].iter().all(|it| it.reason.contains("cooldown")), "{decisions:?}");
  bench.born().await.ready().await;
  bench.until(|s| s.workers.len() == 2).await;
}

#[tokio::test(start_paused = true)]
async fn a_stop_while_a_worker_is_added_ends_both() {
  let mut bench = Bench::new(scaling(json!({})));
  let first = bench.running(1).await;
  let _requests = bench.occupy("worker-1", 9);
  let second = bench.born().await;
  let stopped = call!(bench, stop(false));
  for baby in first.into_iter().chain([second]) {
    tokio::spawn(baby.obey());
  }
  stopped.await.unwrap();
  assert_eq!(bench.cluster.snapshot().state, ClusterState::Stopped);
}
