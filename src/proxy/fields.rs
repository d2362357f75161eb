//! The header fields of a message as they were sent: their bytes, and where each name and value stands. Pure.
//!
//! Case and order of names survive that way, and what a field means to a proxy is found out once.

use std::ops::Range;

use bytes::Bytes;

/// What a name means to a proxy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Name {
  Connection,
  ContentLength,
  ContentType,
  Date,
  Expect,
  Host,
  KeepAlive,
  Prefer,
  ProxyConnection,
  Te,
  Trailer,
  TransferEncoding,
  Upgrade,
  Accept,
  ContentEncoding,
  Forwarded,
  ForwardedFor,
  ForwardedHost,
  ForwardedPort,
  ForwardedPrefix,
  ForwardedProto,
  RealIp,
  /// One of the forwarded names with underscores, which many frameworks take for the one with hyphens.
  ForwardedLookalike,
  /// Starts as the line that tells workers the address of a client does: a secret of the cluster.
  ClientLine,
  Other,
}

/// The start of the name of the line that tells workers the address of a client.
pub(super) const CLIENT_LINE: &[u8] = b"x-xypriss-client-";

const FORWARDED: [(&[u8], Name); 7] = [
  (b"forwarded", Name::Forwarded),
  (b"x-forwarded-for", Name::ForwardedFor),
  (b"x-forwarded-host", Name::ForwardedHost),
  (b"x-forwarded-port", Name::ForwardedPort),
  (b"x-forwarded-prefix", Name::ForwardedPrefix),
  (b"x-forwarded-proto", Name::ForwardedProto),
  (b"x-real-ip", Name::RealIp),
];

impl Name {
  pub(super) fn of(name: &[u8]) -> Self {
    let is = |other: &[u8]| name.eq_ignore_ascii_case(other);
    match name.len() {
      2 if is(b"te") => Self::Te,
      4 if is(b"host") => Self::Host,
      4 if is(b"date") => Self::Date,
      6 if is(b"accept") => Self::Accept,
      6 if is(b"expect") => Self::Expect,
      6 if is(b"prefer") => Self::Prefer,
      7 if is(b"upgrade") => Self::Upgrade,
      7 if is(b"trailer") => Self::Trailer,
      10 if is(b"connection") => Self::Connection,
      10 if is(b"keep-alive") => Self::KeepAlive,
      12 if is(b"content-type") => Self::ContentType,
      14 if is(b"content-length") => Self::ContentLength,
      16 if is(b"content-encoding") => Self::ContentEncoding,
      16 if is(b"proxy-connection") => Self::ProxyConnection,
      17 if is(b"transfer-encoding") => Self::TransferEncoding,
      9 | 15..=17 => Self::forwarded(name),
      18.. if Self::is_client_line(name) => Self::ClientLine,
      18 => Self::forwarded(name),
      _ => Self::Other,
    }
  }

  fn is_client_line(name: &[u8]) -> bool {
    let start = name.get(..CLIENT_LINE.len());
    name[0] | 0x20 == b'x'
      && start.is_some_and(|start| same_but_for_underscores(start, CLIENT_LINE))
  }

  fn forwarded(name: &[u8]) -> Self {
    let first = name[0] | 0x20;
    if first != b'x' && first != b'f' {
      return Self::Other;
    }
    let mut known = FORWARDED.iter();
    match known.find(|(known, _)| same_but_for_underscores(name, known)) {
      Some(_) if name.contains(&b'_') => Self::ForwardedLookalike,
      Some((_, known)) => *known,
      None => Self::Other,
    }
  }
}

fn same_but_for_underscores(name: &[u8], known: &[u8]) -> bool {
  let fold = |byte: &u8| if *byte == b'_' { b'-' } else { byte.to_ascii_lowercase() };
  name.len() == known.len() && name.iter().map(fold).eq(known.iter().copied())
}

/// Where a field stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Span {
  pub(super) kind: Name,
  name: (u32, u32),
  value: (u32, u32),
}

/// One field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Field<'a> {
  pub(super) kind: Name,
  pub(super) name: &'a [u8],
  pub(super) value: &'a [u8],
}

/// The fields of a head or of a trailer section, in their order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Fields {
  raw: Bytes,
  spans: Vec<Span>,
}

impl Fields {
  /// Those at `spans` of `raw`.
  pub(super) fn new(raw: Bytes, spans: Vec<Span>) -> Self {
    Self { raw, spans }
  }

  /// The list, to be used again.
  pub(super) fn into_spans(self) -> Vec<Span> {
    self.spans
  }

  pub(super) fn is_empty(&self) -> bool {
    self.spans.is_empty()
  }

  pub(super) fn bytes(&self, range: Range<usize>) -> &[u8] {
    self.raw.get(range).unwrap_or_default()
  }

