/** Medians, spreads and ratios. */

/** Median with the spread of `values`. */
export function summary(values) {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = sorted.length / 2
  const median = (sorted[Math.ceil(middle) - 1] + sorted[Math.floor(middle)]) / 2
  return { median, min: sorted[0], max: sorted.at(-1) }
}

/**
 * Ratios of `values` to `bases`, round by round, and their summary. Two runs of one round are under the same weather;
 * medians of all rounds need not be.
 */
export function ratio(values, bases) {
  return summary(values.map((value, round) => value / bases[round]))
}

/** The same for differences. */
export function difference(values, bases) {
  return summary(values.map((value, round) => value - bases[round]))
}
