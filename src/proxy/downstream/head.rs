//! The head of a request as a client sent it (RFC 9112, 3 and 5). Pure.

use std::{mem::MaybeUninit, ops::Range};

use bytes::BytesMut;

use super::{
  super::{
    answer::HeadLimits,
    fields::{self, Fields, Name, Span},
  },
  refusal::Refusal,
};

/// Heads with up to this many fields are parsed without an allocation of their own.
const USUAL: usize = 64;

/// What a client speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::proxy) enum Version {
  Http10,
  Http11,
}

/// The head of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::proxy) struct RequestHead {
  pub(in crate::proxy) version: Version,
  method: Range<usize>,
  target: Range<usize>,
  pub(in crate::proxy) fields: Fields,
}

impl RequestHead {
  pub(in crate::proxy) fn method(&self) -> &[u8] {
    self.fields.bytes(self.method.clone())
  }

  /// The target as it was written: a path, a whole URI, or `*`.
  pub(in crate::proxy) fn target(&self) -> &[u8] {
    self.fields.bytes(self.target.clone())
  }

  /// Whether the client takes answers before the last one.
  pub(in crate::proxy) fn takes_interim(&self) -> bool {
    self.version == Version::Http11
  }

  /// Whether the client waits for leave to send the body. That of an HTTP/1.0 client is to be ignored
  /// (RFC 9110, 10.1.1).
  pub(in crate::proxy) fn expects_continue(&self) -> bool {
    self.version == Version::Http11 && self.fields.says(Name::Expect, b"100-continue")
  }

  /// Whether the client wants to send another request after the answer.
  pub(super) fn persists(&self) -> bool {
    match self.version {
      Version::Http11 => !self.fields.says(Name::Connection, b"close"),
      Version::Http10 => self.fields.says(Name::Connection, b"keep-alive"),
    }
  }

  /// Whether the request says that it waits for news: `Prefer: wait` (RFC 7240, 4.3), the transport of
  /// Socket.IO, or a stream of events that has not begun.
  pub(in crate::proxy) fn is_long_poll(&self) -> bool {
    let waits = |preference: &[u8]| {
      let name = preference.split(|byte| matches!(byte, b'=' | b';')).next().unwrap_or_default();
      name.trim_ascii().eq_ignore_ascii_case(b"wait")
    };
    let mut query = self.target().splitn(2, |byte| *byte == b'?').skip(1);
    let polls = query.next().is_some_and(|query| {
      query.split(|byte| *byte == b'&').any(|pair| pair == b"transport=polling")
    });
    polls
      || self.fields.tokens(Name::Prefer).any(waits)
      || self.fields.says(Name::Accept, b"text/event-stream")
  }
}

/// Takes a head off the front of `buf`; `None` while it is incomplete. `spans` is used for its list of fields.
pub(super) fn take(
  buf: &mut BytesMut,
  limits: HeadLimits,
  spans: &mut Vec<Span>,
) -> Result<Option<RequestHead>, Refusal> {
  let mut usual = [const { MaybeUninit::uninit() }; USUAL];
  let parsed = match parse(buf, &mut usual[..limits.fields.min(USUAL)], spans) {
    Err(httparse::Error::TooManyHeaders) if limits.fields > USUAL => {
      let mut many = vec![MaybeUninit::uninit(); limits.fields];
      parse(buf, &mut many, spans)
    }
    parsed => parsed,
  };
  let Some((end, head)) = parsed.map_err(refused)? else {
    return if buf.len() > limits.size { Err(Refusal::TooLarge) } else { Ok(None) };
  };
  if end > limits.size {
    return Err(Refusal::TooLarge);
  }
  if fields::has_bare_line_feed(&buf[..end]) {
    return Err(Refusal::Malformed("A line of the head ends without a carriage return."));
  }
  let fields = Fields::new(buf.split_to(end).freeze(), std::mem::take(spans));
  Ok(Some(RequestHead { fields, ..head }))
}

/// Whether the end of a head can be in the part of `buf` from `from` on, so that parsing is worth it.
pub(super) fn may_be_complete(buf: &[u8], from: usize) -> bool {
  let tail = &buf[from.saturating_sub(3).min(buf.len())..];
  tail
    .iter()
    .enumerate()
    .any(|(at, byte)| *byte == b'\n' && matches!(tail[at + 1..], [b'\n', ..] | [b'\r', b'\n', ..]))
}

