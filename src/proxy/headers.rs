//! What a proxy changes in the heads it passes on (RFC 9110, 7.6; RFC 9112, 3.2.2). Pure.

use std::net::IpAddr;

use http::{
  HeaderMap, HeaderName, HeaderValue, Method, Uri, Version,
  header::{CONNECTION, CONTENT_LENGTH, EXPECT, HOST, TE, TRANSFER_ENCODING, UPGRADE},
  request,
  uri::PathAndQuery,
};

const KEEP_ALIVE: HeaderName = HeaderName::from_static("keep-alive");
const PROXY_CONNECTION: HeaderName = HeaderName::from_static("proxy-connection");
const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const X_FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");
const X_FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");

/// The other end of a client's connection.
#[derive(Debug)]
pub(super) struct Peer {
  address: HeaderValue,
  /// Whether it may be a proxy of ours that ends TLS, whose word on scheme and host counts.
  trusted: bool,
}

impl Peer {
  pub(super) fn new(address: IpAddr) -> Self {
    let address = address.to_canonical();
    // An address is made of characters that a header value allows.
    let text = HeaderValue::try_from(address.to_string());
    Self {
      address: text.unwrap_or(HeaderValue::from_static("unknown")),
      trusted: is_local(address),
    }
  }
}

/// Whether an address is of this machine or this network.
fn is_local(address: IpAddr) -> bool {
  match address {
    IpAddr::V4(address) => address.is_loopback() || address.is_private() || address.is_link_local(),
    IpAddr::V6(address) => {
      address.is_loopback() || address.is_unique_local() || address.is_unicast_link_local()
    }
  }
}

/// Whether the client asks to leave HTTP, which is then tunnelled. HTTP/2 is never begun that way: what
/// follows in the tunnel would be requests that nobody has looked at.
pub(super) fn asks_for_upgrade(head: &request::Parts) -> bool {
  head.version == Version::HTTP_11
    && head.headers.get(UPGRADE).is_some_and(|upgrade| !has_token(upgrade, "h2c"))
    && head.headers.get_all(CONNECTION).iter().any(|value| has_token(value, "upgrade"))
}

/// Makes the head of a request that was [checked](super::framing::check) the one for the worker.
pub(super) fn prepare_request(head: &mut request::Parts, peer: &Peer, upgrade: bool) {
  to_origin_form(head);
  strip_hop_by_hop(&mut head.headers, upgrade);
  head.headers.remove(TE);
  // The server side answers it with `100 Continue` when the worker's connection wants the body.
  head.headers.remove(EXPECT);
  if !head.headers.contains_key(HOST) {
    // HTTP/1.0 clients may leave it out, HTTP/1.1 workers insist on it.
    head.headers.insert(HOST, HeaderValue::from_static("localhost"));
  }
  forwarded(&mut head.headers, peer);
  head.version = Version::HTTP_11;
}

/// Makes the head of an answer the one for the client.
pub(super) fn prepare_response(headers: &mut HeaderMap, upgrade: bool) {
  strip_hop_by_hop(headers, upgrade);
}

/// The seconds of `Keep-Alive: timeout=5`: how long the sender keeps an idle connection.
pub(super) fn keep_alive_timeout(headers: &HeaderMap) -> Option<u64> {
  let value = headers.get(KEEP_ALIVE)?.to_str().ok()?;
  value.split(',').find_map(|parameter| {
    let (name, seconds) = parameter.split_once('=')?;
    name.trim().eq_ignore_ascii_case("timeout").then(|| seconds.trim().parse().ok())?
  })
}

/// `GET http://a/b` asks the same as `GET /b` with `Host: a`, and the target counts if they differ.
fn to_origin_form(head: &mut request::Parts) {
  let Some(authority) = head.uri.authority() else {
    return;
  };
  if let Ok(host) = HeaderValue::from_str(authority.as_str()) {
    head.headers.insert(HOST, host);
  }
  let whole_server =
    head.method == Method::OPTIONS && head.uri.path_and_query().is_none_or(is_root);
  let target = match head.uri.path_and_query() {
    _ if whole_server => PathAndQuery::from_static("*"),
    Some(target) => target.clone(),
    None => PathAndQuery::from_static("/"),
  };
  head.uri = Uri::from(target);
}

