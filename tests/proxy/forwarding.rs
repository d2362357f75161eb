//! Ordinary requests: heads, bodies, streaming, connections.

use std::sync::{
  Arc,
  atomic::{AtomicUsize, Ordering},
};

use tokio::sync::{Notify, Semaphore};
use xypriss_cluster::{balancer::Strategy, proxy::Options};

use crate::support::*;

#[tokio::test]
async fn passes_a_request_on_and_the_answer_back() {
  let worker = Worker::scripted(|mut conn, _| async move {
    conn.message().await;
    conn
      .send("HTTP/1.1 201 Created\r\nConnection: X-Inner\r\nX-Inner: 1\r\nKeep-Alive: timeout=5\r\nServer: app\r\nX-Outer: 2\r\nContent-Length: 2\r\n\r\nhi")
      .await;
  })
  .await;
  let proxy = proxy(&[&worker]);
  let mut client = Conn::to(&proxy).await;
  client
    .send("POST /a?b=c HTTP/1.1\r\nHost: a.test\r\nConnection: X-Hop\r\nX-Hop: 1\r\nContent-Length: 5\r\n\r\nhello")
    .await;
  let answer = client.answer().await;
  assert_eq!((answer.status(), answer.body.as_str()), (201, "hi"));
  assert_eq!((answer.header("server"), answer.header("x-outer")), (Some("app"), Some("2")));
  assert_eq!((answer.header("x-inner"), answer.header("keep-alive")), (None, None));
  assert!(answer.header("date").is_some());
  let request = &worker.seen()[0];
  assert!(request.head.starts_with("POST /a?b=c HTTP/1.1"));
  assert_eq!((request.header("host"), request.header("x-hop")), (Some("a.test"), None));
  // The app sees the client's address as that of its peer: nothing is added that the client did not send.
  assert!(!request.head.to_ascii_lowercase().contains("forwarded"), "{}", request.head);
  assert_eq!(request.body, "hello");
  let counters = worker.upstream.counters();
  assert_eq!((counters.requests, counters.failed, counters.server_errors), (1, 0, 0));
}

#[tokio::test]
async fn connections_to_a_worker_are_reused() {
  let worker = Worker::saying("hi").await;
  let proxy = proxy(&[&worker]);
  let mut client = Conn::to(&proxy).await;
  for _ in 0..50 {
    assert_eq!(client.get("/").await.body, "hi");
  }
  for _ in 0..5 {
    assert_eq!(Conn::to(&proxy).await.get("/").await.body, "hi");
  }
  assert_eq!(worker.accepted(), 1);
}

#[tokio::test]
async fn chunked_answers_leave_the_connection_reusable() {
  let worker = Worker::scripted(|mut conn, _| async move {
    while conn.message().await.is_some() {
      conn.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n").await;
    }
  })
  .await;
  let proxy = proxy(&[&worker]);
  let mut client = Conn::to(&proxy).await;
  for _ in 0..20 {
    assert_eq!(client.get("/").await.body, "hi");
    until(|| worker.upstream.in_flight() == 0).await;
  }
  assert_eq!(worker.accepted(), 1);
}

#[tokio::test]
async fn pipelined_requests_are_answered_in_order() {
  let worker = Worker::scripted(|mut conn, _| async move {
    while let Some(request) = conn.message().await {
      conn.send(ok(request.head.split(' ').nth(1).unwrap())).await;
    }
  })
  .await;
  let other = Worker::saying("other").await;
  let proxy = proxy(&[&worker, &other]);
  let mut client = Conn::to(&proxy).await;
  let one = |path: &str| format!("GET {path} HTTP/1.1\r\nHost: a\r\n\r\n");
  client.send([one("/1"), one("/2"), one("/3")].concat()).await;
  let mut bodies = Vec::new();
  for _ in 0..3 {
    bodies.push(client.answer().await.body);
  }
  assert_eq!(bodies, ["/1", "other", "/3"]);
}

