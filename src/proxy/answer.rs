//! The head of a worker's answer: what it says, and where its body ends (RFC 9112, 4 and 6.3). Pure.

use std::{mem::MaybeUninit, ops::Range};

use bytes::BytesMut;

use super::{
  decoder::Decoder,
  fields::{self, Fields, Name, Span},
};

/// Heads with up to this many fields are parsed without an allocation of their own.
const USUAL: usize = 64;

/// The head of an answer.
#[derive(Debug)]
pub(super) struct Answer {
  pub(super) status: u16,
  /// Where the worker's own words for the status stand.
  reason: Range<usize>,
  pub(super) fields: Fields,
  /// Finds the end of the body, which comes next.
  pub(super) body: Decoder,
  /// Whether the connection can carry another request after this answer.
  pub(super) persistent: bool,
}

impl Answer {
  /// The worker's own words for the status.
  pub(super) fn reason(&self) -> &[u8] {
    self.fields.bytes(self.reason.clone())
  }

  /// Whether another answer to the same request follows.
  pub(super) fn is_interim(&self) -> bool {
    (100..200).contains(&self.status) && self.status != SWITCHING_PROTOCOLS
  }

  /// Whether it is a stream of server-sent events.
  pub(super) fn is_event_stream(&self) -> bool {
    self.fields.get(Name::ContentType).is_some_and(|media| {
      let media = media.split(|byte| *byte == b';').next().unwrap_or_default();
      media.trim_ascii().eq_ignore_ascii_case(b"text/event-stream")
    })
  }

  /// The seconds of `Keep-Alive: timeout=5`: how long the worker keeps an idle connection.
  pub(super) fn keep_alive_timeout(&self) -> Option<u64> {
    self.fields.tokens(Name::KeepAlive).find_map(|parameter| {
      let (name, seconds) = std::str::from_utf8(parameter).ok()?.split_once('=')?;
      name.trim().eq_ignore_ascii_case("timeout").then(|| seconds.trim().parse().ok())?
    })
  }
}

/// The status of an answer after which the connection is no HTTP any more.
pub(super) const SWITCHING_PROTOCOLS: u16 = 101;

/// How long the head of an answer may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct HeadLimits {
  /// Fields.
  pub(super) fields: usize,
  /// Bytes.
  pub(super) size: usize,
}

