//! "Did you mean": the known name that is nearest to a misspelt one. Pure, and bounded by the length
//! of the known names.

/// The known name that `written` was probably meant to be. Case and separators do not count, as in
/// `health_check`; else at most a third of the letters may differ.
#[must_use]
pub fn nearest<'name>(
  written: &str,
  known: impl IntoIterator<Item = &'name str>,
) -> Option<&'name str> {
  let plain = plain(written)?;
  known
    .into_iter()
    .map(|name| (distance(&plain, &self::plain(name).unwrap_or_default()), name))
    .filter(|(distance, name)| *distance * 3 <= name.len())
    .min_by_key(|(distance, _)| *distance)
    .map(|(_, name)| name)
}

/// Names longer than this are not compared: no name is.
const LONGEST: usize = 64;

/// Letters and digits in lower case; nothing when it is too long to be a name.
fn plain(name: &str) -> Option<Vec<char>> {
  (name.len() <= LONGEST).then(|| {
    name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect::<Vec<_>>()
  })
}

/// Edits that make one of the other: letters added, left out, changed, or swapped with their
/// neighbour (optimal string alignment).
fn distance(one: &[char], other: &[char]) -> usize {
  let mut before: Vec<usize> = Vec::new();
  let mut last: Vec<usize> = (0..=other.len()).collect();
  for (i, a) in one.iter().enumerate() {
    let mut row = vec![i + 1];
    for (j, b) in other.iter().enumerate() {
      let changed = last[j] + usize::from(a != b);
      let mut best = changed.min(last[j + 1] + 1).min(row[j] + 1);
      if i > 0 && j > 0 && one[i - 1] == *b && *a == other[j - 1] {
        best = best.min(before[j - 1] + 1);
      }
      row.push(best);
    }
    before = std::mem::replace(&mut last, row);
  }
  last[other.len()]
}

#[cfg(test)]
mod tests {
  use proptest::prelude::{any, prop_assert, prop_assert_eq, proptest};

  use super::*;

  const KNOWN: [&str; 4] = ["workers", "healthCheck", "least-connections", "round-robin"];

  #[test]
  fn finds_what_was_meant() {
    for (written, meant) in [
      ("wrokers", "workers"),
      ("worker", "workers"),
      ("least-conections", "least-connections"),
      ("leastConnections", "least-connections"),
      ("health_check", "healthCheck"),
      ("RoundRobin", "round-robin"),
    ] {
      assert_eq!(nearest(written, KNOWN), Some(meant));
    }
    for written in ["", "x", "cluster", "__proto__", &"workers".repeat(20)] {
      assert_eq!(nearest(written, KNOWN), None, "{written}");
    }
  }

  proptest! {
    #[test]
    fn a_known_name_is_nearest_to_itself(index in 0..KNOWN.len()) {
      prop_assert_eq!(nearest(KNOWN[index], KNOWN), Some(KNOWN[index]));
    }

    #[test]
    fn distance_is_symmetric_and_bounded(one in any::<String>(), other in any::<String>()) {
      let (one, other): (Vec<char>, Vec<char>) = (one.chars().collect(), other.chars().collect());
      prop_assert_eq!(distance(&one, &other), distance(&other, &one));
      prop_assert!(distance(&one, &other) <= one.len().max(other.len()));
    }
  }
}
