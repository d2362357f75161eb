//! Checks one worker: a ping that its JavaScript answers, and a request for its health endpoint
//! where one is configured. When, and what an answer is worth, say the pure functions of
//! [`crate::health`].

use std::{
  future::pending,
  sync::Arc,
  time::{Duration, SystemTime},
};

use tokio::{
  sync::oneshot,
  time::{Instant, sleep_until},
};

use super::probe::probe;
use crate::{
  config::Config,
  health::{
    checkup::{Checkup, Failure},
    pace,
    posture::Posture,
    starvation::{Evidence, Weight, weigh},
  },
  ipc::{channel::Channel, message::Message},
  monitor::thread::Reading,
  proxy::Endpoint,
};

/// Ping ids go through JavaScript, whose numbers are exact up to here.
const PING_IDS: u64 = 1 << 53;

/// The checks of one worker.
#[derive(Debug)]
pub struct Checks {
  stage: Stage,
  checkup: Checkup,
  /// When its trial began, if it is to take over from another.
  trial: Option<Instant>,
  /// Where its health endpoint is, while it has an HTTP server.
  endpoint: Option<Endpoint>,
  /// Whether the app had a server and closed it.
  server_closed: bool,
  /// Processor time that it had in excused checks in a row.
  had: Duration,
}

#[derive(Debug)]
enum Stage {
  /// It is not running.
  Off,
  /// The next check begins then.
  Due(Instant),
  /// It was asked.
  Asked(Asked),
}

#[derive(Debug)]
struct Asked {
  ping: Option<u64>,
  probe: Option<oneshot::Receiver<Result<(), Failure>>>,
  until: Instant,
  patience: Duration,
  before: Option<Reading>,
}

/// What can happen to a check.
#[derive(Debug)]
pub enum Tick {
  /// Its moment has come: it begins, or its time is over.
  Time,
  /// The health endpoint answered, or could not be asked.
  Probed(Result<(), Failure>),
}

impl Checks {
  /// None yet: the worker is starting.
  pub const OFF: Self = Self {
    stage: Stage::Off,
    checkup: Checkup::NEW,
    trial: None,
    endpoint: None,
    server_closed: false,
    had: Duration::ZERO,
  };

  /// The app has a server, whose health endpoint is there if it speaks HTTP.
  pub fn server_opened(&mut self, endpoint: Option<Endpoint>) {
    self.endpoint = endpoint;
    self.server_closed = false;
  }

  /// The app closed its server. The next check comes soon: until there is another server, the worker only looks as
  /// if it served.
  pub fn server_closed(&mut self, config: &Config) {
    self.endpoint = None;
    self.server_closed = true;
    if let Stage::Due(at) = &mut self.stage {
      *at = (*at).min(Instant::now() + pace::again(&config.health, fastrand::f64()));
    }
  }

  /// It proved that it is ready: that is the first check, and others follow.
  ///
  /// Somebody waits for the end of a trial, so its checks come as soon and as often as repetitions.
  pub fn begin(&mut self, on_trial: bool, config: &Config) -> Checkup {
    let now = Instant::now();
    self.trial = on_trial.then_some(now);
    self.checkup = self.checkup.passed(SystemTime::now());
    let health = &config.health;
    let wait = if on_trial { health.grace_period } else { pace::first(health, fastrand::f64()) };
    self.stage = Stage::Due(now + wait);
    self.checkup
  }

  /// It is to go: nobody wants to know any more.
  pub fn end(&mut self) {
    self.stage = Stage::Off;
  }

  /// Its beats are missing for longer than they may: it is unhealthy at once. Told once.
  pub fn condemn(&mut self, failure: Failure) -> Option<Checkup> {
    if self.checkup.hangs() {
      return None;
    }
    self.checkup = self.checkup.condemned(failure, SystemTime::now());
    Some(self.checkup)
  }

  /// Its beats are back: for one that was found by them, that counts as a check passed.
  pub fn revive(&mut self) -> Option<Checkup> {
    let found = self.checkup.failure.is_some_and(Failure::is_of_beats);
    if !found || !self.checkup.is_sick() {
      return None;
    }
    self.checkup = self.checkup.passed(SystemTime::now());
    Some(self.checkup)
  }

  /// How it hangs, if it does.
  #[must_use]
  pub fn hang(&self) -> Option<Failure> {
    self.checkup.failure.filter(|_| self.checkup.hangs())
  }

