//! What workers may send and when: early answers, interim ones, odd framing, nonsense.

use std::sync::{Arc, Mutex};

use crate::support::{Conn, Worker, ok, proxy, until, within};

const POST: &str = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n";

/// A worker that sends `answer` to every request, and closes the connection if `closes`.
async fn answering(answer: &'static str, closes: bool) -> Worker {
  Worker::scripted(move |mut conn, _| async move {
    while conn.message().await.is_some() {
      conn.send(answer).await;
      if closes {
        break;
      }
    }
  })
  .await
}

#[tokio::test]
async fn an_answer_before_the_end_of_its_request_leaves_the_rest_of_it_to_be_read() {
  let uploaded = Arc::new(Mutex::new(String::new()));
  let worker = Worker::scripted({
    let uploaded = Arc::clone(&uploaded);
    move |mut conn, _| {
      let uploaded = Arc::clone(&uploaded);
      async move {
        while let Some(head) = conn.head().await {
          conn.send(ok("early")).await;
          if head.starts_with("POST") {
            *uploaded.lock().unwrap() = conn.exactly(10).await.unwrap();
          }
        }
      }
    }
  })
  .await;
  let proxy = proxy(&[&worker]);
  let mut client = Conn::to(&proxy).await;
  client.send(format!("{POST}01234")).await;
  assert_eq!(client.answer().await.body, "early");
  client.send("56789").await;
  until(|| *uploaded.lock().unwrap() == "0123456789").await;
  assert_eq!(client.get("/next").await.body, "early");
  until(|| worker.upstream.in_flight() == 0).await;
  assert_eq!(worker.upstream.counters().failed, 0);
}

#[tokio::test]
async fn a_worker_may_refuse_a_body_and_close() {
  let worker = Worker::scripted(|mut conn, _| async move {
    conn.head().await;
    conn
      .send("HTTP/1.1 413 Content Too Large\r\nContent-Length: 3\r\nConnection: close\r\n\r\nbig")
      .await;
  })
  .await;
  let proxy = proxy(&[&worker]);
  for _ in 0..2 {
    let mut client = Conn::to(&proxy).await;
    client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10000000\r\n\r\n0123").await;
    let answer = client.answer().await;
    assert_eq!((answer.status(), answer.body.as_str()), (413, "big"));
  }
  assert_eq!(worker.accepted(), 2);
}

#[tokio::test]
async fn a_connection_that_its_worker_wants_to_close_is_not_used_again() {
  let worker =
    answering("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nhi", false).await;
  let proxy = proxy(&[&worker]);
  let mut client = Conn::to(&proxy).await;
  for _ in 0..3 {
    let answer = client.get("/").await;
    assert_eq!((answer.status(), answer.header("connection")), (200, None));
  }
  assert_eq!(worker.accepted(), 3);
}

#[tokio::test]
async fn a_body_without_a_length_ends_with_its_connection() {
  let worker = answering("HTTP/1.0 200 Fine\r\n\r\nall of it", true).await;
  let proxy = proxy(&[&worker]);
  let mut client = Conn::to(&proxy).await;
  client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n").await;
  let answer = client.answer().await;
  assert_eq!(answer.head.lines().next(), Some("HTTP/1.1 200 Fine"));
  assert_eq!(answer.body, "all of it");
}

#[tokio::test]
async fn an_answer_with_both_framings_reaches_the_client_with_one() {
  let worker = answering(
    "HTTP/1.1 200 OK\r\nContent-Length: 99\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n",
    false,
  )
  .await;
  let proxy = proxy(&[&worker]);
  let mut client = Conn::to(&proxy).await;
  let answer = client.get("/").await;
  assert_eq!((answer.body.as_str(), answer.header("content-length")), ("hi", None));
}

#[tokio::test]
async fn announced_trailers_are_passed_on_both_ways() {
  let worker = Worker::scripted(|mut conn, _| async move {
    conn.head().await;
    while let Some(Some(_)) = conn.chunk().await {}
    conn
      .send("HTTP/1.1 200 OK\r\nTrailer: x-sum\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\nX-Sum: 7\r\n\r\n")
      .await;
    conn.rest().await;
  })
  .await;
  let proxy = proxy(&[&worker]);
  let mut client = Conn::to(&proxy).await;
  client
    .send(
      "POST / HTTP/1.1\r\nHost: a\r\nTE: trailers\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n\r\n",
    )
    .await;
  let all = client.rest().await;
  assert!(all.ends_with("2\r\nhi\r\n0\r\nX-Sum: 7\r\n\r\n"), "{all}");
}

