//! Quantities with a unit, as users write them: `"512MB"`, `30000` milliseconds.

use std::{fmt, time::Duration};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

/// An amount of memory. A kilobyte has 1 024 bytes, as memory is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Bytes(pub u64);

/// Units by size. The letter alone and the `iB` form are understood too.
const UNITS: [(&str, u64); 5] =
  [("TB", 1 << 40), ("GB", 1 << 30), ("MB", 1 << 20), ("KB", 1 << 10), ("B", 1)];

/// The largest size that is accepted: 1 PiB. More is a mistaken unit.
const LARGEST: u64 = 1 << 50;

impl Bytes {
  /// Read a size such as `512 MB`, `1.5GB`, `64k` or `1048576`.
  #[must_use]
  pub fn parse(text: &str) -> Option<Self> {
    let text = text.trim();
    let digits = text.find(|character: char| !character.is_ascii_digit() && character != '.');
    let (number, unit) = text.split_at(digits.unwrap_or(text.len()));
    let number: f64 = number.parse().ok()?;
    let unit = unit.trim_start().to_ascii_uppercase();
    let (_, scale) = UNITS.into_iter().find(|(name, _)| {
      let letter = name.trim_end_matches('B');
      let binary = unit.strip_suffix("IB").is_some_and(|rest| rest == letter && !rest.is_empty());
      unit == *name || unit == letter || binary
    })?;
    #[expect(clippy::cast_precision_loss, reason = "every scale is a power of two")]
    let bytes = (number * scale as f64).round();
    #[expect(clippy::cast_precision_loss, reason = "a power of two")]
    let fits = (0.0..=LARGEST as f64).contains(&bytes);
    #[expect(
      clippy::cast_possible_truncation,
      clippy::cast_sign_loss,
      reason = "within range, and whole"
    )]
    fits.then_some(Self(bytes as u64))
  }
}

impl fmt::Display for Bytes {
  /// The largest unit that needs no fraction, so that nothing is lost.
  fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let unit = UNITS.into_iter().find(|(_, scale)| self.0 > 0 && self.0.is_multiple_of(*scale));
    let (name, scale) = unit.unwrap_or(("B", 1));
    write!(f, "{}{name}", self.0 / scale)
  }
}

impl Serialize for Bytes {
  fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(self)
  }
}

impl<'de> Deserialize<'de> for Bytes {
  fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
    let text = String::deserialize(deserializer)?;
    Self::parse(&text).ok_or_else(|| D::Error::custom("no size"))
  }
}

/// A duration, written as a number of milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Millis(pub Duration);

impl Serialize for Millis {
  fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
    if self.0.subsec_nanos().is_multiple_of(1_000_000) {
      serializer.serialize_u64(u64::try_from(self.0.as_millis()).unwrap_or(u64::MAX))
    } else {
      serializer.serialize_f64(self.0.as_secs_f64() * 1000.0)
    }
  }
}

impl<'de> Deserialize<'de> for Millis {
  fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
    let ms = f64::deserialize(deserializer)?;
    let duration = Duration::try_from_secs_f64(ms / 1000.0).map_err(D::Error::custom)?;
    Ok(Self(duration))
  }
}

/// A number of workers, or a share of them, as Kubernetes writes it: `2` or `"25%"`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Share {
  /// So many.
  Count(u32),
  /// So many of a hundred.
  Percent(u32),
}

impl Share {
  /// Read a share such as `25%`, up to `100%`.
  #[must_use]
  pub fn parse(text: &str) -> Option<Self> {
    let digits =
      text.strip_suffix('%').filter(|digits| digits.bytes().all(|b| b.is_ascii_digit()))?;
    let percent = digits.parse().ok().filter(|percent| *percent <= 100)?;
    Some(Self::Percent(percent))
  }

  /// Whether it is none, of however many.
  #[must_use]
  pub const fn is_zero(self) -> bool {
    matches!(self, Self::Count(0) | Self::Percent(0))
  }

