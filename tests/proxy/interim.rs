//! Answers before the last one, expectations, and clients that have closed one side.

use std::sync::Arc;

use tokio::sync::Notify;

use crate::support::*;

const EXPECT: &str =
  "POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n";

#[tokio::test]
async fn interim_answers_are_passed_on_as_they_come() {
  let next = Arc::new(Notify::new());
  let worker = Worker::scripted({
    let next = Arc::clone(&next);
    move |mut conn, _| {
      let next = Arc::clone(&next);
      async move {
        while conn.message().await.is_some() {
          conn.send("HTTP/1.1 103 Early Hints\r\nLINK: </a>\r\nLink: </b>\r\n\r\n").await;
          next.notified().await;
          conn.send("HTTP/1.1 102 Processing\r\n\r\n").await;
          next.notified().await;
          conn.send(ok("hi")).await;
        }
      }
    }
  })
  .await;
  let proxy = proxy(&[&worker]);
  let mut client = Conn::to(&proxy).await;
  for _ in 0..2 {
    client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n").await;
    let hints = within(client.head()).await.unwrap();
    assert_eq!(hints, "HTTP/1.1 103 Early Hints\r\nLINK: </a>\r\nLink: </b>");
    next.notify_one();
    assert_eq!(within(client.head()).await.unwrap(), "HTTP/1.1 102 Processing");
    next.notify_one();
    assert_eq!(client.answer().await.body, "hi");
  }
  let mut old = Conn::to(&proxy).await;
  next.notify_one();
  old.send("GET / HTTP/1.0\r\n\r\n").await;
  until(|| worker.seen().len() == 3).await;
  let serving = tokio::spawn(async move { old.rest().await });
  until(|| {
    next.notify_one();
    serving.is_finished()
  })
  .await;
  let answer = serving.await.unwrap();
  assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
}

#[tokio::test]
async fn the_worker_says_whether_the_body_is_wanted() {
  let worker = Worker::scripted(|mut conn, _| async move {
    while conn.request_head().await.is_some() {
      conn.send("HTTP/1.1 100 Continue\r\n\r\n").await;
      let body = conn.exactly(2).await.unwrap();
      conn.send(ok(&body)).await;
    }
  })
  .await;
  let proxy = proxy(&[&worker]);
  let mut client = Conn::to(&proxy).await;
  for _ in 0..2 {
    client.send(EXPECT).await;
    assert_eq!(within(client.head()).await.unwrap(), "HTTP/1.1 100 Continue");
    client.send("ab").await;
    assert_eq!(client.answer().await.body, "ab");
  }
  assert_eq!(worker.seen()[0].header("expect"), Some("100-continue"));
  assert_eq!(worker.accepted(), 1);
}

#[tokio::test]
async fn a_body_that_is_refused_ends_the_connection() {
  for status in ["417 Expectation Failed", "401 Unauthorized", "413 Content Too Large", "200 OK"] {
    let worker = Worker::scripted(move |mut conn, _| async move {
      while conn.request_head().await.is_some() {
        conn.send(format!("HTTP/1.1 {status}\r\nContent-Length: 2\r\n\r\nno")).await;
      }
    })
    .await;
    let proxy = proxy(&[&worker]);
    let mut client = Conn::to(&proxy).await;
    client.send(EXPECT).await;
    let answer = client.answer().await;
    assert_eq!(
      (answer.body.as_str(), answer.header("connection")),
      ("no", Some("close")),
      "{status}"
    );
    // What is sent in place of the body is never taken for a request.
    client.send("GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n").await;
    assert_eq!(client.rest().await, "");
    // The worker would take the next request for the body: its connection is not used again.
    assert_eq!(Conn::to(&proxy).await.get("/").await.body, "no");
    assert_eq!((worker.seen().len(), worker.accepted()), (2, 2));
  }
}

