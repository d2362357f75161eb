/**
 * Messages between a master and its workers, against `process.send` of the same runtime.
 *
 *     npm run bench:ipc -- [--runtime node|bun|node22...]... [--rounds 5] [--json FILE]
 */
import { fileURLToPath } from 'node:url'
import { benchmark } from './lib/benchmark.mjs'
import { end, launch, report } from './lib/processes.mjs'
import { ratio, summary } from './lib/stats.mjs'
import { spread, table } from './lib/table.mjs'
import { atLeast, atMost } from './lib/targets.mjs'

const probe = name => fileURLToPath(new URL(`probes/${name}.mjs`, import.meta.url))

/** Who takes part; the first two are compared. The last carries nothing: no transport of JSON can be faster. */
const CONTENDERS = {
  ours: [probe('ipc-ours')],
  'process.send': [probe('ipc-process-send')],
  advanced: [probe('ipc-process-send'), 'advanced'],
  'JSON alone': [probe('ipc-json-alone')],
}

const BOUND = 'JSON alone'

const FIGURES = {
  latency: { what: 'round trip, 1 KiB JSON', unit: 'p50 in µs' },
  pipelinedTiny: { what: 'round trips, window 256, 150 bytes of JSON', unit: 'per second', least: 2 },
  pipelined: { what: 'round trips, window 256, 1 KiB JSON', unit: 'per second', least: 2 },
  text64K: { what: '64 KiB text', unit: 'MiB/s', least: 2 },
  text1M: { what: '1 MiB text', unit: 'MiB/s', least: 2 },
  json64K: { what: '64 KiB JSON', unit: 'MiB/s', least: 2 },
  json1M: { what: '1 MiB JSON', unit: 'MiB/s', least: 2 },
  bytes64K: { what: '64 KiB Uint8Array', unit: 'MiB/s', least: 5 },
  bytes1M: { what: '1 MiB Uint8Array', unit: 'MiB/s', least: 5 },
  broadcastTiny: { what: 'broadcasts to 8 workers, 150 bytes of JSON', unit: 'per second', least: 2 },
  broadcast: { what: 'broadcasts to 8 workers, 1 KiB JSON', unit: 'per second', least: 2 },
}

benchmark({
  title: 'Messages between master and workers',
  defaults: { rounds: 5 },
  async body({ options, runtimes }) {
    const results = {}
    const targets = []
    for (const runtime of runtimes) {
      const runs = await runInTurn(runtime, options.rounds)
      results[runtime.name] = runs
      const rows = Object.entries(FIGURES).map(([name, { what, unit, least }]) => {
        const label = `${what}, ${unit}`
        const of = contender => runs[contender].map(figures => figures[name])
        const times = ratio(of('ours'), of('process.send'))
        const about = `${runtime.name}: ${label}, times process.send`
        targets.push(least ? atLeast(about, times.median, least) : atMost(about, times.median, 0.8))
        const digits = name === 'latency' ? 1 : 0
        // What travels as bytes has no figure of JSON.
        const has = contender => of(contender).every(figure => figure !== undefined)
        const cells = Object.keys(CONTENDERS).map(contender =>
          has(contender) ? spread(summary(of(contender)), digits) : '-',
        )
        const bound = has(BOUND) ? spread(ratio(of(BOUND), of('process.send')), 2) : '-'
        return [label, ...cells, spread(times, 2), bound]
      })
      const ratios = ['ours', BOUND].map(name => `${name} / process.send`)
      table(runtime.name, ['', ...Object.keys(CONTENDERS), ...ratios], rows)
      printCpu(runtime, runs)
    }
    return { results, targets }
  },
})

/** Processor time: what a round trip costs on a machine that is busy, where the clock tells little. */
function printCpu(runtime, runs) {
  const of = (contender, name) => runs[contender].map(({ cpu }) => cpu[name])
  const rows = Object.entries(FIGURES).map(([name, { what }]) => {
    const theirs = of('process.send', name)
    const has = of(BOUND, name).every(figure => figure !== undefined)
    return [
      what,
      ...['ours', 'process.send'].map(contender => spread(summary(of(contender, name)), 1)),
      spread(ratio(theirs, of('ours', name)), 2),
      has ? spread(ratio(theirs, of(BOUND, name)), 2) : '-',
    ]
  })
  const columns = ['', 'ours', 'process.send', 'process.send / ours', `process.send / ${BOUND}`]
  table(`${runtime.name}: processor time of all processes together, µs for one`, columns, rows)
}

async function runInTurn({ path }, rounds) {
  const runs = Object.fromEntries(Object.keys(CONTENDERS).map(name => [name, []]))
  const contenders = Object.entries(CONTENDERS)
  for (let round = 0; round < rounds; round++) {
    for (const [name, args] of contenders) {
      const child = launch(path, args)
      runs[name].push(await report(child))
      await end([child])
    }
    contenders.reverse()
  }
  return runs
}
