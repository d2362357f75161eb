//! What was found out about a worker that hangs, before it was killed.

use std::fmt;

use serde_json::{Value, json};

use super::posture::Posture;

/// Frames of a stack that are kept.
pub const FRAMES: usize = 32;

/// What was found out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnosis {
  /// The script that blocks it.
  pub stack: Stack,
  /// What the operating system says.
  pub kernel: Kernel,
}

/// Where its JavaScript is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stack {
  /// The calls that have not returned, innermost first; never empty.
  Known(Vec<Frame>),
  /// Why that is not known, in words.
  Unknown(String),
}

/// A call in a script.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
  /// The function; empty for one without a name.
  pub function: String,
  /// The script's path or URL; empty for code without one.
  pub script: String,
  /// The line, from 1.
  pub line: u32,
  /// The column, from 1.
  pub column: u32,
}

/// What the operating system says of its main thread.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kernel {
  /// What it is at.
  pub posture: Posture,
  /// Its share of one processor while it was looked at, in per cent.
  pub cpu: Option<u8>,
  /// The function of the kernel that it sleeps in.
  pub waits_in: Option<String>,
  /// The number of the system call that it is in.
  pub system_call: Option<u32>,
}

impl Diagnosis {
  /// As events and `getHealth()` give it.
  #[must_use]
  pub fn to_json(&self) -> Value {
    let (stack, why) = match &self.stack {
      Stack::Known(frames) => (frames.iter().map(Frame::to_json).collect(), None),
      Stack::Unknown(why) => (Vec::new(), Some(why)),
    };
    json!({
      "stack": stack,
      "noStack": why,
      "thread": {
        "state": self.kernel.posture.name(),
        "cpu": self.kernel.cpu,
        "waitsIn": self.kernel.waits_in,
        "systemCall": self.kernel.system_call,
      },
    })
  }
}

impl Frame {
  fn to_json(&self) -> Value {
    json!({
      "function": self.function,
      "script": self.script,
      "line": self.line,
      "column": self.column,
    })
  }
}

impl fmt::Display for Frame {
  fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let function = if self.function.is_empty() { "(anonymous)" } else { &self.function };
    let script = if self.script.is_empty() { "(no file)" } else { &self.script };
    write!(f, "{function} ({script}:{}:{})", self.line, self.column)
  }
}

impl Diagnosis {
  /// In short: where it is, as far as that is known.
  #[must_use]
  pub fn place(&self) -> Option<String> {
    let innermost = self.innermost().map(|frame| format!("in {frame}"));
    let kernel = || self.kernel.waits_in.as_ref().map(|name| format!("in {name} of the kernel"));
    innermost.or_else(kernel)
  }

  /// The innermost call in a script of the app: above it the runtime may have one of its own.
  fn innermost(&self) -> Option<&Frame> {
    let Stack::Known(frames) = &self.stack else { return None };
    let of_app = |frame: &&Frame| !frame.script.is_empty() && !frame.script.starts_with("node:");
    frames.iter().find(of_app).or(frames.first())
  }
}

#[cfg(test)]
mod tests {
  #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
  use super::*;

  fn kernel() -> Kernel {
    Kernel {
      posture: Posture::Sleeps,
      cpu: Some(0),
      waits_in: Some("futex_do_wait".to_owned()),
      system_call: Some(202),
    }
  }

  #[test]
  fn says_where_it_is() {
    let frame = |function: &str, script: &str| Frame {
      function: function.to_owned(),
      script: script.to_owned(),
      line: 3,
      column: 7,
    };
    let frames =
      vec![frame("emit", "node:events"), frame("spin", "file:///app.mjs"), frame("", "")];
    let known = Diagnosis { stack: Stack::Known(frames), kernel: kernel() };
    assert_eq!(known.place().unwrap(), "in spin (file:///app.mjs:3:7)");
    let json = known.to_json();
    assert_eq!(json["stack"][1]["function"], "spin");
    assert_eq!((&json["noStack"], &json["thread"]["state"]), (&Value::Null, &json!("sleeping")));
    assert_eq!(frame("", "").to_string(), "(anonymous) ((no file):3:7)");
    let unknown =
      Diagnosis { stack: Stack::Unknown("it was stopped".to_owned()), kernel: kernel() };
    assert_eq!(unknown.place().unwrap(), "in futex_do_wait of the kernel");
    assert_eq!(unknown.to_json()["noStack"], "it was stopped");
    let kernel = Kernel { waits_in: None, ..kernel() };
    assert_eq!(Diagnosis { kernel, ..unknown }.place(), None);
  }
}
