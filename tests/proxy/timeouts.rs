//! Sides that are silent for too long.

use std::time::{Duration, Instant};

use crate::support::*;

const LIMIT: Duration = Duration::from_millis(200);

#[tokio::test]
async fn a_client_that_owes_its_body_is_answered_408() {
  let worker = Worker::scripted(|mut conn, _| async move {
    conn.head().await;
    conn.rest().await;
  })
  .await;
  let proxy = proxy_with(&[&worker], with_timeouts(|timeouts| timeouts.request_body = LIMIT));
  let mut client = Conn::to(&proxy).await;
  let began = Instant::now();
  client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc").await;
  // A body that drips is not silent.
  for _ in 0..4 {
    tokio::time::sleep(LIMIT / 2).await;
    client.send("d").await;
  }
  let answer = client.answer().await;
  assert_eq!((answer.status(), answer.header("connection")), (408, Some("close")));
  assert!(began.elapsed() >= 2 * LIMIT);
  assert_eq!(client.rest().await, "");
  assert_eq!(worker.upstream.counters().failed, 0);
}

#[tokio::test]
async fn a_worker_that_does_not_answer_is_answered_for_once() {
  let worker = Worker::scripted(|mut conn, _| async move {
    conn.message().await;
    conn.rest().await;
  })
  .await;
  let proxy = proxy_with(&[&worker], with_timeouts(|timeouts| timeouts.response_head = LIMIT));
  let mut client = Conn::to(&proxy).await;
  for _ in 0..2 {
    let answer = client.get("/").await;
    assert_eq!((answer.status(), answer.header("connection")), (504, None));
  }
  assert_eq!((worker.seen().len(), worker.accepted(), proxy.stats().retries), (2, 2, 0));
  assert_eq!(worker.upstream.counters().failed, 2);
}

#[tokio::test]
async fn an_answer_that_does_not_go_on_is_cut_and_a_stream_of_events_is_not() {
  for (media, cut) in [("text/plain", true), ("text/event-stream", false)] {
    let worker = Worker::scripted(move |mut conn, _| async move {
      conn.message().await;
      conn
        .send(format!(
          "HTTP/1.1 200 OK\r\nContent-Type: {media}\r\nTransfer-Encoding: chunked\r\n\r\n"
        ))
        .await;
      for _ in 0..4 {
        tokio::time::sleep(LIMIT / 2).await;
        conn.send("2\r\nhi\r\n").await;
      }
      tokio::time::sleep(5 * LIMIT).await;
      conn.send("3\r\nend\r\n0\r\n\r\n").await;
      conn.rest().await;
    })
    .await;
    let proxy = proxy_with(&[&worker], with_timeouts(|timeouts| timeouts.response_body = LIMIT));
    let mut client = Conn::to(&proxy).await;
    client.send("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").await;
    let all = client.rest().await;
    assert_eq!(
      (all.matches("2\r\nhi").count(), all.ends_with("end\r\n0\r\n\r\n")),
      (4, !cut),
      "{all}"
    );
    until(|| worker.upstream.in_flight() == 0).await;
    assert_eq!(worker.upstream.counters().failed, u64::from(cut));
  }
}

#[tokio::test]
async fn a_client_that_does_not_read_loses_its_connection() {
  let worker = Worker::scripted(|mut conn, _| async move {
    conn.message().await;
    conn.send("HTTP/1.1 200 OK\r\nContent-Length: 100000000\r\n\r\n").await;
    conn.send(vec![b'x'; 100_000_000]).await;
    conn.rest().await;
  })
  .await;
  let proxy = proxy_with(&[&worker], with_timeouts(|timeouts| timeouts.client = LIMIT));
  let mut client = Conn::to(&proxy).await;
  client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n").await;
  until(|| proxy.stats().connections == 0).await;
  until(|| worker.upstream.in_flight() == 0).await;
  assert_eq!(worker.upstream.counters().failed, 0);
}

#[tokio::test]
async fn zero_is_without_end() {
  let worker = Worker::scripted(|mut conn, _| async move {
    conn.message().await;
    tokio::time::sleep(LIMIT).await;
    conn.send(ok("late")).await;
  })
  .await;
  let proxy = proxy_with(
    &[&worker],
    with_timeouts(|timeouts| {
      timeouts.request_head = Duration::ZERO;
      timeouts.response_head = Duration::ZERO;
    }),
  );
  let mut client = Conn::to(&proxy).await;
  tokio::time::sleep(LIMIT).await;
  assert_eq!(client.get("/").await.body, "late");
  // So is what says that it waits for news.
  proxy.set_edge(&with_timeouts(|timeouts| timeouts.response_head = LIMIT / 2).edge);
  let mut client = Conn::to(&proxy).await;
  client.send("GET / HTTP/1.1\r\nHost: a\r\nPrefer: wait=9\r\n\r\n").await;
  assert_eq!(client.answer().await.body, "late");
}
