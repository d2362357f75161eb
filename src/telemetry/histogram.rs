//! Values by size. Recording is one load and one store, so a histogram has one writer; it may be read
//! at any time, from any thread or process.
//!
//! The cells are those of an HDR histogram: exact below 64, and 32 to each power of two above, so that a
//! value is known to 1.6 %. Not the `hdrhistogram` crate: this one lies in shared memory and needs no lock.
//!
//! Source: G. Tene, "HdrHistogram: a high dynamic range histogram".

use std::sync::atomic::{AtomicU64, Ordering};

/// Values below this have a cell each.
const EXACT: u64 = 64;
/// Cells to a power of two, as a power of two.
const FINE: u32 = 5;
/// The highest power of two that is told apart: 2^27 microseconds are 134 seconds.
const HIGHEST: u32 = 26;
/// Cells in all.
pub const CELLS: usize = 64 + ((HIGHEST - 5) as usize) * 32;

/// Values by size.
#[derive(Debug)]
#[repr(C)]
pub struct Histogram {
  cells: [AtomicU64; CELLS],
}

impl Default for Histogram {
  fn default() -> Self {
    Self { cells: [const { AtomicU64::new(0) }; CELLS] }
  }
}

impl Histogram {
  /// Count a value. By one thread at a time: of two at once, one may be lost.
  pub fn record(&self, value: u64) {
    if let Some(cell) = self.cells.get(cell_of(value)) {
      cell.store(cell.load(Ordering::Relaxed).wrapping_add(1), Ordering::Relaxed);
    }
  }

  /// Add what was counted to `counts`.
  pub fn add_to(&self, counts: &mut Counts) {
    for (sum, cell) in counts.cells.iter_mut().zip(&self.cells) {
      *sum = sum.saturating_add(cell.load(Ordering::Relaxed));
    }
  }
}

/// What one or more histograms counted up to a moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Counts {
  cells: Vec<u64>,
}

impl Default for Counts {
  fn default() -> Self {
    Self { cells: vec![0; CELLS] }
  }
}

impl Counts {
  /// Both together.
  #[must_use]
  pub fn with(&self, other: &Self) -> Self {
    let cells = self.cells.iter().zip(&other.cells);
    Self { cells: cells.map(|(one, other)| one.saturating_add(*other)).collect() }
  }

  /// What came since `before`.
  #[must_use]
  pub fn since(&self, before: &Self) -> Self {
    let cells = self.cells.iter().zip(&before.cells);
    Self { cells: cells.map(|(now, before)| now.saturating_sub(*before)).collect() }
  }

  /// How many values there are.
  #[must_use]
  pub fn total(&self) -> u64 {
    self.cells.iter().fold(0, |sum, count| sum.saturating_add(*count))
  }

  /// The value that the part `quantile` of all, 0 to 1, does not exceed; `None` of none.
  #[must_use]
  pub fn quantile(&self, quantile: f64) -> Option<u64> {
    let total = self.total();
    let rank = part_of(total, quantile).max(1);
    let mut seen = 0_u64;
    let cell = self.cells.iter().position(|count| {
      seen = seen.saturating_add(*count);
      seen >= rank
    });
    cell.filter(|_| total > 0).map(value_of)
  }

  /// The largest value; `None` of none.
  #[must_use]
  pub fn max(&self) -> Option<u64> {
    self.cells.iter().rposition(|count| *count > 0).map(value_of)
  }

  /// The mean; `None` of none.
  #[must_use]
  pub fn mean(&self) -> Option<f64> {
    let total = self.total();
    let values = self.cells.iter().enumerate();
    let sum: f64 = values.map(|(cell, count)| float(*count) * float(value_of(cell))).sum();
    (total > 0).then(|| sum / float(total))
  }
}

#[expect(clippy::cast_precision_loss, reason = "53 bits are enough for counts")]
const fn float(number: u64) -> f64 {
  number as f64
}

#[expect(
  clippy::cast_possible_truncation,
  clippy::cast_sign_loss,
  reason = "between 0 and `total`"
)]
fn part_of(total: u64, part: f64) -> u64 {
  // A whole number may come out as a little more, such as 100 times 0.07.
  ((float(total) * part.clamp(0.0, 1.0) - 1e-6).ceil() as u64).min(total)
}

fn cell_of(value: u64) -> usize {
  let value = value.min((1 << (HIGHEST + 1)) - 1);
  if value < EXACT {
    return usize::try_from(value).unwrap_or(0);
  }
  let power = value.ilog2();
  let fine = (value >> (power - FINE)) & ((1 << FINE) - 1);
  let cell = u64::from(power - 6) * (1 << FINE) + fine + EXACT;
  usize::try_from(cell).unwrap_or(CELLS - 1)
}

/// The middle of a cell.
fn value_of(cell: usize) -> u64 {
  let cell = u64::try_from(cell).unwrap_or(0);
  let Some(above) = cell.checked_sub(EXACT) else {
    return cell;
  };
  let (power, fine) = (above >> FINE, above & ((1 << FINE) - 1));
  // A cell of the lowest of these powers is two wide.
  let width = 2_u64 << power;
  ((1 << FINE) + fine) * width + width / 2
}

#[cfg(test)]
mod tests {
  #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
  use proptest::prelude::*;

  use super::*;

  fn counts(values: &[u64]) -> Counts {
    let histogram = Histogram::default();
    values.iter().for_each(|value| histogram.record(*value));
    let mut counts = Counts::default();
    histogram.add_to(&mut counts);
    counts
  }

  #[test]
  fn nothing_has_no_quantile() {
    let none = counts(&[]);
    assert_eq!((none.quantile(0.5), none.max(), none.mean(), none.total()), (None, None, None, 0));
  }

  #[test]
  fn small_values_are_exact_and_large_ones_are_kept() {
    let values: Vec<u64> = (1..=50).collect();
    let counts = counts(&values);
    assert_eq!(
      (counts.quantile(0.5), counts.quantile(1.0), counts.max()),
      (Some(25), Some(50), Some(50))
    );
    assert!((counts.mean().unwrap() - 25.5).abs() < 1e-9);
    let huge = super::tests::counts(&[u64::MAX]);
    assert!(huge.max().unwrap() > 130_000_000);
    assert_eq!(counts.since(&counts).total(), 0);
  }

  proptest! {
    #[test]
    fn a_value_is_known_to_two_per_cent(value in 0_u64..(1 << 27)) {
      let found = counts(&[value]).quantile(0.5).unwrap();
      prop_assert!(found.abs_diff(value) * 60 <= value, "{} is told as {}", value, found);
    }

    #[test]
    fn quantiles_are_those_of_the_sorted_values(
      mut values in proptest::collection::vec(0_u64..10_000_000, 1..300), percent in 1_usize..=100,
    ) {
      let counts = counts(&values);
      values.sort_unstable();
      let rank = (values.len() * percent).div_ceil(100);
      let expected = values[rank - 1];
      let part = f64::from(u32::try_from(percent).unwrap()) / 100.0;
      let found = counts.quantile(part).unwrap();
      prop_assert!(found.abs_diff(expected) * 50 <= expected.max(1), "{} instead of {}", found, expected);
      prop_assert_eq!(counts.total(), u64::try_from(values.len()).unwrap());
    }
  }
}
