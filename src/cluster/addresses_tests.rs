//! Addresses beside the public port, with workers that are no processes.

use std::net::TcpStream;

use tokio::sync::oneshot;

use super::*;
use crate::proxy::Address;

/// An address that nothing else opens.
fn free() -> Address {
  let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
  Address::new(Some(Ipv4Addr::LOCALHOST.into()), listener.local_addr().unwrap().port())
}

fn is_open(address: Address) -> bool {
  TcpStream::connect((Ipv4Addr::LOCALHOST, address.port)).is_ok()
}

impl Baby {
  async fn asks(&self, address: Address) -> bool {
    let (reply, answer) = oneshot::channel();
    self.say(News::Asks { address, reply }).await;
    answer.await.unwrap()
  }

  async fn serves(&self, address: Address) {
    let upstream = target(&self.0.worker).upstream;
    self.say(News::Serves { address, upstream }).await;
  }
}

/// Lets the supervisor act on what it heard.
async fn settled() {
  for _ in 0..50 {
    tokio::task::yield_now().await;
  }
}

#[tokio::test(start_paused = true)]
async fn an_address_is_open_while_a_worker_asks_for_it() {
  let address = free();
  let mut bench = Bench::new(json!({ "workers": 2 }));
  let babies = bench.running(2).await;
  for baby in &babies {
    assert!(baby.asks(address).await);
    baby.serves(address).await;
  }
  bench.until(|s| s.workers.iter().all(|worker| worker.others.len() == 1)).await;
  assert!(is_open(address));
  babies[0].say(News::Leaves { address }).await;
  settled().await;
  assert!(is_open(address));
  babies[1].say(News::Leaves { address }).await;
  bench.until(|s| s.workers.iter().all(|worker| worker.others.is_empty())).await;
  settled().await;
  // The thread of the address ends by itself.
  let deadline = std::time::Instant::now() + Duration::from_secs(10);
  while is_open(address) {
    assert!(std::time::Instant::now() < deadline, "the address is still open");
    tokio::task::yield_now().await;
  }
}

#[tokio::test(start_paused = true)]
async fn an_address_stays_open_while_the_worker_that_asked_for_it_is_started_again() {
  let address = free();
  let mut bench = Bench::new(json!({ "workers": 1 }));
  let baby = bench.running(1).await.remove(0);
  assert!(baby.asks(address).await);
  baby.serves(address).await;
  baby.exit(CRASH).await;
  let again = bench.born().await;
  assert!(is_open(address));
  assert!(again.asks(address).await);
  again.serves(address).await;
  again.ready().await;
  bench.until(|s| s.workers[0].others.len() == 1).await;
  assert!(is_open(address));
}

#[tokio::test(start_paused = true)]
async fn an_address_that_is_taken_is_refused_and_harms_nothing() {
  let taken = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
  let port = taken.local_addr().unwrap().port();
  let mut bench = Bench::new(json!({ "workers": 1 }));
  let baby = bench.running(1).await.remove(0);
  assert!(!baby.asks(Address::new(Some(Ipv4Addr::LOCALHOST.into()), port)).await);
  assert!(baby.asks(free()).await);
  assert_eq!(bench.cluster.snapshot().state, ClusterState::Running);
}

#[tokio::test(start_paused = true)]
async fn all_addresses_are_closed_at_the_end() {
  let address = free();
  let mut bench = Bench::new(json!({ "workers": 1 }));
  let baby = bench.running(1).await.remove(0);
  assert!(baby.asks(address).await);
  baby.serves(address).await;
  tokio::spawn(baby.obey());
  bench.cluster.stop(true).await;
  assert!(!is_open(address));
}
