//! The messages that supervision needs, and their frames. Pure.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use super::{address::Address, frame::Frame, settings::IpcSettings};

/// A server of the worker's app that listens.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Listening {
  /// The number that the agent gave to the server; the same server may be reported again.
  pub id: u64,
  /// Whether it is the public one.
  pub public: bool,
  /// Whether the master opened the address that it asked for.
  #[serde(default)]
  pub shared: bool,
  /// What is spoken there.
  pub protocol: Protocol,
  /// The address it listens on now.
  pub host: IpAddr,
  /// The port it listens on now.
  pub port: u16,
  /// The name of an abstract unix socket at which the same server takes connections too. They cost a
  /// fifth less than those over the loopback interface.
  #[serde(default, skip_serializing_if = "Option::is_none")]
  pub local: Option<String>,
  /// Whether upgrades can go there too. A WebSocket of Bun belongs to the server that upgraded it, and
  /// the app has only that of the port.
  #[serde(default)]
  pub local_upgrades: bool,
  /// The address the app asked for, if it asked for one.
  #[serde(default, skip_serializing_if = "Option::is_none")]
  pub requested_host: Option<String>,
  /// The port the app asked for; 0 when any would do.
  pub requested_port: u16,
  /// Whether the app asked for `::` without IPv4.
  #[serde(default)]
  pub v6_only: bool,
}

/// What a worker's server speaks, as far as the balancer has to know.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Protocol {
  /// Plain HTTP/1.1: balanced per request.
  Http,
  /// Anything else, TLS included: balanced per connection.
  Tcp,
}

/// Who the worker is; the first message of every agent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hello {
  /// `node` or `bun`.
  pub runtime: String,
  /// Its version.
  pub version: String,
}

/// How a worker is asked to leave.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Leave {
  /// The signal by which its app learns of it, if the app listens to that signal.
  pub signal: String,
  /// Whether the app learns of it by the message `shutdown` instead, if the app listens to messages.
  pub with_message: bool,
}

/// A message of either side.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Message {
  /// Worker → master: the agent is up.
  Hello(Hello),
  /// Worker → master: a server listens.
  Listening(Listening),
  /// Worker → master: open an address for a server that is about to listen. Answered at once.
  Open {
    /// The number of the server.
    id: u64,
    /// The address that the app asked for.
    address: Address,
  },
  /// Master → worker: whether the address is open.
  Opened {
    /// The number of the server.
    id: u64,
    /// Whether it is.
    open: bool,
  },
  /// Worker → master: a server closed.
  Closed {
    /// Its number.
    id: u64,
  },
  /// Worker → master: the app said that it is ready.
  Ready,
  /// Worker → master: the app said that it is ready, and several of the reported servers may be the public one.
  Undecided,
  /// Master → worker: is the JavaScript loop turning?
  Ping {
    /// Comes back in the answer.
    id: u64,
  },
  /// Worker → master: it is.
  Pong {
    /// The id of the ping.
    id: u64,
  },
  /// Master → worker: the channel for the app's own messages. Its descriptor comes along.
  Messages(IpcSettings),
  /// Master → worker: finish what is in flight and leave.
  Shutdown(Leave),
}

mod kind {
  pub(super) const HELLO: u8 = 1;
  pub(super) const LISTENING: u8 = 2;
  pub(super) const READY: u8 = 3;
  pub(super) const PING: u8 = 4;
  pub(super) const PONG: u8 = 5;
  pub(super) const SHUTDOWN: u8 = 6;
  pub(super) const CLOSED: u8 = 7;
  pub(super) const MESSAGES: u8 = 8;
  pub(super) const UNDECIDED: u8 = 9;
  pub(super) const OPEN: u8 = 10;
  pub(super) const OPENED: u8 = 11;
  pub(super) const REFUSED: u8 = 12;
}

