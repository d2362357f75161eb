//! Connections that are not requests and answers: upgrades, and workers that do not speak HTTP.

use xypriss_cluster::proxy::Protocol;

use crate::support::*;

const UPGRADE: &str = "GET /ws HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: k\r\n\r\n";

#[tokio::test]
async fn an_upgrade_is_tunnelled_until_both_sides_are_done() {
  let worker = Worker::scripted(|mut conn, _| async move {
    conn.message().await;
    // With the first bytes of the new protocol right behind the answer.
    conn.send("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: v\r\n\r\nhello").await;
    let heard = conn.exactly(4).await.unwrap();
    conn.send(heard.to_uppercase()).await;
    // The client's end arrives here while this side can still send.
    assert_eq!(conn.rest().await, "");
    conn.send("bye").await;
  })
  .await;
  let proxy = proxy(&[&worker]);
  let mut client = Conn::to(&proxy).await;
  client.send(UPGRADE).await;
  let head = Message { head: within(client.head()).await.unwrap(), body: String::new() };
  assert_eq!((head.status(), head.header("upgrade")), (101, Some("websocket")));
  assert_eq!(head.header("connection"), Some("Upgrade"));
  assert_eq!(head.header("sec-websocket-accept"), Some("v"));
  assert_eq!(within(client.exactly(5)).await.unwrap(), "hello");
  client.send("ping").await;
  assert_eq!(within(client.exactly(4)).await.unwrap(), "PING");
  assert_eq!((worker.upstream.in_flight(), proxy.stats().connections), (1, 1));
  client.finish().await;
  assert_eq!(client.rest().await, "bye");
  within(worker.upstream.idle()).await;
  let request = &worker.seen()[0];
  assert_eq!(
    (request.header("connection"), request.header("upgrade")),
    (Some("Upgrade"), Some("websocket"))
  );
  assert_eq!(request.header("sec-websocket-key"), Some("k"));
}

#[tokio::test]
async fn upgrades_go_where_the_worker_takes_them_and_requests_where_they_cost_less() {
  let sockets = Worker::scripted(|mut conn, _| async move {
    while conn.message().await.is_some() {
      conn
        .send(
          "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
        )
        .await;
    }
  })
  .await;
  let mut worker = Worker::saying("request").await;
  worker.take_upgrades_at(&sockets);
  let proxy = proxy(&[&worker]);
  for _ in 0..2 {
    assert_eq!(Conn::to(&proxy).await.get("/").await.body, "request");
    let mut client = Conn::to(&proxy).await;
    client.send(UPGRADE).await;
    assert!(within(client.head()).await.unwrap().starts_with("HTTP/1.1 101"));
  }
  assert_eq!((worker.accepted(), sockets.accepted()), (1, 2));
}

#[tokio::test]
async fn a_tunnel_is_no_request_that_has_to_finish_and_is_cut_by_nobody_before_the_deadline() {
  let worker = Worker::scripted(|mut conn, _| async move {
    conn.message().await;
    conn
      .send("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
      .await;
    while let Some(heard) = conn.exactly(1).await {
      conn.send(heard).await;
    }
  })
  .await;
  let proxy = proxy(&[&worker]);
  let mut client = Conn::to(&proxy).await;
  client.send(UPGRADE).await;
  within(client.head()).await.unwrap();
  proxy.routes().publish(Vec::new());
  worker.upstream.close();
  within(worker.upstream.idle()).await;
  proxy.begin_close(std::time::Instant::now() + std::time::Duration::from_secs(600));
  within(proxy.drained()).await;
  client.send("x").await;
  assert_eq!(within(client.exactly(1)).await.unwrap(), "x");
  assert_eq!(worker.upstream.in_flight(), 1);
  client.finish().await;
  assert_eq!(client.rest().await, "");
  within(proxy.close(std::time::Instant::now() + std::time::Duration::from_secs(600))).await;
}

#[tokio::test]
async fn a_worker_may_decline_an_upgrade() {
  let worker = Worker::saying("no").await;
  let proxy = proxy(&[&worker]);
  let mut client = Conn::to(&proxy).await;
  client.send(UPGRADE).await;
  assert_eq!(client.answer().await.body, "no");
  assert_eq!(client.get("/").await.body, "no");
  assert_eq!(worker.accepted(), 1);
}

#[tokio::test]
async fn an_upgrade_that_nobody_asked_for_is_a_bad_answer() {
  let worker = Worker::scripted(|mut conn, _| async move {
    conn.message().await;
    conn
      .send("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n")
      .await;
    conn.rest().await;
  })
  .await;
  let proxy = proxy(&[&worker]);
  let mut client = Conn::to(&proxy).await;
  assert_eq!(client.get("/").await.status(), 502);
  within(worker.upstream.idle()).await;
}

#[tokio::test]
async fn other_protocols_are_passed_through() {
  let dead = Worker::start(Protocol::Tcp, |_, _| async {}).await;
  dead.kill().await;
  let worker = Worker::start(Protocol::Tcp, |mut conn, _| async move {
    conn.send("220 ready\n").await;
    let heard = conn.rest().await;
    conn.send(format!("{} bytes", heard.len())).await;
  })
  .await;
  let proxy = proxy(&[&dead, &worker]);
  for _ in 0..2 {
    let mut client = Conn::to(&proxy).await;
    assert_eq!(within(client.exactly(10)).await.unwrap(), "220 ready\n");
    assert_eq!(worker.upstream.in_flight(), 1);
    client.send(vec![b'x'; 100_000]).await;
    client.finish().await;
    assert_eq!(client.rest().await, "100000 bytes");
    within(worker.upstream.idle()).await;
  }
}

#[tokio::test]
async fn connections_wait_while_workers_of_another_protocol_are_replaced() {
  let old = Worker::start(Protocol::Tcp, |_, _| async {}).await;
  let new = Worker::start(Protocol::Tcp, |mut conn, _| async move { conn.send("new").await }).await;
  let proxy = proxy(&[&old]);
  publish(&proxy, &[]);
  let mut client = Conn::to(&proxy).await;
  until(|| proxy.stats().waiting == 1).await;
  publish(&proxy, &[&new]);
  assert_eq!(client.rest().await, "new");
}
