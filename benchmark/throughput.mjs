/**
 * Requests per second, latency and processor time per request, against other ways to serve the same workers.
 *
 *     npm run bench:throughput -- [--runtime node|bun|node22...]... [--load full|paced|large|post]... [--rounds 5]
 *                                 [--seconds 4] [--json FILE]
 */
import { benchmark } from './lib/benchmark.mjs'
import { OURS, startContenders } from './lib/contenders.mjs'
import { LOADS, measure } from './lib/load.mjs'
import { endAll } from './lib/processes.mjs'
import { ratio, summary } from './lib/stats.mjs'
import { fixed, spread, table } from './lib/table.mjs'
import { atLeast, atMost } from './lib/targets.mjs'

const BASE = 'nginx'

benchmark({
  title: 'Throughput',
  defaults: { rounds: 5, seconds: 4, load: ['full', 'paced'] },
  needs: ['nginx', 'haproxy', 'wrk'],
  async body({ options, runtimes, tools }) {
    if (!tools.wrk) throw new Error('wrk, which makes the load, is not installed and could not be')
    const unknown = options.load.find(load => !(load in LOADS))
    if (unknown) throw new Error(`unknown load "${unknown}": use one of ${Object.keys(LOADS).join(', ')}`)
    const results = {}
    const targets = []
    for (const runtime of runtimes) {
      const contenders = await startContenders(runtime, tools)
      const samples = await runInTurn(contenders, options, tools.wrk)
      await endAll()
      results[runtime.name] = samples
      for (const load of options.load) printLoad(runtime, load, samples[load])
      targets.push(...targetsOf(runtime, samples))
    }
    return { results, targets }
  },
})

/** Load → contender → one sample per round. */
async function runInTurn(contenders, { load: loads, rounds, seconds }, wrk) {
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

function printLoad(runtime, load, samples) {
  const base = samples[BASE]
  const rows = Object.entries(samples).map(([name, rounds]) => {
    const ratioTo = field => (base ? fixed(compare(rounds, base, field).median, 2) : '-')
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
  const to = `/ ${BASE}`
  const columns = ['', 'requests/s', to, 'p99 ms', to, 'CPU µs/request', to, 'front µs', 'others', 'failed']
  table(`${runtime.name}: ${LOADS[load].title}`, columns, rows)
}

/** Latencies are compared where the load is the same for all, or they would punish whoever serves more. */
function targetsOf({ name }, { full, paced }) {
  const value = (samples, field) => compare(samples[OURS], samples[BASE], field).median
  const targets = []
  if (full?.[BASE]) {
    targets.push(atLeast(`${name}: requests/s, times ${BASE}`, value(full, 'rate'), 1))
    targets.push(atMost(`${name}: CPU per request, times ${BASE}`, value(full, 'cpu'), 1))
  }
  if (paced?.[BASE]) {
    targets.push(atMost(`${name}: p99 at the same load, times ${BASE}`, value(paced, 'p99'), 1))
  }
  return targets
}

const pick = (rounds, field) => rounds.map(sample => sample[field])

const compare = (rounds, base, field) => ratio(pick(rounds, field), pick(base, field))