  /// What happens next. Cancel safe.
  pub async fn tick(&mut self) -> Tick {
    match &mut self.stage {
      Stage::Off => pending().await,
      Stage::Due(at) => {
        sleep_until(*at).await;
        Tick::Time
      }
      Stage::Asked(Asked { probe: Some(probe), until, .. }) => tokio::select! {
        // An answer that is there counts, also when it is looked at late.
        biased;
        outcome = probe => Tick::Probed(outcome.unwrap_or(Err(Failure::Refused(std::io::ErrorKind::Other)))),
        () = sleep_until(*until) => Tick::Time,
      },
      Stage::Asked(Asked { until, .. }) => {
        sleep_until(*until).await;
        Tick::Time
      }
    }
  }

  /// Go on. Gives the checkup when a check ended and counts.
  pub fn step(
    &mut self,
    tick: Tick,
    worker: &Arc<str>,
    pid: u32,
    channel: Option<&Channel>,
    config: &Config,
  ) -> Option<Checkup> {
    match (&mut self.stage, tick) {
      (Stage::Due(_), _) if !config.health.enabled => {
        // Also while they are switched off, so that switching them on is noticed.
        self.stage = Stage::Due(Instant::now() + pace::next(&config.health, fastrand::f64()));
        None
      }
      (Stage::Due(_), _) if self.server_closed => Some(self.failed(Failure::ServerClosed, config)),
      (Stage::Due(_), _) => {
        self.stage = Stage::Asked(self.ask(pid, channel, config));
        None
      }
      (Stage::Asked(asked), Tick::Probed(Ok(()))) => {
        asked.probe = None;
        asked.ping.is_none().then(|| self.passed(config))
      }
      (Stage::Asked(_), Tick::Probed(Err(failure))) => {
        self.had = Duration::ZERO;
        Some(self.failed(failure, config))
      }
      (Stage::Asked(asked), Tick::Time) => {
        let (evidence, posture) = asked.evidence(pid);
        let patience = asked.patience;
        let failure = match asked.ping {
          Some(_) => Failure::Hangs { patience, posture },
          None => Failure::Slow(patience),
        };
        self.silent(failure, evidence, worker, config)
      }
      (Stage::Off, _) => None,
    }
  }

  /// A ping was answered. Gives the checkup when that was all that was asked.
  pub fn answered(&mut self, answer: u64, config: &Config) -> Option<Checkup> {
    let Stage::Asked(asked) = &mut self.stage else {
      return None;
    };
    if asked.ping != Some(answer) {
      return None;
    }
    asked.ping = None;
    asked.probe.is_none().then(|| self.passed(config))
  }

  fn ask(&self, pid: u32, channel: Option<&Channel>, config: &Config) -> Asked {
    let id = fastrand::u64(1..PING_IDS);
    let sent = channel.is_some_and(|channel| channel.send(&Message::Ping { id }).is_ok());
    // Without a channel the question cannot be asked, which is no answer either.
    let patience = if sent { config.health.timeout } else { Duration::ZERO };
    let probe = match (&self.endpoint, &config.health_check.endpoint) {
      (Some(endpoint), Some(path)) => Some(begin(endpoint.clone(), path.clone())),
      _ => None,
    };
    let before = Reading::take(pid);
    Asked { ping: Some(id), probe, until: Instant::now() + patience, patience, before }
  }

  fn silent(
    &mut self,
    failure: Failure,
    evidence: Evidence,
    worker: &Arc<str>,
    config: &Config,
  ) -> Option<Checkup> {
    match weigh(evidence, self.had) {
      Weight::Excused { had } => {
        tracing::warn!(%worker, %failure, ?evidence, "a check that does not count: the machine gave it no time");
        self.had = had;
        self.stage = Stage::Due(Instant::now() + pace::again(&config.health, fastrand::f64()));
        None
      }
      Weight::Counts => {
        tracing::warn!(%worker, %failure, ?evidence, "a check failed");
        self.had = Duration::ZERO;
        Some(self.failed(failure, config))
      }
    }
  }

  fn passed(&mut self, config: &Config) -> Checkup {
    self.had = Duration::ZERO;
    self.checkup = self.checkup.passed(SystemTime::now());
    let now = Instant::now();
    let soak = config.advanced.deployment.health_check_grace_period.0;
    let soaks = |began: Instant| now < began + soak || !self.checkup.is_proven();
    let pace = if self.trial.is_some_and(soaks) { pace::again } else { pace::next };
    self.stage = Stage::Due(now + pace(&config.health, fastrand::f64()));
    self.checkup
  }

