/** Contenders under the same loads, in turn, and the tables of that. */
import { LOADS, measure } from './load.mjs'
import { ratio, summary } from './stats.mjs'
import { fixed, spread, table } from './table.mjs'

/** Load → contender → one sample per round. */
export async function runInTurn(contenders, { load: loads, rounds, seconds }, wrk) {
  const samples = Object.fromEntries(
    loads.map(load => [load, Object.fromEntries(contenders.map(({ name }) => [name, []]))]),
  )
  // Compilers and connection pools have their say before anything counts.
  for (const contender of contenders) await measure(wrk, contender, LOADS.full, seconds)
  for (let round = 0; round < rounds; round++) {
    // Another one begins each time, so that none always runs after the same neighbour.
    const first = round % contenders.length
    for (const contender of [...contenders.slice(first), ...contenders.slice(0, first)]) {
      for (const load of loads) {
        samples[load][contender.name].push(await measure(wrk, contender, LOADS[load], seconds))
      }
    }
  }
  return samples
}

/** Print what `load` came to, with ratios to contender `base` if it took part. */
export function printLoad(runtime, load, samples, base) {
  const bases = samples[base]
  const rows = Object.entries(samples).map(([name, rounds]) => {
    const ratioTo = field => (bases ? fixed(compare(rounds, bases, field).median, 2) : '-')
    const failed = pick(rounds, 'failed').reduce((sum, count) => sum + count, 0)
    const front = pick(rounds, 'front').some(Boolean) ? spread(summary(pick(rounds, 'front'))) : '-'
    return [
      name,
      spread(summary(pick(rounds, 'rate'))),
      ratioTo('rate'),
      spread(summary(pick(rounds, 'p99')), 2),
      ratioTo('p99'),
      spread(summary(pick(rounds, 'cpu'))),
      ratioTo('cpu'),
      front,
      `${fixed(summary(pick(rounds, 'others')).median * 100, 0)} %`,
      fixed(failed, 0),
    ]
  })
  const to = `/ ${base}`
  const columns = ['', 'requests/s', to, 'p99 ms', to, 'CPU µs/request', to, 'front µs', 'others', 'failed']
  table(`${runtime.name}: ${LOADS[load].title}`, columns, rows)
}

/** Throws when a load is asked for that there is not, or nothing to make it with. */
export function mustBeLoads(loads, wrk) {
  if (!wrk) throw new Error('wrk, which makes the load, is not installed and could not be')
  const unknown = loads.find(load => !(load in LOADS))
  if (unknown) throw new Error(`unknown load "${unknown}": use one of ${Object.keys(LOADS).join(', ')}`)
}

/** Field `field` of `rounds` in terms of that of `bases`, round by round. */
export const compare = (rounds, bases, field) => ratio(pick(rounds, field), pick(bases, field))

const pick = (rounds, field) => rounds.map(sample => sample[field])
