//! The actor that owns one worker process.

use std::{
  collections::BTreeMap,
  future::pending,
  io,
  net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
  process::ExitStatus,
  sync::Arc,
  time::Duration,
};

use nix::sys::signal::Signal;
use tokio::{
  net::{TcpStream, UnixStream},
  sync::oneshot,
  task::{JoinHandle, JoinSet},
  time::{Instant, sleep, sleep_until, timeout},
};

use super::{
  Birth, Demand, End, News, Notice, Nursery, Target,
  autopsy::Autopsy,
  beats::{Sound, Watch},
  cause::Cause,
  checks::Checks,
  ear::{Ear, Habit},
  exit::Process,
  forward::{self, Forward},
  output::{Listeners, pump},
  readiness::{Missing, Readiness},
  servers::Servers,
  spawner::{Spawned, Spawner},
  state::{Effect, Input, State},
};
use crate::{
  error::ClusterError,
  health::checkup::Checkup,
  ipc::{
    channel::Channel,
    local,
    message::{Leave, Listening, Message, Protocol},
    messages::Messages,
  },
  monitor::cgroup::Witness,
  proxy::{self, Address, Endpoint, Upstream},
  telemetry::registry::{self, Entry},
};

/// How long the last output of a dead worker may take to arrive. It is in the pipe already, unless
/// a process that escaped the group holds the pipe open.
const LAST_WORDS: Duration = Duration::from_secs(1);
/// Between two tries to reach a server that says it listens.
const PROOF_RETRY: Duration = Duration::from_millis(20);

/// Raises real processes.
#[derive(Debug, Clone)]
pub struct Processes {
  /// Starts them.
  pub spawner: Spawner,
  /// Takes what they write.
  pub forward: Forward,
  /// Gives each a channel for its app's messages.
  pub messages: Arc<Messages>,
}

impl Nursery for Processes {
  fn raise(&self, birth: Birth) {
    let Self { spawner, forward, messages } = self.clone();
    tokio::spawn(async move {
      let (generation, notices) = (birth.generation, birth.notices.clone());
      let end = run(birth, &spawner, forward, &messages).await;
      // The supervisor ends only after the last of these.
      let _sent = notices.send(Notice { generation, news: News::Exited(end) }).await;
    });
  }
}

async fn run(birth: Birth, spawner: &Spawner, forward: Forward, messages: &Arc<Messages>) -> End {
  let born = Instant::now();
  let (startup, wait_ready) = {
    let config = birth.config.borrow();
    (config.timing.startup, config.process_management.wait_ready)
  };
  let Spawned { process, channel, page, stdout, stderr, refused } =
    match spawner.spawn(birth.launch.clone()).await {
      Ok(spawned) => spawned,
      Err(error) => return not_spawned(&birth, &error),
    };
  if let Err(error) = messages.open(&birth.worker, process.pid(), &channel) {
    // The worker runs all the same; whoever sends it a message is told.
    tracing::warn!(worker = %birth.worker, %error, "no channel for messages");
  }
  let channel = match Channel::new(channel) {
    Ok(channel) => channel,
    Err(error) => return not_spawned(&birth, &error),
  };
  let listeners =
    Listeners { ear: Ear::new(Habit::of_launch(&birth.launch)), ..Listeners::default() };
  let out = tokio::spawn({
    let (worker, forward) = (Arc::clone(&birth.worker), forward.clone());
    async move { pump(stdout, forward::Target::Stdout, &worker, &forward, None).await }
  });
  let err = tokio::spawn({
    let (worker, listeners) = (Arc::clone(&birth.worker), listeners.clone());
    async move { pump(stderr, forward::Target::Stderr, &worker, &forward, Some(&listeners)).await }
  });
  let pid = process.pid().as_raw().unsigned_abs();
  let mut task = Task {
    state: State::Starting { deadline: born + startup },
    readiness: Readiness::new(wait_ready),
    overdue: None,
    servers: Servers::default(),
    asked: BTreeMap::new(),
    proofs: JoinSet::new(),
    undecided: false,
    upstreams: Vec::new(),
    checks: Checks::OFF,
    watch: Watch::OFF,
    autopsy: Autopsy::new(listeners.ear),
    witness: Witness::of_child(),
    entry: registry::enter(Arc::clone(&birth.worker), pid, page),
    birth,
  };
  task.report(News::Spawned { pid: process.pid() }).await;
  if !refused.is_empty() {
    task.report(News::Untuned(refused)).await;
  }
  let own = process.pid();
  let (last, status) = task.live(process, Some(channel)).await;
  task.autopsy.cease();
  messages.forget(own);
  last_words([out, err]).await;
  task.end(last, status, listeners.tail.lines())
}

