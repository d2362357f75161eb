//! What a request says of clients and proxies before it, and whether that is believed. Pure.
//!
//! An app sees the address of its real peer, which is the client of this proxy. So such headers are neither
//! added where the client sent none, nor appended to: behind a trusted proxy they are its own, as it sent them,
//! and from any other peer they are replaced by what the connection itself says.

use std::{
  io::Write,
  net::{IpAddr, SocketAddr},
};

use super::super::fields::{Field, Fields, Name, tokens, write_line};

const SCHEMES: [&[u8]; 4] = [b"http", b"https", b"ws", b"wss"];

/// What is known of the connection that a request came on.
#[derive(Debug, Clone, Copy)]
pub(super) struct Origin<'a> {
  pub(super) peer: SocketAddr,
  /// The public port.
  pub(super) port: u16,
  /// The host that the request is for.
  pub(super) host: &'a [u8],
  /// Whether the peer is a proxy of ours.
  pub(super) trusted: bool,
}

/// Writes the line that stands for a forwarded field of the client, if it is the first one of its kind. `nth`: how
/// many of its kind came before.
pub(super) fn write(
  out: &mut Vec<u8>,
  field: Field<'_>,
  nth: usize,
  fields: &Fields,
  origin: &Origin<'_>,
) {
  if field.kind == Name::ForwardedLookalike {
    if origin.trusted {
      write_line(out, field.name, field.value);
    }
    return;
  }
  if nth > 0 {
    return;
  }
  if !origin.trusted {
    replace(out, field, origin);
    return;
  }
  if field.kind == Name::ForwardedProto {
    write_line(out, field.name, scheme(fields));
    return;
  }
  out.extend_from_slice(field.name);
  out.extend_from_slice(b": ");
  for (at, value) in fields.all(field.kind).enumerate() {
    if at > 0 {
      out.extend_from_slice(b", ");
    }
    out.extend_from_slice(value);
  }
  out.extend_from_slice(b"\r\n");
}

fn replace(out: &mut Vec<u8>, field: Field<'_>, origin: &Origin<'_>) {
  let address = origin.peer.ip().to_canonical();
  if field.kind == Name::ForwardedPrefix {
    return;
  }
  out.extend_from_slice(field.name);
  out.extend_from_slice(b": ");
  // Writing to a vector cannot fail.
  let _ = match field.kind {
    Name::ForwardedProto => out.write_all(b"http"),
    Name::ForwardedHost => out.write_all(origin.host),
    Name::ForwardedPort => write!(out, "{}", origin.port),
    Name::Forwarded => element(out, address, origin.host),
    _ => write!(out, "{address}"),
  };
  out.extend_from_slice(b"\r\n");
}

/// One element of `Forwarded` (RFC 7239, 4): what is no token is quoted, as IPv6 addresses and ports are.
fn element(out: &mut Vec<u8>, address: IpAddr, host: &[u8]) -> std::io::Result<()> {
  match address {
    IpAddr::V4(address) => write!(out, "for={address}")?,
    IpAddr::V6(address) => write!(out, "for=\"[{address}]\"")?,
  }
  if !host.is_empty() {
    let token = |byte: &u8| byte.is_ascii_alphanumeric() || b"-._~!$&'*+".contains(byte);
    let quote: &[u8] = if host.iter().all(token) { b"" } else { b"\"" };
    // A host that was checked has neither quotes nor backslashes.
    for part in [b";host=", quote, host, quote] {
      out.extend_from_slice(part);
    }
  }
  out.write_all(b";proto=http")
}

/// The scheme that the client used: that of the first proxy, if all that is said are schemes.
fn scheme(fields: &Fields) -> &[u8] {
  let known = |token: &[u8]| SCHEMES.iter().any(|scheme| token.eq_ignore_ascii_case(scheme));
  let said = || fields.all(Name::ForwardedProto).flat_map(tokens);
  if said().all(known) { said().next().unwrap_or(b"http") } else { b"http" }
}

#[cfg(test)]
mod tests {
  #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

  use super::{super::head::tests::head, *};

  fn rewritten(lines: &str, peer: &str, trusted: bool) -> String {
    let head = head(&format!("GET / HTTP/1.1\r\n{lines}\r\n"));
    let host = head.fields.get(Name::Host).unwrap_or(b"a.test:8080");
    let origin = Origin { peer: peer.parse().unwrap(), port: 8080, host, trusted };
    let (mut out, mut seen) = (Vec::new(), Vec::new());
    for field in head.fields.iter().filter(|field| field.kind != Name::Host) {
      let nth = seen.iter().filter(|kind| **kind == field.kind).count();
      seen.push(field.kind);
      write(&mut out, field, nth, &head.fields, &origin);
    }
    String::from_utf8(out).unwrap()
  }

