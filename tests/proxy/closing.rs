//! Taking a worker out under load, and closing the whole proxy.

use std::{
  net::{Ipv4Addr, TcpListener},
  sync::{
    Arc,
    atomic::{AtomicBool, AtomicUsize, Ordering},
  },
  time::{Duration, Instant},
};

use tokio::sync::Notify;
use xypriss_cluster::{error::ClusterError, proxy::Options};

use crate::support::*;

/// Answers when it is told to.
async fn held(release: &Arc<Notify>) -> Worker {
  let release = Arc::clone(release);
  Worker::scripted(move |mut conn, _| {
    let release = Arc::clone(&release);
    async move {
      while conn.message().await.is_some() {
        release.notified().await;
        conn.send(ok("held")).await;
      }
    }
  })
  .await
}

#[tokio::test]
async fn no_request_fails_while_workers_are_replaced_under_load() {
  let proxy = proxy_with(&[], Options { threads: Some(2), ..options() });
  let mut current = Worker::saying("hi").await;
  publish(&proxy, &[&current]);
  let (stop, answered) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
  let mut clients = tokio::task::JoinSet::new();
  for number in 0..8 {
    let mut client = Conn::to(&proxy).await;
    let (stop, answered) = (Arc::clone(&stop), Arc::clone(&answered));
    clients.spawn(async move {
      while !stop.load(Ordering::Relaxed) {
        let answer = if number % 2 == 0 {
          client.get("/").await
        } else {
          client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nab").await;
          client.answer().await
        };
        assert_eq!((answer.status(), answer.body.as_str()), (200, "hi"));
        answered.fetch_add(1, Ordering::Relaxed);
      }
    });
  }
  for _ in 0..25 {
    let target = answered.load(Ordering::Relaxed) + 40;
    until(|| answered.load(Ordering::Relaxed) >= target).await;
    let successor = Worker::saying("hi").await;
    publish(&proxy, &[&successor]);
    current.upstream.close();
    within(current.upstream.idle()).await;
    assert_eq!(current.upstream.in_flight(), 0);
    current.kill().await;
    assert_eq!(current.upstream.counters().failed, 0);
    current = successor;
  }
  stop.store(true, Ordering::Relaxed);
  while let Some(client) = within(clients.join_next()).await {
    client.unwrap();
  }
  let stats = proxy.stats();
  assert_eq!((stats.unavailable, stats.bad_gateway), (0, 0));
  close(&proxy).await;
}

#[tokio::test]
async fn a_closed_worker_finishes_what_it_has_and_gets_nothing_new() {
  let release = Arc::new(Notify::new());
  let old = held(&release).await;
  let new = Worker::saying("new").await;
  let proxy = proxy(&[&old]);
  let mut first = Conn::to(&proxy).await;
  first.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n").await;
  until(|| !old.seen().is_empty()).await;
  // Closed but still published: it is passed over all the same.
  publish(&proxy, &[&old, &new]);
  old.upstream.close();
  let mut second = Conn::to(&proxy).await;
  for _ in 0..4 {
    assert_eq!(second.get("/").await.body, "new");
  }
  release.notify_one();
  assert_eq!(first.answer().await.body, "held");
  within(old.upstream.idle()).await;
}

#[tokio::test]
async fn closing_answers_what_is_in_flight_and_frees_the_port() {
  let release = Arc::new(Notify::new());
  let worker = held(&release).await;
  let proxy = proxy_with(&[&worker], Options { threads: Some(2), ..options() });
  let mut idle = Conn::to(&proxy).await;
  idle.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n").await;
  until(|| worker.seen().len() == 1).await;
  release.notify_one();
  assert_eq!(idle.answer().await.body, "held");
  let mut silent = Conn::to(&proxy).await;
  let mut busy = Conn::to(&proxy).await;
  busy.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n").await;
  until(|| worker.seen().len() == 2 && proxy.stats().connections == 3).await;
  let deadline = Instant::now() + Duration::from_secs(60);
  let closing = tokio::spawn({
    let proxy = proxy.clone();
    async move { proxy.close(deadline).await }
  });
  assert_eq!((idle.rest().await, silent.rest().await), (String::new(), String::new()));
  release.notify_one();
  let answer = busy.answer().await;
  assert_eq!((answer.body.as_str(), answer.header("connection")), ("held", Some("close")));
  within(closing).await.unwrap();
  assert!(TcpListener::bind((Ipv4Addr::LOCALHOST, proxy.port())).is_ok());
  assert_eq!(proxy.stats().connections, 0);
  close(&proxy).await;
  assert!(matches!(proxy.open(None), Err(ClusterError::Stopped { .. })));
}

#[tokio::test]
async fn closing_cuts_what_is_left_at_the_deadline() {
  let worker = held(&Arc::new(Notify::new())).await;
  let proxy = proxy(&[&worker]);
  let mut client = Conn::to(&proxy).await;
  client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n").await;
  until(|| !worker.seen().is_empty()).await;
  within(proxy.close(Instant::now() + Duration::from_millis(50))).await;
  assert_eq!(client.rest().await, "");
  within(worker.upstream.idle()).await;
}

#[tokio::test]
async fn an_earlier_deadline_overrides() {
  let worker = held(&Arc::new(Notify::new())).await;
  let proxy = proxy(&[&worker]);
  let mut client = Conn::to(&proxy).await;
  client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n").await;
  until(|| !worker.seen().is_empty()).await;
  let patient = proxy.close(Instant::now() + Duration::from_secs(3600));
  let hurried = proxy.close(Instant::now());
  within(async { tokio::join!(patient, hurried) }).await;
}

#[tokio::test]
async fn waiting_requests_are_answered_when_the_proxy_closes() {
  let proxy = proxy_with(&[], queue(10, Duration::from_secs(60)));
  let mut client = Conn::to(&proxy).await;
  client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n").await;
  until(|| proxy.stats().waiting == 1).await;
  close(&proxy).await;
  assert_eq!(client.answer().await.status(), 503);
}

#[tokio::test]
async fn dropping_the_last_handle_ends_everything() {
  let worker = Worker::saying("hi").await;
  let proxy = proxy(&[&worker]);
  let port = proxy.port();
  let mut client = Conn::to(&proxy).await;
  client.get("/").await;
  drop(proxy);
  assert_eq!(client.rest().await, "");
  until(|| TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok()).await;
}
