//! The native half of the agent in a worker.

use std::{
  net::{IpAddr, Ipv4Addr, SocketAddr, ToSocketAddrs as _},
  os::fd::IntoRawFd as _,
};

use napi::{
  Status,
  bindgen_prelude::{Error, Result},
  threadsafe_function::{ThreadsafeFunction, ThreadsafeFunctionCallMode},
};
use napi_derive::napi;
use socket2::{Domain, Socket, Type};

use super::link::NativeChannel;
use crate::ipc::{
  address::Address,
  agent::{Agent, Request, inherit},
  local,
  message::{Hello, Leave, Listening, Message, Protocol},
};

/// Weak, so that a worker with nothing left to do may end; the master asks little, so few wait.
type AgentListener =
  ThreadsafeFunction<NativeAgentRequest, (), NativeAgentRequest, Status, false, true, 64>;

/// What the master asks of a worker.
#[napi(object, object_from_js = false)]
pub struct NativeAgentRequest {
  /// Answer with `pong`, open the channel for messages, or finish what is in flight and leave.
  #[napi(ts_type = "'ping' | 'messages' | 'shutdown'")]
  pub kind: String,
  /// Set for `ping`: comes back in `pong`.
  pub id: Option<f64>,
  /// Set for `shutdown`.
  pub leave: Option<NativeLeave>,
}

/// How a worker is asked to leave.
#[napi(object, object_from_js = false)]
pub struct NativeLeave {
  /// The signal by which the app learns of it, if the app listens to that signal.
  pub signal: String,
  /// Whether the app learns of it by the message `shutdown` instead, if the app listens to messages.
  pub with_message: bool,
}

impl NativeAgentRequest {
  fn new(kind: &str) -> Self {
    Self { kind: kind.to_owned(), id: None, leave: None }
  }
}

/// A socket that is bound to an abstract name.
#[napi(object, object_from_js = false)]
pub struct NativeLocalSocket {
  /// Its descriptor, which the caller owns.
  pub fd: i32,
  /// Its name, without the zero byte in front.
  pub name: String,
}

/// A server of the app that listens.
#[napi(object, object_to_js = false)]
pub struct NativeListening {
  /// The number that the agent gave to the server.
  pub id: u32,
  /// Whether it is the public one.
  pub public: bool,
  /// Whether the master opened the address that it asked for.
  pub shared: bool,
  /// `http` is balanced per request, `tcp` (anything else) per connection.
  #[napi(ts_type = "'http' | 'tcp'")]
  pub protocol: String,
  /// The address it listens on.
  pub host: String,
  /// The port it listens on.
  pub port: u16,
  /// The abstract name of a unix socket at which the server takes connections too, if any.
  pub local: Option<String>,
  /// Whether upgrades can go there too; by default they come by the port.
  pub local_upgrades: Option<bool>,
  /// The address the app asked for, if any.
  pub requested_host: Option<String>,
  /// The port the app asked for; 0 for any.
  pub requested_port: u16,
  /// Whether the app asked for `::` without IPv4.
  pub v6_only: bool,
}

/// The native half of the agent in a worker: its end of the channel to the master.
#[napi]
pub struct NativeAgent {
  agent: Agent,
}

#[napi]
impl NativeAgent {
  /// Take over the inherited descriptor `fd`. A thread reads it from now on: when the master is gone,
  /// it ends this process and everything that it started, even while its JavaScript is blocked.
  #[napi(factory, ts_args_type = "fd: number, listener: (request: NativeAgentRequest) => void")]
  pub fn connect(fd: i32, listener: AgentListener) -> Result<Self> {
    // SAFETY: the master opened the descriptor for this agent alone: its number is in a variable that
    // the agent removes when it reads it.
    let fd = unsafe { inherit(fd) }.map_err(|error| io_error(&error))?;
    let agent = Agent::connect(fd, move |request| {
      let request = match request {
        #[expect(clippy::cast_precision_loss, reason = "ids are at most 53 bits wide")]
        Request::Ping { id } => {
          NativeAgentRequest { id: Some(id as f64), ..NativeAgentRequest::new("ping") }
        }
        Request::Messages => NativeAgentRequest::new("messages"),
        Request::Shutdown(Leave { signal, with_message }) => {
          let leave = NativeLeave { signal, with_message };
          NativeAgentRequest { leave: Some(leave), ..NativeAgentRequest::new("shutdown") }
        }
      };
      // A queue that is full or closing says that JavaScript is blocked or done: the master sees
      // the first by the missing answer, and does not need the second.
      let _queued = listener.call(request, ThreadsafeFunctionCallMode::NonBlocking);
    });
    Ok(Self { agent: agent.map_err(|error| io_error(&error))? })
  }