#[tokio::test]
async fn http_1_0_clients_are_served() {
  let worker = Worker::scripted(|mut conn, _| async move {
    while conn.message().await.is_some() {
      conn.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n").await;
    }
  })
  .await;
  let proxy = proxy(&[&worker]);
  let mut client = Conn::to(&proxy).await;
  client.send("GET / HTTP/1.0\r\n\r\n").await;
  let answer = client.rest().await;
  assert!(answer.starts_with("HTTP/1.1 200 OK\r\n") && answer.ends_with("\r\n\r\nhi"), "{answer}");
  assert!(!answer.contains("chunked"), "{answer}");
  assert_eq!(worker.seen()[0].header("host"), Some("localhost"));
}

#[tokio::test]
async fn head_and_bodiless_answers_end_where_they_should() {
  let worker = Worker::scripted(|mut conn, _| async move {
    while let Some(request) = conn.message().await {
      conn
        .send(match request.head.split(' ').next() {
          Some("HEAD") => "HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n",
          Some("DELETE") => "HTTP/1.1 204 No Content\r\n\r\n",
          _ => "HTTP/1.1 304 Not Modified\r\nETag: \"a\"\r\n\r\n",
        })
        .await;
    }
  })
  .await;
  let proxy = proxy(&[&worker]);
  let mut client = Conn::to(&proxy).await;
  for (method, status, length) in [
    ("HEAD", "200", Some("5000")),
    ("DELETE", "204", None),
    ("GET", "304", None),
    ("HEAD", "200", Some("5000")),
  ] {
    client.send(format!("{method} / HTTP/1.1\r\nHost: a\r\n\r\n")).await;
    let head = within(client.head()).await.unwrap();
    let answer = Message { head, body: String::new() };
    assert_eq!(
      (answer.status().to_string().as_str(), answer.header("content-length")),
      (status, length),
      "{method}"
    );
  }
  assert_eq!(worker.accepted(), 1);
}

#[tokio::test]
async fn answers_stream_as_they_come() {
  let received = Arc::new(Notify::new());
  let worker = Worker::scripted({
    let received = Arc::clone(&received);
    move |mut conn, _| {
      let received = Arc::clone(&received);
      async move {
        conn.message().await;
        conn.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nfirst\r\n").await;
        received.notified().await;
        conn.send("4\r\nlast\r\n0\r\n\r\n").await;
      }
    }
  })
  .await;
  let proxy = proxy(&[&worker]);
  let mut client = Conn::to(&proxy).await;
  client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n").await;
  within(client.head()).await.unwrap();
  assert_eq!(within(client.chunk()).await, Some(Some("first".to_owned())));
  assert_eq!(worker.upstream.in_flight(), 1);
  received.notify_one();
  assert_eq!(within(client.chunk()).await, Some(Some("last".to_owned())));
  assert_eq!(within(client.chunk()).await, Some(None));
  until(|| worker.upstream.in_flight() == 0).await;
}

#[tokio::test]
async fn requests_stream_as_they_come() {
  let worker = Worker::scripted(|mut conn, _| async move {
    conn.head().await;
    conn.chunk().await;
    // The answer begins while the request still comes.
    conn.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\ngot\r\n").await;
    while let Some(Some(_)) = conn.chunk().await {}
    conn.send("3\r\nall\r\n0\r\n\r\n").await;
  })
  .await;
  let proxy = proxy(&[&worker]);
  let mut client = Conn::to(&proxy).await;
  client
    .send("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nfirst\r\n")
    .await;
  within(client.head()).await.unwrap();
  assert_eq!(within(client.chunk()).await, Some(Some("got".to_owned())));
  client.send("4\r\nlast\r\n0\r\n\r\n").await;
  assert_eq!(within(client.chunk()).await, Some(Some("all".to_owned())));
}