fn is_root(target: &PathAndQuery) -> bool {
  target.as_str() == "/"
}

/// Removes what concerns one connection only, and what `Connection` declares to be of that kind, but
/// never what frames the message or says whom it is for. For an upgrade, that one wish is passed on.
fn strip_hop_by_hop(headers: &mut HeaderMap, upgrade: bool) {
  if headers.contains_key(CONNECTION) {
    for name in connection_options(headers) {
      headers.remove(name);
    }
    headers.remove(CONNECTION);
  }
  headers.remove(KEEP_ALIVE);
  headers.remove(PROXY_CONNECTION);
  headers.remove(TRANSFER_ENCODING);
  if upgrade {
    headers.insert(CONNECTION, HeaderValue::from_static("upgrade"));
  } else {
    headers.remove(UPGRADE);
  }
}

/// The headers that `Connection` names. Empty in the usual cases, which then costs no allocation.
fn connection_options(headers: &HeaderMap) -> Vec<HeaderName> {
  headers
    .get_all(CONNECTION)
    .iter()
    .flat_map(tokens)
    .filter(|token| {
      !["close", "keep-alive", "upgrade"].iter().any(|usual| token.eq_ignore_ascii_case(usual))
    })
    .filter_map(|token| HeaderName::try_from(token).ok())
    .filter(|name| *name != HOST && *name != CONTENT_LENGTH)
    .collect()
}

fn forwarded(headers: &mut HeaderMap, peer: &Peer) {
  let chain = match headers.get(X_FORWARDED_FOR) {
    None => peer.address.clone(),
    Some(_) => {
      // One line, since many apps look at the first or the last line only.
      let before: Vec<_> =
        headers.get_all(X_FORWARDED_FOR).iter().map(HeaderValue::as_bytes).collect();
      let chain = [&before.join(&b", "[..]), peer.address.as_bytes()].join(&b", "[..]);
      HeaderValue::from_bytes(&chain).unwrap_or_else(|_| peer.address.clone())
    }
  };
  headers.insert(X_FORWARDED_FOR, chain);
  if !(peer.trusted && headers.contains_key(X_FORWARDED_PROTO)) {
    headers.insert(X_FORWARDED_PROTO, HeaderValue::from_static("http"));
  }
  if !(peer.trusted && headers.contains_key(X_FORWARDED_HOST))
    && let Some(host) = headers.get(HOST).cloned()
  {
    headers.insert(X_FORWARDED_HOST, host);
  }
}

fn tokens(value: &HeaderValue) -> impl Iterator<Item = &str> {
  value.to_str().unwrap_or_default().split(',').map(str::trim)
}

fn has_token(value: &HeaderValue, wanted: &str) -> bool {
  tokens(value).any(|token| token.eq_ignore_ascii_case(wanted))
}

#[cfg(test)]
pub(super) mod tests {
  #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

  use http::Request;

  use super::*;

  pub(in crate::proxy) fn head(
    method: &str,
    target: &str,
    headers: &[(&str, &str)],
  ) -> request::Parts {
    let mut request = Request::builder().method(method).uri(target);
    for (name, value) in headers {
      request = request.header(*name, *value);
    }
    request.body(()).unwrap().into_parts().0
  }

  /// The head that the worker gets, as (target, sorted headers without X-Forwarded-*).
  fn prepared(head: request::Parts) -> (String, Vec<String>) {
    let mut head = head;
    let upgrade = asks_for_upgrade(&head);
    prepare_request(&mut head, &Peer::new([203, 0, 113, 9].into()), upgrade);
    let mut lines: Vec<_> = head
      .headers
      .iter()
      .filter(|(name, _)| !name.as_str().starts_with("x-forwarded-"))
      .map(|(name, value)| format!("{name}: {}", value.to_str().unwrap()))
      .collect();
    lines.sort();
    (head.uri.to_string(), lines)
  }

  #[test]
  fn hop_by_hop_headers_stay_here() {
    let (_, lines) = prepared(head(
      "POST",
      "/",
      &[
        ("host", "a.test"),
        ("connection", "close, X-Private, content-length, Host"),
        ("connection", "other"),
        ("x-private", "1"),
        ("other", "2"),
        ("keep-alive", "timeout=9"),
        ("proxy-connection", "keep-alive"),
        ("te", "trailers"),
        ("trailer", "x-sum"),
        ("transfer-encoding", "chunked"),
        ("upgrade", "websocket"),
        ("expect", "100-continue"),
        ("content-length", "3"),
        ("accept", "*/*"),
      ],
    ));
    assert_eq!(lines, ["accept: */*", "content-length: 3", "host: a.test", "trailer: x-sum"]);
  }

