//! The heads that are sent on: those of a client to a worker, and those of a worker to a client. Pure.
//!
//! All is passed on as it was sent, names in their case and order, but for what concerns one connection only
//! (RFC 9110, 7.6) and for what a client says of its own origin.

use std::io::Write;

use super::{
  super::{
    answer::{Answer, SWITCHING_PROTOCOLS},
    fields::{Field, Name, write_line},
  },
  check::Target,
  date,
  forwarded::{self, Origin},
  head::{RequestHead, Version},
};

/// The kinds that `forwarded` decides on.
const CLAIMS: [Name; 8] = [
  Name::Forwarded,
  Name::ForwardedFor,
  Name::ForwardedHost,
  Name::ForwardedPort,
  Name::ForwardedPrefix,
  Name::ForwardedProto,
  Name::RealIp,
  Name::ForwardedLookalike,
];

/// The protocols that a client may ask to change to, and is let: what it asked for less what is not allowed. `None`
/// where nothing is left. HTTP/2 is never begun that way: what follows in the tunnel would be requests that
/// are not looked at.
pub(super) fn upgrade(head: &RequestHead, allowed: &[String]) -> Option<Vec<u8>> {
  if head.version != Version::Http11 || !head.fields.has(Name::Upgrade) {
    return None;
  }
  if !head.fields.says(Name::Connection, b"upgrade") {
    return None;
  }
  let is_allowed = |token: &&[u8]| {
    let name = token.split(|byte| *byte == b'/').next().unwrap_or_default();
    let http = [&b"h2c"[..], b"h2", b"http"].iter().any(|http| name.eq_ignore_ascii_case(http));
    !http && allowed.iter().any(|allowed| name.eq_ignore_ascii_case(allowed.as_bytes()))
  };
  let asked: Vec<&[u8]> = head.fields.tokens(Name::Upgrade).filter(is_allowed).collect();
  (!asked.is_empty()).then(|| asked.join(&b", "[..]))
}

/// Writes the head of a request for a worker. `client_line` stands first. `upgrade`: what the client may change to.
pub(super) fn write_request(
  out: &mut Vec<u8>,
  head: &RequestHead,
  target: Target<'_>,
  client_line: &[u8],
  upgrade: Option<&[u8]>,
  origin: &Origin<'_>,
) {
  let (authority, target, slash) = match target {
    Target::Origin(target) => (None, target, false),
    Target::Absolute { authority, rest } => {
      (Some(authority), rest, !rest.starts_with(b"/") && rest != b"*")
    }
  };
  out.extend_from_slice(head.method());
  out.push(b' ');
  if slash {
    out.push(b'/');
  }
  out.extend_from_slice(target);
  out.extend_from_slice(b" HTTP/1.1\r\n");
  out.extend_from_slice(client_line);
  if !head.fields.has(Name::Host) {
    // HTTP/1.0 clients may leave it out, HTTP/1.1 workers insist on it.
    write_line(out, b"Host", authority.unwrap_or(b"localhost"));
  }
  let named = head.fields.names_hop_by_hop();
  let (mut claims, mut connections, mut upgrades) = ([0; CLAIMS.len()], 0, 0);
  for field in head.fields.iter() {
    if named && is_named(&head.fields, field) {
      continue;
    }
    match field.kind {
      Name::KeepAlive | Name::ProxyConnection | Name::Te | Name::ClientLine => {}
      Name::Connection => {
        if upgrade.is_some() && connections == 0 {
          let alone = field.value.eq_ignore_ascii_case(b"upgrade");
          write_line(out, field.name, if alone { field.value } else { b"Upgrade" });
        }
        connections += 1;
      }
      Name::Upgrade => {
        if let Some(upgrade) = upgrade.filter(|_| upgrades == 0) {
          write_line(out, field.name, upgrade);
        }
        upgrades += 1;
      }
      Name::Expect if head.version == Version::Http10 => {}
      // It was checked to be just that, in whatever case.
      Name::TransferEncoding => write_line(out, field.name, b"chunked"),
      Name::Host => write_line(out, field.name, authority.unwrap_or(field.value)),
      kind => match CLAIMS.iter().position(|claim| *claim == kind) {
        Some(at) => {
          forwarded::write(out, field, claims[at], &head.fields, origin);
          claims[at] += 1;
        }
        None => write_line(out, field.name, field.value),
      },
    }
  }
  out.extend_from_slice(b"\r\n");
}

