//! Which requests are refused before anything is forwarded. Pure.
//!
//! Where a request ends is decided here and once; what is sent to a worker is framed anew from that decision,
//! so that client and worker cannot disagree. What other software reads differently is refused
//! (RFC 9112, 3.2 and 6).

use std::net::Ipv6Addr;

use super::{
  super::{answer::content_length, decoder::Decoder, fields::Name},
  head::{RequestHead, Version},
  refusal::Refusal,
};

/// The parts of a target.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Target<'a> {
  /// As it is to be sent.
  Origin(&'a [u8]),
  /// A whole URI: its authority takes the place of `Host`, and its rest that of the target.
  Absolute { authority: &'a [u8], rest: &'a [u8] },
}

/// What may be asked for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Allowed {
  /// `TRACE`, whose answer repeats what the client, and proxies before it, sent.
  pub(super) trace: bool,
}

/// Refuses what is ambiguous; finds out how long the body is.
pub(super) fn check(head: &RequestHead, allowed: Allowed) -> Result<Decoder, Refusal> {
  match head.method() {
    b"CONNECT" => return Err(Refusal::Method("CONNECT is not supported.")),
    b"TRACE" if !allowed.trace => return Err(Refusal::Method("TRACE is not allowed.")),
    _ => {}
  }
  check_host(head)?;
  target(head)?;
  check_body(head)
}

/// The target of a request, if it is one that a server has.
pub(super) fn target(head: &RequestHead) -> Result<Target<'_>, Refusal> {
  let written = head.target();
  if written.starts_with(b"/") || (written == b"*" && head.method() == b"OPTIONS") {
    return Ok(Target::Origin(written));
  }
  let invalid = Refusal::Malformed("The request target is not valid.");
  let after = |scheme: &[u8]| {
    let (start, rest) = written.split_at_checked(scheme.len())?;
    start.eq_ignore_ascii_case(scheme).then_some(rest)
  };
  let rest = after(b"http://").or_else(|| after(b"https://")).ok_or(invalid)?;
  let end = rest.iter().position(|byte| b"/?#".contains(byte)).unwrap_or(rest.len());
  let (authority, rest) = rest.split_at(end);
  if authority.is_empty() || !is_host(authority) {
    return Err(invalid);
  }
  let whole_server = head.method() == b"OPTIONS" && matches!(rest, b"" | b"/");
  Ok(Target::Absolute { authority, rest: if whole_server { b"*" } else { rest } })
}

fn check_host(head: &RequestHead) -> Result<(), Refusal> {
  let mut hosts = head.fields.all(Name::Host);
  match (hosts.next(), hosts.next()) {
    (None, _) if head.version == Version::Http11 => {
      Err(Refusal::Malformed("The Host header is missing."))
    }
    (_, Some(_)) => Err(Refusal::Malformed("There is more than one Host header.")),
    (Some(host), None) if !host.is_empty() && !is_host(host) => {
      Err(Refusal::Malformed("The Host header is not valid."))
    }
    _ => Ok(()),
  }
}

/// Whether it is a host and perhaps a port (RFC 3986, 3.2.2 and 3.2.3). A comma would be valid in a name, and is
/// refused because software that joins lines takes it for the end of one.
fn is_host(host: &[u8]) -> bool {
  let Ok(host) = std::str::from_utf8(host) else {
    return false;
  };
  let (valid, rest) = match host.strip_prefix('[') {
    Some(literal) => match literal.split_once(']') {
      Some((address, rest)) => (address.parse::<Ipv6Addr>().is_ok(), rest),
      None => return false,
    },
    None => {
      let (name, rest) = host.split_at(host.find(':').unwrap_or(host.len()));
      (is_name(name.as_bytes()), rest)
    }
  };
  let port = match rest.strip_prefix(':') {
    None => rest.is_empty(),
    Some("") => true,
    Some(port) => port.bytes().all(|byte| byte.is_ascii_digit()) && port.parse::<u16>().is_ok(),
  };
  valid && port
}

fn is_name(mut name: &[u8]) -> bool {
  if name.is_empty() {
    return false;
  }
  loop {
    name = match name {
      [] => return true,
      [b'%', first, second, rest @ ..]
        if first.is_ascii_hexdigit() && second.is_ascii_hexdigit() =>
      {
        rest
      }
      [byte, rest @ ..] if byte.is_ascii_alphanumeric() || b"-._~!$&'()*+;=".contains(byte) => rest,
      _ => return false,
    };
  }
}

fn check_body(head: &RequestHead) -> Result<Decoder, Refusal> {
  let fields = &head.fields;
  let mut lengths = fields.all(Name::ContentLength);
  let length = lengths.next();
  if let Some(coding) = fields.get(Name::TransferEncoding) {
    if length.is_some() {
      return Err(Refusal::Malformed("A request has either Transfer-Encoding or Content-Length."));
    }
    let chunked = coding.eq_ignore_ascii_case(b"chunked");
    let old = head.version == Version::Http10;
    if !chunked || old || fields.all(Name::TransferEncoding).count() > 1 {
      return Err(Refusal::Malformed("Only Transfer-Encoding: chunked is understood."));
    }
    return Ok(Decoder::chunked());
  }
  match length {
    None => Ok(Decoder::EMPTY),
    Some(_) if lengths.next().is_some() => {
      Err(Refusal::Malformed("There is more than one Content-Length header."))
    }
    Some(length) => content_length(length)
      .map(Decoder::length)
      .ok_or(Refusal::Malformed("The Content-Length header is not valid.")),
  }
}

