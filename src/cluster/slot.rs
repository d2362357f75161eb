//! A worker as users know it: an id that stays while processes come and go.

use std::{sync::Arc, time::SystemTime};

use tokio::{
  sync::watch,
  time::{Duration, Instant},
};

use super::{
  addresses::Served,
  command::Reply,
  exchange::{Recreation, Role},
  ports::PortLease,
  probation::Probation,
  restart::{Life, Streak},
  snapshot::{Hang, NEVER, WorkerStatus, WorkerView},
};
use crate::{
  enforcement::Excess,
  error::ClusterError,
  health::checkup::Checkup,
  proxy::{Address, Upstream},
  worker::{Demand, Generation, Target, cause::Cause},
};

/// One process of a slot, as the supervisor holds it.
#[derive(Debug)]
pub struct Incarnation {
  /// Which one.
  pub generation: Generation,
  /// Whether a deployment started it.
  pub newest: bool,
  /// Its process id, once it has one.
  pub pid: Option<u32>,
  /// Its port, given back when this is dropped.
  pub port: PortLease,
  /// What is wanted of it. Dropping it kills the process.
  pub demand: watch::Sender<Demand>,
  /// Where its requests go, once it listens.
  pub target: Option<Target>,
  /// Whether the app had a server and closed it.
  pub server_closed: bool,
  /// Its servers beside the public one.
  pub served: Vec<Served>,
  /// When it was started.
  pub born: SystemTime,
  /// When it proved that it is ready.
  pub ready: Option<Instant>,
  /// Its checks.
  pub checkup: Checkup,
  /// Who waits for it to be gone.
  pub gone: Vec<Reply<()>>,
  /// The hard limit that it is being killed for.
  pub condemned: Option<Excess>,
}

impl Incarnation {
  /// Where requests at `address` go, if it takes them.
  #[must_use]
  pub fn at(&self, address: &Address) -> Option<&Arc<Upstream>> {
    self.served.iter().find(|served| served.address == *address)?.upstream.as_ref()
  }

  /// Every way to it.
  pub fn upstreams(&self) -> impl Iterator<Item = &Arc<Upstream>> {
    let public = self.target.iter().map(|target| &target.upstream);
    public.chain(self.served.iter().filter_map(|served| served.upstream.as_ref()))
  }

  /// How long it has been ready.
  #[must_use]
  pub fn uptime(&self, now: Instant) -> Duration {
    self.ready.map_or(Duration::ZERO, |ready| now.saturating_duration_since(ready))
  }

  /// Its life so far, as the restart policy judges it.
  #[must_use]
  pub fn life(&self, now: Instant) -> Life {
    let broke_request = self.upstreams().any(|upstream| upstream.broke_request());
    Life { uptime: self.ready.map(|ready| now.saturating_duration_since(ready)), broke_request }
  }

  /// Ask more of it; less is never asked.
  pub fn raise_demand(&self, demand: Demand) {
    self.demand.send_if_modified(|present| {
      let more = demand > *present;
      if more {
        *present = demand;
      }
      more
    });
  }
}

/// Who does the slot's work.
#[derive(Debug)]
pub enum Station {
  /// A process that has not proved that it is ready.
  Booting(Incarnation),
  /// A process that takes requests.
  Serving(Incarnation),
  /// Nobody until then.
  Waiting {
    /// When the next one is started.
    until: Instant,
    /// Why the last one died.
    reason: String,
  },
  /// Nobody any more: it died too often.
  Failed,
  /// Nobody any more: it died, and respawn is off.
  Ended,
  /// Nobody: a successor is on its way, or the slot is being removed.
  Vacant,
}

/// A process that is to take over from another.
#[derive(Debug)]
pub struct Successor {
  /// The process.
  pub incarnation: Incarnation,
  /// Set when it failed its trial and was told to go.
  pub failed: Option<ClusterError>,
  /// What it does when it has passed.
  pub role: Role,
  /// Why there is to be another one.
  pub reason: String,
  /// Who waits until it has taken over and the old one is gone.
  pub replies: Vec<Reply<()>>,
}