fn parse<'a>(
  buf: &'a [u8],
  headers: &mut [MaybeUninit<httparse::Header<'a>>],
  spans: &mut Vec<Span>,
) -> Result<Option<(usize, RequestHead)>, httparse::Error> {
  let mut request = httparse::Request::new(&mut []);
  let httparse::Status::Complete(end) = request.parse_with_uninit_headers(buf, headers)? else {
    return Ok(None);
  };
  fields::locate(buf, request.headers, spans);
  let place = |part: Option<&str>| {
    part.map_or(0..0, |part| {
      let at = part.as_ptr() as usize - buf.as_ptr() as usize;
      at..at + part.len()
    })
  };
  let version = if request.version == Some(1) { Version::Http11 } else { Version::Http10 };
  let (method, target) = (place(request.method), place(request.path));
  Ok(Some((end, RequestHead { version, method, target, fields: Fields::default() })))
}

fn refused(error: httparse::Error) -> Refusal {
  match error {
    httparse::Error::TooManyHeaders => Refusal::TooLarge,
    httparse::Error::Version => Refusal::Malformed("Only HTTP/1.0 and HTTP/1.1 are spoken here."),
    _ => Refusal::Malformed("The head of the request cannot be parsed."),
  }
}

#[cfg(test)]
pub(in crate::proxy) mod tests {
  #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

  use proptest::prelude::*;

  use super::*;

  const LIMITS: HeadLimits = HeadLimits { fields: 100, size: 4096 };

  pub(in crate::proxy) fn head(text: &str) -> RequestHead {
    take(&mut BytesMut::from(text), LIMITS, &mut Vec::new()).unwrap().unwrap()
  }

  fn verdict(text: &[u8]) -> Result<Option<RequestHead>, Refusal> {
    take(&mut BytesMut::from(text), LIMITS, &mut Vec::new())
  }

  #[test]
  fn names_and_values_stay_as_they_were_sent() {
    let head = head("PATCH /a?b HTTP/1.1\r\nHOST: a\r\nX-b:  1 \r\nx-B:2\r\nEmpty:\r\n\r\n");
    assert_eq!((head.method(), head.target()), (&b"PATCH"[..], &b"/a?b"[..]));
    let fields: Vec<_> = head.fields.iter().map(|field| (field.name, field.value)).collect();
    let expected = [("HOST", "a"), ("X-b", "1"), ("x-B", "2"), ("Empty", "")];
    assert_eq!(fields, expected.map(|(name, value)| (name.as_bytes(), value.as_bytes())));
  }

  #[test]
  fn what_others_read_differently_is_refused() {
    for text in [
      "GET / HTTP/1.1\nHost: a\n\n",
      "GET / HTTP/1.1\r\nHost: a\n\r\n",
      "GET / HTTP/1.1\r\nHost: a\r\n\n",
      "\nGET / HTTP/1.1\r\nHost: a\r\n\r\n",
      "GET / HTTP/1.1\r\nHost: a\r\nX: b\r\n c\r\n\r\n",
      "GET / HTTP/1.1\r\n Host: a\r\n\r\n",
      "GET / HTTP/1.1\r\nHost : a\r\n\r\n",
      "GET / HTTP/1.1\r\nHost: a\r\nX: b\rc\r\n\r\n",
      "GET / HTTP/1.1\r\nHost: a\r\nX: b\0c\r\n\r\n",
      "GET / HTTP/1.1\r\nHost: a\r\n: b\r\n\r\n",
      "GET / HTTP/1.1\r\nHost: a\r\nno colon\r\n\r\n",
      "GET  / HTTP/1.1\r\nHost: a\r\n\r\n",
      "GET / HTTP/2.0\r\n\r\n",
      "GET /\r\n\r\n",
      "G(T / HTTP/1.1\r\nHost: a\r\n\r\n",
      "\x16\x03\x01\x02\x00\x01\x00",
    ] {
      assert!(matches!(verdict(text.as_bytes()), Err(Refusal::Malformed(_))), "{text:?}");
    }
  }

