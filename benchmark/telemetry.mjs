/**
 * What it costs a worker to tell of itself by its telemetry page: processor time per request, with the page and
 * without, in turn and under full load.
 *
 *     npm run bench:telemetry -- [--runtime node|bun|node22...]... [--rounds 12] [--seconds 2] [--json FILE]
 *
 * Processor time rather than requests per second: on a machine with neighbours it varies ten times less.
 */
import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { benchmark } from './lib/benchmark.mjs'
import { LOADS, send } from './lib/load.mjs'
import { freePorts } from './lib/ports.mjs'
import { nanosecondsOf } from './lib/proc.mjs'
import { end, launch, report } from './lib/processes.mjs'
import { difference, ratio, summary } from './lib/stats.mjs'
import { spread, table } from './lib/table.mjs'
import { atMost } from './lib/targets.mjs'

/** In per cent. */
const BOUND = 0.5
/** The age in milliseconds at which idle workers are looked at, and for how long, at least. */
const [SETTLED, WATCHED] = [3_000, 10_000]

const script = path => fileURLToPath(new URL(path, import.meta.url))

benchmark({
  title: 'Telemetry of a worker',
  defaults: { rounds: 12, seconds: 2 },
  needs: ['wrk'],
  async body({ options, runtimes, tools }) {
    if (!tools.wrk) throw new Error('wrk is needed, see benchmark/README.md')
    const [results, rows, targets] = [{}, [], []]
    for (const runtime of runtimes) {
      const clusters = { told: await start(runtime, []), silent: await start(runtime, silence(runtime)) }
      const idle = await watch(clusters)
      const loaded = await runInTurn(tools.wrk, clusters, options)
      await end(Object.values(clusters).map(({ child }) => child))
      const shares = inPercent(ratio(loaded.told, loaded.silent))
      rows.push([
        runtime.name,
        spread(summary(loaded.told), 2),
        spread(summary(loaded.silent), 2),
        spread(shares, 2),
        spread(difference([idle.told], [idle.silent]), 3),
      ])
      targets.push(atMost(`${runtime.name}: % of processor time per request`, shares.median, BOUND))
      targets.push(atMost(`${runtime.name}: % of a core, idle`, idle.told - idle.silent, BOUND))
      results[runtime.name] = { loaded, idle }
    }
    table(
      'Processor time of a worker per request in µs, with its page and without; of an idle one in % of a core',
      ['', 'with', 'without', 'difference in %', 'idle, difference'],
      rows,
    )
    return { results, targets }
  },
})

/** How much more than 1 a ratio is. */
function inPercent(ratio) {
  return Object.fromEntries(Object.entries(ratio).map(([name, value]) => [name, (value - 1) * 100]))
}

/** Arguments of a runtime whose worker does not find its page. */
function silence({ name }) {
  return [name === 'bun' ? '--preload' : '--require', script('app/no-telemetry.cjs')]
}

async function start({ path, app }, execArgv) {
  const [port] = await freePorts(1)
  const env = { EXEC_ARGV: JSON.stringify(execArgv) }
  const child = launch(path, [script('app/cluster.mjs'), app, '1', String(port)], env)
  const { workers } = await report(child)
  return { child, port, worker: workers[0] }
}

/** Contender → per cent of a core that its idle worker takes. */
async function watch(clusters) {
  await pause(SETTLED)
  const read = () => Object.entries(clusters).map(([name, { worker }]) => [name, nanosecondsOf(worker)])
  const before = Object.fromEntries(read())
  await pause(WATCHED)
  return Object.fromEntries(
    read().map(([name, after]) => [name, ((after - before[name]) / 1e6 / WATCHED) * 100]),
  )
}

/** Contender → microseconds per request, one value per round. */
async function runInTurn(wrk, clusters, { rounds, seconds }) {
  const results = { told: [], silent: [] }
  const names = Object.keys(results)
  // What is compiled with the first requests is nobody's cost.
  for (const name of names) await send(wrk, clusters[name], LOADS.full, seconds)
  for (let round = 0; round < rounds; round += 1) {
    for (const name of names) {
      const { worker } = clusters[name]
      const before = nanosecondsOf(worker)
      const { requests } = await send(wrk, clusters[name], LOADS.full, seconds)
      results[name].push((nanosecondsOf(worker) - before) / 1000 / requests)
    }
    names.reverse()
  }
  return results
}
