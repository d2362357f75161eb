//! Which peers are proxies of ours, whose word on the client counts. Pure.

use std::net::IpAddr;

/// A block of addresses, such as `10.0.0.0/8`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Block {
  base: IpAddr,
  bits: u32,
}

/// What the setting `trustedProxies` says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trust {
  blocks: Vec<Block>,
}

const LOOPBACK: [&str; 2] = ["127.0.0.0/8", "::1"];
const PRIVATE: [&str; 7] = [
  "127.0.0.0/8",
  "::1",
  "10.0.0.0/8",
  "172.16.0.0/12",
  "192.168.0.0/16",
  "fc00::/7",
  // Link-local addresses are of this network, too.
  "fe80::/10",
];
/// Link-local addresses of the other family.
const LINK_LOCAL: &str = "169.254.0.0/16";

impl Default for Trust {
  fn default() -> Self {
    Self { blocks: LOOPBACK.iter().filter_map(|block| Block::parse(block)).collect() }
  }
}

impl Trust {
  /// What the entries say: the words `none`, `loopback` and `private`, addresses, and blocks of addresses.
  ///
  /// # Errors
  /// The first entry that is none of them.
  pub fn parse<'a>(entries: impl IntoIterator<Item = &'a str>) -> Result<Self, &'a str> {
    let mut blocks = Vec::new();
    for entry in entries {
      match entry {
        "none" => {}
        "loopback" => blocks.extend(LOOPBACK.iter().filter_map(|block| Block::parse(block))),
        "private" => {
          let private = PRIVATE.iter().chain([&LINK_LOCAL]);
          blocks.extend(private.filter_map(|block| Block::parse(block)));
        }
        entry => blocks.push(Block::parse(entry).ok_or(entry)?),
      }
    }
    Ok(Self { blocks })
  }

  /// Whether a peer with this address is trusted.
  #[must_use]
  pub fn covers(&self, address: IpAddr) -> bool {
    let address = address.to_canonical();
    self.blocks.iter().any(|block| block.covers(address))
  }
}

impl Block {
  fn parse(text: &str) -> Option<Self> {
    let (base, bits) = match text.split_once('/') {
      Some((base, bits)) => (base, Some(bits)),
      None => (text, None),
    };
    let written: IpAddr = base.parse().ok()?;
    let digits = |text: &&str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let bits = match bits {
      None => width(written),
      Some(bits) => {
        Some(bits).filter(digits)?.parse().ok().filter(|bits| *bits <= width(written))?
      }
    };
    // An IPv4 address that is written as an IPv6 one is the IPv4 address.
    let base = written.to_canonical();
    let shift = width(written) - width(base);
    Some(Self { base, bits: bits.checked_sub(shift)? })
  }

  fn covers(&self, address: IpAddr) -> bool {
    match (self.base, address) {
      (IpAddr::V4(base), IpAddr::V4(address)) => {
        let differ = u32::from(base) ^ u32::from(address);
        differ.leading_zeros() >= self.bits
      }
      (IpAddr::V6(base), IpAddr::V6(address)) => {
        let differ = u128::from(base) ^ u128::from(address);
        differ.leading_zeros() >= self.bits
      }
      _ => false,
    }
  }
}

fn width(address: IpAddr) -> u32 {
  if address.is_ipv4() { 32 } else { 128 }
}

#[cfg(test)]
mod tests {
  #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

  use super::*;

  #[test]
  fn words_addresses_and_blocks() {
    for (entries, address, covered) in [
      (&["none"][..], "127.0.0.1", false),
      (&[], "127.0.0.1", false),
      (&["loopback"], "127.9.9.9", true),
      (&["loopback"], "::1", true),
      (&["loopback"], "::ffff:127.0.0.1", true),
      (&["loopback"], "10.0.0.1", false),
      (&["private"], "127.0.0.1", true),
      (&["private"], "172.31.255.255", true),
      (&["private"], "172.32.0.0", false),
      (&["private"], "169.254.1.1", true),
      (&["private"], "fd00::1", true),
      (&["private"], "fe80::1", true),
      (&["private"], "2001:db8::1", false),
      (&["private"], "8.8.8.8", false),
      (&["203.0.113.7"], "203.0.113.7", true),
      (&["203.0.113.7"], "203.0.113.8", false),
      (&["203.0.113.0/25", "loopback"], "203.0.113.127", true),
      (&["203.0.113.0/25", "loopback"], "203.0.113.128", false),
      (&["203.0.113.0/25", "loopback"], "127.0.0.1", true),
      (&["0.0.0.0/0"], "8.8.8.8", true),
      (&["0.0.0.0/0"], "::1", false),
      (&["::/0"], "2001:db8::1", true),
      (&["2001:db8::/33"], "2001:db8:7fff::1", true),
      (&["2001:db8::/33"], "2001:db8:8000::1", false),
      (&["::ffff:10.0.0.0/104"], "10.1.2.3", true),
    ] {
      let trust = Trust::parse(entries.iter().copied()).unwrap();
      assert_eq!(trust.covers(address.parse().unwrap()), covered, "{entries:?} {address}");
    }
    assert_eq!(Trust::default(), Trust::parse(["loopback"]).unwrap());
  }

  #[test]
  fn what_is_none_of_them_is_named() {
    for entry in [
      "",
      "Loopback",
      "10.0.0.0/33",
      "10.0.0/8",
      "::1/129",
      "a.test",
      "10.0.0.1/",
      "10.0.0.1/+8",
      "::ffff:1.2.3.4/8",
    ] {
      assert_eq!(Trust::parse(["loopback", entry]), Err(entry), "{entry}");
    }
  }
}
