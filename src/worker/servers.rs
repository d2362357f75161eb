//! The servers that a worker reported, and how they are told to an operator.

use std::{collections::BTreeMap, fmt};

use serde::Serialize;

use crate::ipc::message::{Listening, Protocol};

/// Most servers that one worker may report; more than any app opens, as each takes a descriptor.
const MOST: usize = 4096;
/// Most servers that an error names.
const TOLD: usize = 8;

/// A server that an app opened, as errors tell it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Opened {
  /// The host that the app asked for; every address of the machine if `None`.
  pub host: Option<String>,
  /// The port it asked for; 0 for any.
  pub port: u16,
  /// `http` or `tcp`.
  pub protocol: Protocol,
}

impl Opened {
  fn of(listening: &Listening) -> Self {
    let port = match listening.requested_port {
      0 => listening.port,
      asked => asked,
    };
    Self { host: listening.requested_host.clone(), port, protocol: listening.protocol }
  }

  fn is_local(&self) -> bool {
    self.host.as_deref().is_some_and(is_loopback)
  }

  fn told(&self) -> String {
    let protocol = match self.protocol {
      Protocol::Http => "http",
      Protocol::Tcp => "tcp",
    };
    match self.host.as_deref() {
      None => format!("port {} ({protocol})", self.port),
      Some(host) if host.contains(':') => format!("[{host}]:{} ({protocol})", self.port),
      Some(host) => format!("{host}:{} ({protocol})", self.port),
    }
  }
}

/// Whether only this machine can reach `host`.
fn is_loopback(host: &str) -> bool {
  host == "localhost"
    || host.parse().is_ok_and(|ip: std::net::IpAddr| ip.to_canonical().is_loopback())
}

/// The servers that a worker opened, none of which is known to be public.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Elsewhere {
  /// The public port, which none of them asked for.
  pub port: u16,
  /// The servers, in the order in which they were opened.
  pub servers: Vec<Opened>,
}

/// Which servers were opened, and what to do about it. Empty without servers.
impl fmt::Display for Elsewhere {
  fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let Self { port, servers } = self;
    let Some(likely) = servers.iter().find(|server| !server.is_local()).or(servers.first()) else {
      return Ok(());
    };
    let told: Vec<String> = servers.iter().take(TOLD).map(Opened::told).collect();
    let (told, asked) = (told.join(", "), likely.port);
    let more = if servers.len() > TOLD { " and others" } else { "" };
    write!(
      f,
      ". None of its servers asked for the public port {port}; it opened {told}{more}. If one of them is for clients, set exec.port to its port, as in exec.port: {asked}, or start the cluster on that port"
    )
  }
}

/// The servers of one worker that listen, by the numbers that its agent gave them.
#[derive(Debug, Default)]
pub struct Servers {
  known: BTreeMap<u64, Listening>,
}

impl Servers {
  /// A server listens, or is reported again.
  pub fn add(&mut self, listening: &Listening) {
    if listening.public {
      // The latest one counts.
      self.known.values_mut().for_each(|other| other.public = false);
    }
    if self.known.len() < MOST || self.known.contains_key(&listening.id) {
      self.known.insert(listening.id, listening.clone());
    }
  }

  /// A server closed. Tells whether it was the public one.
  pub fn remove(&mut self, id: u64) -> bool {
    self.known.remove(&id).is_some_and(|listening| listening.public)
  }

  /// All of them, if none is public; else none.
  #[must_use]
  pub fn elsewhere(&self, port: u16) -> Elsewhere {
    let published = self.known.values().any(|listening| listening.public);
    let servers =
      if published { Vec::new() } else { self.known.values().map(Opened::of).collect() };
    Elsewhere { port, servers }
  }
}

#[cfg(test)]
mod tests {
  use super::*;

  fn opened(host: Option<&str>, port: u16, protocol: Protocol) -> Opened {
    Opened { host: host.map(str::to_owned), port, protocol }
  }

  #[test]
  fn tells_what_was_opened_and_suggests_the_server_that_others_can_reach() {
    let servers = [
      opened(Some("127.0.0.1"), 9090, Protocol::Http),
      opened(None, 3000, Protocol::Http),
      opened(Some("::1"), 7000, Protocol::Tcp),
    ];
    let told = Elsewhere { port: 8085, servers: servers.into() }.to_string();
    assert!(told.contains("the public port 8085"), "{told}");
    assert!(told.contains("127.0.0.1:9090 (http), port 3000 (http), [::1]:7000 (tcp)"), "{told}");
    assert!(told.contains("exec.port: 3000"), "{told}");
    assert_eq!(Elsewhere { port: 8085, servers: Vec::new() }.to_string(), "");
  }

  #[test]
  fn suggests_a_server_of_this_machine_when_there_is_no_other() {
    let servers = vec![opened(Some("localhost"), 9090, Protocol::Http)];
    let told = Elsewhere { port: 80, servers }.to_string();
    assert!(told.contains("exec.port: 9090"), "{told}");
  }

  #[test]
  fn names_only_some_of_many() {
    let servers: Vec<_> = (1..=20).map(|port| opened(None, port, Protocol::Http)).collect();
    let told = Elsewhere { port: 80, servers }.to_string();
    assert!(told.contains("port 8 (http) and others"), "{told}");
    assert!(!told.contains("port 9 "), "{told}");
  }
}
