/** Command line options of the benchmarks. */
import { parseArgs } from 'node:util'

/**
 * The options given, over `defaults`: a number there is for an option that takes one, an array for one that takes
 * words and may be repeated.
 */
export function parseOptions(defaults) {
  const options = Object.entries(defaults).map(([name, value]) => {
    if (Array.isArray(value)) return [name, { type: 'string', multiple: true, default: value }]
    return [name, { type: 'string', default: String(value) }]
  })
  const { values } = parseArgs({ options: { ...Object.fromEntries(options), json: { type: 'string' } } })
  for (const name of Object.keys(defaults)) {
    if (Array.isArray(values[name])) continue
    values[name] = Number(values[name])
    if (!Number.isInteger(values[name]) || values[name] < 1) {
      throw new Error(`--${name} must be a whole number above 0`)
    }
  }
  return values
}
