//! When a worker that starts counts as ready. Pure.

use std::fmt;

use crate::ipc::message::Listening;

/// What a worker that starts has shown so far.
#[derive(Debug, Default)]
pub struct Readiness {
  /// Whether `process.send('ready')` alone makes it ready.
  wait_ready: bool,
  /// Whether the app called it.
  said: bool,
  /// Its server, which is proved to listen, while the word is missing.
  listening: Option<Listening>,
}

impl Readiness {
  /// For a worker whose `process.send('ready')` is waited for, or not.
  #[must_use]
  pub fn new(wait_ready: bool) -> Self {
    Self { wait_ready, ..Self::default() }
  }

  /// Its server is proved to listen. Gives the server back if the worker is ready by that.
  pub fn proved(&mut self, listening: Listening) -> Option<Listening> {
    if !self.wait_ready || self.said {
      return Some(listening);
    }
    self.listening = Some(listening);
    None
  }

  /// The app said that it is ready; `proving` while a server is tried, which is heard of in a moment.
  /// `Some` if the worker is ready by that, with its server if it has one.
  pub fn said(&mut self, proving: bool) -> Option<Option<Listening>> {
    self.said = true;
    (!proving).then(|| self.listening.take())
  }

  /// Its server closed.
  pub fn closed(&mut self) {
    self.listening = None;
  }

  /// What it owes.
  #[must_use]
  pub fn missing(&self) -> Missing {
    match (&self.listening, self.wait_ready && !self.said) {
      (_, false) => Missing::ServerOrWord,
      (None, true) => Missing::Word { server: None },
      (Some(Listening { requested_port, host, port, .. }), true) => {
        let place = if *requested_port == 0 {
          format!("{host}:{port}")
        } else {
          format!("port {requested_port}, served at {host}:{port}")
        };
        Missing::Word { server: Some(place) }
      }
    }
  }
}

/// What a worker did not show in time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Missing {
  /// A server that listens, or `process.send('ready')`.
  ServerOrWord,
  /// `process.send('ready')`, which `waitReady` waits for.
  Word {
    /// Where it listened meanwhile.
    server: Option<String>,
  },
}

impl Missing {
  /// Where it listened without being ready.
  #[must_use]
  pub fn server(&self) -> Option<&str> {
    match self {
      Self::ServerOrWord => None,
      Self::Word { server } => server.as_deref(),
    }
  }
}

impl fmt::Display for Missing {
  fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    match self {
      Self::ServerOrWord => f.write_str("did not listen on its port or report ready"),
      Self::Word { server: None } => {
        f.write_str("opened no server and did not call process.send('ready'), which processManagement.waitReady waits for,")
      }
      Self::Word { server: Some(place) } => write!(
        f,
        "listened on {place}, but did not call process.send('ready'), which processManagement.waitReady waits for,"
      ),
    }
  }
}

#[cfg(test)]
mod tests {
  use std::net::IpAddr;

  use super::*;
  use crate::ipc::message::Protocol;

  fn server() -> Listening {
    Listening {
      id: 1,
      public: true,
      shared: false,
      v6_only: false,
      protocol: Protocol::Http,
      host: IpAddr::from([127, 0, 0, 1]),
      port: 8086,
      local: None,
      local_upgrades: false,
      requested_host: None,
      requested_port: 3000,
    }
  }

  #[test]
  fn the_first_of_server_and_word_counts() {
    let mut by_server = Readiness::new(false);
    assert_eq!(by_server.missing(), Missing::ServerOrWord);
    assert_eq!(by_server.proved(server()), Some(server()));
    assert_eq!(Readiness::new(false).said(false), Some(None));
    // A server that is being tried says more than the word.
    assert_eq!(Readiness::new(false).said(true), None);
  }

  #[test]
  fn the_word_alone_counts_where_it_is_waited_for() {
    let mut worker = Readiness::new(true);
    assert_eq!(worker.missing(), Missing::Word { server: None });
    assert_eq!(worker.proved(server()), None);
    let place = "port 3000, served at 127.0.0.1:8086".to_owned();
    assert_eq!(worker.missing(), Missing::Word { server: Some(place) });
    assert_eq!(worker.said(false), Some(Some(server())));
  }

  #[test]
  fn the_word_may_come_before_the_server_or_without_one() {
    let mut early = Readiness::new(true);
    assert_eq!(early.said(true), None);
    assert_eq!(early.proved(server()), Some(server()));
    assert_eq!(Readiness::new(true).said(false), Some(None));
  }

  #[test]
  fn a_server_that_closed_before_the_word_is_forgotten() {
    let mut worker = Readiness::new(true);
    assert_eq!(worker.proved(server()), None);
    worker.closed();
    assert_eq!(worker.missing(), Missing::Word { server: None });
    assert_eq!(worker.said(false), Some(None));
  }
}
