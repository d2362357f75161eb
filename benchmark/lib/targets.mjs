/** What was aimed at, and whether it was reached. */
import { fixed, table } from './table.mjs'

/** A value that should be `bound` or more. */
export const atLeast = (name, value, bound) => ({ name, value, bound, sign: '≥', reached: value >= bound })

/** A value that should be `bound` or less. */
export const atMost = (name, value, bound) => ({ name, value, bound, sign: '≤', reached: value <= bound })

/** Print all targets, the last table of a benchmark. */
export function printTargets(targets) {
  const rows = targets.map(({ name, value, bound, sign, reached }) => [
    name,
    `${sign} ${bound}`,
    fixed(value, 2),
    reached ? 'yes' : 'no',
  ])
  table('Targets', ['', 'target', 'measured', 'reached'], rows)
}
