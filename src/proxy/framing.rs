//! Which request heads are refused before anything is forwarded. Pure.
//!
//! hyper has parsed the head and decided how long the body is; every request to a worker is written
//! anew from that decision, so that client and worker cannot disagree about where it ends. What is
//! refused here is what hyper accepts but other software reads differently (RFC 9112, 3.2 and 6).
//! A request with both `Transfer-Encoding` and `Content-Length` reaches us without the length: hyper
//! removes it, reads the chunks and closes the connection after the answer, as RFC 9112, 6.1 allows.

use http::{
  HeaderMap, HeaderValue, Method, Uri, Version,
  header::{CONTENT_LENGTH, HOST, TRANSFER_ENCODING},
  request::Parts,
};

/// Why a request is not forwarded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refusal {
  /// 400, with a sentence for the developer of the client.
  Malformed(&'static str),
  /// 405: `CONNECT` is for forward proxies.
  Connect,
}

/// Refuses what is ambiguous.
pub(super) fn check(head: &Parts) -> Result<(), Refusal> {
  if head.method == Method::CONNECT {
    return Err(Refusal::Connect);
  }
  check_target(&head.method, &head.uri)?;
  check_host(&head.headers, head.version)?;
  check_length(&head.headers)
}

fn check_target(method: &Method, uri: &Uri) -> Result<(), Refusal> {
  let valid = match (uri.scheme(), uri.authority()) {
    (None, None) => {
      uri.path().starts_with('/') || (uri.path() == "*" && *method == Method::OPTIONS)
    }
    (Some(_), Some(authority)) => !authority.as_str().contains('@'),
    _ => false,
  };
  valid.then_some(()).ok_or(Refusal::Malformed("The request target is not valid."))
}

fn check_host(headers: &HeaderMap, version: Version) -> Result<(), Refusal> {
  let mut hosts = headers.get_all(HOST).iter();
  match (hosts.next(), hosts.next()) {
    (None, _) if version == Version::HTTP_11 => {
      Err(Refusal::Malformed("The Host header is missing."))
    }
    (Some(_), Some(_)) => Err(Refusal::Malformed("There is more than one Host header.")),
    (Some(host), None) if !is_authority(host) => {
      Err(Refusal::Malformed("The Host header is not valid."))
    }
    _ => Ok(()),
  }
}

/// Whether no byte of it could end the authority, which is what filters and caches that join it with
/// the path would trip over.
fn is_authority(host: &HeaderValue) -> bool {
  host.as_bytes().iter().all(|byte| byte.is_ascii_graphic() && !b"/?#@\\,".contains(byte))
}

fn check_length(headers: &HeaderMap) -> Result<(), Refusal> {
  let mut codings = headers.get_all(TRANSFER_ENCODING).iter();
  if let Some(coding) = codings.next() {
    let chunked = coding.as_bytes().eq_ignore_ascii_case(b"chunked");
    if !chunked || codings.next().is_some() || headers.contains_key(CONTENT_LENGTH) {
      return Err(Refusal::Malformed("Only Transfer-Encoding: chunked is understood."));
    }
  }
  let mut lengths = headers.get_all(CONTENT_LENGTH).iter();
  if let Some(length) = lengths.next() {
    let digits = length.as_bytes().iter().all(u8::is_ascii_digit) && !length.is_empty();
    if !digits || lengths.any(|other| other != length) {
      return Err(Refusal::Malformed("The Content-Length header is not valid."));
    }
  }
  Ok(())
}

#[cfg(test)]
mod tests {
  #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

  use http::Request;

  use super::*;

  fn verdict(method: &str, target: &str, version: Version, headers: &[(&str, &str)]) -> bool {
    let mut request = Request::builder().method(method).uri(target).version(version);
    for (name, value) in headers {
      request = request.header(*name, *value);
    }
    check(&request.body(()).unwrap().into_parts().0).is_ok()
  }

  #[test]
  fn targets() {
    for (method, target, accepted) in [
      ("GET", "/", true),
      ("GET", "/a?b=c", true),
      ("GET", "http://a.test/b", true),
      ("GET", "http://user@a.test/b", false),
      ("OPTIONS", "*", true),
      ("GET", "*", false),
      ("GET", "a.test:80", false),
      ("CONNECT", "a.test:80", false),
    ] {
      assert_eq!(
        verdict(method, target, Version::HTTP_11, &[("host", "a")]),
        accepted,
        "{method} {target}"
      );
    }
  }

  #[test]
  fn hosts() {
    let hosts = |version, hosts: &[&str]| {
      let headers: Vec<_> = hosts.iter().map(|host| ("host", *host)).collect();
      verdict("GET", "/", version, &headers)
    };
    assert!(!hosts(Version::HTTP_11, &[]));
    assert!(hosts(Version::HTTP_10, &[]));
    assert!(hosts(Version::HTTP_11, &[""]));
    assert!(hosts(Version::HTTP_11, &["[::1]:80"]));
    assert!(!hosts(Version::HTTP_11, &["a", "a"]));
    for host in ["a/b", "a@b", "a,b", "a b", "a\\b", "a#b"] {
      assert!(!hosts(Version::HTTP_11, &[host]), "{host}");
    }
  }

  #[test]
  fn lengths_and_codings() {
    for (headers, accepted) in [
      (&[("content-length", "3")][..], true),
      (&[("content-length", "3"), ("content-length", "3")], true),
      (&[("content-length", "3"), ("content-length", "4")], false),
      (&[("content-length", "+3")], false),
      (&[("content-length", "")], false),
      (&[("transfer-encoding", "chunked")], true),
      (&[("transfer-encoding", "Chunked")], true),
      (&[("transfer-encoding", "gzip, chunked")], false),
      (&[("transfer-encoding", "identity")], false),
      (&[("transfer-encoding", "chunked"), ("transfer-encoding", "chunked")], false),
      (&[("transfer-encoding", "chunked"), ("content-length", "3")], false),
    ] {
      let mut all = vec![("host", "a")];
      all.extend_from_slice(headers);
      assert_eq!(verdict("POST", "/", Version::HTTP_11, &all), accepted, "{headers:?}");
    }
  }
}