impl Message {
  /// The message as a frame.
  #[must_use]
  pub fn to_frame(&self) -> Frame {
    let (kind, id, correlation, payload) = match self {
      Self::Hello(hello) => (kind::HELLO, 0, 0, json(hello)),
      Self::Listening(listening) => (kind::LISTENING, 0, 0, json(listening)),
      Self::Open { id, address } => (kind::OPEN, *id, 0, json(address)),
      Self::Opened { id, open: true } => (kind::OPENED, 0, *id, Vec::new()),
      Self::Opened { id, open: false } => (kind::REFUSED, 0, *id, Vec::new()),
      Self::Closed { id } => (kind::CLOSED, *id, 0, Vec::new()),
      Self::Ready => (kind::READY, 0, 0, Vec::new()),
      Self::Undecided => (kind::UNDECIDED, 0, 0, Vec::new()),
      Self::Ping { id } => (kind::PING, *id, 0, Vec::new()),
      Self::Pong { id } => (kind::PONG, 0, *id, Vec::new()),
      Self::Messages(settings) => (kind::MESSAGES, 0, 0, json(settings)),
      Self::Shutdown(leave) => (kind::SHUTDOWN, 0, 0, json(leave)),
    };
    Frame { kind, id, correlation, payload }
  }

  /// Read a frame.
  ///
  /// # Errors
  /// A sentence that says what is wrong with it.
  pub fn from_frame(frame: &Frame) -> Result<Self, String> {
    let bad = |what: &str, error: serde_json::Error| format!("{what} message: {error}");
    match frame.kind {
      kind::HELLO => {
        serde_json::from_slice(&frame.payload).map(Self::Hello).map_err(|e| bad("hello", e))
      }
      kind::LISTENING => {
        serde_json::from_slice(&frame.payload).map(Self::Listening).map_err(|e| bad("listening", e))
      }
      kind::OPEN => serde_json::from_slice(&frame.payload)
        .map(|address| Self::Open { id: frame.id, address })
        .map_err(|e| bad("open", e)),
      kind::OPENED => Ok(Self::Opened { id: frame.correlation, open: true }),
      kind::REFUSED => Ok(Self::Opened { id: frame.correlation, open: false }),
      kind::CLOSED => Ok(Self::Closed { id: frame.id }),
      kind::READY => Ok(Self::Ready),
      kind::UNDECIDED => Ok(Self::Undecided),
      kind::PING => Ok(Self::Ping { id: frame.id }),
      kind::PONG => Ok(Self::Pong { id: frame.correlation }),
      kind::MESSAGES => {
        serde_json::from_slice(&frame.payload).map(Self::Messages).map_err(|e| bad("messages", e))
      }
      kind::SHUTDOWN => {
        serde_json::from_slice(&frame.payload).map(Self::Shutdown).map_err(|e| bad("shutdown", e))
      }
      unknown => Err(format!("message of unknown kind {unknown}")),
    }
  }
}

fn json(value: &impl Serialize) -> Vec<u8> {
  // Strings and numbers only: serde_json has nothing to refuse here.
  serde_json::to_vec(value).unwrap_or_default()
}

#[cfg(test)]
mod tests {
  #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

  use super::*;

  #[test]
  fn comes_back_as_it_was_sent() {
    let listening = Listening {
      id: 3,
      public: true,
      shared: true,
      v6_only: false,
      protocol: Protocol::Tcp,
      host: IpAddr::from([127, 0, 0, 1]),
      port: 8086,
      local: Some("0001a".to_owned()),
      local_upgrades: true,
      requested_host: Some("localhost".to_owned()),
      requested_port: 8085,
    };
    for message in [
      Message::Hello(Hello { runtime: "bun".to_owned(), version: "1.4.5".to_owned() }),
      Message::Listening(listening),
      Message::Open { id: 4, address: Address::new(Some([127, 0, 0, 1].into()), 80) },
      Message::Opened { id: 4, open: true },
      Message::Opened { id: 4, open: false },
      Message::Closed { id: 3 },
      Message::Ready,
      Message::Undecided,
      Message::Ping { id: 7 },
      Message::Pong { id: 7 },
      Message::Messages(IpcSettings::read(&serde_json::json!({})).unwrap()),
      Message::Shutdown(Leave { signal: "SIGINT".to_owned(), with_message: true }),
    ] {
      assert_eq!(Message::from_frame(&message.to_frame()), Ok(message));
    }
  }

  #[test]
  fn says_what_is_wrong() {
    let frame = Frame { kind: 99, id: 0, correlation: 0, payload: Vec::new() };
    assert_eq!(Message::from_frame(&frame), Err("message of unknown kind 99".to_owned()));
    let frame = Frame { kind: kind::LISTENING, id: 0, correlation: 0, payload: b"{".to_vec() };
    assert!(Message::from_frame(&frame).is_err_and(|e| e.starts_with("listening message: ")));
  }
}