  /// A socket bound to `port` of 127.0.0.1, 0 for any, as a descriptor that the caller owns. For
  /// `listen({ fd })` on Node.js: with a host, `listen` would load its resolver, which takes longer
  /// than all the rest of the agent. Throws when the port cannot be bound.
  #[napi]
  pub fn reserve(&self, port: u16) -> Result<i32> {
    let bound = (|| {
      let socket = Socket::new(Domain::IPV4, Type::STREAM, None)?;
      socket.set_reuse_address(true)?;
      socket.set_nonblocking(true)?;
      socket.bind(&SocketAddr::from((Ipv4Addr::LOCALHOST, port)).into())?;
      Ok(socket.into_raw_fd())
    })();
    bound.map_err(|error: std::io::Error| Error::new(Status::GenericFailure, error.to_string()))
  }

  /// A socket that listens at `port` of `host`, or of every address, or at the next port that is free, as a descriptor
  /// that the caller owns. For `listen({ fd })` on Node.js. Throws when there is none.
  #[napi]
  pub fn reserve_own(&self, port: u16, v6_only: bool, host: Option<String>) -> Result<i32> {
    let host = host.map(|host| ip_address(&host)).transpose()?;
    let own = crate::ipc::own_port::listen(Address { host, port, v6_only });
    own.map(|socket| socket.into_raw_fd()).map_err(|error| io_error(&error))
  }

  /// A unix socket for connections from this machine's master, bound to an abstract name that the
  /// kernel chose: it leaves no file behind. For `listen({ fd })`. Throws where there is no such thing.
  #[napi]
  pub fn reserve_local(&self) -> Result<NativeLocalSocket> {
    let (fd, name) = local::bind().map_err(|error| io_error(&error))?;
    let fd = fd.into_raw_fd();
    Ok(NativeLocalSocket { fd, name })
  }

  /// Take the channel for messages of the app; `null` when somebody has it.
  #[napi]
  pub fn take_messages(&self) -> Result<Option<NativeChannel>> {
    let Some((settings, end)) = self.agent.take_messages() else {
      return Ok(None);
    };
    Ok(Some(NativeChannel::new(String::new(), std::process::id(), end, &settings)?))
  }

  /// Say who this is; the first message.
  #[napi]
  pub fn hello(&self, runtime: String, version: String) -> Result<()> {
    self.send(&Message::Hello(Hello { runtime, version }))
  }

  /// Say that a server of the app listens.
  #[napi]
  pub fn listening(&self, listening: NativeListening) -> Result<()> {
    let host = ip_address(&listening.host)?;
    let protocol = if listening.protocol == "http" { Protocol::Http } else { Protocol::Tcp };
    self.send(&Message::Listening(Listening {
      id: listening.id.into(),
      public: listening.public,
      shared: listening.shared,
      v6_only: listening.v6_only,
      protocol,
      host,
      port: listening.port,
      local: listening.local,
      local_upgrades: listening.local_upgrades.unwrap_or(false),
      requested_host: listening.requested_host,
      requested_port: listening.requested_port,
    }))
  }

  /// Have the master open `port` of `host`, or of every address, for the server of that number, and wait until it has:
  /// `false` if it cannot. The port is the master's then.
  #[napi]
  pub fn open(&self, id: u32, port: u16, v6_only: bool, host: Option<String>) -> Result<bool> {
    let host = host.map(|host| ip_address(&host)).transpose()?;
    self.agent.open(id.into(), Address { host, port, v6_only }).map_err(|error| io_error(&error))
  }

  /// The IP address that `host` names, the first one if it has several; `null` when it has none.
  #[napi]
  pub fn resolve(&self, host: String) -> Option<String> {
    let mut found = (host.as_str(), 0).to_socket_addrs().ok()?;
    found.next().map(|address| address.ip().to_string())
  }

  /// Say that the server of this number closed.
  #[napi]
  pub fn closed(&self, id: u32) -> Result<()> {
    self.send(&Message::Closed { id: id.into() })
  }

  /// Say that the app said that it is ready, and that several of its servers may be the public one.
  #[napi]
  pub fn undecided(&self) -> Result<()> {
    self.send(&Message::Undecided)
  }

  /// Say that the app said that it is ready.
  #[napi]
  pub fn ready(&self) -> Result<()> {
    self.send(&Message::Ready)
  }

  /// Answer a ping.
  #[napi]
  pub fn pong(&self, id: f64) -> Result<()> {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "was an integer")]
    self.send(&Message::Pong { id: id as u64 })
  }

  fn send(&self, message: &Message) -> Result<()> {
    self.agent.send(message).map_err(|error| io_error(&error))
  }
}

fn ip_address(host: &str) -> Result<IpAddr> {
  host.parse().map_err(|_| Error::new(Status::InvalidArg, format!("no IP address: {host}")))
}

fn io_error(error: &std::io::Error) -> Error {
  Error::new(Status::GenericFailure, format!("the channel to the cluster master failed: {error}"))
}