#[tokio::test]
async fn bytes_that_nobody_asked_for_end_the_connection() {
  let worker = answering("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi and more", false).await;
  let proxy = proxy(&[&worker]);
  let mut client = Conn::to(&proxy).await;
  for _ in 0..2 {
    assert_eq!(client.get("/").await.body, "hi");
  }
  assert_eq!(worker.accepted(), 2);
}

#[tokio::test]
async fn nonsense_is_a_bad_gateway() {
  for nonsense in [
    "SSH-2.0-OpenSSH_9.2\r\n\r\n",
    "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\nabcd",
    "HTTP/1.1 200 OK\r\nContent-Len",
  ] {
    let worker = answering(nonsense, true).await;
    let proxy = proxy(&[&worker]);
    let mut client = Conn::to(&proxy).await;
    client.send(format!("{POST}0123456789")).await;
    assert_eq!(client.answer().await.status(), 502, "{nonsense}");
    assert_eq!(worker.upstream.counters().failed, 1);
    // An answer that has begun is not asked for again.
    assert_eq!(Conn::to(&proxy).await.get("/").await.status(), 502, "{nonsense}");
    assert_eq!((worker.seen().len(), proxy.stats().retries), (2, 0));
  }
}

#[tokio::test]
async fn a_long_body_arrives_whole_and_in_order() {
  const PIECES: usize = 300;
  let worker = Worker::scripted(|mut conn, _| async move {
    while let Some(request) = conn.message().await {
      conn.send(ok(&request.body)).await;
    }
  })
  .await;
  let proxy = proxy(&[&worker]);
  let mut client = Conn::to(&proxy).await;
  let piece = |index: usize| format!("{index:07}\n").repeat(1 + index * 7 % 4000);
  let body: String = (0..PIECES).map(piece).collect();
  let length = body.len();
  client
    .send(format!("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: {length}\r\n\r\n{body}"))
    .await;
  assert!(client.answer().await.body == body);
  client.send("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n").await;
  for index in 0..PIECES {
    let piece = piece(index);
    client.send(format!("{:x}\r\n{piece}\r\n", piece.len())).await;
  }
  client.send("0\r\n\r\n").await;
  assert!(within(client.message()).await.unwrap().body == body);
  assert_eq!(worker.accepted(), 1);
}

#[tokio::test]
async fn trailers_of_a_request_are_passed_on_if_announced_and_nothing_behind_their_answer_is_read()
{
  for (lines, trailers) in [("Trailer: X-Sum\r\n", "X-Sum: 7\r\n\r\n"), ("", "\r\n")] {
    let got = Arc::new(Mutex::new(String::new()));
    let worker = Worker::scripted({
      let got = Arc::clone(&got);
      move |mut conn, _| {
        let got = Arc::clone(&got);
        async move {
          while let Some(head) = conn.head().await {
            if head.starts_with("GET") {
              conn.send(ok("mine")).await;
              continue;
            }
            // "2\r\nab\r\n0\r\n", and what stands behind it.
            conn.exactly(10).await;
            while !got.lock().unwrap().ends_with("\r\n\r\n") && *got.lock().unwrap() != "\r\n" {
              let byte = conn.exactly(1).await.unwrap();
              got.lock().unwrap().push_str(&byte);
            }
            conn.send(ok("hi")).await;
            if got.lock().unwrap().len() > 2 {
              // As a server does that takes the trailers for a request.
              tokio::task::yield_now().await;
              conn.send("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n").await;
            }
          }
        }
      }
    })
    .await;
    let proxy = proxy(&[&worker]);
    let mut client = Conn::to(&proxy).await;
    client
      .send(format!("POST / HTTP/1.1\r\nHost: a\r\n{lines}Transfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\nX-Sum: 7\r\n\r\n"))
      .await;
    assert_eq!(client.answer().await.body, "hi");
    assert_eq!(client.get("/").await.body, "mine");
    assert_eq!(*got.lock().unwrap(), trailers);
    assert_eq!(worker.accepted(), if lines.is_empty() { 1 } else { 2 });
  }
}
