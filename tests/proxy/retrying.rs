//! Workers that fail: what is repeated, what is not, what the client sees.

use std::time::Duration;

use crate::support::*;

const GET: &str = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
const POST: &str = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nab";

/// Answers one request per connection well, then breaks the connection when the next one comes.
async fn breaks_on_the_second() -> Worker {
  Worker::scripted(|mut conn, _| async move {
    conn.message().await;
    conn.send(ok("first")).await;
    conn.message().await;
  })
  .await
}

#[tokio::test]
async fn a_refused_connection_is_no_reason_to_fail_whatever_the_method() {
  let (dead, alive) = (Worker::dead().await, Worker::saying("alive").await);
  let proxy = proxy(&[&dead, &alive]);
  let mut client = Conn::to(&proxy).await;
  for request in [GET, POST, GET, POST] {
    client.send(request).await;
    assert_eq!(client.answer().await.body, "alive");
  }
  assert!(proxy.stats().retries >= 2);
  assert_eq!(dead.upstream.counters().failed, proxy.stats().retries);
  assert_eq!(dead.upstream.in_flight(), 0);
}

#[tokio::test]
async fn a_pooled_connection_that_was_closed_is_replaced_even_for_the_only_worker() {
  let worker = Worker::scripted(|mut conn, _| async move {
    conn.message().await;
    conn.send(ok("hi")).await;
  })
  .await;
  let proxy = proxy(&[&worker]);
  let mut client = Conn::to(&proxy).await;
  for _ in 0..10 {
    assert_eq!(client.get("/").await.body, "hi");
  }
  assert_eq!(worker.accepted(), 10);
  assert_eq!(proxy.stats().bad_gateway, 0);
}

#[tokio::test]
async fn a_get_whose_worker_broke_off_is_answered_by_another() {
  let broken = Worker::scripted(|mut conn, _| async move {
    conn.message().await;
  })
  .await;
  let alive = Worker::saying("alive").await;
  let proxy = proxy(&[&broken, &alive]);
  let mut client = Conn::to(&proxy).await;
  for _ in 0..4 {
    assert_eq!(client.get("/").await.body, "alive");
  }
  assert!(!broken.seen().is_empty());
  assert_eq!(broken.upstream.counters().failed, proxy.stats().retries);
}

#[tokio::test]
async fn a_get_whose_pooled_connection_broke_is_repeated_on_a_fresh_one() {
  let worker = breaks_on_the_second().await;
  let proxy = proxy(&[&worker]);
  let mut client = Conn::to(&proxy).await;
  for _ in 0..3 {
    assert_eq!(client.get("/").await.body, "first");
  }
  assert_eq!(proxy.stats().retries, 2);
}

#[tokio::test]
async fn a_post_whose_worker_broke_off_is_not_repeated() {
  let worker = breaks_on_the_second().await;
  let other = Worker::saying("other").await;
  let proxy = proxy(&[&worker]);
  let mut client = Conn::to(&proxy).await;
  client.send(POST).await;
  assert_eq!(client.answer().await.body, "first");
  client.send(POST).await;
  let answer = client.answer().await;
  assert_eq!(answer.status(), 502);
  assert_eq!(
    answer.body,
    r#"{"error":"Bad Gateway","message":"The server did not complete its answer to the request."}"#
  );
  assert_eq!((worker.seen().len(), proxy.stats().retries, proxy.stats().bad_gateway), (2, 0, 1));
  // The same client is served on.
  publish(&proxy, &[&other]);
  client.send(POST).await;
  assert_eq!(client.answer().await.body, "other");
}

#[tokio::test]
async fn an_answer_that_has_begun_is_passed_on_at_once_and_never_repeated() {
  let release = std::sync::Arc::new(tokio::sync::Notify::new());
  let broken = Worker::scripted({
    let release = std::sync::Arc::clone(&release);
    move |mut conn, _| {
      let release = std::sync::Arc::clone(&release);
      async move {
        conn.message().await;
        conn.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf").await;
        release.notified().await;
      }
    }
  })
  .await;
  let alive = Worker::saying("alive").await;
  let proxy = proxy(&[&broken]);
  let mut client = Conn::to(&proxy).await;
  client.send(GET).await;
  assert!(within(client.head()).await.unwrap().starts_with("HTTP/1.1 200 OK"));
  assert_eq!(within(client.exactly(4)).await.unwrap(), "half");
  publish(&proxy, &[&broken, &alive]);
  release.notify_one();
  assert_eq!(client.rest().await, "");
  assert!(alive.seen().is_empty());
  assert_eq!((broken.upstream.counters().failed, proxy.stats().retries), (1, 0));
}

#[tokio::test]
async fn a_streamed_answer_that_breaks_off_is_cut_and_not_ended() {
  let worker = Worker::scripted(|mut conn, _| async move {
    conn.message().await;
    conn.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n").await;
  })
  .await;
  let proxy = proxy(&[&worker]);
  let mut client = Conn::to(&proxy).await;
  client.send(GET).await;
  let answer = client.rest().await;
  assert!(answer.ends_with("\r\n4\r\nhalf\r\n"), "{answer}");
  assert_eq!(worker.upstream.counters().failed, 1);
}

#[tokio::test]
async fn every_worker_is_tried_before_a_request_that_was_not_sent_waits() {
  let mut dead = Vec::new();
  for _ in 0..6 {
    dead.push(Worker::dead().await);
  }
  let alive = Worker::saying("alive").await;
  let mut workers: Vec<&Worker> = dead.iter().collect();
  let proxy = proxy_with(&workers, queue(0, Duration::ZERO));
  let mut client = Conn::to(&proxy).await;
  assert_eq!(client.get("/").await.status(), 503);
  assert_eq!(proxy.stats().retries, 6);
  workers.push(&alive);
  publish(&proxy, &workers);
  for _ in 0..10 {
    assert_eq!(client.get("/").await.body, "alive");
  }
}

#[tokio::test]
async fn a_request_that_breaks_every_worker_is_not_carried_to_all_of_them() {
  let breaks = || {
    Worker::scripted(|mut conn, _| async move {
      conn.message().await;
    })
  };
  let workers = [breaks().await, breaks().await, breaks().await, breaks().await];
  let proxy = proxy(&workers.iter().collect::<Vec<_>>());
  let mut client = Conn::to(&proxy).await;
  assert_eq!(client.get("/poison").await.status(), 502);
  let reached: usize = workers.iter().map(|worker| worker.seen().len()).sum();
  assert_eq!(reached, 2);
}

#[tokio::test]
async fn the_end_of_the_only_worker_is_bridged_by_its_successor() {
  let old = Worker::scripted(|mut conn, _| async move {
    conn.message().await;
    std::future::pending::<()>().await;
  })
  .await;
  let new = Worker::saying("new").await;
  let proxy = proxy(&[&old]);
  let mut client = Conn::to(&proxy).await;
  client.send(GET).await;
  until(|| !old.seen().is_empty()).await;
  old.kill().await;
  until(|| proxy.stats().waiting == 1).await;
  publish(&proxy, &[&new]);
  assert_eq!(client.answer().await.body, "new");
}
