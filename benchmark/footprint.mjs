/**
 * Memory and idle processor time that xypriss-cluster adds to a bare runtime.
 *
 *     npm run bench:footprint -- [--runtime node|bun|node22...]... [--rounds 5] [--seconds 60] [--json FILE]
 *
 * `--seconds` is for how long idle processes are watched; the default covers every timer that a cluster has.
 */
import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { benchmark } from './lib/benchmark.mjs'
import { freePorts } from './lib/ports.mjs'
import { cpuOf, memoryOf } from './lib/proc.mjs'
import { endAll, launch, report } from './lib/processes.mjs'
import { difference, summary } from './lib/stats.mjs'
import { fixed, spread, table } from './lib/table.mjs'
import { atMost } from './lib/targets.mjs'

const WORKERS = 2
const MEMORY_BOUND = 15
const CPU_BOUND = 0.2

/** The age in milliseconds at which processes are looked at: what only start-up needed is done. */
const SETTLED = 3_000

/** What is compared: a process with the addon, and the same without it. */
const PAIRS = [
  ['loaded', 'bare'],
  ['master', 'bare'],
  ['worker', 'app'],
]

const script = path => fileURLToPath(new URL(path, import.meta.url))

benchmark({
  title: 'Footprint',
  defaults: { rounds: 5, seconds: 60 },
  async body({ options, runtimes }) {
    const results = {}
    const targets = []
    for (const runtime of runtimes) {
      const memory = await measureMemory(runtime, options.rounds)
      results[runtime.name] = { memory }
      targets.push(...printMemory(runtime, memory))
    }
    const cpu = await measureIdle(runtimes, options.seconds)
    for (const { name } of runtimes) results[name].cpu = cpu[name]
    targets.push(...printIdle(cpu, options.seconds))
    return { results, targets }
  },
})

/** Fresh processes of every kind side by side, so that shared pages count the same for each: kind → pid. */
async function startKinds({ path, app }) {
  const [port, publicPort] = await freePorts(2)
  const bare = launch(path, [script('probes/bare.mjs')])
  const loaded = launch(path, [script('probes/loaded.mjs')])
  const plain = launch(path, [app], { PORT: port })
  const master = launch(path, [script('app/cluster.mjs'), app, String(WORKERS), String(publicPort)])
  const [{ workers }] = await Promise.all([master, bare, loaded, plain].map(report))
  return { bare: bare.pid, loaded: loaded.pid, master: master.pid, app: plain.pid, worker: workers[0] }
}

/** Kind → one sample of its memory per round. */
async function measureMemory(runtime, rounds) {
  const samples = {}
  for (let round = 0; round < rounds; round++) {
    const kinds = Object.entries(await startKinds(runtime))
    await pause(SETTLED)
    for (const [kind, pid] of kinds) {
      samples[kind] ??= []
      samples[kind].push(memoryOf(pid))
    }
    await endAll()
  }
  return samples
}

function printMemory(runtime, samples) {
  const targets = []
  const rows = PAIRS.map(([kind, base]) => {
    const cells = ['rss', 'pss'].flatMap(field => {
      const values = megabytes(samples[kind], field)
      const added = difference(values, megabytes(samples[base], field))
      if (field === 'rss')
        targets.push(atMost(`${runtime.name}: MB added, ${kind}`, added.median, MEMORY_BOUND))
      return [spread(summary(values), 1), spread(added, 1)]
    })
    return [`${kind}, to ${base}`, ...cells]
  })
  table(`${runtime.name}: memory in MB`, ['', 'RSS', 'added', 'PSS', 'added'], rows)
  return targets
}

const megabytes = (samples, field) => samples.map(sample => sample[field] / 1e6)

/** Runtime → kind → share of one processor in per cent; all are watched at the same time. */
async function measureIdle(runtimes, seconds) {
  const running = []
  for (const runtime of runtimes) running.push([runtime.name, await startKinds(runtime)])
  await pause(SETTLED)
  const read = () =>
    running.map(([, kinds]) => Object.entries(kinds).map(([kind, pid]) => [kind, cpuOf(pid)]))
  const begin = read()
  await pause(seconds * 1000)
  const end = read()
  return Object.fromEntries(
    running.map(([name], index) => {
      const shares = end[index].map(([kind, cpu], at) => [
        kind,
        ((cpu - begin[index][at][1]) * 100) / seconds,
      ])
      return [name, Object.fromEntries(shares)]
    }),
  )
}

function printIdle(cpu, seconds) {
  const targets = []
  const rows = Object.entries(cpu).flatMap(([name, shares]) => {
    return PAIRS.map(([kind, base]) => {
      const added = shares[kind] - shares[base]
      if (kind !== 'loaded') targets.push(atMost(`${name}: idle CPU added in %, ${kind}`, added, CPU_BOUND))
      return [`${name}: ${kind}, to ${base}`, fixed(shares[kind], 3), fixed(added, 3)]
    })
  })
  table(`Per cent of one processor, idle for ${seconds} s`, ['', 'CPU', 'added'], rows)
  return targets
}
