/**
 * Processor time of sampling processes, against pidusage and systeminformation.
 *
 *     npm run bench:monitor -- [--runtime node|bun|node22...]... [--rounds 5] [--samples 50] [--processes 32] [--json FILE]
 *
 * and what monitoring costs a master: `--seconds` is for how long a cluster of eight idle workers is watched, with
 * metrics every second and without.
 */
import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { benchmark } from './lib/benchmark.mjs'
import { npmPackages } from './lib/npm-packages.mjs'
import { freePorts } from './lib/ports.mjs'
import { cpuOf } from './lib/proc.mjs'
import { end, launch, report } from './lib/processes.mjs'
import { ratio, summary } from './lib/stats.mjs'
import { spread, table } from './lib/table.mjs'
import { atMost } from './lib/targets.mjs'

const PEERS = { pidusage: '4.1.0', systeminformation: '5.33.23' }
/** The part of each peer's processor time that is aimed at. */
const BOUNDS = { pidusage: 1 / 20, systeminformation: 1 / 100 }
const OWN = 'xypriss-cluster'
/** Processor time, memory, age: what pidusage reads. The other one has threads and descriptors besides. */
const BRIEF = 'xypriss-cluster, brief'
/** Which of them each peer is compared with: like with like. */
const COMPARED = { pidusage: BRIEF, systeminformation: OWN }

const WORKERS = 8
const MASTER_BOUND = 0.2
/** The age in milliseconds at which masters are looked at. */
const SETTLED = 3_000

const script = path => fileURLToPath(new URL(path, import.meta.url))

benchmark({
  title: 'Monitoring',
  defaults: { rounds: 5, samples: 50, processes: 32, seconds: 20 },
  async body({ options, runtimes }) {
    const peers = npmPackages(PEERS)
    const [results, targets] = [{}, []]
    for (const runtime of runtimes) {
      const sampling = await measureSampling(runtime, peers, options)
      targets.push(...printSampling(runtime, sampling, options))
      const master = await measureMaster(runtime, options)
      targets.push(...printMaster(runtime, master, options))
      results[runtime.name] = { sampling, master }
    }
    return { results, targets }
  },
})

/** Contender → microseconds of processor time per sample of all processes, one value per round. */
async function measureSampling({ path }, peers, { rounds, samples, processes }) {
  const sleepers = Array.from({ length: processes }, () => launch('sleep', ['86400']))
  const pids = sleepers.map(({ pid }) => String(pid))
  const contenders = [OWN, BRIEF, ...Object.keys(peers)]
  const results = Object.fromEntries(contenders.map(name => [name, []]))
  for (let round = 0; round < rounds; round += 1) {
    for (let turn = 0; turn < contenders.length; turn += 1) {
      const name = contenders[(round + turn) % contenders.length]
      const module = peers[name]?.path ?? '-'
      // Those that start a program for it take their time.
      const count = name === 'systeminformation' ? Math.ceil(samples / 10) : samples
      const probe = launch(path, [script('probes/sample.mjs'), name, module, String(count), ...pids])
      results[name].push((await report(probe)).micros)
    }
  }
  await end(sleepers)
  return results
}

function printSampling(runtime, results, { processes }) {
  const rows = Object.entries(results).map(([name, micros]) => [
    PEERS[name] ? `${name} ${PEERS[name]}` : name,
    spread(summary(micros), 0),
    COMPARED[name] ? spread(ratio(results[COMPARED[name]], micros), 4) : '',
    PEERS[name] ? spread(ratio(results[OWN], micros), 4) : '',
  ])
  table(
    `${runtime.name}: processor time of one sample of ${processes} processes, in µs`,
    ['', 'µs', 'what it reads, by us, to it', `all of ${OWN} to it`],
    rows,
  )
  return Object.entries(COMPARED).map(([name, own]) =>
    atMost(`${runtime.name}: sampling, to ${name}`, ratio(results[own], results[name]).median, BOUNDS[name]),
  )
}

/** Share of one processor in per cent of a master of idle workers, with metrics every second and without. */
async function measureMaster({ path, app }, { seconds }) {
  const start = async interval => {
    const [port] = await freePorts(1)
    const args = [script('app/cluster.mjs'), app, String(WORKERS), String(port)]
    const master = launch(path, args, interval ? { METRICS_INTERVAL: String(interval) } : {})
    await report(master)
    return master
  }
  const masters = { quiet: await start(0), sampled: await start(1_000) }
  await pause(SETTLED)
  const read = () => Object.values(masters).map(({ pid }) => cpuOf(pid))
  const before = read()
  await pause(seconds * 1000)
  const [quiet, sampled] = read().map((cpu, index) => ((cpu - before[index]) * 100) / seconds)
  await end(Object.values(masters))
  return { quiet, sampled }
}

function printMaster(runtime, { quiet, sampled }, { seconds }) {
  table(
    `${runtime.name}: per cent of one processor, master of ${WORKERS} idle workers, ${seconds} s`,
    ['', '%'],
    [
      ['no metrics', quiet.toFixed(3)],
      ['metrics every second', sampled.toFixed(3)],
      ['difference', (sampled - quiet).toFixed(3)],
    ],
  )
  return [atMost(`${runtime.name}: % of a core for metrics every second`, sampled - quiet, MASTER_BOUND)]
}
