//! The loads: requests per second, and what the database does.

use std::f64::consts::TAU;

/// Seconds that every run takes.
pub const SECONDS: u32 = 1_200;

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
}

impl Load {
  /// All of them.
  pub const ALL: [Self; 5] = [Self::Step, Self::Ramp, Self::Spike, Self::Sine, Self::SlowDatabase];

  /// Of its picture's file.
  pub const fn name(self) -> &'static str {
    match self {
      Self::Step => "step",
      Self::Ramp => "ramp",
      Self::Spike => "spike",
      Self::Sine => "sine",
      Self::SlowDatabase => "slow-database",
    }
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