  #[test]
  fn long_heads_are_refused_once_that_is_certain() {
    let line = "X-A: b\r\n";
    let with = |count| format!("GET / HTTP/1.1\r\n{}\r\n", line.repeat(count));
    assert_eq!(
      verdict(with(LIMITS.fields).as_bytes()).unwrap().unwrap().fields.iter().count(),
      LIMITS.fields
    );
    assert_eq!(verdict(with(LIMITS.fields + 1).as_bytes()), Err(Refusal::TooLarge));
    let long = format!("GET / HTTP/1.1\r\nX: {}", "y".repeat(LIMITS.size));
    assert_eq!(verdict(long.as_bytes()), Err(Refusal::TooLarge));
    assert_eq!(verdict(format!("{long}\r\n\r\n").as_bytes()), Err(Refusal::TooLarge));
  }

  #[test]
  fn wishes_of_the_client() {
    let head = |version: &str, lines: &str| head(&format!("GET / HTTP/{version}\r\n{lines}\r\n"));
    for (version, lines, persists) in [
      ("1.1", "", true),
      ("1.1", "Connection: x, Close\r\n", false),
      ("1.0", "", false),
      ("1.0", "Connection: Keep-Alive\r\n", true),
    ] {
      assert_eq!(head(version, lines).persists(), persists, "{version} {lines}");
    }
    assert!(head("1.1", "Expect: 100-Continue\r\n").expects_continue());
    assert!(!head("1.0", "Expect: 100-continue\r\n").expects_continue());
    assert!(!head("1.1", "Expect: cake\r\n").expects_continue());
  }

  #[test]
  fn long_polls_say_so() {
    for (text, is) in [
      ("GET /?EIO=4&transport=polling HTTP/1.1\r\n\r\n", true),
      ("GET /?transport=polling2 HTTP/1.1\r\n\r\n", false),
      ("GET /transport=polling HTTP/1.1\r\n\r\n", false),
      ("GET / HTTP/1.1\r\nPrefer: respond-async, wait=10\r\n\r\n", true),
      ("GET / HTTP/1.1\r\nprefer: Wait = 10; x\r\n\r\n", true),
      ("GET / HTTP/1.1\r\nPrefer: waiting=10\r\n\r\n", false),
      ("GET / HTTP/1.1\r\nAccept: text/event-stream\r\n\r\n", true),
      ("GET / HTTP/1.1\r\nAccept: text/html\r\n\r\n", false),
    ] {
      assert_eq!(head(text).is_long_poll(), is, "{text}");
    }
  }

  proptest! {
    /// However its bytes arrive, a head is taken once, when it is whole, and what follows it stays.
    #[test]
    fn how_the_bytes_arrive_makes_no_difference(
      names in prop::collection::vec("[A-Za-z][A-Za-z0-9_-]{0,20}", 0..12), value in "[ -~]{0,30}", cuts in prop::collection::vec(1_usize..20, 1..20),
    ) {
      let lines: String = names.iter().map(|name| format!("{name}: {value}\r\n")).collect();
      let whole = format!("GET /x HTTP/1.1\r\n{lines}\r\n");
      let wire = format!("{whole}rest");
      let (mut buf, mut spans, mut at, mut seen) = (BytesMut::new(), Vec::new(), 0, 0);
      let mut found = None;
      for cut in cuts.iter().cycle() {
        if at == wire.len() { break; }
        let next = wire.len().min(at + cut);
        buf.extend_from_slice(&wire.as_bytes()[at..next]);
        at = next;
        if found.is_some() { continue; }
        let worth = may_be_complete(&buf, seen);
        seen = buf.len();
        found = take(&mut buf, LIMITS, &mut spans).unwrap();
        prop_assert!(worth || found.is_none());
        prop_assert_eq!(found.is_some(), at >= whole.len());
      }
      prop_assert_eq!(found.unwrap().fields.iter().count(), names.len());
      prop_assert_eq!(&buf[..], b"rest");
    }

    #[test]
    fn nothing_that_a_client_sends_panics(wire in prop::collection::vec(any::<u8>(), 0..300), start in 0_usize..3) {
      let start = ["", "GET / HTTP/1.1\r\n", "GET / HTTP/1.1\r\nPrefer: "][start];
      let wire = [start.as_bytes(), &wire[..]].concat();
      if let Ok(Some(head)) = verdict(&wire) {
        let _ = (head.persists(), head.is_long_poll(), head.expects_continue());
      }
    }
  }
}