/// The process could not be had; nothing is left behind.
fn not_spawned(birth: &Birth, error: &io::Error) -> End {
  // The operating system has one answer for a missing program and a missing directory.
  let reason = match &birth.launch.cwd {
    Some(cwd) if !cwd.is_dir() => format!("there is no directory {} to run it in", cwd.display()),
    _ => error.to_string(),
  };
  let startup = ClusterError::SpawnFailed {
    worker: birth.worker.to_string(),
    program: birth.launch.program.display().to_string(),
    reason,
  };
  End { cause: Cause::SpawnFailed, startup: Some(startup), stderr: Vec::new() }
}

async fn last_words(pumps: [JoinHandle<()>; 2]) {
  let deadline = Instant::now() + LAST_WORDS;
  for mut pump in pumps {
    if timeout(deadline.saturating_duration_since(Instant::now()), &mut pump).await.is_err() {
      pump.abort();
    }
  }
}

struct Task {
  birth: Birth,
  state: State,
  /// What it has shown of being ready, while it starts.
  readiness: Readiness,
  /// Set when it was killed for not being ready in time: how long it had, and what it owed.
  overdue: Option<(Duration, Missing)>,
  /// The servers of its app that listen.
  servers: Servers,
  /// The addresses beside the public port that were opened for its servers, by server.
  asked: BTreeMap<u64, Address>,
  /// Connection attempts that prove what it says of servers at those.
  proofs: JoinSet<Listening>,
  /// Set when it was killed because the public one among its servers could not be told.
  undecided: bool,
  /// Its servers so far: one that was closed may have requests to finish.
  upstreams: Vec<Arc<Upstream>>,
  checks: Checks,
  /// Listens for its beats.
  watch: Watch,
  /// Finds out where it hangs.
  autopsy: Autopsy,
  /// Knows of the out-of-memory killer.
  witness: Witness,
  /// Its place among all workers of this process, found by whoever asks of its memory.
  entry: Entry,
}

