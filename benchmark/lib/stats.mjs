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

/**
 * Between which two of `values` the median of all that could have been measured is, in 95 of 100 experiments: by the
 * sign test, which supposes nothing of how they are spread. Of less than six values it is all of them.
 */
export function medianInterval(values) {
  const sorted = [...values].sort((a, b) => a - b)
  const count = sorted.length
  // What is outside on one side: the first values whose chance together is below 2.5 in 100.
  let [outside, chance, below] = [0, 0.5 ** count, 0]
  while (below + chance <= 0.025) {
    below += chance
    chance *= (count - outside) / (outside + 1)
    outside += 1
  }
  const first = Math.max(0, outside - 1)
  return { low: sorted[first], high: sorted[count - 1 - first] }
}