/// What was sent is no HTTP.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("what was sent is no valid HTTP: {0}")]
pub(super) struct Malformed(pub(super) &'static str);

impl From<httparse::Error> for Malformed {
  fn from(error: httparse::Error) -> Self {
    match error {
      httparse::Error::TooManyHeaders => Self("the head has too many fields"),
      _ => Self("the head cannot be parsed"),
    }
  }
}

/// Takes a head off the front of `buf`; `None` while it is incomplete. `to_head`: whether the request was a
/// HEAD.
pub(super) fn take(
  buf: &mut BytesMut,
  to_head: bool,
  limits: HeadLimits,
) -> Result<Option<Answer>, Malformed> {
  if buf.is_empty() {
    return Ok(None);
  }
  let mut spans = Vec::new();
  let mut usual = [const { MaybeUninit::uninit() }; USUAL];
  let parsed = match parse(buf, &mut usual[..limits.fields.min(USUAL)], &mut spans) {
    Err(httparse::Error::TooManyHeaders) if limits.fields > USUAL => {
      let mut many = vec![MaybeUninit::uninit(); limits.fields];
      parse(buf, &mut many, &mut spans)?
    }
    parsed => parsed?,
  };
  let Some(parsed) = parsed else {
    let long = buf.len() > limits.size;
    return if long { Err(Malformed("the head is too long")) } else { Ok(None) };
  };
  if parsed.end > limits.size {
    return Err(Malformed("the head is too long"));
  }
  let status = parsed.status;
  if !(100..1000).contains(&status) {
    return Err(Malformed("the status is no status"));
  }
  let fields = Fields::new(buf.split_to(parsed.end).freeze(), spans);
  let persistent = persists(&fields, parsed.recent);
  let body = frame(&fields, status, parsed.recent, to_head)?;
  let persistent = persistent && !matches!(body, Decoder::UntilClose);
  Ok(Some(Answer { status, reason: parsed.reason, fields, body, persistent }))
}

struct Parsed {
  end: usize,
  status: u16,
  reason: Range<usize>,
  /// Whether it is HTTP/1.1.
  recent: bool,
}

fn parse<'a>(
  head: &'a [u8],
  headers: &mut [MaybeUninit<httparse::Header<'a>>],
  spans: &mut Vec<Span>,
) -> Result<Option<Parsed>, httparse::Error> {
  let mut response = httparse::Response::new(&mut []);
  let config = httparse::ParserConfig::default();
  let end = match config.parse_response_with_uninit_headers(&mut response, head, headers)? {
    httparse::Status::Complete(end) => end,
    httparse::Status::Partial => return Ok(None),
  };
  fields::locate(head, response.headers, spans);
  let reason = response.reason.filter(|reason| !reason.is_empty()).map_or(0..0, |reason| {
    let at = reason.as_ptr() as usize - head.as_ptr() as usize;
    at..at + reason.len()
  });
  let status = response.code.unwrap_or_default();
  Ok(Some(Parsed { end, status, reason, recent: response.version == Some(1) }))
}

fn persists(fields: &Fields, recent: bool) -> bool {
  if recent {
    !fields.says(Name::Connection, b"close")
  } else {
    fields.says(Name::Connection, b"keep-alive")
  }
}

/// Finds out how the body is framed. What contradicts that is not passed on, so that the client cannot read
/// it the other way.
fn frame(fields: &Fields, status: u16, recent: bool, to_head: bool) -> Result<Decoder, Malformed> {
  if to_head || (100..200).contains(&status) || status == 204 || status == 304 {
    return Ok(Decoder::EMPTY);
  }
  if let Some(coding) = fields.get(Name::TransferEncoding) {
    let chunked = coding.eq_ignore_ascii_case(b"chunked");
    if !chunked || !recent || fields.all(Name::TransferEncoding).count() > 1 {
      return Err(Malformed("only the transfer coding chunked is understood"));
    }
    return Ok(Decoder::chunked());
  }
  let mut lengths = fields.all(Name::ContentLength);
  let Some(length) = lengths.next() else {
    return Ok(Decoder::until_close());
  };
  if lengths.any(|other| other != length) {
    return Err(Malformed("there are several lengths"));
  }
  content_length(length).map(Decoder::length).ok_or(Malformed("the length is no number"))
}

/// The number that a `Content-Length` says: digits, and nothing else.
pub(super) fn content_length(value: &[u8]) -> Option<u64> {
  if !value.iter().all(u8::is_ascii_digit) {
    return None;
  }
  std::str::from_utf8(value).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
  #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

  use super::*;

  const LIMITS: HeadLimits = HeadLimits { fields: 128, size: 256 * 1024 };

  fn parse(text: &str, to_head: bool) -> (Result<Option<Answer>, Malformed>, String) {
    let mut buf = BytesMut::from(text);
    let answer = take(&mut buf, to_head, LIMITS);
    (answer, String::from_utf8(buf.to_vec()).unwrap())
  }

  #[test]
  fn a_head_is_taken_off_and_the_rest_stays() {
    let (answer, rest) =
      parse("HTTP/1.1 200 OK\r\nX-A: 1\r\nx-a:  2 \r\nContent-Length: 5\r\n\r\nhello", false);
    let answer = answer.unwrap().unwrap();
    assert_eq!((answer.status, answer.reason(), answer.persistent), (200, &b"OK"[..], true));
    let fields: Vec<_> = answer.fields.iter().map(|field| (field.name, field.value)).collect();
    let expected = [("X-A", "1"), ("x-a", "2"), ("Content-Length", "5")];
    assert_eq!(fields, expected.map(|(name, value)| (name.as_bytes(), value.as_bytes())));
    assert_eq!(answer.body, Decoder::length(5));
    assert_eq!(rest, "hello");
  }

  #[test]
  fn every_prefix_of_a_head_is_incomplete() {
    let head = "HTTP/1.1 404 Nothing Here\r\nServer: x\r\nContent-Length: 0\r\n\r\n";
    for end in 0..head.len() {
      let (answer, rest) = parse(&head[..end], false);
      assert!(answer.unwrap().is_none(), "{end}");
      assert_eq!(rest.len(), end);
    }
    let answer = parse(head, false).0.unwrap().unwrap();
    assert_eq!(answer.reason(), b"Nothing Here");
  }

  #[test]
  fn interim_answers_are_told_from_the_last_one() {
    for (status, interim) in
      [(100, true), (102, true), (103, true), (199, true), (101, false), (200, false)]
    {
      let (answer, rest) =
        parse(&format!("HTTP/1.1 {status}\r\nContent-Length: 3\r\n\r\nraw"), false);
      let answer = answer.unwrap().unwrap();
      assert_eq!((answer.is_interim(), rest.as_str()), (interim, "raw"), "{status}");
      assert_eq!(answer.body == Decoder::EMPTY, status < 200);
    }
  }

  #[test]
  fn event_streams_are_known_by_their_type() {
    for (media, is) in [
      ("text/event-stream", true),
      ("Text/Event-Stream; charset=utf-8", true),
      ("text/event-streams", false),
      ("text/plain", false),
    ] {
      let head = format!("HTTP/1.1 200 OK\r\nContent-Type: {media}\r\n\r\n");
      assert_eq!(parse(&head, false).0.unwrap().unwrap().is_event_stream(), is, "{media}");
    }
  }

  #[test]
  fn the_announced_keep_alive_is_understood() {
    for (value, timeout) in [
      ("timeout=5", Some(5)),
      ("max=100, Timeout = 7", Some(7)),
      ("max=100", None),
      ("timeout=x", None),
      ("timeout=18446744073709551615", Some(u64::MAX)),
      ("timeout=18446744073709551616", None),
    ] {
      let head = format!("HTTP/1.1 200 OK\r\nKeep-Alive: {value}\r\n\r\n");
      assert_eq!(parse(&head, false).0.unwrap().unwrap().keep_alive_timeout(), timeout, "{value}");
    }
  }

  #[test]
  fn bodies_end_where_the_head_says() {
    for (status, headers, to_head, body) in [
      ("200", "Content-Length: 3", true, Decoder::EMPTY),
      ("304", "Content-Length: 3", false, Decoder::EMPTY),
      ("200", "Transfer-Encoding: Chunked", false, Decoder::chunked()),
      ("200", "Transfer-Encoding: chunked\r\nContent-Length: 3", false, Decoder::chunked()),
      ("200", "Content-Length: 3\r\nContent-Length: 3", false, Decoder::length(3)),
      ("200", "X: y", false, Decoder::until_close()),
    ] {
      let head = format!("HTTP/1.1 {status} x\r\n{headers}\r\n\r\n");
      assert_eq!(parse(&head, to_head).0.unwrap().unwrap().body, body, "{head}");
    }
  }

  #[test]
  fn connections_persist_unless_somebody_objects() {
    for (version, headers, persistent) in [
      ("1.1", "Content-Length: 0", true),
      ("1.1", "Content-Length: 0\r\nConnection: x, Close", false),
      ("1.1", "X: the end is the end of the connection", false),
      ("1.0", "Content-Length: 0", false),
      ("1.0", "Content-Length: 0\r\nConnection: keep-alive", true),
    ] {
      let head = format!("HTTP/{version} 200 OK\r\n{headers}\r\n\r\n");
      assert_eq!(parse(&head, false).0.unwrap().unwrap().persistent, persistent, "{head}");
    }
  }

  #[test]
  fn nonsense_is_refused() {
    for head in [
      "SSH-2.0-OpenSSH_9.2\r\n\r\n",
      "HTTP/2 200 OK\r\n\r\n",
      "HTTP/1.1 099 x\r\n\r\n",
      "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\n",
      "HTTP/1.1 200 OK\r\nContent-Length: +3\r\n\r\n",
      "HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\n",
      "HTTP/1.1 200 OK\r\nContent-Length:\r\n\r\n",
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
      "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
      "HTTP/1.1 200 OK\r\nA B: c\r\n\r\n",
    ] {
      assert!(parse(head, false).0.is_err(), "{head}");
    }
    let endless = format!("HTTP/1.1 200 OK\r\nX: {}", "y".repeat(LIMITS.size));
    assert!(parse(&endless, false).0.is_err());
    let many = format!("HTTP/1.1 200 OK\r\n{}\r\n", "A: b\r\n".repeat(LIMITS.fields + 1));
    assert!(parse(&many, false).0.is_err());
    let most = format!("HTTP/1.1 200 OK\r\n{}\r\n", "A: b\r\n".repeat(LIMITS.fields));
    assert_eq!(parse(&most, false).0.unwrap().unwrap().fields.iter().count(), LIMITS.fields);
  }

  proptest::proptest! {
    #[test]
    fn nothing_that_a_worker_sends_panics(wire in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..300), start in 0_usize..4) {
      let start = ["", "HTTP/1.1 200 OK\r\n", "HTTP/1.1 200 OK\r\nKeep-Alive: timeout=", "HTTP/1.1 200\r\nContent-Length: "][start];
      let mut buf = BytesMut::from(start.as_bytes());
      buf.extend_from_slice(&wire);
      if let Ok(Some(answer)) = take(&mut buf, false, LIMITS) {
        let _ = (answer.reason(), answer.keep_alive_timeout(), answer.is_event_stream(), answer.fields.names_hop_by_hop());
      }
    }
  }
}