  const V4: &str = "203.0.113.9:1234";

  #[test]
  fn an_untrusted_peer_is_not_believed() {
    for (sent, expected) in [
      ("X-Forwarded-For: 1.1.1.1\r\n", "X-Forwarded-For: 203.0.113.9\r\n"),
      (
        "x-forwarded-for: 1.1.1.1\r\nX-FORWARDED-FOR: 2.2.2.2\r\n",
        "x-forwarded-for: 203.0.113.9\r\n",
      ),
      ("X-Real-IP: 1.1.1.1\r\n", "X-Real-IP: 203.0.113.9\r\n"),
      ("X-Forwarded-Proto: https\r\n", "X-Forwarded-Proto: http\r\n"),
      ("X-Forwarded-Host: evil.test\r\n", "X-Forwarded-Host: a.test:8080\r\n"),
      ("X-Forwarded-Port: 443\r\n", "X-Forwarded-Port: 8080\r\n"),
      ("X-Forwarded-Prefix: /evil\r\n", ""),
      ("X_Forwarded_For: 1.1.1.1\r\nx-real_ip: 1.1.1.1\r\n", ""),
      (
        "Forwarded: for=1.1.1.1\r\n",
        "Forwarded: for=203.0.113.9;host=\"a.test:8080\";proto=http\r\n",
      ),
    ] {
      assert_eq!(rewritten(sent, V4, false), expected, "{sent}");
    }
    let forwarded =
      |host: &str, peer| rewritten(&format!("Host: {host}\r\nForwarded: x\r\n"), peer, false);
    assert_eq!(forwarded("a.test", V4), "Forwarded: for=203.0.113.9;host=a.test;proto=http\r\n");
    assert_eq!(forwarded("", "[2001:db8::1]:9"), "Forwarded: for=\"[2001:db8::1]\";proto=http\r\n");
    assert_eq!(
      forwarded("[::1]", "[::ffff:10.0.0.7]:9"),
      "Forwarded: for=10.0.0.7;host=\"[::1]\";proto=http\r\n"
    );
  }

  #[test]
  fn a_trusted_peer_is_passed_on_as_one_line() {
    for (sent, expected) in [
      ("X-Forwarded-For: 1.1.1.1\r\n", "X-Forwarded-For: 1.1.1.1\r\n"),
      (
        "X-Forwarded-For: 1.1.1.1\r\nx-forwarded-for: 2.2.2.2, 3.3.3.3\r\n",
        "X-Forwarded-For: 1.1.1.1, 2.2.2.2, 3.3.3.3\r\n",
      ),
      (
        "Forwarded: for=1.1.1.1\r\nForwarded: for=2.2.2.2\r\n",
        "Forwarded: for=1.1.1.1, for=2.2.2.2\r\n",
      ),
      ("X-Forwarded-Host: b.test\r\n", "X-Forwarded-Host: b.test\r\n"),
      ("X-Forwarded-Port: 443\r\n", "X-Forwarded-Port: 443\r\n"),
      ("X-Forwarded-Prefix: /b\r\n", "X-Forwarded-Prefix: /b\r\n"),
      ("X_Forwarded_For: 1.1.1.1\r\n", "X_Forwarded_For: 1.1.1.1\r\n"),
      ("X-Forwarded-Proto: https\r\n", "X-Forwarded-Proto: https\r\n"),
      ("X-Forwarded-Proto: WSS\r\n", "X-Forwarded-Proto: WSS\r\n"),
      ("X-Forwarded-Proto: https, http\r\n", "X-Forwarded-Proto: https\r\n"),
      ("X-Forwarded-Proto: javascript\r\n", "X-Forwarded-Proto: http\r\n"),
      ("X-Forwarded-Proto: https\r\nX-Forwarded-Proto: evil\r\n", "X-Forwarded-Proto: http\r\n"),
      ("X-Forwarded-Proto: https evil\r\n", "X-Forwarded-Proto: http\r\n"),
      ("X-Forwarded-Proto:\r\n", "X-Forwarded-Proto: http\r\n"),
    ] {
      assert_eq!(rewritten(sent, V4, true), expected, "{sent}");
    }
  }

  #[test]
  fn nothing_is_added() {
    for trusted in [false, true] {
      assert_eq!(rewritten("", V4, trusted), "");
    }
  }
}
