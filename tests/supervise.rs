//! Real processes under a real cluster, without JavaScript: this very test binary is the worker too.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{
  io::{BufRead as _, BufReader, Read as _, Write as _},
  net::{Ipv4Addr, TcpListener, TcpStream},
  process::Command,
  sync::{
    Arc, Mutex,
    mpsc::{Receiver, Sender, channel},
  },
  thread,
  time::{Duration, Instant},
};

use serde_json::{Value, json};
use xypriss_cluster::{
  cluster::{
    Cluster,
    launch::{Host, Runtime},
    snapshot::WorkerView,
  },
  event::{Event, EventSink},
  ipc::{
    agent::{Agent, Request, inherit},
    message::{Listening, Message, Protocol},
  },
  runtime,
};

// --- the worker ---

/// Not a test: what the cluster starts, through `sh`, with a role in its environment.
#[test]
#[ignore = "the worker's side of the tests below"]
fn worker_process() {
  let role = std::env::var("ROLE").unwrap_or_default();
  if role == "exits-at-boot" {
    std::io::stderr().write_all(b"cannot find the database\nat startup\n").unwrap();
    leave(3);
  }
  if role == "never-ready" {
    loop {
      thread::park();
    }
  }
  let port: u16 = std::env::var("WORKER_PORT").unwrap().parse().unwrap();
  let fd: i32 = std::env::var("XYPRISS_CLUSTER_FD").unwrap().parse().unwrap();
  // SAFETY: the cluster opened this descriptor for this process alone.
  let fd = unsafe { inherit(fd) }.unwrap();
  let (sender, asked) = channel();
  let agent = Agent::connect(fd, move |request| {
    let _heard = sender.send(request);
  })
  .unwrap();
  let stubborn = role == "stubborn";
  if stubborn {
    ignore_sigterm();
  }
  if role == "parent" || stubborn {
    // Whoever asks over HTTP is told the pid of a child of the worker.
    #[expect(clippy::zombie_processes, reason = "that it is left behind is the point")]
    let child = Command::new("sleep").arg("1000").spawn().unwrap();
    serve(port, child.id().to_string());
  } else {
    serve(port, std::process::id().to_string());
  }
  let listening = Listening {
    id: 1,
    public: true,
    shared: false,
    v6_only: false,
    protocol: Protocol::Http,
    host: Ipv4Addr::LOCALHOST.into(),
    port,
    local: None,
    local_upgrades: false,
    requested_host: Some("127.0.0.1".to_owned()),
    requested_port: port,
  };
  agent.send(&Message::Listening(listening)).unwrap();
  for request in asked {
    match request {
      Request::Ping { id } => agent.send(&Message::Pong { id }).unwrap(),
      Request::Messages => {}
      Request::Shutdown(_) if !stubborn => leave(0),
      Request::Shutdown(_) => {}
    }
  }
}

fn serve(port: u16, body: String) {
  let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).unwrap();
  thread::spawn(move || {
    for stream in listener.incoming() {
      let body = body.clone();
      thread::spawn(move || answer_all(stream.unwrap(), &body));
    }
  });
}

fn answer_all(stream: TcpStream, body: &str) {
  let mut writer = stream.try_clone().unwrap();
  let mut lines = BufReader::new(stream).lines();
  while let Some(Ok(line)) = lines.next() {
    if line.is_empty() {
      let length = body.len();
      let answer = format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n{body}");
      if writer.write_all(answer.as_bytes()).is_err() {
        return;
      }
    }
  }
}

#[expect(clippy::disallowed_methods, reason = "a worker may end itself")]
fn leave(code: i32) -> ! {
  std::process::exit(code)
}

fn ignore_sigterm() {
  use nix::sys::signal::{SigHandler, Signal, signal};
  // SAFETY: ignoring a signal installs no handler.
  unsafe { signal(Signal::SIGTERM, SigHandler::SigIgn) }.unwrap();
}

// --- the master ---

struct Sink(Mutex<Sender<Event>>);

impl EventSink for Sink {
  fn emit(&self, event: Event) {
    let _heard = self.0.lock().unwrap().send(event);
  }
}

struct Master {
  cluster: Arc<Cluster>,
  events: Receiver<Event>,
}

const PATIENCE: Duration = Duration::from_secs(30);

impl Master {
  fn new(role: &str, config: Value) -> Self {
    let binary = std::env::current_exe().unwrap();
    let run = format!("exec '{}' --exact worker_process --ignored --nocapture", binary.display());
    Self::with_host(
      role,
      config,
      Host {
        program: "/bin/sh".into(),
        exec_argv: vec!["-c".to_owned(), run],
        script: Some("unused".to_owned()),
        args: Vec::new(),
        agent: "unused".into(),
        addon: None,
        env: None,
        // What stands for it is a shell, which knows no option of Node.js.
        runtime: Runtime::Bun,
      },
    )
  }

  fn with_host(role: &str, config: Value, host: Host) -> Self {
    let (sender, events) = channel();
    let exec = json!({ "exec": { "env": { "ROLE": role } } });
    let written = xypriss_cluster::config::merge::merge(config, exec);
    let cluster = Cluster::new(written, 0, host, Arc::new(Sink(Mutex::new(sender)))).unwrap();
    Self { cluster: Arc::new(cluster), events }
  }

  fn start(&self) -> xypriss_cluster::error::Result<u16> {
    let cluster = Arc::clone(&self.cluster);
    block_on(async move { cluster.start(None).await })
  }

  fn stop(&self, graceful: bool) {
    let cluster = Arc::clone(&self.cluster);
    block_on(async move { cluster.stop(graceful).await });
  }

  fn worker(&self, id: &str) -> WorkerView {
    self.cluster.snapshot().worker(id).unwrap().clone()
  }