impl Task {
  /// Until the process is reaped. Gives the state it died in.
  async fn live(
    &mut self,
    mut process: Process,
    mut channel: Option<Channel>,
  ) -> (State, io::Result<ExitStatus>) {
    // A connection attempt that proves what the worker says of its server.
    let mut proof: Option<oneshot::Receiver<Listening>> = None;
    loop {
      let input = tokio::select! {
        status = process.ended() => return (self.state, status),
        // A demand that cannot be heard any more means that the supervisor is gone.
        changed = self.birth.demand.changed() => match (changed, *self.birth.demand.borrow()) {
          (Err(_), _) | (Ok(()), Demand::Kill) => Input::Kill,
          (Ok(()), Demand::Stop { by }) => Input::Stop { by },
          (Ok(()), Demand::Autopsy) => Input::Hung,
          (Ok(()), Demand::Run) => continue,
        },
        message = receive(&mut channel) => match message {
          Some(Message::Listening(listening)) => {
            self.servers.add(&listening);
            if listening.shared && self.asked.contains_key(&listening.id) {
              self.proofs.spawn(answers(listening.clone()));
            }
            if listening.public {
              proof = Some(prove(listening));
            }
            continue;
          }
          Some(Message::Open { id, address }) => {
            let open = self.open(id, address).await;
            if let Some(Err(reason)) = channel.as_ref().map(|c| c.send(&Message::Opened { id, open })) {
              tracing::warn!(worker = %self.birth.worker, %reason, "an answer was not sent");
            }
            continue;
          }
          Some(Message::Closed { id }) => {
            if let Some(address) = self.asked.remove(&id) {
              self.report(News::Leaves { address }).await;
            }
            if self.servers.remove(id) {
              proof = None;
              self.readiness.closed();
              let config = self.birth.config.borrow().clone();
              self.checks.server_closed(&config);
              if self.state == State::Running {
                self.report(News::Closed).await;
              }
            }
            continue;
          }
          Some(Message::Undecided) => {
            if !matches!(self.state, State::Starting { .. }) {
              continue;
            }
            self.undecided = true;
            Input::Kill
          }
          Some(Message::Ready) => {
            if let Some(listening) = self.readiness.said(proof.is_some()) {
              self.ready(listening).await;
            }
            continue;
          }
          Some(Message::Pong { id }) => {
            let config = self.birth.config.borrow().clone();
            let checkup = self.checks.answered(id, &config);
            self.examined(checkup).await;
            continue;
          }
          Some(Message::Hello(hello)) => {
            tracing::debug!(worker = %self.birth.worker, ?hello, "agent connected");
            continue;
          }
          Some(
            other @ (Message::Ping { .. }
            | Message::Messages(_)
            | Message::Opened { .. }
            | Message::Shutdown(_)),
          ) => {
            tracing::warn!(worker = %self.birth.worker, ?other, "message of a master from a worker");
            continue;
          }
          None => {
            channel = None;
            continue;
          }
        },
        proved = proved(&mut proof) => {
          proof = None;
          if let Some(listening) = proved.and_then(|listening| self.readiness.proved(listening)) {
            self.ready(Some(listening)).await;
          }
          continue;
        }
        Some(proved) = self.proofs.join_next(), if !self.proofs.is_empty() => {
          if let Ok(listening) = proved {
            self.serves(&listening).await;
          }
          continue;
        }
        () = idle(self.state, &self.upstreams) => Input::Idle,
        () = at(self.state.deadline()) => Input::Deadline,
        () = self.autopsy.done() => Input::Diagnosed,
        () = self.watch.tick() => {
          self.listen(process.pid().as_raw().unsigned_abs()).await;
          continue;
        }
        tick = self.checks.tick() => {
          let config = self.birth.config.borrow().clone();
          let pid = process.pid().as_raw().unsigned_abs();
          let checkup = self.checks.step(tick, &self.birth.worker, pid, channel.as_ref(), &config);
          self.examined(checkup).await;
          continue;
        }
      };
      self.apply(input, &process, channel.as_ref());
    }
  }

  fn apply(&mut self, input: Input, process: &Process, channel: Option<&Channel>) {
    let timing = self.birth.config.borrow().timing;
    if matches!((self.state, input), (State::Starting { .. }, Input::Deadline)) {
      self.overdue = Some((timing.startup, self.readiness.missing()));
    }
    let (next, effect) = self.state.on(input, Instant::now(), timing);
    self.state = next;
    if next.is_asked_to_go() {
      self.checks.end();
      self.watch.end();
    }
    match effect {
      // Waiting for the last request is a branch of the loop, entered by the state alone.
      Effect::None | Effect::AwaitIdle => {}
      // `ready` announces, the end of the process is announced by whoever called `live`.
      Effect::AnnounceReady | Effect::AnnounceExit => {}
      Effect::AskToLeave => {
        let leave = self.leave();
        match channel.map(|channel| channel.send(&Message::Shutdown(leave))) {
          Some(Ok(())) => {}
          // No agent to ask: the signal says the same.
          None | Some(Err(_)) => process.terminate(self.kill_signal()),
        }
      }
      Effect::Terminate => process.terminate(self.kill_signal()),
      Effect::Diagnose => self.autopsy.begin(process.pid(), timing.diagnosis),
      Effect::Kill => {
        self.autopsy.killed(input);
        process.kill_group();
      }
    }
  }

  fn kill_signal(&self) -> Signal {
    self.birth.config.borrow().kill_signal
  }

