//! The words that fields choose from, each set an enum.

use serde::{Deserialize, Serialize};

macro_rules! words {
  ($(#[doc = $about:literal])+ $name:ident { $($(#[doc = $doc:literal])+ $variant:ident $word:literal),+ $(,)? }) => {
    $(#[doc = $about])+
    #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
    pub enum $name { $($(#[doc = $doc])+ #[serde(rename = $word)] $variant),+ }

    impl $name {
      /// How the configuration spells them.
      pub const WORDS: &[&str] = &[$($word),+];
    }
  };
}

/// The peers whose word on a client counts, as they are written: one entry, or a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Proxies {
  /// One.
  One(String),
  /// Any number.
  List(Vec<String>),
}

impl Proxies {
  /// All of them.
  #[must_use]
  pub fn entries(&self) -> &[String] {
    match self {
      Self::One(entry) => std::slice::from_ref(entry),
      Self::List(entries) => entries,
    }
  }
}

words! {
  /// How much a worker matters to the operating system's scheduler.
  Priority {
    /// Less than other processes.
    Low "low",
    /// As other processes.
    Normal "normal",
    /// More.
    High "high",
    /// Most.
    Critical "critical",
  }
}

words! {
  /// How much is logged.
  LogLevel {
    /// What failed.
    Error "error",
    /// And what may come to fail.
    Warn "warn",
    /// And what happened.
    Info "info",
    /// And why.
    Debug "debug",
    /// Everything.
    Trace "trace",
  }
}

words! {
  /// What is done about an error that an app did not catch.
  OnError {
    /// The worker is replaced.
    Restart "restart",
    /// It is logged.
    Log "log",
    /// Nothing.
    Ignore "ignore",
  }
}

words! {
  /// What happens when every worker is given up.
  OnAllFailed {
    /// The event `error` is emitted.
    Error "error",
    /// The port stays open and requests are answered 503.
    Stay "stay",
  }
}

words! {
  /// How waits between tries grow.
  Backoff {
    /// By the same amount each time.
    Linear "linear",
    /// Twice as long each time.
    Exponential "exponential",
    /// Not at all.
    Constant "constant",
  }
}