  fn event(&self, name: &str) -> Event {
    let deadline = Instant::now() + PATIENCE;
    loop {
      let left = deadline.saturating_duration_since(Instant::now());
      let event = self.events.recv_timeout(left).unwrap();
      if event.name() == name {
        return event;
      }
    }
  }
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
  let handle = runtime::handle().unwrap();
  let _entered = handle.enter();
  handle.block_on(future)
}

fn get(port: u16) -> String {
  let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).unwrap();
  stream.set_read_timeout(Some(PATIENCE)).unwrap();
  stream.write_all(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").unwrap();
  let mut answer = String::new();
  stream.read_to_string(&mut answer).unwrap();
  assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
  answer.rsplit("\r\n\r\n").next().unwrap().to_owned()
}

fn alive(pid: u32) -> bool {
  let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
  // The state follows the name in parentheses; a zombie is dead already.
  stat.rsplit(") ").next().is_some_and(|rest| !rest.is_empty() && !rest.starts_with('Z'))
}

/// The kernel tells nobody when a process that is no child of ours goes, so look until it is gone.
fn gone(pid: u32) {
  let deadline = Instant::now() + PATIENCE;
  while alive(pid) {
    assert!(Instant::now() < deadline, "process {pid} is still there");
    thread::yield_now();
  }
}

fn kill(pid: u32) {
  let pid = nix::unistd::Pid::from_raw(i32::try_from(pid).unwrap());
  nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGKILL).unwrap();
}

// --- the tests ---

#[test]
fn serves_heals_and_leaves_nothing() {
  let config = json!({ "workers": 2, "processManagement": { "restartDelay": 50 } });
  let master = Master::new("", config);
  let port = master.start().unwrap();
  let mut pids = ["worker-1", "worker-2"].map(|id| master.worker(id).pid.unwrap());
  let mut seen: Vec<u32> = (0..8).map(|_| get(port).parse().unwrap()).collect();
  let victim = pids[0];
  seen.sort_unstable();
  seen.dedup();
  pids.sort_unstable();
  assert_eq!(seen, pids);
  master.event("cluster:started");
  kill(victim);
  match master.event("worker:exit") {
    Event::WorkerExit { worker, cause, .. } => {
      assert_eq!((worker.as_str(), cause.signal_name().as_deref()), ("worker-1", Some("SIGKILL")));
    }
    other => panic!("{other:?}"),
  }
  match master.event("worker:started") {
    Event::WorkerStarted { worker, pid, .. } => {
      assert_eq!(worker, "worker-1");
      assert_ne!(pid, Some(victim));
    }
    other => panic!("{other:?}"),
  }
  get(port);
  let last: Vec<u32> = master.cluster.snapshot().workers.iter().map(|w| w.pid.unwrap()).collect();
  master.stop(true);
  last.into_iter().for_each(|pid| assert!(!alive(pid)));
  TcpListener::bind((Ipv4Addr::LOCALHOST, port)).unwrap();
}

#[test]
fn a_worker_that_exits_at_boot_is_told_with_its_last_words() {
  let master = Master::new("exits-at-boot", json!({ "workers": 2 }));
  let error = master.start().unwrap_err();
  assert_eq!(error.code(), "ERR_WORKER_STARTUP_EXIT");
  let details = error.details();
  assert_eq!(details["exitCode"], 3);
  assert_eq!(details["stderr"], json!(["cannot find the database", "at startup"]));
  assert_eq!(master.cluster.port(), None);
}

#[test]
fn a_worker_that_never_is_ready_is_killed() {
  let config = json!({ "workers": 1, "processManagement": { "startupTimeout": 300 } });
  let master = Master::new("never-ready", config);
  let error = master.start().unwrap_err();
  assert_eq!(error.code(), "ERR_WORKER_STARTUP_TIMEOUT");
  assert!(error.to_string().contains("300 ms"), "{error}");
}

#[test]
fn a_stubborn_worker_is_killed_with_everything_it_started() {
  let config = json!({
    "workers": 1,
    "processManagement": { "gracefulShutdownTimeout": 100, "killTimeout": 100 },
  });
  let master = Master::new("stubborn", config);
  let port = master.start().unwrap();
  let (pid, child) = (master.worker("worker-1").pid.unwrap(), get(port).parse().unwrap());
  assert!(alive(child));
  master.stop(true);
  assert!(!alive(pid));
  gone(child);
  match master.event("worker:exit") {
    Event::WorkerExit { cause, .. } => assert_eq!(cause.signal_name().as_deref(), Some("SIGKILL")),
    other => panic!("{other:?}"),
  }
}

#[test]
fn the_children_of_a_worker_that_crashed_do_not_survive_it() {
  let config = json!({ "workers": 1, "processManagement": { "restartDelay": 0 } });
  let master = Master::new("parent", config);
  let port = master.start().unwrap();
  master.event("cluster:started");
  let child: u32 = get(port).parse().unwrap();
  kill(master.worker("worker-1").pid.unwrap());
  gone(child);
  master.event("worker:started");
  master.stop(false);
}

#[test]
fn a_program_that_is_not_there_is_named() {
  let master = Master::with_host(
    "",
    json!({ "workers": 1 }),
    Host {
      program: "/no/such/runtime".into(),
      exec_argv: Vec::new(),
      script: Some("app".to_owned()),
      args: Vec::new(),
      agent: "agent".into(),
      addon: None,
      env: None,
      runtime: Runtime::Bun,
    },
  );
  let error = master.start().unwrap_err();
  assert_eq!(error.code(), "ERR_WORKER_SPAWN");
  assert!(error.to_string().contains("/no/such/runtime"), "{error}");
}
