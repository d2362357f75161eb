//! More requests at once than workers can take, and workers that take none.

use std::{path::PathBuf, sync::Arc, time::Duration};

use tokio::sync::Notify;

use crate::support::*;

const GET: &str = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
/// Longer than any test may take: a request that waits for it fails the test.
const LONG: Duration = Duration::from_secs(3600);

/// A path that no other test has.
fn socket(name: &str) -> PathBuf {
  std::env::temp_dir().join(format!("xypriss-{name}-{}.sock", std::process::id()))
}

/// Breaks off every request.
async fn drops() -> Worker {
  Worker::scripted(|mut conn, _| async move {
    conn.message().await;
  })
  .await
}

#[tokio::test]
async fn a_full_backlog_is_waited_for_and_is_no_failure_of_the_worker() {
  let (first, second) = (socket("burst-1"), socket("burst-2"));
  let gate = Arc::new(Notify::new());
  let workers =
    [&first, &second].map(|path| Worker::with_small_backlog(path, "hi", Arc::clone(&gate)));
  // No place in the queue is needed: the number of clients is the limit.
  let proxy = proxy_with(&[&workers[0], &workers[1]], queue(0, LONG));
  let mut clients = Vec::new();
  for _ in 0..60 {
    let mut client = Conn::to(&proxy).await;
    client.send(GET).await;
    clients.push(client);
  }
  // The backlogs hold two each; the others wait.
  until(|| proxy.stats().waiting == 56).await;
  gate.notify_one();
  for client in &mut clients {
    assert_eq!(client.answer().await.body, "hi");
  }
  let failed: u64 = workers.iter().map(|worker| worker.upstream.counters().failed).sum();
  let stats = proxy.stats();
  assert_eq!((failed, stats.waiting, stats.unavailable, stats.retries), (0, 0, 0, 0));
  close(&proxy).await;
  for path in [first, second] {
    std::fs::remove_file(path).unwrap();
  }
}

#[tokio::test]
async fn a_get_that_every_worker_broke_off_is_502_at_once() {
  for workers in 1..=3 {
    let mut all = Vec::new();
    for _ in 0..workers {
      all.push(drops().await);
    }
    let proxy = proxy_with(&all.iter().collect::<Vec<_>>(), queue(10, LONG));
    let mut client = Conn::to(&proxy).await;
    assert_eq!(client.get("/").await.status(), 502);
    let seen: usize = all.iter().map(|worker| worker.seen().len()).sum();
    assert_eq!(seen, workers.min(2), "no more than two workers are asked");
  }
}

#[tokio::test]
async fn a_worker_that_refuses_for_a_moment_is_asked_again() {
  let path = socket("refuses");
  let worker = Worker::on_unix_socket(&path, "back").await;
  worker.kill().await;
  let proxy = proxy_with(&[&worker], queue(10, LONG));
  let mut client = Conn::to(&proxy).await;
  client.send(GET).await;
  until(|| proxy.stats().waiting == 1).await;
  std::fs::remove_file(&path).unwrap();
  let _again = Worker::on_unix_socket(&path, "back").await;
  assert_eq!(client.answer().await.body, "back");
  std::fs::remove_file(path).unwrap();
}
