//! Heads arrive as they were sent: names in their case and order, both ways.

use xypriss_cluster::proxy::{Edge, Options, Trust};

use crate::support::*;

/// A worker that answers with `answer` and notes what it got.
async fn answering(answer: String) -> Worker {
  Worker::scripted(move |mut conn, _| {
    let answer = answer.clone();
    async move {
      while conn.message().await.is_some() {
        conn.send(&answer).await;
      }
    }
  })
  .await
}

#[tokio::test]
async fn names_keep_their_case_and_order_both_ways() {
  let answer = "HTTP/1.1 200 Fine\r\nX-one: 1\r\nSet-Cookie: a\r\nx-TWO: 2\r\nset-cookie: b\r\nDATE: now\r\ncontent-length: 2\r\n\r\nhi";
  let worker = answering(answer.to_owned()).await;
  let proxy = proxy(&[&worker]);
  let mut client = Conn::to(&proxy).await;
  let lines = "hOST: a.test\r\nX-b: 1\r\nCookie: x\r\nx-B: 2\r\nACCEPT: */*\r\nCookie: y";
  for _ in 0..2 {
    client.send(format!("GET /a?b HTTP/1.1\r\n{lines}\r\n\r\n")).await;
    assert_eq!(within(client.exactly(answer.len())).await.unwrap(), answer);
  }
  for request in worker.seen() {
    assert_eq!(request.head, format!("GET /a?b HTTP/1.1\r\n{lines}"));
  }
}

#[tokio::test]
async fn many_fields_pass_and_limits_are_settings() {
  let many = |count: usize| (0..count).map(|at| format!("X-{at}: {at}\r\n")).collect::<String>();
  let worker =
    answering(format!("HTTP/1.1 200 OK\r\n{}Content-Length: 2\r\n\r\nhi", many(400))).await;
  let proxy = proxy(&[&worker]);
  let mut client = Conn::to(&proxy).await;
  client.send(format!("GET / HTTP/1.1\r\nHost: a\r\n{}\r\n", many(400))).await;
  let answer = client.answer().await;
  assert!(answer.head.contains(many(400).trim_end()), "{}", answer.head);
  assert!(worker.seen()[0].head.contains(many(400).trim_end()));
  proxy.set_edge(&Edge { request_headers: 10, ..Edge::default() });
  client.send(format!("GET / HTTP/1.1\r\nHost: a\r\n{}\r\n", many(10))).await;
  assert_eq!(client.answer().await.status(), 431);
  for edge in [
    Edge { response_headers: 400, ..Edge::default() },
    Edge { response_head_size: 1000, ..Edge::default() },
  ] {
    proxy.set_edge(&edge);
    assert_eq!(Conn::to(&proxy).await.get("/").await.status(), 502);
  }
  proxy.set_edge(&Edge { request_head_size: 100, ..Edge::default() });
  let mut client = Conn::to(&proxy).await;
  client.send(format!("GET / HTTP/1.1\r\nHost: a\r\n{}", many(30))).await;
  assert_eq!(client.answer().await.status(), 431);
}

#[tokio::test]
async fn only_a_trusted_peer_is_believed() {
  let claims = "X-Forwarded-For: 1.1.1.1\r\nx-forwarded-for: 2.2.2.2\r\nX-Forwarded-Proto: https\r\nX-Real-IP: 3.3.3.3\r\nX_Forwarded_For: 4.4.4.4\r\nX-Forwarded-Prefix: /p";
  let worker = Worker::saying("hi").await;
  let proxy = proxy_with(&[&worker], options());
  let mut client = Conn::to(&proxy).await;
  let request = format!("GET / HTTP/1.1\r\nHost: a\r\n{claims}\r\n\r\n");
  client.send(&request).await;
  client.answer().await;
  let trust = Trust::parse(["none"]).unwrap();
  proxy.set_edge(&Edge { trust, ..Edge::default() });
  client.send(&request).await;
  client.answer().await;
  let lines =
    |at: usize| worker.seen()[at].head.lines().skip(2).map(str::to_owned).collect::<Vec<_>>();
  assert_eq!(
    lines(0),
    [
      "X-Forwarded-For: 1.1.1.1, 2.2.2.2",
      "X-Forwarded-Proto: https",
      "X-Real-IP: 3.3.3.3",
      "X_Forwarded_For: 4.4.4.4",
      "X-Forwarded-Prefix: /p"
    ]
  );
  assert_eq!(
    lines(1),
    ["X-Forwarded-For: 127.0.0.1", "X-Forwarded-Proto: http", "X-Real-IP: 127.0.0.1"]
  );
}

#[tokio::test]
async fn methods_that_no_list_has_reach_the_app() {
  let worker = Worker::saying("hi").await;
  let edge = Edge { allow_trace: true, ..Edge::default() };
  let proxy = proxy_with(&[&worker], Options { edge, ..options() });
  let mut client = Conn::to(&proxy).await;
  for method in ["BREW", "get", "PROPFIND", "TRACE"] {
    client.send(format!("{method} / HTTP/1.1\r\nHost: a\r\n\r\n")).await;
    assert_eq!(client.answer().await.body, "hi");
    assert!(worker.seen().last().unwrap().head.starts_with(method));
  }
}

#[tokio::test]
async fn a_worker_that_hangs_up_on_a_method_makes_it_a_bad_request() {
  let worker = Worker::scripted(|mut conn, _| async move {
    conn.message().await;
  })
  .await;
  let proxy = proxy(&[&worker]);
  for (method, status) in [("BREW", 400), ("POST", 502)] {
    let mut client = Conn::to(&proxy).await;
    client.send(format!("{method} / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n")).await;
    assert_eq!(client.answer().await.status(), status, "{method}");
  }
}

#[tokio::test]
async fn the_first_byte_of_an_answer_of_known_length_does_not_wait_for_the_last() {
  let worker = Worker::scripted(|mut conn, _| async move {
    conn.message().await;
    conn.send("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nfirst").await;
    conn.rest().await;
  })
  .await;
  let proxy = proxy(&[&worker]);
  let mut client = Conn::to(&proxy).await;
  client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n").await;
  within(client.head()).await.unwrap();
  assert_eq!(within(client.exactly(5)).await.unwrap(), "first");
}

#[tokio::test]
async fn a_keep_alive_beyond_the_clock_is_no_more_than_long() {
  for timeout in ["18446744073709551615", "9223372036854775807", "0", "-1"] {
    let worker = answering(format!(
      "HTTP/1.1 200 OK\r\nKeep-Alive: timeout={timeout}\r\nContent-Length: 2\r\n\r\nhi"
    ))
    .await;
    let proxy = proxy(&[&worker]);
    let mut client = Conn::to(&proxy).await;
    for _ in 0..3 {
      assert_eq!(client.get("/").await.body, "hi", "{timeout}");
    }
  }
}
