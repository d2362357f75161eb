/**
 * XyPriss by two workers of this cluster, against XyPriss alone, and against a JavaScript proxy in front of two of it,
 * which is the way of XyPriss's own cluster.
 *
 *     npm run bench:xypriss -- [--runtime node|bun|node22...]... [--load full|paced...]... [--rounds 5] [--seconds 4]
 *                              [--json FILE]
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { INTEGRATION, setupXypriss } from '../scripts/setup-xypriss.mjs'
import { benchmark } from './lib/benchmark.mjs'
import { freePorts } from './lib/ports.mjs'
import { endAll, launch, report } from './lib/processes.mjs'
import { atLeast, atMost } from './lib/targets.mjs'
import { compare, mustBeLoads, printLoad, runInTurn } from './lib/turns.mjs'

const APP = join(INTEGRATION, 'apps', 'served.mjs')
const PROXY = fileURLToPath(new URL('peers/js-proxy.mjs', import.meta.url))
const OURS = 'xypriss-cluster'
const ALONE = 'XyPriss alone'
const JS_PROXY = 'JavaScript proxy'

benchmark({
  title: 'XyPriss',
  defaults: { rounds: 5, seconds: 4, load: ['full', 'paced'] },
  needs: ['wrk'],
  async body({ options, runtimes, tools }) {
    mustBeLoads(options.load, tools.wrk)
    await setupXypriss()
    console.log(`  ${'xypriss'.padEnd(16)}${version()}`)
    const results = {}
    const targets = []
    for (const runtime of runtimes) {
      const contenders = await startContenders(runtime)
      const samples = await runInTurn(contenders, options, tools.wrk)
      await endAll()
      results[runtime.name] = samples
      for (const load of options.load) printLoad(runtime, load, samples[load], ALONE)
      if (samples.full) targets.push(...targetsOf(runtime, samples.full))
    }
    return { results, targets }
  },
})

async function startContenders({ path }) {
  // Those that follow the first are for the workers.
  const [port] = await freePorts(16)
  const cluster = launch(path, [APP, 'esm'], { PORT: port })
  const { workers } = await report(cluster)
  const [first, second, front] = await freePorts(3)
  const alone = [await startAlone(path, first), await startAlone(path, second)]
  const proxy = launch(path, [PROXY, String(first), String(second)], { PORT: front })
  await report(proxy)
  return [
    { name: OURS, port, front: [cluster.pid], workers },
    { name: ALONE, port: first, front: [], workers: [alone[0]] },
    { name: JS_PROXY, port: front, front: [proxy.pid], workers: alone },
  ]
}

async function startAlone(path, port) {
  const { pid } = await report(launch(path, [APP, 'plain'], { PORT: port }))
  return pid
}

function targetsOf({ name }, samples) {
  const value = field => compare(samples[OURS], samples[JS_PROXY], field).median
  return [
    atLeast(`${name}: requests/s, times ${JS_PROXY}`, value('rate'), 1),
    atMost(`${name}: CPU per request, times ${JS_PROXY}`, value('cpu'), 1),
  ]
}

function version() {
  return JSON.parse(readFileSync(join(INTEGRATION, 'node_modules', 'xypriss', 'package.json'), 'utf8'))
    .version
}
