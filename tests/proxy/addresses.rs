//! The line by which workers learn the addresses of a client.

use std::net::{Ipv4Addr, SocketAddr};

use tokio::net::TcpSocket;
use xypriss_cluster::proxy::{ClientHeader, Ends, Options};

use crate::support::{Conn, Worker, close, options, proxy_with, within};

/// A connection from another address of this machine, and both its ends.
async fn connect(from: Ipv4Addr, port: u16) -> (Conn, Ends) {
  let socket = TcpSocket::new_v4().unwrap();
  socket.bind((from, 0).into()).unwrap();
  let local: SocketAddr = (Ipv4Addr::LOCALHOST, port).into();
  let stream = within(socket.connect(local)).await.unwrap();
  let ends = Ends { peer: stream.local_addr().unwrap(), local };
  (Conn::over(stream), ends)
}

#[tokio::test]
async fn each_request_has_the_addresses_of_its_client_first() {
  let worker = Worker::saying("ok").await;
  let header = ClientHeader::random().unwrap();
  let proxy = proxy_with(&[&worker], Options { client_header: Some(header.clone()), ..options() });
  let mut expected = Vec::new();
  for host in [2, 3] {
    let (mut client, ends) = connect(Ipv4Addr::new(127, 0, 0, host), proxy.port()).await;
    for _ in 0..2 {
      assert_eq!(client.get("/").await.status(), 200);
      expected.push(String::from_utf8(header.line(&ends).into()).unwrap());
    }
  }
  let first: Vec<_> = worker
    .seen()
    .iter()
    .map(|request| format!("{}\r\n", request.head.lines().nth(1).unwrap()))
    .collect();
  assert_eq!(first, expected);
  assert_eq!(worker.accepted(), 1, "all on one connection to the worker");
  close(&proxy).await;
}

#[tokio::test]
async fn a_line_of_that_name_from_the_client_is_dropped() {
  let worker = Worker::saying("ok").await;
  let header = ClientHeader::random().unwrap();
  let proxy = proxy_with(&[&worker], Options { client_header: Some(header.clone()), ..options() });
  let (mut client, ends) = connect(Ipv4Addr::new(127, 0, 0, 2), proxy.port()).await;
  let name = header.name();
  client
    .send(format!(
      "GET / HTTP/1.1\r\n{name}: 1.2.3.4 5 6.7.8.9 10\r\nHost: a.test\r\n{}: x\r\n\r\n",
      name.to_uppercase()
    ))
    .await;
  assert_eq!(client.answer().await.status(), 200);
  let lines: Vec<_> = worker.seen()[0]
    .head
    .lines()
    .filter(|line| line.to_lowercase().starts_with(name))
    .map(|line| format!("{line}\r\n").into_bytes())
    .collect();
  assert_eq!(lines, [header.line(&ends).to_vec()]);
  close(&proxy).await;
}
