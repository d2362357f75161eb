/**
 * What it costs a worker to tell of itself by its telemetry page: processor time per request under full load. One worker
 * is measured, which is told to begin and to stop in turn: two workers differ by more than what is looked for. So do two
 * runs of the same one, by some per cent on a machine with neighbours; so it tells of itself many times at once, and the
 * difference is divided by that. A number of times of 1 measures the same with less certainty.
 *
 *     npm run bench:telemetry -- [--runtime node|bun|node22...]... [--rounds 20] [--seconds 1] [--times 50] [--json FILE]
 *
 * A round is four runs, with, without, without, with: what grows or shrinks slowly is the same for both. Processor time
 * rather than requests per second: on a machine with neighbours it varies ten times less. An idle worker with its page is
 * measured against another one without.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { benchmark } from './lib/benchmark.mjs'
import { LOADS, send } from './lib/load.mjs'
import { freePorts } from './lib/ports.mjs'
import { nanosecondsOf } from './lib/proc.mjs'
import { end, launch, report } from './lib/processes.mjs'
import { difference, medianInterval, summary } from './lib/stats.mjs'
import { fixed, spread, table } from './lib/table.mjs'
import { atMost } from './lib/targets.mjs'

/** In per cent. */
const BOUND = 0.5
/** The age in milliseconds at which idle workers are looked at, and for how long, at least. */
const [SETTLED, WATCHED] = [3_000, 10_000]
/** Runs before the first round: what is compiled with the first requests is nobody's cost. */
const WARM_UP = 4
/** Between two looks at whether the switch is thrown, in milliseconds, and how often that is looked at. */
const [LOOK, LOOKS] = [5, 1_000]

const script = path => fileURLToPath(new URL(path, import.meta.url))

benchmark({
  title: 'Telemetry of a worker',
  defaults: { rounds: 20, seconds: 1, times: 50 },
  needs: ['wrk'],
  async body({ options, runtimes, tools }) {
    if (!tools.wrk) throw new Error('wrk is needed, see benchmark/README.md')
    const folder = mkdtempSync(join(tmpdir(), 'xypriss-benchmark-'))
    process.once('exit', () => rmSync(folder, { recursive: true, force: true }))
    const [results, rows, targets] = [{}, [], []]
    for (const runtime of runtimes) {
      const { idle, loaded } = await compare(runtime, join(folder, runtime.name), tools.wrk, options)
      const shares = loaded.told.map(
        (told, round) => ((told / loaded.silent[round] - 1) * 100) / options.times,
      )
      const { low, high } = medianInterval(shares)
      rows.push([
        runtime.name,
        spread(summary(loaded.told), 2),
        spread(summary(loaded.silent), 2),
        spread(summary(shares), 2),
        `${fixed(low, 2)}..${fixed(high, 2)}`,
        spread(difference([idle.told], [idle.silent]), 3),
      ])
      const median = summary(shares).median
      targets.push(atMost(`${runtime.name}: % of processor time per request`, median, BOUND))
      targets.push(atMost(`${runtime.name}: the same, end of its interval`, high, BOUND))
      targets.push(atMost(`${runtime.name}: % of a core, idle`, idle.told - idle.silent, BOUND))
      results[runtime.name] = { loaded, idle, interval: { low, high } }
    }
    table(
      `Processor time of a worker per request in µs, with ${options.times} times its telemetry and without; of an idle one in % of a core`,
      ['', 'with', 'without', 'once, in %', 'its median, 95 %', 'idle, difference'],
      rows,
    )
    return { results, targets }
  },
})

async function compare(runtime, file, wrk, options) {
  const clusters = { told: await start(runtime), silent: await start(runtime, 'app/no-telemetry.cjs') }
  const idle = await watch(clusters)
  await end(Object.values(clusters).map(({ child }) => child))
  const env = { TELEMETRY_SWITCH: file, TELEMETRY_TIMES: String(options.times) }
  const cluster = { ...(await start(runtime, 'app/telemetry-switch.cjs', env)), file }
  const loaded = await runInTurn(wrk, cluster, options)
  await end([cluster.child])
  return { idle, loaded }
}

/** A cluster of one worker, which loads script `first` before anything else. */
async function start({ name, path, app }, first, more = {}) {
  const [port] = await freePorts(1)
  const execArgv = first ? [name === 'bun' ? '--preload' : '--require', script(first)] : []
  const env = { ...more, EXEC_ARGV: JSON.stringify(execArgv) }
  const child = launch(path, [script('app/cluster.mjs'), app, '1', String(port)], env)
  const { workers } = await report(child)
  return { child, port, worker: workers[0] }
}

/** Throw the switch of a cluster's worker, which has to stand the other way. */
async function turn({ worker, file }, state) {
  process.kill(worker, 'SIGUSR2')
  for (let look = 0; look < LOOKS; look += 1) {
    await pause(LOOK)
    if (stateIn(file) === state) return
  }
  throw new Error(`the worker did not turn its telemetry ${state}`)
}

function stateIn(file) {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return undefined
  }
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

/** With and without → microseconds per request, one value per round. */
async function runInTurn(wrk, cluster, { rounds, seconds }) {
  const run = async () => {
    const before = nanosecondsOf(cluster.worker)
    const { requests } = await send(wrk, cluster, LOADS.full, seconds)
    return (nanosecondsOf(cluster.worker) - before) / 1000 / requests
  }
  await turn(cluster, 'on')
  for (let warm = 0; warm < WARM_UP; warm += 1) await run()
  const results = { told: [], silent: [] }
  for (let round = 0; round < rounds; round += 1) {
    const first = await run()
    await turn(cluster, 'off')
    const silent = [await run(), await run()]
    await turn(cluster, 'on')
    results.told.push((first + (await run())) / 2)
    results.silent.push((silent[0] + silent[1]) / 2)
  }
  return results
}
