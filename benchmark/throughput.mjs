/**
 * Requests per second, latency and processor time per request, against other ways to serve the same workers.
 *
 *     npm run bench:throughput -- [--runtime node|bun|node22...]... [--load full|paced|large|post]... [--rounds 5]
 *                                 [--seconds 4] [--json FILE]
 */
import { benchmark } from './lib/benchmark.mjs'
import { OURS, startContenders } from './lib/contenders.mjs'
import { endAll } from './lib/processes.mjs'
import { atLeast, atMost } from './lib/targets.mjs'
import { compare, mustBeLoads, printLoad, runInTurn } from './lib/turns.mjs'

const BASE = 'nginx'

benchmark({
  title: 'Throughput',
  defaults: { rounds: 5, seconds: 4, load: ['full', 'paced'] },
  needs: ['nginx', 'haproxy', 'wrk'],
  async body({ options, runtimes, tools }) {
    mustBeLoads(options.load, tools.wrk)
    const results = {}
    const targets = []
    for (const runtime of runtimes) {
      const contenders = await startContenders(runtime, tools)
      const samples = await runInTurn(contenders, options, tools.wrk)
      await endAll()
      results[runtime.name] = samples
      for (const load of options.load) printLoad(runtime, load, samples[load], BASE)
      targets.push(...targetsOf(runtime, samples))
    }
    return { results, targets }
  },
})

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
