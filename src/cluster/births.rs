//! Everything that a new worker needs, in one place: a generation, a port, a command line.

use std::{ffi::OsString, sync::Arc, time::SystemTime};

use tokio::sync::{mpsc, watch};

use super::{
  asking::Asking,
  launch::{Host, launch},
  ports::PortLease,
  slot::{Incarnation, Slot, Station},
  tuning::tune,
};
use crate::{
  config::Config,
  error::Result,
  health::checkup::Checkup,
  worker::{Birth, Demand, Generation, Notice, Nursery},
};

/// Brings workers into the world.
pub struct Births {
  /// The process they are copies of.
  pub host: Host,
  /// The effective configuration.
  pub config: watch::Sender<Arc<Config>>,
  /// Starts them.
  pub nursery: Arc<dyn Nursery>,
  /// Where their news go.
  pub notices: mpsc::Sender<Notice>,
  /// Variables by which the agents learn what the proxy tells them of clients.
  pub agent_env: Vec<(OsString, OsString)>,
  /// The public port; theirs are above it.
  pub public_port: u16,
  /// Whether the public port was chosen by us, so that no app can ask for it.
  pub any_port: bool,
  /// The configuration that workers outside of a deployment are started with, while the newest has yet
  /// to prove itself.
  pub proven: Option<Arc<Config>>,
  /// How many there have been.
  pub generations: Generation,
}

impl Births {
  /// Start a process for `slot`, on the port that the slot had before if that is free.
  ///
  /// # Errors
  /// When there is no port or no script for it. Everything later comes as news.
  pub fn raise(&mut self, slot: &Slot) -> Result<Incarnation> {
    let newest = || self.config.borrow().clone();
    let config = self.proven.clone().unwrap_or_else(newest);
    // One with nobody to take over from is better than nobody.
    let on_trial = matches!(slot.station, Station::Serving(_));
    self.raise_with(&config, false, on_trial, slot)
  }

  /// The same for a deployment: by the newest configuration, and checked at once in any case.
  ///
  /// # Errors
  /// As [`raise`](Self::raise).
  pub fn raise_newest(&mut self, slot: &Slot) -> Result<Incarnation> {
    let config = self.config.borrow().clone();
    self.raise_with(&config, true, true, slot)
  }

  fn raise_with(
    &mut self,
    config: &Config,
    newest: bool,
    on_trial: bool,
    slot: &Slot,
  ) -> Result<Incarnation> {
    let port = PortLease::take(self.public_port, slot.port)?;
    let mut launch =
      launch(&self.host, &config.exec, &slot.id, slot.ordinal, port.port(), self.public_port)?;
    launch.env.extend(self.agent_env.iter().cloned());
    let asking = Asking {
      app: config.exec.port,
      any: self.any_port,
      private: config.exec.private_ports.clone(),
      ordinal: slot.ordinal,
    };
    launch.env.push((Asking::VARIABLE.into(), asking.to_json().into()));
    tune(&mut launch, &config.resources, self.host.runtime, slot.ordinal);
    self.generations += 1;
    let demand = watch::Sender::new(Demand::Run);
    self.nursery.raise(Birth {
      generation: self.generations,
      worker: Arc::clone(&slot.id),
      launch,
      public_port: self.public_port,
      on_trial,
      config: self.config.subscribe(),
      demand: demand.subscribe(),
      notices: self.notices.clone(),
    });
    Ok(Incarnation {
      generation: self.generations,
      newest,
      pid: None,
      port,
      demand,
      target: None,
      served: Vec::new(),
      born: SystemTime::now(),
      ready: None,
      checkup: Checkup::NEW,
      gone: Vec::new(),
      condemned: None,
      server_closed: false,
    })
  }
}
