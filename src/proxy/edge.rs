//! What is taken from clients, and from workers for them: limits, and whose word counts.

use super::{answer::HeadLimits, quiet::Timeouts, trust::Trust};

/// The rules of the public side, which may be changed while it is open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edge {
  /// The peers whose word on the client counts.
  pub trust: Trust,
  /// Most header fields of a request.
  pub request_headers: usize,
  /// Longest head of a request, in bytes.
  pub request_head_size: usize,
  /// Most header fields of an answer.
  pub response_headers: usize,
  /// Longest head of an answer, in bytes.
  pub response_head_size: usize,
  /// Protocols that a connection may change to.
  pub upgrades: Vec<String>,
  /// How long each side may be silent.
  pub timeouts: Timeouts,
  /// Whether `TRACE` is passed on.
  pub allow_trace: bool,
}

impl Default for Edge {
  fn default() -> Self {
    Self {
      trust: Trust::default(),
      request_headers: 1_000,
      request_head_size: 64 * 1024,
      response_headers: 1_000,
      response_head_size: 256 * 1024,
      upgrades: vec!["websocket".to_owned()],
      timeouts: Timeouts::default(),
      allow_trace: false,
    }
  }
}

impl Edge {
  pub(super) fn request_head(&self) -> HeadLimits {
    HeadLimits { fields: self.request_headers, size: self.request_head_size }
  }

  pub(super) fn response_head(&self) -> HeadLimits {
    HeadLimits { fields: self.response_headers, size: self.response_head_size }
  }
}
