//! Nobody routable: waiting, and the ends of waiting.

use std::time::Duration;

use xypriss_cluster::proxy::QueueLimits;

use crate::support::*;

const LONG: Duration = Duration::from_secs(60);

#[tokio::test]
async fn requests_wait_for_the_first_worker() {
  let proxy = proxy_with(&[], queue(10, LONG));
  let mut clients = Vec::new();
  for _ in 0..5 {
    let mut client = Conn::to(&proxy).await;
    client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nab").await;
    clients.push(client);
  }
  until(|| proxy.stats().waiting == 5).await;
  let worker = Worker::saying("hi").await;
  publish(&proxy, &[&worker]);
  for client in &mut clients {
    assert_eq!(client.answer().await.body, "hi");
  }
  assert_eq!(proxy.stats().waiting, 0);
}

#[tokio::test]
async fn a_full_queue_answers_at_once() {
  let proxy = proxy_with(&[], queue(1, LONG));
  let mut waiting = Conn::to(&proxy).await;
  waiting.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n").await;
  until(|| proxy.stats().waiting == 1).await;
  let mut client = Conn::to(&proxy).await;
  let answer = client.get("/").await;
  assert_eq!((answer.status(), answer.header("retry-after")), (503, Some("1")));
  assert_eq!(answer.header("content-type"), Some("application/json"));
  assert!(answer.body.starts_with(r#"{"error":"Service Unavailable","message":""#));
  assert_eq!(proxy.stats().unavailable, 1);
  // A client that leaves gives its place back.
  drop(waiting);
  until(|| proxy.stats().waiting == 0).await;
  // And other limits count from the next request on.
  proxy.set_queue(QueueLimits { max_size: 0, timeout: LONG });
  assert_eq!(client.get("/").await.status(), 503);
}

#[tokio::test]
async fn waiting_ends_at_its_deadline() {
  let proxy = proxy_with(&[], queue(1, Duration::from_millis(100)));
  let mut client = Conn::to(&proxy).await;
  assert_eq!(client.get("/").await.status(), 503);
  assert_eq!(client.get("/").await.status(), 503);
}