/// Whether `Connection` says that the field is for the next hop only. Never what frames the message or says whom it
/// is for.
fn is_named(fields: &super::super::fields::Fields, field: Field<'_>) -> bool {
  !matches!(
    field.kind,
    Name::Host | Name::ContentLength | Name::TransferEncoding | Name::Connection | Name::Upgrade
  ) && fields.is_hop_by_hop(field.name)
}

/// How the body of an answer reaches the client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::proxy) enum BodyForm {
  /// As the worker frames it, or there is none.
  AsSent,
  /// In chunks, although the worker did not send it in chunks.
  Chunks,
  /// Until the connection is closed, although the worker sent it in chunks.
  UntilClose,
}

/// Writes the head of an answer for a client.
pub(in crate::proxy) fn write_answer(
  out: &mut Vec<u8>,
  answer: &Answer,
  delivery: BodyForm,
  connection: Option<&'static str>,
) {
  let upgrade = answer.status == SWITCHING_PROTOCOLS;
  status_line(out, answer);
  let fields = &answer.fields;
  let named = fields.names_hop_by_hop();
  let both = fields.has(Name::TransferEncoding);
  let (mut dated, mut connections, mut lengths) = (false, 0, 0);
  for field in fields.iter() {
    if named && is_named(fields, field) {
      continue;
    }
    match field.kind {
      Name::KeepAlive | Name::ProxyConnection => {}
      Name::Connection => {
        if upgrade && connections == 0 {
          let alone = field.value.eq_ignore_ascii_case(b"upgrade");
          write_line(out, field.name, if alone { field.value } else { b"Upgrade" });
        }
        connections += 1;
      }
      // What the worker would rather be asked by is passed on with a change, and not else.
      Name::Upgrade if !upgrade => {}
      // An answer without a body has no coding (RFC 9112, 6.1).
      Name::TransferEncoding if delivery == BodyForm::UntilClose || answer.status == 204 => {}
      // The chunks tell the length.
      Name::ContentLength if both => {}
      Name::ContentLength => {
        if lengths == 0 {
          write_line(out, field.name, field.value);
        }
        lengths += 1;
      }
      kind => {
        dated |= kind == Name::Date;
        write_line(out, field.name, field.value);
      }
    }
  }
  if delivery == BodyForm::Chunks {
    write_line(out, b"Transfer-Encoding", b"chunked");
  }
  if let Some(connection) = connection {
    write_line(out, b"Connection", connection.as_bytes());
  }
  if !dated && !upgrade {
    date::write(out);
  }
  out.extend_from_slice(b"\r\n");
}

/// Writes an answer that comes before the last one.
pub(in crate::proxy) fn write_interim(out: &mut Vec<u8>, answer: &Answer) {
  status_line(out, answer);
  let named = answer.fields.names_hop_by_hop();
  for field in answer.fields.iter() {
    let hop = matches!(
      field.kind,
      Name::KeepAlive
        | Name::ProxyConnection
        | Name::Connection
        | Name::Upgrade
        | Name::TransferEncoding
        | Name::ContentLength
    );
    if !(hop || named && is_named(&answer.fields, field)) {
      write_line(out, field.name, field.value);
    }
  }
  out.extend_from_slice(b"\r\n");
}

fn status_line(out: &mut Vec<u8>, answer: &Answer) {
  // Writing to a vector cannot fail.
  let _ = write!(out, "HTTP/1.1 {} ", answer.status);
  out.extend_from_slice(answer.reason());
  out.extend_from_slice(b"\r\n");
}

#[cfg(test)]
mod tests {
  #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

  use bytes::BytesMut;
  use proptest::prelude::*;

  use super::{
    super::{
      super::answer::{self, HeadLimits},
      check,
      head::tests::head,
    },
    *,
  };

  fn sent(text: &str) -> String {
    let head = head(text);
    let allowed = ["websocket".to_owned()];
    let upgrade = upgrade(&head, &allowed);
    let origin =
      Origin { peer: "203.0.113.9:1".parse().unwrap(), port: 80, host: b"a", trusted: false };
    let mut out = Vec::new();
    let target = check::target(&head).unwrap();
    write_request(&mut out, &head, target, b"c: 1 2\r\n", upgrade.as_deref(), &origin);
    String::from_utf8(out).unwrap()
  }