  #[test]
  fn upgrades_are_passed_on_unless_they_smuggle_http2() {
    let ask = |connection: &str, upgrade: &str| {
      prepared(head("GET", "/", &[("host", "a"), ("connection", connection), ("upgrade", upgrade)]))
        .1
    };
    assert_eq!(
      ask("keep-alive, Upgrade", "websocket"),
      ["connection: upgrade", "host: a", "upgrade: websocket"]
    );
    assert_eq!(ask("keep-alive", "websocket"), ["host: a"]);
    assert_eq!(ask("Upgrade, HTTP2-Settings", "h2c"), ["host: a"]);
  }

  #[test]
  fn targets_become_origin_form() {
    for (method, target, host, expected, expected_host) in [
      ("GET", "/a?b", "a.test", "/a?b", "host: a.test"),
      ("GET", "http://b.test:81/a?b", "a.test", "/a?b", "host: b.test:81"),
      ("GET", "http://b.test", "a.test", "/", "host: b.test"),
      ("OPTIONS", "http://b.test", "a.test", "*", "host: b.test"),
      ("OPTIONS", "*", "a.test", "*", "host: a.test"),
    ] {
      let (target, lines) = prepared(head(method, target, &[("host", host)]));
      assert_eq!((target.as_str(), lines[0].as_str()), (expected, expected_host));
    }
  }

  #[test]
  fn a_missing_host_is_supplied() {
    assert_eq!(prepared(head("GET", "/", &[])).1, ["host: localhost"]);
  }

  #[test]
  fn the_client_is_named_and_only_neighbours_are_believed() {
    let forwarded = |address: IpAddr, headers: &[(&str, &str)]| {
      let mut head = head("GET", "/", headers);
      prepare_request(&mut head, &Peer::new(address), false);
      [X_FORWARDED_FOR, X_FORWARDED_PROTO, X_FORWARDED_HOST].map(|name| {
        head
          .headers
          .get_all(name)
          .iter()
          .map(|v| v.to_str().unwrap().to_owned())
          .collect::<Vec<_>>()
          .join("|")
      })
    };
    let public: IpAddr = [203, 0, 113, 9].into();
    let mapped: IpAddr = "::ffff:10.0.0.7".parse().unwrap();
    let claims = [
      ("host", "a.test"),
      ("x-forwarded-for", "1.1.1.1"),
      ("x-forwarded-for", "2.2.2.2"),
      ("x-forwarded-proto", "https"),
      ("x-forwarded-host", "b.test"),
    ];
    assert_eq!(forwarded(public, &claims[..1]), ["203.0.113.9", "http", "a.test"]);
    assert_eq!(forwarded(public, &claims), ["1.1.1.1, 2.2.2.2, 203.0.113.9", "http", "a.test"]);
    assert_eq!(forwarded(mapped, &claims), ["1.1.1.1, 2.2.2.2, 10.0.0.7", "https", "b.test"]);
  }

  #[test]
  fn neighbours() {
    for (address, local) in [
      ("127.0.0.1", true),
      ("10.1.2.3", true),
      ("172.31.0.1", true),
      ("192.168.0.1", true),
      ("169.254.1.1", true),
      ("172.32.0.1", false),
      ("8.8.8.8", false),
      ("::1", true),
      ("fd00::1", true),
      ("fe80::1", true),
      ("2001:db8::1", false),
    ] {
      assert_eq!(is_local(address.parse().unwrap()), local, "{address}");
    }
  }

  #[test]
  fn the_announced_keep_alive_is_understood() {
    let timeout =
      |value: &str| keep_alive_timeout(&head("GET", "/", &[("keep-alive", value)]).headers);
    assert_eq!(timeout("timeout=5"), Some(5));
    assert_eq!(timeout("max=100, Timeout = 7"), Some(7));
    assert_eq!(timeout("max=100"), None);
    assert_eq!(timeout("timeout=x"), None);
  }
}
