//! The head of a worker's answer: what it says, and where its body ends (RFC 9112, 4 and 6.3). Pure.

use std::ops::Range;

use bytes::{Bytes, BytesMut};
use http::{
  HeaderMap, HeaderName, HeaderValue, Response, StatusCode,
  header::{CONNECTION, CONTENT_LENGTH, TRANSFER_ENCODING},
};
use hyper::ext::ReasonPhrase;

use super::decoder::Decoder;

/// Most headers of an answer.
const MAX_HEADERS: usize = 128;
/// Largest head of an answer, in bytes. Node.js and Bun send a few hundred.
const MAX_HEAD: usize = 256 * 1024;

/// The head of an answer.
#[derive(Debug)]
pub(super) struct Answer {
  pub(super) status: StatusCode,
  /// The worker's own words for the status, if they are not the usual ones.
  pub(super) reason: Option<ReasonPhrase>,
  pub(super) headers: HeaderMap,
  /// Finds the end of the body, which comes next.
  pub(super) body: Decoder,
  /// Whether the connection can carry another request after this answer.
  pub(super) persistent: bool,
}

impl Answer {
  /// The answer for the client, with this body.
  pub(super) fn into_response<B>(self, body: B) -> Response<B> {
    let mut response = Response::new(body);
    *response.status_mut() = self.status;
    *response.headers_mut() = self.headers;
    if let Some(reason) = self.reason {
      response.extensions_mut().insert(reason);
    }
    response
  }
}

/// What a worker sent is no HTTP.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a worker sent what is no valid HTTP: {0}")]
pub(super) struct Malformed(pub(super) &'static str);

impl From<httparse::Error> for Malformed {
  fn from(_: httparse::Error) -> Self {
    Self("the head cannot be parsed")
  }
}

/// Where a header stands in the head.
#[derive(Clone, Default)]
struct Span {
  name: Range<usize>,
  value: Range<usize>,
}

/// Takes the head off the front of `buf`; `None` while it is incomplete. Interim answers, such as
/// `100 Continue`, are skipped: the client gets its own. `to_head`: whether the request was a HEAD.
pub(super) fn take(buf: &mut BytesMut, to_head: bool) -> Result<Option<Answer>, Malformed> {
  while let Some(answer) = take_one(buf, to_head)? {
    if !answer.status.is_informational() || answer.status == StatusCode::SWITCHING_PROTOCOLS {
      return Ok(Some(answer));
    }
  }
  Ok(None)
}

fn take_one(buf: &mut BytesMut, to_head: bool) -> Result<Option<Answer>, Malformed> {
  if buf.is_empty() {
    return Ok(None);
  }
  let mut spans = [const { Span { name: 0..0, value: 0..0 } }; MAX_HEADERS];
  let mut parsed = [httparse::EMPTY_HEADER; MAX_HEADERS];
  let mut response = httparse::Response::new(&mut parsed);
  let httparse::Status::Complete(end) = response.parse(buf)? else {
    return if buf.len() > MAX_HEAD { Err(Malformed("the head is too long")) } else { Ok(None) };
  };
  let start = buf.as_ptr() as usize;
  let span = |part: &[u8]| {
    let at = part.as_ptr() as usize - start;
    at..at + part.len()
  };
  let count = response.headers.len();
  for (span_of, header) in spans.iter_mut().zip(response.headers.iter()) {
    *span_of = Span { name: span(header.name.as_bytes()), value: span(header.value) };
  }
  let code = response.code.and_then(|code| StatusCode::from_u16(code).ok());
  let status = code.ok_or(Malformed("the status is no status"))?;
  let unusual = response.reason.filter(|reason| status.canonical_reason() != Some(reason));
  let reason = unusual.and_then(|reason| ReasonPhrase::try_from(reason.as_bytes()).ok());
  let recent = response.version == Some(1);
  // Values are slices of the head, not copies.
  let head = buf.split_to(end).freeze();
  let mut headers = headers(&head, &spans[..count])?;
  let persistent = persists(&headers, recent);
  let body = frame(&mut headers, status, recent, to_head)?;
  let persistent = persistent && !matches!(body, Decoder::UntilClose);
  Ok(Some(Answer { status, reason, headers, body, persistent }))
}

fn headers(head: &Bytes, spans: &[Span]) -> Result<HeaderMap, Malformed> {
  let mut headers = HeaderMap::with_capacity(spans.len());
  for span in spans {
    let name = HeaderName::from_bytes(&head[span.name.clone()]);
    let value = HeaderValue::from_maybe_shared(head.slice(span.value.clone()));
    let (Ok(name), Ok(value)) = (name, value) else {
      return Err(Malformed("a header is not valid"));
    };
    headers.append(name, value);
  }
  Ok(headers)
}

fn persists(headers: &HeaderMap, recent: bool) -> bool {
  let says = |word: &str| {
    let values = headers.get_all(CONNECTION).iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).any(|token| token.trim().eq_ignore_ascii_case(word))
  };
  if recent { !says("close") } else { says("keep-alive") }
}