#[tokio::test]
async fn a_client_that_is_tired_of_waiting_sends_its_body_all_the_same() {
  let worker = Worker::saying("hi").await;
  let proxy = proxy(&[&worker]);
  let mut client = Conn::to(&proxy).await;
  for _ in 0..2 {
    client.send(EXPECT).await;
    until(|| worker.upstream.in_flight() == 1).await;
    client.send("ab").await;
    let answer = client.answer().await;
    assert_eq!((answer.body.as_str(), answer.header("connection")), ("hi", None));
    until(|| worker.upstream.in_flight() == 0).await;
  }
  assert_eq!(worker.seen()[1].body, "ab");
}

#[tokio::test]
async fn an_http_1_0_client_expects_nothing() {
  let worker = Worker::saying("hi").await;
  let proxy = proxy(&[&worker]);
  let mut client = Conn::to(&proxy).await;
  client.send("POST / HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\nab").await;
  assert!(client.rest().await.ends_with("hi"));
  assert_eq!(worker.seen()[0].header("expect"), None);
}

/// Answers when it is told to, with this.
async fn held(release: &Arc<Notify>, answer: &'static str) -> Worker {
  let release = Arc::clone(release);
  Worker::scripted(move |mut conn, _| {
    let release = Arc::clone(&release);
    async move {
      while conn.message().await.is_some() {
        release.notified().await;
        conn.send(answer).await;
      }
    }
  })
  .await
}

#[tokio::test]
async fn a_client_that_has_only_closed_its_sending_side_is_answered() {
  let chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n";
  let hints = "HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi";
  for (answer, heads) in
    [("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi", 1), (chunked, 1), (hints, 2)]
  {
    for request in [
      "GET / HTTP/1.1\r\nHost: a\r\n\r\n",
      "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nab",
    ] {
      let release = Arc::new(Notify::new());
      let worker = held(&release, answer).await;
      let proxy = proxy(&[&worker]);
      let mut client = Conn::to(&proxy).await;
      client.send(request).await;
      client.finish().await;
      until(|| !worker.seen().is_empty()).await;
      // The first letter of the answer comes early, to learn whether the client is there.
      assert_eq!(within(client.exactly(1)).await.unwrap(), "H");
      release.notify_one();
      let all = format!("H{}", client.rest().await);
      assert_eq!(all.matches("HTTP/1.1 ").count(), heads, "{all}");
      assert!(
        all.starts_with("HTTP/1.1 ")
          && (all.ends_with("\r\n\r\nhi") || all.ends_with("2\r\nhi\r\n0\r\n\r\n")),
        "{all}"
      );
      until(|| worker.upstream.in_flight() == 0).await;
      assert_eq!(worker.upstream.counters().failed, 0);
    }
  }
}

#[tokio::test]
async fn pipelined_requests_of_a_client_that_closed_its_sending_side_are_all_answered() {
  let worker = Worker::saying("hi").await;
  let proxy = proxy(&[&worker]);
  let mut client = Conn::to(&proxy).await;
  client.send("GET /1 HTTP/1.1\r\nHost: a\r\n\r\nGET /2 HTTP/1.1\r\nHost: a\r\n\r\n").await;
  client.finish().await;
  let all = client.rest().await;
  assert_eq!(
    (all.matches("HTTP/1.1 200 OK").count(), all.matches("\r\n\r\nhi").count()),
    (2, 2),
    "{all}"
  );
}

#[tokio::test]
async fn a_stream_to_a_client_that_is_gone_ends_at_the_worker_without_another_piece() {
  let worker = Worker::scripted(|mut conn, _| async move {
    conn.message().await;
    conn.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n").await;
    conn.rest().await;
  })
  .await;
  let proxy = proxy(&[&worker]);
  let mut client = Conn::to(&proxy).await;
  client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n").await;
  within(client.head()).await.unwrap();
  within(client.chunk()).await.unwrap();
  drop(client);
  until(|| worker.upstream.in_flight() == 0).await;
}

#[tokio::test]
async fn a_client_that_leaves_while_no_worker_is_there_leaves_the_queue() {
  let proxy = proxy_with(&[], queue(10, std::time::Duration::from_secs(60)));
  let mut client = Conn::to(&proxy).await;
  client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n").await;
  until(|| proxy.stats().waiting == 1).await;
  drop(client);
  until(|| proxy.stats().waiting == 0).await;
}