/// A worker as users know it.
#[derive(Debug)]
pub struct Slot {
  /// Its id, `worker-1` and so on unless the user chose one.
  pub id: Arc<str>,
  /// Counts slots from 1; unlike an id it is always a number.
  pub ordinal: u16,
  /// Who does its work.
  pub station: Station,
  /// Who will.
  pub successor: Option<Successor>,
  /// Set while the present process has yet to show that it is well.
  pub probation: Option<Probation>,
  /// Set while a process is to be started as soon as the old one is gone.
  pub recreation: Option<Recreation>,
  /// What became of a successor that had passed and waited.
  pub lost: Option<ClusterError>,
  /// Who did, and is not gone yet.
  pub retiring: Vec<Incarnation>,
  /// Set when the slot goes as soon as no process of it is left.
  pub leaving: Option<Leaving>,
  /// Restarts that did not help.
  pub streak: Streak,
  /// How often it was filled again.
  pub restarts: u32,
  /// Starts in a row whose port somebody else took.
  pub moves: u8,
  /// When the sick worker is to be relieved, unless a successor is on its way.
  pub relief: Option<Instant>,
  /// The port it last had, to have it again.
  pub port: Option<u16>,
  /// Who waits for it to become ready for the first time.
  pub ready: Vec<Reply<WorkerView>>,
  /// Its last failure.
  pub last_error: Option<ClusterError>,
  /// The last process of it that hung.
  pub last_hang: Option<Arc<Hang>>,
  /// How the last process that did its work, and was not asked to go, ended.
  pub last_death: Option<Cause>,
}

/// Why a slot goes.
#[derive(Debug)]
pub enum Leaving {
  /// It was asked to, by these and perhaps nobody else.
  Asked(Vec<Reply<()>>),
  /// Its first worker failed to start.
  Failed,
}

/// Where in its slot an incarnation is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
  /// It does the slot's work, or will when it is ready.
  Station,
  /// It is to take over.
  Successor,
  /// It stands by, to take over again.
  Standby,
  /// It is told to go.
  Retiring(usize),
}

impl Slot {
  /// A slot without a process.
  #[must_use]
  pub fn new(id: Arc<str>, ordinal: u16) -> Self {
    Self {
      id,
      ordinal,
      station: Station::Vacant,
      successor: None,
      probation: None,
      recreation: None,
      lost: None,
      retiring: Vec::new(),
      leaving: None,
      streak: Streak::default(),
      restarts: 0,
      moves: 0,
      relief: None,
      port: None,
      ready: Vec::new(),
      last_error: None,
      last_hang: None,
      last_death: None,
    }
  }

  /// Find an incarnation.
  #[must_use]
  pub fn place(&self, generation: Generation) -> Option<Place> {
    if self.present().is_some_and(|present| present.generation == generation) {
      return Some(Place::Station);
    }
    if self.successor.as_ref().is_some_and(|s| s.incarnation.generation == generation) {
      return Some(Place::Successor);
    }
    if self.standby().is_some_and(|old| old.generation == generation) {
      return Some(Place::Standby);
    }
    self.retiring.iter().position(|old| old.generation == generation).map(Place::Retiring)
  }

  /// The incarnation at `place`.
  pub fn at_mut(&mut self, place: Place) -> Option<&mut Incarnation> {
    match place {
      Place::Station => match &mut self.station {
        Station::Booting(present) | Station::Serving(present) => Some(present),
        Station::Waiting { .. } | Station::Failed | Station::Ended | Station::Vacant => None,
      },
      Place::Successor => self.successor.as_mut().map(|successor| &mut successor.incarnation),
      Place::Standby => {
        self.probation.as_mut().and_then(|probation| probation.predecessor.as_mut())
      }
      Place::Retiring(index) => self.retiring.get_mut(index),
    }
  }

  /// The process that does the slot's work or is starting to.
  #[must_use]
  pub const fn present(&self) -> Option<&Incarnation> {
    match &self.station {
      Station::Booting(present) | Station::Serving(present) => Some(present),
      Station::Waiting { .. } | Station::Failed | Station::Ended | Station::Vacant => None,
    }
  }

