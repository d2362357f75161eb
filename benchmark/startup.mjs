/**
 * Time from `start()` until 4 workers are ready, against the same 4 processes started by hand, all at once.
 *
 *     npm run bench:startup -- [--runtime node|bun|node22...]... [--rounds 20] [--json FILE]
 */
import { fileURLToPath } from 'node:url'
import { benchmark } from './lib/benchmark.mjs'
import { freePorts } from './lib/ports.mjs'
import { end, launch, report } from './lib/processes.mjs'
import { ratio, summary } from './lib/stats.mjs'
import { spread, table } from './lib/table.mjs'
import { atMost } from './lib/targets.mjs'

const WORKERS = 4
const BOUND = 1.15

const probe = name => fileURLToPath(new URL(`probes/${name}.mjs`, import.meta.url))

benchmark({
  title: `Start-up of ${WORKERS} workers`,
  defaults: { rounds: 20 },
  async body({ options, runtimes }) {
    const results = {}
    for (const runtime of runtimes) results[runtime.name] = await runInTurn(runtime, options.rounds)

    const compared = Object.entries(results).map(([name, { ours, byHand }]) => ({
      name,
      ours: summary(ours),
      byHand: summary(byHand),
      ratio: ratio(ours, byHand),
    }))
    table(
      'Milliseconds until all workers answer',
      ['', 'xypriss-cluster', 'by hand', 'ratio'],
      compared.map(({ name, ...row }) => [name, spread(row.ours), spread(row.byHand), spread(row.ratio, 2)]),
    )
    const targets = compared.map(({ name, ratio }) => {
      return atMost(`${name}: start-up, times by hand`, ratio.median, BOUND)
    })
    return { results, targets }
  },
})

async function runInTurn(runtime, rounds) {
  const ours = []
  const byHand = []
  const contenders = [
    async () => ours.push(await time(runtime, 'start-cluster', [WORKERS, ...(await freePorts(1))])),
    async () => byHand.push(await time(runtime, 'start-by-hand', await freePorts(WORKERS))),
  ]
  for (let round = 0; round < rounds; round++) {
    for (const contender of contenders) await contender()
    contenders.reverse()
  }
  return { ours, byHand }
}

async function time({ path, app }, name, args) {
  const child = launch(path, [probe(name), app, ...args.map(String)])
  const { milliseconds } = await report(child)
  await end([child])
  return milliseconds
}
