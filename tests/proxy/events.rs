//! Streams of events and long polls of a worker that goes.

use std::{
  sync::Arc,
  time::{Duration, Instant},
};

use tokio::sync::Notify;
use xypriss_cluster::proxy::Farewell;

use crate::support::*;

const GET: &str = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";

/// A worker that begins a stream of events with `start` and goes on with `rest` when it is told to.
async fn streaming(next: &Arc<Notify>, start: &'static str, rest: &'static str) -> Worker {
  let next = Arc::clone(next);
  Worker::scripted(move |mut conn, _| {
    let next = Arc::clone(&next);
    async move {
      conn.message().await;
      conn
        .send("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n")
        .await;
      conn.send(format!("{:x}\r\n{start}\r\n", start.len())).await;
      next.notified().await;
      conn.send(format!("{:x}\r\n{rest}\r\n", rest.len())).await;
      conn.rest().await;
    }
  })
  .await
}

fn restart(window: Duration) -> Farewell {
  Farewell::restart(window, tokio::time::Instant::now() + Duration::from_secs(600))
}

async fn streamed(proxy: &xypriss_cluster::proxy::Proxy, start: &str) -> Conn {
  let mut client = Conn::to(proxy).await;
  client.send(GET).await;
  within(client.head()).await.unwrap();
  assert_eq!(within(client.chunk()).await.unwrap().as_deref(), Some(start));
  client
}

#[tokio::test]
async fn a_stream_of_events_is_no_request_that_has_to_finish_and_ends_when_its_worker_goes() {
  let worker = streaming(&Arc::new(Notify::new()), "data: 1\n\n", "").await;
  let other = Worker::saying("other").await;
  let proxy = proxy(&[&worker]);
  let mut client = streamed(&proxy, "data: 1\n\n").await;
  until(|| worker.upstream.requests_in_flight() == 0).await;
  assert_eq!(worker.upstream.in_flight(), 1);
  publish(&proxy, &[&other]);
  worker.upstream.close();
  // Not waited for before it is told to end, and waited for then.
  within(worker.upstream.idle()).await;
  worker.upstream.dismiss(restart(Duration::from_millis(100)));
  within(worker.upstream.idle()).await;
  assert_eq!(worker.upstream.in_flight(), 0);
  // It ends as its app would end it, and the connection of the client lives on.
  assert_eq!(within(client.chunk()).await.unwrap(), None);
  assert_eq!(client.get("/").await.body, "other");
  assert_eq!(worker.upstream.counters().failed, 0);
}

#[tokio::test]
async fn no_event_is_interrupted() {
  let next = Arc::new(Notify::new());
  let worker = streaming(&next, "data: 1\n\ndata: 2", "\n\ndata: 3\n\n").await;
  let proxy = proxy(&[&worker]);
  let mut client = streamed(&proxy, "data: 1\n\ndata: 2").await;
  worker.upstream.close();
  worker.upstream.dismiss(restart(Duration::ZERO));
  assert_eq!(worker.upstream.in_flight(), 1);
  next.notify_one();
  let rest = within(client.chunk()).await.unwrap().unwrap();
  // All that had come before the moment is passed on, and after it the rest of the event.
  assert!(rest.starts_with("\n\n") && rest.ends_with("\n\n"), "{rest:?}");
  assert_eq!(within(client.chunk()).await.unwrap(), None);
  within(worker.upstream.idle()).await;
}

#[tokio::test]
async fn an_event_that_does_not_end_is_not_waited_for_without_end() {
  let worker = streaming(&Arc::new(Notify::new()), "data: 1", "").await;
  let proxy = proxy(&[&worker]);
  let mut client = streamed(&proxy, "data: 1").await;
  worker.upstream.close();
  let began = Instant::now();
  worker.upstream.dismiss(restart(Duration::ZERO));
  within(worker.upstream.idle()).await;
  assert!(began.elapsed() >= Duration::from_secs(2));
  assert_eq!(within(client.chunk()).await.unwrap(), None);
}

#[tokio::test]
async fn a_stream_whose_worker_is_killed_after_it_was_told_still_ends_well() {
  let worker = streaming(&Arc::new(Notify::new()), "data: 1\n\n", "").await;
  let proxy = proxy(&[&worker]);
  let mut client = streamed(&proxy, "data: 1\n\n").await;
  worker.upstream.close();
  worker.upstream.dismiss(restart(Duration::from_secs(600)));
  worker.kill().await;
  assert_eq!(within(client.chunk()).await.unwrap(), None);
  assert_eq!(worker.upstream.counters().failed, 0);
}

#[tokio::test]
async fn a_closing_proxy_does_not_wait_for_streams_of_events() {
  let worker = streaming(&Arc::new(Notify::new()), "data: 1\n\n", "").await;
  let proxy = proxy(&[&worker]);
  let mut client = streamed(&proxy, "data: 1\n\n").await;
  proxy.begin_close(Instant::now() + Duration::from_secs(600));
  within(proxy.drained()).await;
  worker.upstream.close();
  worker.upstream.dismiss(Farewell::shutdown());
  assert_eq!(within(client.chunk()).await.unwrap(), None);
  assert_eq!(client.rest().await, "");
  within(proxy.close(Instant::now() + Duration::from_secs(600))).await;
}

