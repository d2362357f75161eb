//! Hears on a worker's stderr where its inspector is, and knows what its command line says of it.

use std::{
  ffi::OsStr,
  sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
  },
};

use tokio::sync::watch;

use super::spawner::Launch;

/// How Node.js says where its inspector is.
const OPENED: &[u8] = b"Debugger listening on ";
/// How the lines begin that it writes when it opens, and when we have left.
const CHATTER: [&[u8]; 5] = [
  OPENED,
  b"Debugger ending on ",
  b"For help, see: https://nodejs.org/",
  b"Debugger attached.",
  b"Waiting for the debugger to disconnect",
];

/// Listens on stderr for the address of an inspector.
#[derive(Debug, Clone, Default)]
pub struct Ear(Arc<Heard>);

#[derive(Debug, Default)]
struct Heard {
  address: watch::Sender<Option<String>>,
  /// Whether it was us who asked.
  asked: AtomicBool,
  habit: Habit,
}

/// What a worker's command line says of its inspector.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Habit {
  /// It is open from the start.
  pub from_start: bool,
  /// It would be open to other machines.
  pub exposed: bool,
}

impl Habit {
  /// Of a worker that is started like this: by its arguments and its `NODE_OPTIONS`.
  #[must_use]
  pub fn of_launch(launch: &Launch) -> Self {
    let own = launch.env.iter().rfind(|(name, _)| name == "NODE_OPTIONS");
    let inherited = std::env::var_os("NODE_OPTIONS").filter(|_| launch.inherits_env);
    let options = own.map(|(_, value)| value.clone()).or(inherited).unwrap_or_default();
    let options = options.to_string_lossy();
    let args = launch.args.iter().map(|arg| arg.as_os_str()).filter_map(OsStr::to_str);
    Self::of(args.chain(options.split_ascii_whitespace()))
  }

  /// Read the arguments of a runtime, those of `NODE_OPTIONS` included.
  pub fn of<'arg>(args: impl Iterator<Item = &'arg str>) -> Self {
    args.fold(Self::default(), |habit, arg| {
      let (flag, value) = arg.split_once('=').unwrap_or((arg, ""));
      let port = matches!(flag, "--inspect-port" | "--debug-port");
      if flag.starts_with("--inspect-publish-uid") || !(port || flag.starts_with("--inspect")) {
        return habit;
      }
      Self {
        from_start: habit.from_start || !port,
        // The value of these two may be the next argument, which is not looked at.
        exposed: habit.exposed || !is_local(value) || (port && value.is_empty()),
      }
    })
  }
}

/// Whether `[host:]port` or `host` is this machine alone.
fn is_local(value: &str) -> bool {
  let is_port = |text: &str| text.parse::<u16>().is_ok();
  let host = match value.rsplit_once(':') {
    Some((host, port)) if is_port(port) => host,
    _ => value,
  };
  let host = host.trim_start_matches('[').trim_end_matches(']');
  host.is_empty()
    || is_port(host)
    || host == "localhost"
    || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

impl Ear {
  /// For a worker whose inspector has that `habit`.
  #[must_use]
  pub fn new(habit: Habit) -> Self {
    Self(Arc::new(Heard { habit, ..Heard::default() }))
  }

  /// Whether opening the inspector would show the worker to other machines.
  #[must_use]
  pub fn exposes(&self) -> bool {
    self.0.habit.exposed
  }

  /// Hear a line. Whether it is an answer to us, which is nobody else's concern.
  #[must_use]
  pub fn hears(&self, line: &[u8]) -> bool {
    let asked = self.0.asked.load(Ordering::Acquire);
    if let Some(address) = line.strip_prefix(OPENED)
      // A child of the worker may have an inspector too.
      && (asked || self.0.habit.from_start)
    {
      self.0.address.send_if_modified(|known| {
        let first = known.is_none();
        if first {
          *known = Some(String::from_utf8_lossy(address).trim_end().to_owned());
        }
        first
      });
    }
    asked && CHATTER.iter().any(|begin| line.starts_with(begin))
  }

  /// We are about to ask.
  pub fn ask(&self) {
    self.0.asked.store(true, Ordering::Release);
  }

  /// Whether an address is known already.
  #[must_use]
  pub fn knows(&self) -> bool {
    self.0.address.borrow().is_some()
  }

  /// The address, as soon as it is known.
  pub async fn address(&self) -> String {
    let mut heard = self.0.address.subscribe();
    let address = heard.wait_for(Option::is_some).await.ok().and_then(|address| address.clone());
    match address {
      Some(address) => address,
      // Only without a sender, which `self` holds.
      None => std::future::pending().await,
    }
  }
}

#[cfg(test)]
mod tests {
  use super::*;

  #[tokio::test]
  async fn hears_only_what_it_asked_for() {
    let line = b"Debugger listening on ws://127.0.0.1:38919/0f2c";
    let ear = Ear::default();
    assert!(!ear.hears(line) && !ear.knows());
    ear.ask();
    assert!(ear.hears(line));
    assert!(ear.hears(b"For help, see: https://nodejs.org/learn/getting-started/debugging"));
    assert!(ear.hears(b"Debugger ending on ws://127.0.0.1:38919/0f2c"));
    assert!(!ear.hears(b"an error of the app"));
    assert_eq!(ear.address().await, "ws://127.0.0.1:38919/0f2c");
    // A child's, or a second one.
    assert!(ear.hears(b"Debugger listening on ws://127.0.0.1:1/other"));
    assert_eq!(ear.address().await, "ws://127.0.0.1:38919/0f2c");
  }

  #[tokio::test]
  async fn one_that_was_there_from_the_start_is_shown_and_remembered() {
    let ear = Ear::new(Habit { from_start: true, exposed: false });
    assert!(!ear.hears(b"Debugger listening on ws://127.0.0.1:9229/0f2c"));
    assert_eq!(ear.address().await, "ws://127.0.0.1:9229/0f2c");
  }

  #[test]
  fn reads_the_command_line() {
    for (args, from_start, exposed) in [
      (&["--require", "/agent.js", "app.js"][..], false, false),
      (&["--inspect"], true, false),
      (&["--inspect=9231"], true, false),
      (&["--inspect-brk=127.0.0.1:0", "--inspect-port=0"], true, false),
      (&["--inspect-port=[::1]:9230"], false, false),
      (&["--inspect-port=localhost"], false, false),
      (&["--inspect-port=0.0.0.0:9230"], false, true),
      (&["--inspect=[::]:9230"], true, true),
      (&["--inspect=10.0.0.7"], true, true),
      (&["--inspect-publish-uid=http"], false, false),
      (&["--inspect-port", "0.0.0.0:9230"], false, true),
      (&["--debug-port=0.0.0.0:9230"], false, true),
    ] {
      let habit = Habit::of(args.iter().copied());
      assert_eq!((habit.from_start, habit.exposed), (from_start, exposed), "{args:?}");
    }
  }
}