  fn failed(&mut self, failure: Failure, config: &Config) -> Checkup {
    self.checkup = self.checkup.failed(failure, SystemTime::now(), config.health.max_failures);
    self.stage = Stage::Due(Instant::now() + pace::again(&config.health, fastrand::f64()));
    self.checkup
  }
}

impl Asked {
  fn evidence(&self, pid: u32) -> (Evidence, Posture) {
    let now = Reading::take(pid);
    let (before, now) = (self.before.as_ref(), now.as_ref());
    let evidence = Evidence {
      patience: self.patience,
      late: Instant::now().saturating_duration_since(self.until),
      thread: before.zip(now).map(|(before, now)| now.since(before)),
    };
    (evidence, now.map_or(Posture::Unknown, |now| now.posture(before)))
  }
}

/// Ask the endpoint. Given up when nobody waits for the answer any more.
fn begin(endpoint: Endpoint, path: String) -> oneshot::Receiver<Result<(), Failure>> {
  let (mut done, outcome) = oneshot::channel();
  tokio::spawn(async move {
    tokio::select! {
      answer = probe(&endpoint, &path) => { let _heard = done.send(answer); }
      () = done.closed() => {}
    }
  });
  outcome
}

#[cfg(test)]
mod tests {
  #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
  use serde_json::{Value, json};

  use super::*;
  use crate::health::checkup::Status;

  /// No process has this id, so nothing is known of its threads.
  const NOBODY: u32 = u32::MAX - 1;

  fn config(health: &Value) -> Arc<Config> {
    Arc::new(crate::config::resolve(&json!({ "healthCheck": health })).unwrap().config)
  }

  async fn checked(checks: &mut Checks, config: &Config) -> Checkup {
    loop {
      let tick = checks.tick().await;
      if let Some(checkup) = checks.step(tick, &"worker-1".into(), NOBODY, None, config) {
        return checkup;
      }
    }
  }

  #[tokio::test(start_paused = true)]
  async fn checks_after_the_grace_period_and_repeats_what_failed_sooner() {
    let config = config(&json!({
      "interval": 10_000, "timeout": 100, "maxFailures": 2, "gracePeriod": 50_000, "retryDelay": 300,
    }));
    let mut checks = Checks::OFF;
    let began = Instant::now();
    assert_eq!(checks.begin(false, &config).status, Status::Healthy);
    let first = checked(&mut checks, &config).await;
    let ms = began.elapsed().as_millis();
    assert!((50_000..=60_010).contains(&ms), "{ms}");
    assert_eq!((first.status, first.consecutive_failures), (Status::Healthy, 1));
    let again = Instant::now();
    let second = checked(&mut checks, &config).await;
    let ms = again.elapsed().as_millis();
    assert!((300..=310).contains(&ms), "{ms}");
    assert!(second.hangs());
  }

  #[tokio::test(start_paused = true)]
  async fn a_closed_server_fails_the_next_checks_until_there_is_another() {
    let config = config(&json!({ "interval": 60_000, "maxFailures": 2, "retryDelay": 300 }));
    let mut checks = Checks::OFF;
    checks.begin(false, &config);
    let since = Instant::now();
    checks.server_closed(&config);
    let first = checked(&mut checks, &config).await;
    assert_eq!((first.failure, first.is_sick()), (Some(Failure::ServerClosed), false));
    let second = checked(&mut checks, &config).await;
    assert!(second.is_sick() && !second.hangs());
    assert!(since.elapsed() < Duration::from_secs(1), "{:?}", since.elapsed());
    checks.server_opened(None);
    assert_ne!(checked(&mut checks, &config).await.failure, Some(Failure::ServerClosed));
  }

  #[tokio::test(start_paused = true)]
  async fn asks_nothing_while_switched_off_or_at_an_end() {
    let off = config(&json!({ "enabled": false, "interval": 1000, "timeout": 100 }));
    let mut checks = Checks::OFF;
    checks.begin(false, &off);
    let day = Duration::from_secs(86_400);
    assert!(tokio::time::timeout(day, checked(&mut checks, &off)).await.is_err());
    // Noticed when it is switched on again.
    let on = config(&json!({ "interval": 1000, "timeout": 100, "maxFailures": 1 }));
    assert!(checked(&mut checks, &on).await.is_sick());
    checks.end();
    assert!(tokio::time::timeout(day, checked(&mut checks, &on)).await.is_err());
  }
}