  fn answered(text: &str, delivery: BodyForm, connection: Option<&'static str>) -> String {
    let limits = HeadLimits { fields: 100, size: 4096 };
    let answer = answer::take(&mut BytesMut::from(text), false, limits).unwrap().unwrap();
    let mut out = Vec::new();
    if answer.is_interim() {
      write_interim(&mut out, &answer);
    } else {
      write_answer(&mut out, &answer, delivery, connection);
    }
    String::from_utf8(out).unwrap()
  }

  #[test]
  fn requests_are_sent_as_they_came() {
    for (text, expected) in [
      (
        "GET /a?b HTTP/1.1\r\nhOST: a\r\nX-b: 1\r\nCookie: x\r\nx-B: 2\r\n\r\n",
        "GET /a?b HTTP/1.1\r\nc: 1 2\r\nhOST: a\r\nX-b: 1\r\nCookie: x\r\nx-B: 2\r\n\r\n",
      ),
      (
        "POST / HTTP/1.1\r\nHost: a\r\ncontent-length: 0\r\n\r\n",
        "POST / HTTP/1.1\r\nc: 1 2\r\nHost: a\r\ncontent-length: 0\r\n\r\n",
      ),
      (
        "GET / HTTP/1.0\r\nExpect: 100-continue\r\n\r\n",
        "GET / HTTP/1.1\r\nc: 1 2\r\nHost: localhost\r\n\r\n",
      ),
      (
        "GET http://b.test:81?q HTTP/1.1\r\nX: 1\r\nHost: a\r\n\r\n",
        "GET /?q HTTP/1.1\r\nc: 1 2\r\nX: 1\r\nHost: b.test:81\r\n\r\n",
      ),
      (
        "OPTIONS http://b.test HTTP/1.1\r\nHost: a\r\n\r\n",
        "OPTIONS * HTTP/1.1\r\nc: 1 2\r\nHost: b.test\r\n\r\n",
      ),
      ("GET http://b.test HTTP/1.0\r\n\r\n", "GET / HTTP/1.1\r\nc: 1 2\r\nHost: b.test\r\n\r\n"),
    ] {
      assert_eq!(sent(text), expected);
    }
  }

  #[test]
  fn hop_by_hop_headers_stay_here() {
    let text = "POST / HTTP/1.1\r\nHost: a\r\nConnection: close, X-Private, content-length, Host\r\nconnection: other\r\n\
      X-Private: 1\r\nOther: 2\r\nKeep-Alive: timeout=9\r\nProxy-Connection: keep-alive\r\nTE: trailers\r\nTrailer: x-sum\r\n\
      Upgrade: websocket\r\nExpect: 100-continue\r\nX-Xypriss-Client-0: 9.9.9.9 1\r\nContent-Length: 3\r\n\r\n";
    assert_eq!(
      sent(text),
      "POST / HTTP/1.1\r\nc: 1 2\r\nHost: a\r\nTrailer: x-sum\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n"
    );
    // What frames the body cannot be declared away.
    let text = "POST / HTTP/1.1\r\nHost: a\r\nConnection: Transfer-Encoding\r\nTransfer-Encoding: chunked\r\n\r\n";
    assert!(sent(text).contains("\r\nTransfer-Encoding: chunked\r\n"));
  }

  #[test]
  fn upgrades_are_passed_on_unless_they_smuggle_http2() {
    let ask = |lines: &str| {
      let text = sent(&format!("GET / HTTP/1.1\r\nHost: a\r\n{lines}\r\n"));
      text.strip_prefix("GET / HTTP/1.1\r\nc: 1 2\r\nHost: a\r\n").unwrap().to_owned()
    };
    for (lines, expected) in [
      (
        "Connection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n",
        "Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
      ),
      (
        "UPGRADE: WebSocket\r\nconnection: upgrade\r\n",
        "UPGRADE: WebSocket\r\nconnection: upgrade\r\n\r\n",
      ),
      ("Connection: keep-alive\r\nUpgrade: websocket\r\n", "\r\n"),
      ("Connection: Upgrade, HTTP2-Settings\r\nHTTP2-Settings: x\r\nUpgrade: h2c\r\n", "\r\n"),
      (
        "Connection: Upgrade\r\nUpgrade: websocket\r\nUpgrade: h2c\r\n",
        "Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
      ),
      (
        "Connection: Upgrade\r\nUpgrade: x\r\nUpgrade: h2c, websocket\r\n",
        "Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
      ),
      ("Connection: Upgrade\r\nUpgrade: HTTP/2.0\r\n", "\r\n"),
    ] {
      assert_eq!(ask(lines), expected, "{lines}");
    }
    let head = head("GET / HTTP/1.1\r\nConnection: upgrade\r\nUpgrade: h2c, tcp/1\r\n\r\n");
    assert_eq!(upgrade(&head, &["h2c".to_owned(), "tcp".to_owned()]), Some(b"tcp/1".to_vec()));
  }