  /// How it is asked to leave.
  fn leave(&self) -> Leave {
    let config = self.birth.config.borrow();
    let process = &config.process_management;
    Leave { signal: process.kill_signal.clone(), with_message: process.shutdown_with_message }
  }

  /// Listen for its beats.
  async fn listen(&mut self, pid: u32) {
    let limits = self.birth.config.borrow().signs;
    let checkup = match self.watch.listen(pid, self.entry.page.as_ref(), limits) {
      Sound::Nothing => None,
      Sound::Turning => self.checks.revive(),
      Sound::Starved(failure) => {
        tracing::warn!(worker = %self.birth.worker, %failure, "not blamed: the machine gave it no time");
        None
      }
      Sound::Silent(failure) => {
        let condemned = self.checks.condemn(failure);
        if condemned.is_some() {
          tracing::warn!(worker = %self.birth.worker, %failure, "silent for too long");
        }
        condemned
      }
    };
    self.examined(checkup).await;
  }

  /// It proved that it is ready, by a server that answers or by saying so.
  async fn ready(&mut self, listening: Option<Listening>) {
    let target = listening.map(|listening| self.target(&listening));
    let timing = self.birth.config.borrow().timing;
    let (next, effect) = self.state.on(Input::Ready, Instant::now(), timing);
    self.state = next;
    match (effect, target) {
      (Effect::AnnounceReady, target) => {
        self.report(News::Ready { target }).await;
        let config = self.birth.config.borrow().clone();
        self.watch.begin();
        let checkup = self.checks.begin(self.birth.on_trial, &config);
        self.examined(Some(checkup)).await;
      }
      (_, Some(target)) if next == State::Running => self.report(News::Listening(target)).await,
      // Too late, or said twice.
      (_, _) => {}
    }
  }

  /// Have an address opened for the server `id`.
  async fn open(&mut self, id: u64, address: Address) -> bool {
    let (reply, answer) = oneshot::channel();
    self.report(News::Asks { address, reply }).await;
    // Without an answer the cluster is gone.
    let open = answer.await.unwrap_or(false);
    if open {
      self.asked.insert(id, address);
    }
    open
  }

  /// A server at an address beside the public port is proved to listen.
  async fn serves(&mut self, listening: &Listening) {
    if let Some(address) = self.asked.get(&listening.id).copied() {
      let upstream = self.upstream(listening);
      self.report(News::Serves { address, upstream }).await;
    }
  }

  fn target(&mut self, listening: &Listening) -> Target {
    let upstream = self.upstream(listening);
    let http = upstream.protocol() == proxy::Protocol::Http;
    self.checks.server_opened(http.then(|| upstream.endpoint().clone()));
    self.entry.serves(Arc::<Upstream>::clone(&upstream));
    let requested_host = listening.requested_host.as_deref().and_then(requested_address);
    Target { upstream, requested_host, v6_only: listening.v6_only }
  }

  fn upstream(&mut self, listening: &Listening) -> Arc<Upstream> {
    let address = address_of(listening);
    let protocol = match listening.protocol {
      Protocol::Http => proxy::Protocol::Http,
      Protocol::Tcp => proxy::Protocol::Tcp,
    };
    let (endpoint, upgrades) = match &listening.local {
      Some(name) => {
        let upgrades = (!listening.local_upgrades).then_some(Endpoint::Tcp(address));
        (Endpoint::Unix(local::path(name)), upgrades)
      }
      None => (Endpoint::Tcp(address), None),
    };
    let worker = self.birth.worker.to_string();
    let upstream = Upstream::with_upgrades(worker, endpoint, upgrades, protocol);
    self.upstreams.retain(|old| !old.is_closed() || old.in_flight() > 0);
    self.upstreams.push(Arc::clone(&upstream));
    upstream
  }

  async fn examined(&mut self, checkup: Option<Checkup>) {
    if let Some(checkup) = checkup {
      if checkup.consecutive_failures == 0 {
        self.witness.refresh();
      }
      self.report(News::Checkup(checkup)).await;
    }
  }

  async fn report(&self, news: News) {
    let notice = Notice { generation: self.birth.generation, news };
    // The supervisor ends only after it heard of the exit of every worker.
    let _sent = self.birth.notices.send(notice).await;
  }

