//! What is known of a worker between two readings: rates, delays of its event loop, its pulse.

use std::{
  collections::HashMap,
  time::{Duration, Instant},
};

use crate::{
  monitor::{platform, reading::float},
  telemetry::{
    histogram::Counts,
    reader::{Beats, Pulse, Reader},
    registry,
  },
};

/// The shortest time that a rate is taken over; a reading that comes sooner repeats the last rate.
const RATE: Duration = Duration::from_millis(100);
/// Longer than two beats of either side of a worker, with room for a busy machine.
const PULSE: Duration = Duration::from_millis(2500);
/// How long a share in shared memory stands: the kernel walks all pages of a process for it.
const SHARE: Duration = Duration::from_secs(10);

/// What is known of one worker.
#[derive(Debug, Clone)]
pub struct Vitals {
  /// Requests per second.
  pub rate: f64,
  /// How late its event loop came round, in microseconds; of the time since the last reading.
  pub delays: Counts,
  /// Whether its event loop turns.
  pub pulse: Pulse,
  /// Its share in resident memory, in bytes.
  pub pss: Option<u64>,
  marks: Marks,
}

#[derive(Debug, Clone)]
struct Marks {
  rate: (Instant, u64),
  delays: Counts,
  pulse: (Instant, Beats),
  share: Instant,
}

/// The vitals of all workers, by process.
#[derive(Debug, Default)]
pub struct Ward {
  patients: HashMap<u32, Vitals>,
}

impl Ward {
  /// Look at the worker of process `pid`, which has been given `requests` and is `age` old.
  pub fn look(&mut self, pid: u32, requests: u64, age: Duration) -> &Vitals {
    let now = Instant::now();
    let worker = registry::by_pid(pid);
    let page = worker.as_ref().and_then(|worker| worker.page.as_ref());
    let delays = page.map(Reader::delays).unwrap_or_default();
    let beats = page.map_or(Beats { alive: 0, responsive: 0 }, Reader::beats);
    let vitals = self.patients.entry(pid).or_insert_with(|| {
      // A first reading covers the life so far.
      let born = now.checked_sub(age).unwrap_or(now);
      let nothing = Beats { alive: 0, responsive: 0 };
      Vitals {
        rate: 0.0,
        delays: Counts::default(),
        pulse: Pulse::Unknown,
        pss: platform::pss(pid),
        marks: Marks {
          rate: (born, 0),
          delays: Counts::default(),
          pulse: (born, nothing),
          share: now,
        },
      }
    });
    let (since, before) = vitals.marks.rate;
    let elapsed = now.saturating_duration_since(since);
    if elapsed >= RATE {
      vitals.rate = float(requests.saturating_sub(before)) / elapsed.as_secs_f64();
      vitals.delays = delays.since(&vitals.marks.delays);
      vitals.marks.rate = (now, requests);
      vitals.marks.delays = delays;
    }
    let (since, before) = vitals.marks.pulse;
    if now.saturating_duration_since(since) >= PULSE {
      vitals.pulse = beats.since(before);
      vitals.marks.pulse = (now, beats);
    } else if beats.responsive != before.responsive {
      vitals.pulse = Pulse::Responsive;
    }
    if now.saturating_duration_since(vitals.marks.share) >= SHARE {
      vitals.pss = platform::pss(pid);
      vitals.marks.share = now;
    }
    vitals
  }

  /// Forget everybody but `pids`.
  pub fn keep(&mut self, pids: &[u32]) {
    self.patients.retain(|pid, _| pids.contains(pid));
  }
}