  #[test]
  fn answers_are_sent_as_they_came() {
    let date = "DATE: x\r\n";
    for (text, delivery, connection, expected) in [
      (
        "HTTP/1.1 299 Very Fine\r\nX-a: 1\r\nset-cookie: a\r\nSet-Cookie: b\r\ncontent-LENGTH: 3\r\n",
        BodyForm::AsSent,
        None,
        "HTTP/1.1 299 Very Fine\r\nX-a: 1\r\nset-cookie: a\r\nSet-Cookie: b\r\ncontent-LENGTH: 3\r\n",
      ),
      (
        "HTTP/1.0 200 OK\r\nConnection: close, X-Inner\r\nx-inner: 1\r\nKeep-Alive: x\r\n",
        BodyForm::Chunks,
        Some("close"),
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n",
      ),
      (
        "HTTP/1.1 200 OK\r\nContent-Length: 99\r\nTransfer-Encoding: chunked\r\n",
        BodyForm::AsSent,
        None,
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n",
      ),
      (
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n",
        BodyForm::UntilClose,
        None,
        "HTTP/1.1 200 OK\r\n",
      ),
      (
        "HTTP/1.1 200 OK\r\nContent-Length: 3\r\ncontent-length: 3\r\nUpgrade: h2c\r\n",
        BodyForm::AsSent,
        None,
        "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n",
      ),
      (
        "HTTP/1.1 204\r\nTransfer-Encoding: chunked\r\n",
        BodyForm::AsSent,
        None,
        "HTTP/1.1 204 \r\n",
      ),
      (
        "HTTP/1.1 101 Switching Protocols\r\nUPGRADE: websocket\r\nCONNECTION: Upgrade\r\n",
        BodyForm::AsSent,
        None,
        "HTTP/1.1 101 Switching Protocols\r\nUPGRADE: websocket\r\nCONNECTION: Upgrade\r\n",
      ),
      (
        "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\nConnection: close\r\nContent-Length: 7\r\n",
        BodyForm::AsSent,
        None,
        "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n",
      ),
    ] {
      let got = answered(&format!("{text}{date}\r\n"), delivery, connection);
      assert_eq!(got.replace(date, ""), format!("{expected}\r\n"));
    }
    assert!(answered("HTTP/1.1 200 OK\r\n\r\n", BodyForm::Chunks, None).contains("\r\nDate: "));
  }

  proptest! {
    /// However a head is dressed up, the worker reads one request with the same end of its body.
    #[test]
    fn no_second_request_comes_out(
      names in prop::collection::vec(prop_oneof![
        Just("Content-Length"), Just("Transfer-Encoding"), Just("Connection"), Just("Host"), Just("X-A"), Just("content_length"),
        Just("Upgrade"), Just("Expect"), Just("X-Forwarded-For"), Just("Keep-Alive"), Just("TE"), Just("Trailer"),
      ], 0..8),
      values in prop::collection::vec(prop_oneof![
        Just("chunked"), Just("3"), Just("0"), Just("close"), Just("a"), Just("Content-Length"), Just("Transfer-Encoding"), Just("websocket"), Just("upgrade, host"),
      ], 8),
    ) {
      let lines: String = names.iter().zip(&values).map(|(name, value)| format!("{name}: {value}\r\n")).collect();
      let text = format!("POST / HTTP/1.1\r\n{lines}\r\n");
      let head = head(&text);
      if let Ok(body) = check::check(&head, check::Allowed::default()) {
        let forwarded = super::super::head::tests::head(&sent(&text));
        prop_assert_eq!(check::check(&forwarded, check::Allowed::default()).unwrap(), body);
      }
    }
  }
}