  pub(super) fn iter(&self) -> impl Iterator<Item = Field<'_>> {
    let part = |(from, to): (u32, u32)| self.bytes(from as usize..to as usize);
    self.spans.iter().map(move |span| Field {
      kind: span.kind,
      name: part(span.name),
      value: part(span.value),
    })
  }

  /// The values of all lines of a kind.
  pub(super) fn all(&self, kind: Name) -> impl Iterator<Item = &[u8]> {
    self.iter().filter(move |field| field.kind == kind).map(|field| field.value)
  }

  /// The value of the first line of a kind.
  pub(super) fn get(&self, kind: Name) -> Option<&[u8]> {
    self.all(kind).next()
  }

  pub(super) fn has(&self, kind: Name) -> bool {
    self.spans.iter().any(|span| span.kind == kind)
  }

  /// The elements of all lines of a kind, which is a list separated by commas.
  pub(super) fn tokens(&self, kind: Name) -> impl Iterator<Item = &[u8]> {
    self.all(kind).flat_map(tokens)
  }

  /// Whether such an element is among them.
  pub(super) fn says(&self, kind: Name, wanted: &[u8]) -> bool {
    self.tokens(kind).any(|token| token.eq_ignore_ascii_case(wanted))
  }

  /// Whether `Connection` declares this name to concern one connection only.
  pub(super) fn is_hop_by_hop(&self, name: &[u8]) -> bool {
    self.says(Name::Connection, name)
  }

  /// Whether `Connection` says more than the usual words.
  pub(super) fn names_hop_by_hop(&self) -> bool {
    let usual = |token: &[u8]| {
      [&b"close"[..], b"keep-alive", b"upgrade"]
        .iter()
        .any(|usual| token.eq_ignore_ascii_case(usual))
    };
    self.tokens(Name::Connection).any(|token| !usual(token))
  }
}

/// The elements of a list, without white space and without empty ones.
pub(super) fn tokens(value: &[u8]) -> impl Iterator<Item = &[u8]> {
  value.split(|byte| *byte == b',').map(<[u8]>::trim_ascii).filter(|token| !token.is_empty())
}

/// Writes `name: value` and a line break.
pub(super) fn write_line(out: &mut Vec<u8>, name: &[u8], value: &[u8]) {
  out.extend_from_slice(name);
  out.extend_from_slice(b": ");
  out.extend_from_slice(value);
  out.extend_from_slice(b"\r\n");
}

/// Notes where the parts of parsed fields stand in `head`.
pub(super) fn locate(head: &[u8], parsed: &[httparse::Header<'_>], spans: &mut Vec<Span>) {
  let start = head.as_ptr() as usize;
  let place = |part: &[u8]| {
    // The parts are slices of the head, and a head is never as long as 4 GiB.
    let at = u32::try_from(part.as_ptr() as usize - start).unwrap_or_default();
    (at, at + u32::try_from(part.len()).unwrap_or_default())
  };
  spans.clear();
  spans.extend(parsed.iter().map(|header| {
    let name = header.name.as_bytes();
    // An empty value may be a slice of nothing.
    let value = if header.value.is_empty() { (0, 0) } else { place(header.value) };
    Span { kind: Name::of(name), name: place(name), value }
  }));
}

/// Whether a line ends in a line feed alone, which the parser accepts and others read differently.
pub(super) fn has_bare_line_feed(head: &[u8]) -> bool {
  let mut before = 0;
  for byte in head {
    if *byte == b'\n' && before != b'\r' {
      return true;
    }
    before = *byte;
  }
  false
}

#[cfg(test)]
mod tests {
  use super::*;

  #[test]
  fn names_are_known_whatever_their_case() {
    for (name, kind) in [
      ("Host", Name::Host),
      ("hOsT", Name::Host),
      ("TE", Name::Te),
      ("Transfer-Encoding", Name::TransferEncoding),
      ("transfer_encoding", Name::Other),
      ("X-Forwarded-For", Name::ForwardedFor),
      ("x-forwarded-Prefix", Name::ForwardedPrefix),
      ("X_Forwarded_For", Name::ForwardedLookalike),
      ("X-Forwarded_Proto", Name::ForwardedLookalike),
      ("X_REAL_IP", Name::ForwardedLookalike),
      ("X-Real-IP", Name::RealIp),
      ("Forwarded", Name::Forwarded),
      ("x-xypriss-client-0123", Name::ClientLine),
      ("X_Xypriss-Client_0", Name::ClientLine),
      ("x-xypriss-client-0123456789abcdef0123456789abcdef", Name::ClientLine),
      ("x-xypriss-client", Name::Other),
      ("X-Forwarded-Fox", Name::Other),
      ("", Name::Other),
    ] {
      assert_eq!(Name::of(name.as_bytes()), kind, "{name}");
    }
  }

  #[test]
  fn bare_line_feeds_are_seen() {
    for (head, bare) in
      [("a\r\n\r\n", false), ("a\n\r\n", true), ("\n", true), ("a\r\n\n", true), ("", false)]
    {
      assert_eq!(has_bare_line_feed(head.as_bytes()), bare, "{head:?}");
    }
  }

  #[test]
  fn lists_have_no_empty_elements() {
    assert_eq!(tokens(b" a,, b ,\t").collect::<Vec<_>>(), [b"a", b"b"]);
  }
}
