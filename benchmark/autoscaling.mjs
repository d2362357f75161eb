/**
 * What automatic scaling makes of a load that one worker cannot carry, against one worker and against as many as it may
 * have: latency, and how the number of workers follows.
 *
 *     npm run bench:autoscaling -- [--runtime node|bun|node22...]... [--rounds 3] [--seconds 30] [--json FILE]
 */
import { createInterface } from 'node:readline'
import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { benchmark } from './lib/benchmark.mjs'
import { send } from './lib/load.mjs'
import { freePorts } from './lib/ports.mjs'
import { endAll, launch } from './lib/processes.mjs'
import { ratio, summary } from './lib/stats.mjs'
import { fixed, spread, table } from './lib/table.mjs'
import { atLeast, atMost } from './lib/targets.mjs'

const MOST = 4
/** Together they ask for more than one worker, and for less than `MOST`, can do. */
const CONNECTIONS = 24
const LOAD = { path: '/', method: 'GET', body: 0, pause: 0 }
/** How long it may take after the load until one worker is left, in milliseconds. */
const PATIENCE = 60_000

const autoScaling = {
  enabled: true,
  minWorkers: 1,
  maxWorkers: MOST,
  scaleStep: MOST - 1,
  cooldownPeriod: 500,
  evaluationInterval: 250,
  // The app takes hardly any processor time: what waits is what counts here.
  scaleUpThreshold: { cpu: 100, responseTime: 60_000, queueLength: 2, consecutiveChecks: 2 },
  scaleDownThreshold: { cpu: 99, idleTime: 2_000, consecutiveChecks: 3 },
}

const SCALED = 'with scaling'
const ALONE = 'one worker'
const CONTENDERS = {
  [SCALED]: { workers: 1, autoScaling },
  [ALONE]: { workers: 1 },
  [`${MOST} workers`]: { workers: MOST },
}

const script = path => fileURLToPath(new URL(path, import.meta.url))

benchmark({
  title: 'Automatic scaling',
  defaults: { rounds: 3, seconds: 30 },
  needs: ['wrk'],
  async body({ options, runtimes, tools }) {
    if (!tools.wrk) throw new Error('wrk, which makes the load, is not installed and could not be')
    const results = {}
    const targets = []
    for (const runtime of runtimes) {
      const samples = await runInTurn(runtime, options, tools.wrk)
      results[runtime.name] = samples
      print(runtime, samples)
      targets.push(...targetsOf(runtime, samples))
    }
    return { results, targets }
  },
})

/** Contender → one sample per round. Another one begins each time. */
async function runInTurn(runtime, { rounds, seconds }, wrk) {
  const names = Object.keys(CONTENDERS)
  const samples = Object.fromEntries(names.map(name => [name, []]))
  for (let round = 0; round < rounds; round += 1) {
    const first = round % names.length
    for (const name of [...names.slice(first), ...names.slice(0, first)])
      samples[name].push(await measure(runtime, CONTENDERS[name], seconds, wrk))
  }
  return samples
}

/** A fresh cluster under load; what wrk counted, and the numbers of workers from then until it has come to rest. */
async function measure({ path }, config, seconds, wrk) {
  const [port] = await freePorts(1)
  const args = [script('app/scaling.mjs'), script('app/lane.mjs'), String(port), JSON.stringify(config)]
  const cluster = counted(launch(path, args))
  await cluster.until(count => count !== undefined)
  const load = await send(wrk, { port }, LOAD, seconds, CONNECTIONS)
  if (config.autoScaling) await cluster.until(count => count === config.autoScaling.minWorkers)
  await endAll()
  return { ...load, counts: cluster.counts }
}

/** The numbers of workers that `child` tells of, and a wait for one of them. */
function counted(child) {
  const counts = []
  let wake = () => {}
  createInterface(child.stdout).on('line', line => {
    if (!line.startsWith('{')) return
    counts.push(JSON.parse(line).workers)
    wake()
  })
  const until = async wanted => {
    const late = pause(PATIENCE, 'late', { ref: false })
    while (!wanted(counts.at(-1))) {
      const next = new Promise(resolve => {
        wake = resolve
      })
      if ((await Promise.race([next, late])) === 'late') return
    }
  }
  return { counts, until }
}

const pick = (rounds, field) => rounds.map(round => round[field])
const total = values => values.reduce((sum, value) => sum + value, 0)

function print(runtime, samples) {
  const base = pick(samples[ALONE], 'p95')
  const rows = Object.entries(samples).map(([name, rounds]) => [
    name,
    spread(summary(rounds.map(({ requests, seconds }) => requests / seconds))),
    spread(summary(pick(rounds, 'p50'))),
    spread(summary(pick(rounds, 'p95'))),
    fixed(ratio(pick(rounds, 'p95'), base).median, 2),
    fixed(total(pick(rounds, 'failed')), 0),
    [...new Set(pick(rounds, 'counts').map(counts => counts.join(' → ')))].join(', '),
  ])
  const columns = ['', 'requests/s', 'p50 ms', 'p95 ms', `p95 / ${ALONE}`, 'failed', 'workers']
  table(`${runtime.name}: ${CONNECTIONS} connections, 10 ms of one worker per request`, columns, rows)
}

function targetsOf({ name }, samples) {
  const scaled = samples[SCALED]
  const counts = pick(scaled, 'counts')
  const worst = of => Math.max(...counts.map(of))
  return [
    atMost(
      `${name}: p95 with scaling / ${ALONE}`,
      ratio(pick(scaled, 'p95'), pick(samples[ALONE], 'p95')).median,
      0.99,
    ),
    atLeast(`${name}: most workers`, Math.min(...counts.map(count => Math.max(...count))), MOST),
    atMost(
      `${name}: workers afterwards`,
      worst(count => count.at(-1)),
      1,
    ),
    atMost(`${name}: changes of direction`, worst(turns), 1),
    atMost(`${name}: failed requests`, total(pick(scaled, 'failed')), 0),
  ]
}

/** How often a list of numbers goes the other way. */
function turns(counts) {
  const steps = counts.slice(1).map((count, index) => Math.sign(count - counts[index]))
  return steps.slice(1).filter((step, index) => step !== steps[index]).length
}
