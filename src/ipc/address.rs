//! An address that clients connect to.

use std::net::{IpAddr, Ipv6Addr};

use serde::{Deserialize, Serialize};

/// Where an app asked to listen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Address {
  /// The IP address; without one, every address of the machine.
  #[serde(default, skip_serializing_if = "Option::is_none")]
  pub host: Option<IpAddr>,
  /// The port.
  pub port: u16,
  /// Whether `::` leaves IPv4 out.
  #[serde(default)]
  pub v6_only: bool,
}

impl Address {
  /// `port` of `host`, or of every address.
  #[must_use]
  pub const fn new(host: Option<IpAddr>, port: u16) -> Self {
    Self { host, port, v6_only: false }
  }

  /// Whether it leaves out addresses of the machine, IPv6 or IPv4 among them.
  #[must_use]
  pub fn is_narrow(&self) -> bool {
    match self.host {
      None => false,
      Some(IpAddr::V6(Ipv6Addr::UNSPECIFIED)) => self.v6_only,
      Some(_) => true,
    }
  }
}