/// A worker that answers nothing.
async fn silent() -> Worker {
  Worker::scripted(|mut conn, _| async move {
    conn.message().await;
    conn.rest().await;
  })
  .await
}

#[tokio::test]
async fn a_request_without_an_answer_moves_to_another_worker_once_its_own_has_no_more_time() {
  let (old, new) = (silent().await, Worker::saying("new").await);
  let proxy = proxy(&[&old]);
  let mut client = Conn::to(&proxy).await;
  client.send(GET).await;
  until(|| !old.seen().is_empty()).await;
  publish(&proxy, &[&new]);
  old.upstream.close();
  old.upstream.dismiss(restart(Duration::from_millis(50)));
  assert_eq!(client.answer().await.body, "new");
  within(old.upstream.idle()).await;
  assert_eq!((old.upstream.counters().failed, proxy.stats().retries), (0, 1));
}

#[tokio::test]
async fn it_moves_once_and_only_if_that_is_safe() {
  let (first, second) = (silent().await, silent().await);
  let proxy = proxy(&[&first]);
  let mut get = Conn::to(&proxy).await;
  get.send(GET).await;
  let mut post = Conn::to(&proxy).await;
  post.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nab").await;
  until(|| first.seen().len() == 2).await;
  publish(&proxy, &[&second]);
  first.upstream.close();
  first.upstream.dismiss(restart(Duration::ZERO));
  until(|| second.seen().len() == 1).await;
  assert_eq!(first.upstream.in_flight(), 1);
  let third = Worker::saying("third").await;
  publish(&proxy, &[&third]);
  second.upstream.close();
  second.upstream.dismiss(restart(Duration::ZERO));
  // Longer than the first one took to move.
  tokio::time::sleep(Duration::from_millis(1500)).await;
  assert_eq!((second.upstream.in_flight(), third.seen().len()), (1, 0));
}

#[tokio::test]
async fn long_polls_are_let_go_when_everything_stops() {
  for (lines, target, answer) in [
    ("Prefer: wait=30\r\n", "/", "HTTP/1.1 503 "),
    ("", "/socket.io/?EIO=4&transport=polling", "HTTP/1.1 503 "),
    ("Accept: text/event-stream\r\n", "/", ""),
  ] {
    let worker = silent().await;
    let proxy = proxy(&[&worker]);
    let mut client = Conn::to(&proxy).await;
    client.send(format!("GET {target} HTTP/1.1\r\nHost: a\r\n{lines}\r\n")).await;
    until(|| !worker.seen().is_empty()).await;
    // The worker is there until the last request is answered.
    proxy.begin_close(Instant::now() + Duration::from_secs(600));
    within(proxy.drained()).await;
    let all = client.rest().await;
    assert!(all.starts_with(answer) && all.is_empty() == answer.is_empty(), "{all}");
    if !answer.is_empty() {
      assert!(all.contains("Retry-After: 1\r\n") && all.contains("Connection: close\r\n"), "{all}");
    }
  }
}

#[tokio::test]
async fn other_slow_requests_keep_their_time_when_everything_stops() {
  let release = Arc::new(Notify::new());
  let worker = Worker::scripted({
    let release = Arc::clone(&release);
    move |mut conn, _| {
      let release = Arc::clone(&release);
      async move {
        conn.message().await;
        release.notified().await;
        conn.send(ok("late")).await;
      }
    }
  })
  .await;
  let proxy = proxy(&[&worker]);
  let mut client = Conn::to(&proxy).await;
  client.send(GET).await;
  until(|| !worker.seen().is_empty()).await;
  publish(&proxy, &[]);
  proxy.begin_close(Instant::now() + Duration::from_secs(600));
  worker.upstream.close();
  worker.upstream.dismiss(Farewell::shutdown());
  tokio::time::sleep(Duration::from_millis(1500)).await;
  release.notify_one();
  assert_eq!(client.answer().await.body, "late");
}

#[tokio::test]
async fn a_stream_of_known_length_ends_with_its_connection() {
  let worker = Worker::scripted(|mut conn, _| async move {
    conn.message().await;
    conn
      .send("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nContent-Length: 1000\r\n\r\ndata: 1\n\n")
      .await;
    conn.rest().await;
  })
  .await;
  let proxy = proxy(&[&worker]);
  let mut client = Conn::to(&proxy).await;
  client.send(format!("{GET}{GET}")).await;
  within(client.head()).await.unwrap();
  within(client.exactly(9)).await.unwrap();
  worker.upstream.close();
  worker.upstream.dismiss(restart(Duration::ZERO));
  // What follows would be taken for the rest of the stream.
  assert_eq!(client.rest().await, "");
}