#[tokio::test]
async fn a_slow_reader_holds_the_worker_back() {
  const PIECE: usize = 64 * 1024;
  const PIECES: usize = 1600;
  let written = Arc::new(AtomicUsize::new(0));
  let worker = Worker::scripted({
    let written = Arc::clone(&written);
    move |mut conn, _| {
      let written = Arc::clone(&written);
      async move {
        conn.message().await;
        conn.send(format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", PIECE * PIECES)).await;
        for _ in 0..PIECES {
          conn.send(vec![b'x'; PIECE]).await;
          written.fetch_add(PIECE, Ordering::SeqCst);
        }
      }
    }
  })
  .await;
  let proxy = proxy(&[&worker]);
  let mut client = Conn::to(&proxy).await;
  client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n").await;
  within(client.head()).await.unwrap();
  // While nothing is read, only socket buffers and one buffer of ours fill up.
  let mut before = usize::MAX;
  while before != written.load(Ordering::SeqCst) {
    before = written.load(Ordering::SeqCst);
    // Not waiting for something to happen, but for nothing to happen any more.
    tokio::time::sleep(std::time::Duration::from_millis(300)).await;
  }
  assert!(before < 32 * 1024 * 1024, "{before} bytes of 100 MB were buffered");
  for _ in 0..PIECES {
    within(client.exactly(PIECE)).await.unwrap();
  }
  until(|| worker.upstream.in_flight() == 0).await;
}

#[tokio::test]
async fn a_client_that_leaves_cancels_its_request() {
  let worker = Worker::scripted(|mut conn, _| async move {
    conn.message().await;
    conn.rest().await;
  })
  .await;
  let proxy = proxy(&[&worker]);
  let mut client = Conn::to(&proxy).await;
  client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n").await;
  until(|| !worker.seen().is_empty()).await;
  drop(client);
  until(|| worker.upstream.in_flight() == 0).await;
  assert_eq!(worker.upstream.counters().failed, 0);
  until(|| proxy.stats().connections == 0).await;
}

#[tokio::test]
async fn a_client_that_leaves_in_the_middle_of_its_request_is_no_failure_of_the_worker() {
  let worker = Worker::scripted(|mut conn, _| async move {
    conn.head().await;
    conn.rest().await;
  })
  .await;
  let proxy = proxy(&[&worker]);
  let mut client = Conn::to(&proxy).await;
  client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc").await;
  until(|| worker.upstream.in_flight() == 1).await;
  drop(client);
  until(|| worker.upstream.in_flight() == 0).await;
  until(|| proxy.stats().connections == 0).await;
  assert_eq!(worker.upstream.counters().failed, 0);
  assert_eq!((proxy.stats().retries, proxy.stats().bad_gateway), (0, 0));
}

#[tokio::test]
async fn least_connections_avoids_the_busy_worker() {
  let release = Arc::new(Semaphore::new(0));
  let slow = Worker::scripted({
    let release = Arc::clone(&release);
    move |mut conn, _| {
      let release = Arc::clone(&release);
      async move {
        while conn.message().await.is_some() {
          release.acquire().await.unwrap().forget();
          conn.send(ok("slow")).await;
        }
      }
    }
  })
  .await;
  let quick = Worker::saying("quick").await;
  let proxy =
    proxy_with(&[&slow, &quick], Options { strategy: Strategy::LeastConnections, ..options() });
  let mut stuck = Conn::to(&proxy).await;
  while slow.upstream.in_flight() == 0 {
    stuck = Conn::to(&proxy).await;
    stuck.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n").await;
    until(|| slow.upstream.in_flight() + quick.seen().len() > 0).await;
  }
  let mut client = Conn::to(&proxy).await;
  for _ in 0..20 {
    assert_eq!(client.get("/").await.body, "quick");
  }
  release.add_permits(1);
  assert_eq!(stuck.answer().await.body, "slow");
}

#[tokio::test]
async fn workers_may_listen_on_unix_sockets() {
  let path = std::env::temp_dir().join(format!("xypriss-proxy-test-{}.sock", std::process::id()));
  let worker = Worker::on_unix_socket(&path, "unix").await;
  let proxy = proxy(&[&worker]);
  let mut client = Conn::to(&proxy).await;
  for _ in 0..3 {
    assert_eq!(client.get("/").await.body, "unix");
  }
  assert_eq!(worker.accepted(), 1);
  std::fs::remove_file(path).unwrap();
}

#[tokio::test]
async fn every_thread_serves() {
  let worker = Worker::saying("hi").await;
  let proxy = proxy_with(&[&worker], Options { threads: Some(3), ..options() });
  let mut clients = Vec::new();
  for _ in 0..6 {
    let mut client = Conn::to(&proxy).await;
    assert_eq!(client.get("/").await.body, "hi");
    clients.push(client);
  }
  assert_eq!(proxy.stats().connections, 6);
  // Each thread has a connection of its own to the worker.
  assert_eq!(worker.accepted(), 3);
  close(&proxy).await;
}