/// Finds out how the body is framed. What contradicts that is removed, so that the client cannot read
/// it the other way.
fn frame(
  headers: &mut HeaderMap,
  status: StatusCode,
  recent: bool,
  to_head: bool,
) -> Result<Decoder, Malformed> {
  if to_head
    || status.is_informational()
    || status == StatusCode::NO_CONTENT
    || status == StatusCode::NOT_MODIFIED
  {
    return Ok(Decoder::EMPTY);
  }
  if let Some(coding) = headers.get(TRANSFER_ENCODING) {
    let chunked = coding.as_bytes().eq_ignore_ascii_case(b"chunked");
    if !chunked || !recent || headers.get_all(TRANSFER_ENCODING).iter().count() > 1 {
      return Err(Malformed("only the transfer coding chunked is understood"));
    }
    headers.remove(CONTENT_LENGTH);
    return Ok(Decoder::chunked());
  }
  let mut lengths = headers.get_all(CONTENT_LENGTH).iter();
  let Some(length) = lengths.next() else {
    return Ok(Decoder::until_close());
  };
  let digits = length.as_bytes().iter().all(u8::is_ascii_digit);
  let value = length.to_str().ok().and_then(|text| text.parse().ok()).filter(|_| digits);
  if lengths.any(|other| other != length) {
    return Err(Malformed("there are several lengths"));
  }
  value.map(Decoder::length).ok_or(Malformed("the length is no number"))
}

#[cfg(test)]
mod tests {
  #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

  use super::*;

  fn parse(text: &str, to_head: bool) -> (Result<Option<Answer>, Malformed>, String) {
    let mut buf = BytesMut::from(text);
    let answer = take(&mut buf, to_head);
    (answer, String::from_utf8(buf.to_vec()).unwrap())
  }

  #[test]
  fn a_head_is_taken_off_and_the_rest_stays() {
    let (answer, rest) =
      parse("HTTP/1.1 200 OK\r\nX-A: 1\r\nx-a:  2 \r\nContent-Length: 5\r\n\r\nhello", false);
    let answer = answer.unwrap().unwrap();
    assert_eq!((answer.status, answer.reason, answer.persistent), (StatusCode::OK, None, true));
    assert_eq!(answer.headers.get_all("x-a").iter().collect::<Vec<_>>(), ["1", "2"]);
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
    assert_eq!(answer.reason.unwrap().as_bytes(), b"Nothing Here");
  }

  #[test]
  fn interim_answers_are_skipped() {
    let head = "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n";
    assert!(parse(head, false).0.unwrap().is_none());
    let (answer, _) = parse(&format!("{head}HTTP/1.1 204 No Content\r\n\r\n"), false);
    let answer = answer.unwrap().unwrap();
    assert_eq!((answer.status, answer.body), (StatusCode::NO_CONTENT, Decoder::EMPTY));
    let (answer, rest) = parse("HTTP/1.1 101 Switching Protocols\r\n\r\nraw", false);
    assert_eq!(answer.unwrap().unwrap().status, StatusCode::SWITCHING_PROTOCOLS);
    assert_eq!(rest, "raw");
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
    let both = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n";
    assert!(!parse(both, false).0.unwrap().unwrap().headers.contains_key(CONTENT_LENGTH));
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
    let endless = format!("HTTP/1.1 200 OK\r\nX: {}", "y".repeat(MAX_HEAD));
    assert!(parse(&endless, false).0.is_err());
    let many = format!("HTTP/1.1 200 OK\r\n{}\r\n", "A: b\r\n".repeat(MAX_HEADERS + 1));
    assert!(parse(&many, false).0.is_err());
  }
}
