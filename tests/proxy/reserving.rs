//! The public port before it is open, and ports that others have.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, TcpListener, TcpStream};

use xypriss_cluster::{
  error::ClusterError,
  proxy::{Address, Options, Proxy},
};

use crate::support::*;

#[tokio::test]
async fn a_taken_port_names_its_holder() {
  let listener = TcpListener::bind("127.0.0.1:0").unwrap();
  let taken = listener.local_addr().unwrap().port();
  for host in [None, Some(Ipv4Addr::LOCALHOST.into())] {
    match Proxy::bind(Options { host, port: taken, ..options() }).unwrap_err() {
      ClusterError::PortInUse { port, pid } => {
        assert_eq!(port, taken);
        assert_eq!(pid, cfg!(target_os = "linux").then(std::process::id));
      }
      other => panic!("{other}"),
    }
  }
}

#[tokio::test]
async fn an_address_that_is_not_ours_is_unavailable() {
  let host: IpAddr = "203.0.113.1".parse().unwrap();
  let error = Proxy::bind(Options { host: Some(host), ..options() }).unwrap_err();
  assert!(matches!(error, ClusterError::PortUnavailable { .. }), "{error}");
}

#[tokio::test]
async fn a_reserved_port_refuses_clients_and_an_open_one_takes_them() {
  let worker = Worker::saying("hi").await;
  let proxy = Proxy::bind(options()).unwrap();
  assert!(TcpStream::connect((Ipv4Addr::LOCALHOST, proxy.port())).is_err());
  publish(&proxy, &[&worker]);
  proxy.open(None).unwrap();
  proxy.open(None).unwrap();
  assert_eq!(Conn::to(&proxy).await.get("/").await.body, "hi");
  let second = Proxy::bind(Options { port: proxy.port(), ..options() }).unwrap_err();
  assert_eq!(second.code(), "ERR_PORT_IN_USE");
}

#[tokio::test]
async fn the_address_that_the_app_asked_for_is_not_widened() {
  let worker = Worker::saying("hi").await;
  let proxy = Proxy::bind(Options { host: None, ..options() }).unwrap();
  publish(&proxy, &[&worker]);
  proxy.open(Some(Ipv4Addr::LOCALHOST.into())).unwrap();
  assert_eq!(Conn::to(&proxy).await.get("/").await.body, "hi");
  assert!(TcpStream::connect((Ipv4Addr::new(127, 0, 0, 2), proxy.port())).is_err());
}

#[tokio::test]
async fn without_an_address_every_one_is_served() {
  let worker = Worker::saying("hi").await;
  let proxy = Proxy::bind(Options { host: None, ..options() }).unwrap();
  publish(&proxy, &[&worker]);
  proxy.open(None).unwrap();
  assert_eq!(Conn::to(&proxy).await.get("/").await.body, "hi");
  assert!(TcpStream::connect((Ipv4Addr::new(127, 0, 0, 2), proxy.port())).is_ok());
  assert!(TcpStream::connect((Ipv6Addr::LOCALHOST, proxy.port())).is_ok());
}

#[tokio::test]
async fn all_ipv4_addresses_are_no_ipv6_address() {
  let worker = Worker::saying("hi").await;
  let proxy = Proxy::bind(Options { host: None, ..options() }).unwrap();
  publish(&proxy, &[&worker]);
  proxy.open(Some(Ipv4Addr::UNSPECIFIED.into())).unwrap();
  assert!(TcpStream::connect((Ipv4Addr::new(127, 0, 0, 2), proxy.port())).is_ok());
  assert!(TcpStream::connect((Ipv6Addr::LOCALHOST, proxy.port())).is_err());
}

#[tokio::test]
async fn ipv6_alone_is_no_ipv4_address() {
  let worker = Worker::saying("hi").await;
  let proxy = Proxy::bind(Options { host: None, ..options() }).unwrap();
  publish(&proxy, &[&worker]);
  let host = Some(Ipv6Addr::UNSPECIFIED.into());
  proxy.open_at(Some(Address { host, port: 0, v6_only: true })).unwrap();
  assert!(TcpStream::connect((Ipv4Addr::LOCALHOST, proxy.port())).is_err());
  assert!(TcpStream::connect((Ipv6Addr::LOCALHOST, proxy.port())).is_ok());
}
