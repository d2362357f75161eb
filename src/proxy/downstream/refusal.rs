//! The answers that the proxy gives itself. They name nothing of the inside: no worker, port or path.

use std::io::Write;

use super::{date, head::RequestHead};

/// Why a request is not forwarded. The connection is closed: where the next request would start is not certain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::proxy) enum Refusal {
  /// 400, with a sentence for the developer of the client.
  Malformed(&'static str),
  /// 405, with such a sentence.
  Method(&'static str),
  /// 431: more or longer headers than the settings allow.
  TooLarge,
}

/// Why a request could not be answered by a worker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::proxy) enum Failure {
  /// No worker could take it in time, or too many are waiting already.
  Unavailable,
  /// The server goes down while the request waits for news.
  Leaving,
  /// A worker took it and broke off, and it cannot be repeated.
  BadGateway,
  /// The body is not valid.
  Malformed(&'static str),
  /// A worker took it and did not answer in time.
  Late,
  /// The client did not send the body in time.
  ClientLate,
  /// The client broke off in the middle of its request.
  ClientGone,
}

/// An answer of the proxy's own.
struct Own {
  status: &'static str,
  more: &'static str,
  error: &'static str,
  message: &'static str,
}

const UNAVAILABLE: Own = Own {
  status: "503 Service Unavailable",
  more: "Retry-After: 1\r\n",
  error: "Service Unavailable",
  message: "The server cannot take the request now. Try again in a moment.",
};

impl Refusal {
  /// Writes the answer.
  pub(super) fn write(self, out: &mut Vec<u8>) {
    let own = match self {
      Self::Malformed(message) => {
        Own { status: "400 Bad Request", more: "", error: "Bad Request", message }
      }
      // RFC 9110, 15.5.6 asks for the header; which methods the app takes is not known here.
      Self::Method(message) => Own {
        status: "405 Method Not Allowed",
        more: "Allow:\r\n",
        error: "Method Not Allowed",
        message,
      },
      Self::TooLarge => Own {
        status: "431 Request Header Fields Too Large",
        more: "",
        error: "Request Header Fields Too Large",
        message: "The head of the request is larger than the server takes.",
      },
    };
    own.write(out, true, true);
  }
}

impl Failure {
  /// Whether the connection has to be closed after the answer.
  pub(super) fn closes(self) -> bool {
    matches!(self, Self::Leaving | Self::Malformed(_) | Self::ClientLate | Self::ClientGone)
  }

  /// Writes the answer to a request, with the words that the connection is closed if `closes`.
  pub(super) fn write(self, out: &mut Vec<u8>, head: &RequestHead, closes: bool) {
    let body = head.method() != b"HEAD";
    match self {
      Self::Unavailable | Self::Leaving => UNAVAILABLE.write(out, closes, body),
      Self::BadGateway => Own {
        status: "502 Bad Gateway",
        more: "",
        error: "Bad Gateway",
        message: "The server did not complete its answer to the request.",
      }
      .write(out, closes, body),
      Self::Late => Own {
        status: "504 Gateway Timeout",
        more: "",
        error: "Gateway Timeout",
        message: "The server did not answer the request in time.",
      }
      .write(out, closes, body),
      Self::ClientLate => Own {
        status: "408 Request Timeout",
        more: "",
        error: "Request Timeout",
        message: "The body of the request did not come in time.",
      }
      .write(out, true, body),
      Self::Malformed(message) => Refusal::Malformed(message).write(out),
      Self::ClientGone => Refusal::Malformed("The request is incomplete.").write(out),
    }
  }
}

impl Own {
  fn write(&self, out: &mut Vec<u8>, closes: bool, body: bool) {
    let Self { status, more, error, message } = self;
    let text = format!(r#"{{"error":"{error}","message":"{message}"}}"#);
    // Writing to a vector cannot fail.
    let _ = write!(
      out,
      "HTTP/1.1 {status}\r\nContent-Type: application/json\r\n{more}Content-Length: {}\r\n{}",
      text.len(),
      if closes { "Connection: close\r\n" } else { "" },
    );
    date::write(out);
    out.extend_from_slice(b"\r\n");
    if body {
      out.extend_from_slice(text.as_bytes());
    }
  }
}

#[cfg(test)]
mod tests {
  #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

  use super::{super::head::tests::head, *};

  fn written(write: impl Fn(&mut Vec<u8>)) -> String {
    let mut out = Vec::new();
    write(&mut out);
    String::from_utf8(out).unwrap()
  }

  #[test]
  fn failures_keep_the_connection_where_that_is_safe() {
    let get = head("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    let text = written(|out| Failure::Unavailable.write(out, &get, false));
    assert!(
      text.starts_with("HTTP/1.1 503 Service Unavailable\r\n")
        && text.contains("\r\nRetry-After: 1\r\n")
    );
    assert!(
      !text.contains("Connection") && text.contains("\r\nDate: ") && text.ends_with("moment.\"}")
    );
    assert!(
      written(|out| Failure::Leaving.write(out, &get, true)).contains("\r\nConnection: close\r\n")
    );
    assert!(!Failure::BadGateway.closes() && Failure::Leaving.closes());
  }

  #[test]
  fn the_answer_to_a_head_has_no_body() {
    let head = head("HEAD / HTTP/1.1\r\nHost: a\r\n\r\n");
    assert!(written(|out| Failure::BadGateway.write(out, &head, false)).ends_with("\r\n\r\n"));
  }

  #[test]
  fn refusals_close_and_say_why() {
    let text = written(|out| Refusal::Method("TRACE is not allowed.").write(out));
    assert!(text.starts_with("HTTP/1.1 405 ") && text.contains("\r\nAllow:\r\n"));
    assert!(
      text.contains("\r\nConnection: close\r\n") && text.ends_with("\"TRACE is not allowed.\"}")
    );
    assert!(written(|out| Refusal::TooLarge.write(out)).starts_with("HTTP/1.1 431 "));
  }
}
