//! The three that are compared. All may have 1 to 8 workers.

use std::{collections::VecDeque, error::Error, time::Duration};

use serde_json::json;
use xypriss_cluster::{
  autoscale::{
    governor::Governor,
    signals::{Room, Signals},
  },
  config::{AutoScalingConfig, resolve},
};

use super::model::View;

const MIN: u32 = 1;
const MAX: u32 = 8;
/// Where all of them say that workers are busy, in per cent of one core.
const BUSY: f64 = 75.0;
/// And where a request takes too long, in milliseconds.
const SLOW: f64 = 300.0;

/// Says how many workers there should be.
pub trait Scaler {
  /// For the picture.
  fn name(&self) -> &'static str;
  /// How many workers there should be.
  fn wanted(&mut self, view: &View) -> u32;
}

/// Ours.
pub struct Governed {
  config: AutoScalingConfig,
  governor: Governor,
}

impl Governed {
  /// With thresholds at the same places as the others.
  pub fn new() -> Result<Self, Box<dyn Error>> {
    let written = json!({
      "workers": 2,
      "autoScaling": {
        "enabled": true, "minWorkers": MIN, "maxWorkers": MAX, "cooldownPeriod": 10_000, "scaleStep": 4,
        "scaleUpThreshold": { "cpu": BUSY, "responseTime": SLOW, "queueLength": 100, "consecutiveChecks": 2 },
        "scaleDownThreshold": { "cpu": 50, "idleTime": 20_000, "consecutiveChecks": 4 },
      },
    });
    Ok(Self { config: resolve(&written)?.config.auto_scaling, governor: Governor::default() })
  }
}

impl Scaler for Governed {
  fn name(&self) -> &'static str {
    "xypriss-cluster"
  }

  fn wanted(&mut self, view: &View) -> u32 {
    let mib = 1 << 20;
    let signals = Signals {
      workers: view.serving + view.booting,
      serving: view.serving,
      booting: view.booting,
      cpu: Some(view.cpu),
      memory: None,
      response_time: Some(Duration::from_secs_f64(view.latency / 1000.0)),
      queue: view.queue,
      idle: Duration::from_secs(view.idle.into()),
      throughput: view.throughput,
      room: Room {
        cpus: f64::from(MAX),
        cpu_used: view.cpu * f64::from(view.serving),
        memory: 8_192 * mib,
        memory_used: u64::from(view.serving) * 80 * mib,
        memory_of_one: 80 * mib,
      },
    };
    let now = Duration::from_secs(view.second.into());
    self.governor.decide(&self.config, &signals, now).to
  }
}

/// One more above the upper threshold, one less below the lower one, at every look.
pub struct Threshold;

impl Scaler for Threshold {
  fn name(&self) -> &'static str {
    "bare threshold"
  }

  fn wanted(&mut self, view: &View) -> u32 {
    let present = view.serving + view.booting;
    let wanted = if view.cpu > BUSY || view.latency > SLOW {
      present + 1
    } else if view.cpu < 50.0 {
      present - 1
    } else {
      present
    };
    wanted.clamp(MIN, MAX)
  }
}

/// `ceil(workers × ratio)` of the larger ratio, a tolerance of 0.1, at most 4 workers or twice as many at once in 15 s,
/// and down only to the most that was wanted in the last five minutes.
#[derive(Default)]
pub struct Hpa {
  wanted: VecDeque<(u32, u32)>,
}

impl Scaler for Hpa {
  fn name(&self) -> &'static str {
    "Kubernetes HPA rule"
  }

  fn wanted(&mut self, view: &View) -> u32 {
    let present = view.serving + view.booting;
    // It syncs every 15 s.
    if view.second % 15 != 14 {
      return present;
    }
    let desired = |ratio: f64| {
      // Pods that are not ready count as idle when more are wanted.
      let ratio =
        if ratio > 1.0 { ratio * f64::from(view.serving) / f64::from(present) } else { ratio };
      if (1.0 - ratio).abs() <= 0.1 {
        return present;
      }
      #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a cast saturates"
      )]
      let whole = (ratio * f64::from(present)).ceil() as u32;
      whole
    };
    let most = desired(view.cpu / BUSY).max(desired(view.latency / SLOW)).clamp(MIN, MAX);
    self.wanted.push_back((view.second, most));
    self.wanted.retain(|(at, _)| view.second - at < 300);
    if most > present {
      return most.min((present + 4).max(2 * present));
    }
    self.wanted.iter().map(|(_, count)| *count).max().unwrap_or(most).min(present)
  }
}