  /// Nothing of a deployment goes on here. Gives who stood by, and who waits.
  pub fn abandon(&mut self) -> (Option<Incarnation>, Vec<Reply<()>>) {
    let (standby, mut waiting) = match self.probation.take() {
      Some(probation) => (probation.predecessor, probation.replies),
      None => (None, Vec::new()),
    };
    waiting.extend(self.recreation.take().map(|recreation| recreation.reply));
    (standby, waiting)
  }

  /// The process that stands by to take over again.
  #[must_use]
  pub fn standby(&self) -> Option<&Incarnation> {
    self.probation.as_ref().and_then(|probation| probation.predecessor.as_ref())
  }

  /// Take the present process out, leaving the slot vacant.
  pub fn vacate(&mut self) -> Option<Incarnation> {
    match std::mem::replace(&mut self.station, Station::Vacant) {
      Station::Booting(present) | Station::Serving(present) => Some(present),
      Station::Waiting { .. } | Station::Failed | Station::Ended | Station::Vacant => None,
    }
  }

  /// Where requests for this slot go.
  #[must_use]
  pub const fn target(&self) -> Option<&Target> {
    match &self.station {
      Station::Serving(present) => present.target.as_ref(),
      Station::Booting(_)
      | Station::Waiting { .. }
      | Station::Failed
      | Station::Ended
      | Station::Vacant => None,
    }
  }

  /// Whether its process hangs and is about to be killed for that.
  #[must_use]
  pub fn is_dying(&self) -> bool {
    self.present().is_some_and(|present| *present.demand.borrow() == Demand::Autopsy)
  }

  /// Whether no process of it is left, and none will come.
  #[must_use]
  pub fn is_finished(&self) -> bool {
    self.leaving.is_some()
      && self.retiring.is_empty()
      && self.present().is_none()
      && self.successor.is_none()
  }

  /// Every process of it that there is.
  pub fn processes(&self) -> impl Iterator<Item = u32> {
    self.incarnations().filter_map(|i| i.pid)
  }

  /// The same, as the supervisor holds them.
  pub fn incarnations(&self) -> impl Iterator<Item = &Incarnation> {
    let successor = self.successor.as_ref().map(|successor| &successor.incarnation);
    let standby = self.standby();
    self.present().into_iter().chain(successor).chain(standby).chain(&self.retiring)
  }

  /// The slot as users see it.
  #[must_use]
  pub fn view(&self) -> WorkerView {
    let shown = self
      .present()
      .or_else(|| self.successor.as_ref().map(|successor| &successor.incarnation))
      .or_else(|| self.retiring.last());
    let status = match &self.station {
      _ if self.leaving.is_some() => WorkerStatus::Stopping,
      Station::Booting(_) | Station::Waiting { .. } => WorkerStatus::Starting,
      Station::Serving(_) => WorkerStatus::Running,
      Station::Failed => WorkerStatus::Error,
      Station::Ended => WorkerStatus::Stopped,
      Station::Vacant if self.successor.is_some() || self.recreation.is_some() => {
        WorkerStatus::Starting
      }
      Station::Vacant => WorkerStatus::Stopped,
    };
    WorkerView {
      id: Arc::clone(&self.id),
      pid: shown.and_then(|shown| shown.pid),
      port: shown.map(|shown| shown.port.port()).or(self.port).unwrap_or_default(),
      status,
      checkup: shown.map_or(Checkup::NEW, |shown| shown.checkup),
      server_closed: shown.is_some_and(|shown| shown.server_closed),
      started: shown.map_or(NEVER, |shown| shown.born),
      fresh: !self.ready.is_empty(),
      restarts: self.restarts,
      upstream: shown.and_then(|shown| shown.target.as_ref()).map(|t| Arc::clone(&t.upstream)),
      others: shown
        .iter()
        .flat_map(|shown| &shown.served)
        .filter_map(|served| served.upstream.clone())
        .collect(),
      last_error: self.last_error.as_ref().map(ToString::to_string),
      last_hang: self.last_hang.clone(),
      generation: self.present().map(|present| present.generation),
      last_death: self.last_death.clone(),
    }
  }
}
