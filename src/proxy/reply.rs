//! The answers that the proxy gives itself. They name nothing of the inside: no worker, port or path.

use bytes::Bytes;
use http::{
  HeaderValue, Response, StatusCode,
  header::{ALLOW, CONNECTION, CONTENT_TYPE, RETRY_AFTER},
};

use super::{body::ResponseBody, framing::Refusal};

/// Why a request could not be answered by a worker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Failure {
  /// Nobody could take it in time, or too many are waiting already.
  Unavailable,
  /// A worker took it and broke off, and it cannot be repeated.
  BadGateway,
  /// The client broke off in the middle of its request.
  ClientGone,
}

impl Failure {
  /// 503, 502, or, for the record only since nobody reads it, 400.
  pub(super) fn response(self) -> Response<ResponseBody> {
    match self {
      Self::Unavailable => {
        let mut response = json(
          StatusCode::SERVICE_UNAVAILABLE,
          r#"{"error":"Service Unavailable","message":"The server cannot take the request now. Try again in a moment."}"#,
        );
        response.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("1"));
        response
      }
      Self::BadGateway => json(
        StatusCode::BAD_GATEWAY,
        r#"{"error":"Bad Gateway","message":"The server did not complete its answer to the request."}"#,
      ),
      Self::ClientGone => Refusal::Malformed("The request is incomplete.").response(),
    }
  }
}

impl Refusal {
  /// 400 or 405. The connection is closed: where the next request would start is not certain.
  pub(super) fn response(self) -> Response<ResponseBody> {
    let mut response = match self {
      Self::Malformed(message) => {
        json(StatusCode::BAD_REQUEST, format!(r#"{{"error":"Bad Request","message":"{message}"}}"#))
      }
      Self::Connect => {
        let mut response = json(
          StatusCode::METHOD_NOT_ALLOWED,
          r#"{"error":"Method Not Allowed","message":"CONNECT is not supported."}"#,
        );
        // RFC 9110, 15.5.6 asks for the header; which methods the app takes is not known here.
        response.headers_mut().insert(ALLOW, HeaderValue::from_static(""));
        response
      }
    };
    response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    response
  }
}

fn json(status: StatusCode, body: impl Into<Bytes>) -> Response<ResponseBody> {
  let mut response = Response::new(ResponseBody::Whole(body.into()));
  *response.status_mut() = status;
  response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
  response
}