#[cfg(test)]
mod tests {
  use super::{super::head::tests::head, *};

  fn verdict(text: &str) -> Result<Decoder, Refusal> {
    check(&head(text), Allowed::default())
  }

  #[test]
  fn targets() {
    let origin = |target: &'static str| Some(Target::Origin(target.as_bytes()));
    let absolute = |authority: &'static str, rest: &'static str| {
      Some(Target::Absolute { authority: authority.as_bytes(), rest: rest.as_bytes() })
    };
    for (line, expected) in [
      ("GET /", origin("/")),
      ("GET /a?b=c", origin("/a?b=c")),
      ("GET //a", origin("//a")),
      ("GET http://a.test/b", absolute("a.test", "/b")),
      ("GET HTTP://a.test:81?b", absolute("a.test:81", "?b")),
      ("GET https://[::1]", absolute("[::1]", "")),
      ("OPTIONS http://a.test", absolute("a.test", "*")),
      ("OPTIONS *", origin("*")),
      ("GET *", None),
      ("GET http://user@a.test/b", None),
      ("GET http:///b", None),
      ("GET ftp://a.test/b", None),
      ("GET a.test:80", None),
      ("GET ?a", None),
    ] {
      let head = head(&format!("{line} HTTP/1.1\r\nHost: a\r\n\r\n"));
      assert_eq!(target(&head).ok(), expected, "{line}");
      assert_eq!(check(&head, Allowed::default()).is_ok(), expected.is_some(), "{line}");
    }
  }

  #[test]
  fn methods() {
    for (method, allowed) in [("CONNECT", false), ("TRACE", false), ("BREW", true), ("get", true)] {
      let text = format!("{method} / HTTP/1.1\r\nHost: a\r\n\r\n");
      assert_eq!(verdict(&text).is_ok(), allowed, "{method}");
    }
    let trace = head("TRACE / HTTP/1.1\r\nHost: a\r\n\r\n");
    assert!(check(&trace, Allowed { trace: true }).is_ok());
  }

  #[test]
  fn hosts() {
    for host in [
      "",
      "a",
      "a.test",
      "a.test:80",
      "A_b.test",
      "127.0.0.1:1",
      "[::1]",
      "[::1]:80",
      "a:",
      "%41",
      "a!$&'()*+;=",
    ] {
      assert!(verdict(&format!("GET / HTTP/1.1\r\nHost: {host}\r\n\r\n")).is_ok(), "{host}");
    }
    for host in [
      "::1",
      "x:abc",
      "<x>",
      "a/b",
      "a@b",
      "a,b",
      "a b",
      "a\\b",
      "a#b",
      "a?b",
      "[::1",
      "[::1]80",
      "[::g]",
      ":80",
      "a:65536",
      "a:80:80",
      "a:+80",
      "%4",
      "%zz",
      "\u{e4}",
      "[::1%25eth0]",
      "a\"b",
    ] {
      assert!(verdict(&format!("GET / HTTP/1.1\r\nHost: {host}\r\n\r\n")).is_err(), "{host}");
    }
    assert!(verdict("GET / HTTP/1.1\r\n\r\n").is_err());
    assert!(verdict("GET / HTTP/1.0\r\n\r\n").is_ok());
    assert!(verdict("GET / HTTP/1.1\r\nHost: a\r\nhost: a\r\n\r\n").is_err());
  }

  #[test]
  fn lengths_and_codings() {
    for (lines, body) in [
      ("", Some(Decoder::EMPTY)),
      ("Content-Length: 3", Some(Decoder::length(3))),
      ("Content-Length: 0", Some(Decoder::EMPTY)),
      ("Content-Length: 3\r\nContent-Length: 3", None),
      ("Content-Length: 3\r\ncontent-length: 4", None),
      ("Content-Length: 3, 3", None),
      ("Content-Length: +3", None),
      ("Content-Length: 0x3", None),
      ("Content-Length:", None),
      ("Content-Length: 18446744073709551616", None),
      ("Transfer-Encoding: chunked", Some(Decoder::chunked())),
      ("transfer-encoding: Chunked", Some(Decoder::chunked())),
      ("Transfer-Encoding: gzip, chunked", None),
      ("Transfer-Encoding: chunked, chunked", None),
      ("Transfer-Encoding: identity", None),
      ("Transfer-Encoding: xchunked", None),
      ("Transfer-Encoding:", None),
      ("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked", None),
      ("Transfer-Encoding: chunked\r\nContent-Length: 3", None),
      ("Content-Length: 3\r\nTransfer-Encoding: chunked", None),
    ] {
      let text = format!("POST / HTTP/1.1\r\nHost: a\r\n{lines}\r\n\r\n")
        .replace("a\r\n\r\n\r\n", "a\r\n\r\n");
      assert_eq!(verdict(&text).ok(), body, "{lines}");
    }
    assert!(verdict("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n").is_err());
  }
}
