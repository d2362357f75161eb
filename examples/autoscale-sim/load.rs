//! The loads: requests per second, and what the database does.

use std::{error::Error, f64::consts::TAU, fs, path::Path};

/// Seconds that a load takes that was not recorded.
const SECONDS: u32 = 1_200;

/// What arrives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Load {
  /// From little to much at once, and back.
  Step,
  /// More and more, then less and less.
  Ramp,
  /// Short bursts.
  Spike,
  /// A day in ten minutes.
  Sine,
  /// As much as ever, while the database answers ten times slower for a while.
  SlowDatabase,
  /// What a real cluster was asked.
  Recorded(Trace),
}

/// Requests in each second.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Trace {
  name: &'static str,
  counts: &'static [u32],
}

impl Trace {
  /// Read a file of lines `second,requests`, in order and without gaps; lines that begin with `#`, and a first one of
  /// words, are passed over.
  pub fn read(path: &Path) -> Result<Self, Box<dyn Error>> {
    let text = fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
    let lines = text
      .lines()
      .enumerate()
      .filter(|(_, line)| !line.is_empty() && !line.starts_with('#') && *line != "second,requests");
    let mut counts = Vec::new();
    for (number, line) in lines {
      let fields = line
        .split_once(',')
        .map(|(second, requests)| (second.parse::<usize>(), requests.parse::<u32>()));
      let Some((Ok(second), Ok(requests))) = fields else {
        return Err(format!("{}:{}: not a second and a count", path.display(), number + 1).into());
      };
      if second != counts.len() {
        return Err(format!("{}:{}: a second is missing", path.display(), number + 1).into());
      }
      counts.push(requests);
    }
    if counts.is_empty() {
      return Err(format!("{}: no seconds in it", path.display()).into());
    }
    let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    // Read once, and played until the end.
    Ok(Self { name: name.leak(), counts: counts.leak() })
  }

  fn rate(self, second: u32) -> f64 {
    self.counts.get(second as usize).copied().map_or(0.0, f64::from)
  }
}

impl Load {
  /// All that were not recorded.
  pub const ALL: [Self; 5] = [Self::Step, Self::Ramp, Self::Spike, Self::Sine, Self::SlowDatabase];

  /// Of its picture's file.
  pub const fn name(self) -> &'static str {
    match self {
      Self::Step => "step",
      Self::Ramp => "ramp",
      Self::Spike => "spike",
      Self::Sine => "sine",
      Self::SlowDatabase => "slow-database",
      Self::Recorded(trace) => trace.name,
    }
  }

  /// How long it takes.
  pub fn seconds(self) -> u32 {
    match self {
      Self::Recorded(trace) => u32::try_from(trace.counts.len()).unwrap_or(u32::MAX),
      Self::Step | Self::Ramp | Self::Spike | Self::Sine | Self::SlowDatabase => SECONDS,
    }
  }

  /// Whether it varies by itself from second to second.
  pub const fn is_recorded(self) -> bool {
    matches!(self, Self::Recorded(_))
  }

  /// Requests per second, on average.
  pub fn rate(self, second: u32) -> f64 {
    let at = f64::from(second);
    let end = f64::from(SECONDS);
    match self {
      Self::Step if (200..700).contains(&second) => 420.0,
      Self::Step => 60.0,
      Self::Ramp => 40.0 + 460.0 * (1.0 - (2.0 * at / end - 1.0).abs()),
      Self::Spike if second % 300 > 100 && second % 300 <= 125 => 380.0,
      Self::Spike => 70.0,
      Self::Sine => 260.0 - 200.0 * (TAU * at / 600.0).cos(),
      Self::SlowDatabase => 150.0,
      Self::Recorded(trace) => trace.rate(second),
    }
  }

  /// Requests per second that the database can answer.
  pub fn database(self, second: u32) -> f64 {
    match self {
      Self::SlowDatabase if (300..800).contains(&second) => 130.0,
      _ => 5_000.0,
    }
  }
}