  /// How many of `whole` that are, rounded up.
  #[must_use]
  pub const fn at_least(self, whole: usize) -> usize {
    match self {
      Self::Count(count) => count as usize,
      Self::Percent(percent) => (whole * percent as usize).div_ceil(100),
    }
  }

  /// How many of `whole` that are, rounded down.
  #[must_use]
  pub const fn at_most(self, whole: usize) -> usize {
    match self {
      Self::Count(count) => count as usize,
      Self::Percent(percent) => whole * percent as usize / 100,
    }
  }
}

impl Serialize for Share {
  fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
    match self {
      Self::Count(count) => serializer.serialize_u32(*count),
      Self::Percent(percent) => serializer.collect_str(&format_args!("{percent}%")),
    }
  }
}

impl<'de> Deserialize<'de> for Share {
  fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Written {
      Count(u32),
      Text(String),
    }
    match Written::deserialize(deserializer)? {
      Written::Count(count) => Ok(Self::Count(count)),
      Written::Text(text) => Self::parse(&text).ok_or_else(|| D::Error::custom("no share")),
    }
  }
}

#[cfg(test)]
mod tests {
  #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
  use proptest::prelude::{any, prop_assert_eq, proptest};

  use super::*;

  #[test]
  fn reads_sizes_as_people_write_them() {
    for (text, bytes) in [
      ("512 MB", 512 << 20),
      ("1.5GB", 3 << 29),
      ("64k", 64 << 10),
      ("64KiB", 64 << 10),
      ("2g", 2 << 30),
      (" 1 TB ", 1 << 40),
      ("0.5kb", 512),
      ("1048576", 1 << 20),
      ("100B", 100),
    ] {
      assert_eq!(Bytes::parse(text), Some(Bytes(bytes)), "{text}");
    }
    for text in [
      "",
      "MB",
      "512 MB x",
      "-1MB",
      "1,5GB",
      "1.2.3k",
      "NaN",
      "inf",
      "9e9GB",
      "5 iB",
      "5EB",
      "9999999TB",
    ] {
      assert_eq!(Bytes::parse(text), None, "{text}");
    }
  }

  #[test]
  fn shares_are_rounded_in_favour_of_those_that_serve() {
    for (text, up, down) in [("25%", 2, 1), ("0%", 0, 0), ("1%", 1, 0), ("100%", 5, 5)] {
      let share = Share::parse(text).unwrap();
      assert_eq!((share.at_least(5), share.at_most(5)), (up, down), "{text}");
      assert_eq!(serde_json::to_value(share).unwrap(), text);
    }
    for text in ["25", "%", "-1%", "101%", "2.5%", " 5%", "+5%", "5 %", ""] {
      assert_eq!(Share::parse(text), None, "{text}");
    }
    assert_eq!((Share::Count(3).at_least(9), Share::Count(3).at_most(9)), (3, 3));
  }

  #[test]
  fn writes_sizes_without_loss() {
    for (bytes, text) in [(3 << 29, "1536MB"), (1 << 30, "1GB"), (1000, "1000B"), (0, "0B")] {
      assert_eq!(Bytes(bytes).to_string(), text);
    }
  }

  proptest! {
    #[test]
    fn what_is_written_is_read_back(bytes in 0..=LARGEST) {
      prop_assert_eq!(Bytes::parse(&Bytes(bytes).to_string()), Some(Bytes(bytes)));
    }

    #[test]
    fn no_text_is_too_much(text in any::<String>()) {
      let _no_panic = Bytes::parse(&text);
    }

    #[test]
    fn durations_are_read_back(us in 0_u64..=86_400_000_000) {
      let duration = Millis(Duration::from_micros(us));
      let json = serde_json::to_string(&duration).unwrap();
      let again: Millis = serde_json::from_str(&json).unwrap();
      prop_assert_eq!(again.0.as_micros().abs_diff(duration.0.as_micros()) <= 1, true);
    }
  }
}