  fn end(&mut self, last: State, status: io::Result<ExitStatus>, stderr: Vec<String>) -> End {
    let worker = self.birth.worker.to_string();
    if let Some((timeout, missing)) = self.overdue.take() {
      let diagnosis = self.autopsy.take();
      let last = stderr.clone();
      let elsewhere = Box::new(self.servers.elsewhere(self.birth.public_port));
      let startup = ClusterError::StartupTimeout {
        worker,
        missing,
        timeout,
        elsewhere,
        diagnosis,
        stderr: last,
      };
      return End { cause: Cause::StartupTimeout, startup: Some(startup), stderr };
    }
    if self.undecided {
      let elsewhere = Box::new(self.servers.elsewhere(self.birth.public_port));
      let startup = ClusterError::NoPublicServer { worker, elsewhere };
      return End { cause: Cause::NoPublicServer, startup: Some(startup), stderr };
    }
    if self.autopsy.is_fatal()
      && let Some(failure) = self.checks.hang()
    {
      let diagnosis = self.autopsy.take();
      let cause = Cause::Hung { failure, diagnosis };
      tracing::warn!(%worker, %cause, diagnosis = ?cause.diagnosis(), "killed");
      return End { cause, startup: None, stderr };
    }
    let cause = match status {
      Ok(status) => Cause::of(status, last.is_asked_to_go(), self.witness.saw_kill(), &stderr),
      Err(error) => {
        tracing::error!(%worker, %error, "how a worker ended is not known");
        Cause::Exited { code: -1 }
      }
    };
    let startup = matches!(last, State::Starting { .. }).then(|| ClusterError::StartupExit {
      worker,
      cause: cause.clone(),
      stderr: stderr.clone(),
    });
    End { cause, startup, stderr }
  }
}

/// The next message; `None` once the channel ended or broke. Pending for ever without one.
async fn receive(channel: &mut Option<Channel>) -> Option<Message> {
  let Some(channel) = channel else {
    return pending().await;
  };
  channel.recv().await.unwrap_or_else(|reason| {
    tracing::warn!(%reason, "the channel of a worker broke");
    None
  })
}

/// Connect to the server until it takes the connection; the startup deadline ends the trying. A unix
/// socket that does not take one, as in another network namespace, is left out.
fn prove(listening: Listening) -> oneshot::Receiver<Listening> {
  let (mut done, proved) = oneshot::channel();
  tokio::spawn(async move {
    tokio::select! {
      listening = answers(listening) => { let _heard = done.send(listening); }
      () = done.closed() => {}
    }
  });
  proved
}

/// The server, once it takes a connection.
async fn answers(mut listening: Listening) -> Listening {
  let address = address_of(&listening);
  while TcpStream::connect(address).await.is_err() {
    sleep(PROOF_RETRY).await;
  }
  if let Some(name) = &listening.local
    && let Err(error) = UnixStream::connect(local::path(name)).await
  {
    tracing::debug!(%error, "a worker is reached over the loopback interface only");
    listening.local = None;
  }
  listening
}

async fn proved(proof: &mut Option<oneshot::Receiver<Listening>>) -> Option<Listening> {
  match proof {
    Some(proof) => proof.await.ok(),
    None => pending().await,
  }
}

/// Resolves when a draining worker has no request left.
async fn idle(state: State, upstreams: &[Arc<Upstream>]) {
  if !matches!(state, State::Draining { .. }) {
    return pending().await;
  }
  for upstream in upstreams {
    upstream.idle().await;
  }
}

async fn at(deadline: Option<Instant>) {
  match deadline {
    Some(deadline) => sleep_until(deadline).await,
    None => pending().await,
  }
}

/// Where the server is reached from this machine.
fn address_of(listening: &Listening) -> SocketAddr {
  let host = match listening.host {
    IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
    IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
    host => host,
  };
  SocketAddr::new(host, listening.port)
}

fn requested_address(host: &str) -> Option<IpAddr> {
  if host == "localhost" { Some([127, 0, 0, 1].into()) } else { host.parse().ok() }
}
