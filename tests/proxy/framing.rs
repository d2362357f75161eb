//! Malformed and ambiguous requests: refused, or forwarded with one meaning only.

use std::time::{Duration, Instant};

use crate::support::*;

async fn refused(request: &str, status: u16) {
  let worker = Worker::saying("never").await;
  let proxy = proxy(&[&worker]);
  let mut client = Conn::to(&proxy).await;
  client.send(request).await;
  let answer = client.rest().await;
  assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{request:?} got {answer:?}");
  assert_eq!(answer.matches("HTTP/1.1 ").count(), 1, "{request:?} got {answer:?}");
  assert!(worker.seen().is_empty() && worker.accepted() == 0, "{request:?} reached the worker");
}

#[tokio::test]
async fn ambiguous_requests_are_refused_and_their_connection_closed() {
  let smuggled = "0\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n";
  for (head, status) in [
    ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n", 400),
    ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5, 6\r\n\r\n", 400),
    ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: +5\r\n\r\n", 400),
    ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n", 400),
    ("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", 400),
    ("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked, identity\r\n\r\n", 400),
    ("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: xchunked\r\n\r\n", 400),
    (
      "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n",
      400,
    ),
    ("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding : chunked\r\n\r\n", 400),
    ("POST / HTTP/1.1\r\nHost: a\r\n Transfer-Encoding: chunked\r\n\r\n", 400),
    ("POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n", 400),
    ("POST / HTTP/1.1\r\nContent-Length: 0\r\n\r\n", 400),
    ("POST / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400),
    ("POST / HTTP/1.1\r\nHost: a\r\nX-A: b\0c\r\n\r\n", 400),
    ("POST / HTTP/1.1\r\nHost: a\r\nX(A): b\r\n\r\n", 400),
    ("POST / HTTP/1.1\r\nHost: a\r\nno colon\r\n\r\n", 400),
    ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\n", 400),
    ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n", 400),
    ("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n", 400),
    ("POST / HTTP/1.1\r\nHost: a\nTransfer-Encoding: chunked\r\n\r\n", 400),
    ("POST / HTTP/1.1\r\nHost: a\r\nX: b\r\n Transfer-Encoding: chunked\r\n\r\n", 400),
    ("GET / HTTP/1.1\r\nHost: a\r\n\n", 400),
    ("GET / HTTP/1.1\r\nHost: ::1\r\n\r\n", 400),
    ("GET / HTTP/1.1\r\nHost: x:abc\r\n\r\n", 400),
    ("GET / HTTP/1.1\r\nHost: <x>\r\n\r\n", 400),
    ("GET a.test:80 HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    ("TRACE / HTTP/1.1\r\nHost: a\r\n\r\n", 405),
    ("CONNECT a.test:80 HTTP/1.1\r\nHost: a\r\n\r\n", 405),
  ] {
    refused(&format!("{head}{smuggled}"), status).await;
  }
}

#[tokio::test]
async fn refusals_explain_themselves() {
  let worker = Worker::saying("never").await;
  let proxy = proxy(&[&worker]);
  let mut client = Conn::to(&proxy).await;
  client.send("GET / HTTP/1.1\r\n\r\n").await;
  let answer = client.answer().await;
  assert_eq!(answer.header("content-type"), Some("application/json"));
  assert_eq!(answer.body, r#"{"error":"Bad Request","message":"The Host header is missing."}"#);
}

#[tokio::test]
async fn a_body_stays_a_body() {
  let worker = Worker::saying("hi").await;
  let proxy = proxy(&[&worker]);
  let body = "GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n";
  let mut client = Conn::to(&proxy).await;
  client
    .send(format!("GET /1 HTTP/1.1\r\nHost: a\r\nContent-Length: {}\r\n\r\n{body}", body.len()))
    .await;
  client.answer().await;
  client
    .send(format!("POST /2 HTTP/1.1\r\nHost: a\r\nConnection: Content-Length\r\nContent-Length: {}\r\n\r\n{body}", body.len()))
    .await;
  client.answer().await;
  client.send(format!("DELETE /3 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n{:x};ext=1\r\n{body}\r\n0\r\nX-Trailer: 1\r\n\r\n", body.len())).await;
  client.answer().await;
  let targets: Vec<_> = worker
    .seen()
    .iter()
    .map(|request| (request.head.split(' ').nth(1).unwrap().to_owned(), request.body.clone()))
    .collect();
  assert_eq!(targets, ["/1", "/2", "/3"].map(|path| (path.to_owned(), body.to_owned())));
}

#[tokio::test]
async fn absolute_targets_are_reduced_and_decide_the_host() {
  let worker = Worker::saying("hi").await;
  let proxy = proxy(&[&worker]);
  let mut client = Conn::to(&proxy).await;
  client.send("GET http://b.test/c?d HTTP/1.1\r\nHost: a\r\n\r\n").await;
  client.answer().await;
  client.send("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n").await;
  client.answer().await;
  let seen = worker.seen();
  assert!(seen[0].head.starts_with("GET /c?d HTTP/1.1\r\n"));
  assert_eq!(seen[0].header("host"), Some("b.test"));
  assert!(seen[1].head.starts_with("OPTIONS * HTTP/1.1\r\n"));
}

#[tokio::test]
async fn a_head_that_takes_too_long_or_too_much_ends_the_connection() {
  let worker = Worker::saying("hi").await;
  let proxy = proxy_with(
    &[&worker],
    with_timeouts(|timeouts| timeouts.request_head = Duration::from_millis(200)),
  );
  let started = Instant::now();
  let mut slow = Conn::to(&proxy).await;
  slow.send("GET / HTTP/1.1\r\nHost: a\r\nX-A").await;
  let answer = slow.rest().await;
  assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 408 "), "{answer}");
  assert!(started.elapsed() >= Duration::from_millis(200));
  let mut idle = Conn::to(&proxy).await;
  assert_eq!(idle.get("/").await.body, "hi");
  assert_eq!(idle.rest().await, "");
  let mut most = Conn::to(&proxy).await;
  most.send(format!("GET / HTTP/1.1\r\nHost: a\r\n{}\r\n", "X-A: b\r\n".repeat(999))).await;
  assert_eq!(most.answer().await.body, "hi");
  let mut large = Conn::to(&proxy).await;
  large.send(format!("GET / HTTP/1.1\r\nHost: a\r\nX-A: {}\r\n\r\n", "a".repeat(80_000))).await;
  let answer = large.rest().await;
  assert!(answer.starts_with("HTTP/1.1 431 "), "{answer}");
  let mut many = Conn::to(&proxy).await;
  many.send(format!("GET / HTTP/1.1\r\nHost: a\r\n{}\r\n", "X-A: b\r\n".repeat(1000))).await;
  let answer = many.rest().await;
  assert!(answer.starts_with("HTTP/1.1 431 "), "{answer}");
  assert_eq!(worker.seen().len(), 2);
}

#[tokio::test]
async fn a_body_that_is_none_is_refused_and_never_complete_at_the_worker() {
  for end in [
    "0\n\n",
    "0\r\n\n",
    "0\r\nX: y\n\r\n",
    "0\r\nX: y\r\n\n",
    "0\r\nX : y\r\n\r\n",
    "x\r\n",
    "3\nabc\r\n",
  ] {
    let worker = Worker::saying("never").await;
    let proxy = proxy(&[&worker]);
    let mut client = Conn::to(&proxy).await;
    let smuggled = "GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n";
    client
      .send(format!("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n{end}{smuggled}"))
      .await;
    let answer = client.rest().await;
    assert!(answer.starts_with("HTTP/1.1 400 "), "{end:?} got {answer:?}");
    assert_eq!(answer.matches("HTTP/1.1 ").count(), 1, "{end:?} got {answer:?}");
    until(|| worker.upstream.in_flight() == 0).await;
    assert!(worker.seen().is_empty(), "{end:?}");
    assert_eq!(worker.upstream.counters().failed, 0);
  }
}
