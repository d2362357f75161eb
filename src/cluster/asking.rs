//! What the agent of a worker is told of the ports that its app may ask for.

use serde::Serialize;

/// The rules by which a server is known to be the public one, beside the public port and the port of the worker.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Asking {
  /// The port that the app itself asks for, by `exec.port`.
  #[serde(skip_serializing_if = "Option::is_none")]
  pub app: Option<u16>,
  /// Whether no app can know the public port, so that the first server is the public one.
  pub any: bool,
  /// Ports that are not balanced.
  pub private: Vec<u16>,
  /// The number of the worker, from 1, which tells its private ports from those of others.
  pub ordinal: u16,
}

impl Asking {
  /// The variable of the worker's environment; the agent removes it when it has read it.
  pub const VARIABLE: &str = "XYPRISS_CLUSTER_ASKING";

  /// The value of the variable.
  #[must_use]
  pub fn to_json(&self) -> String {
    // Numbers and flags only: serde_json has nothing to refuse here.
    serde_json::to_string(self).unwrap_or_default()
  }
}

#[cfg(test)]
mod tests {
  use super::*;

  #[test]
  fn is_what_the_agent_reads() {
    let asking = Asking { app: None, any: true, private: Vec::new(), ordinal: 1 };
    assert_eq!(asking.to_json(), r#"{"any":true,"private":[],"ordinal":1}"#);
    let asking = Asking { app: Some(3000), any: false, private: vec![9090], ordinal: 2 };
    assert_eq!(asking.to_json(), r#"{"app":3000,"any":false,"private":[9090],"ordinal":2}"#);
  }
}
