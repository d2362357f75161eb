/**
 * Time to check a configuration in which every field is given.
 *
 *     npm run bench:configuration -- [--runtime node|bun|node22...]... [--rounds 7] [--json FILE]
 */
import { fileURLToPath } from 'node:url'
import { benchmark } from './lib/benchmark.mjs'
import { end, launch, report } from './lib/processes.mjs'
import { summary } from './lib/stats.mjs'
import { spread, table } from './lib/table.mjs'
import { atMost } from './lib/targets.mjs'

/** Microseconds. */
const BOUND = 50

/** What is measured: the call, and its two halves. */
const PARTS = { whole: 'validateConfig()', read: 'reading the object', native: 'checking the text' }

const probe = fileURLToPath(new URL('probes/validate.mjs', import.meta.url))

benchmark({
  title: 'Checking a full configuration',
  defaults: { rounds: 7 },
  async body({ options, runtimes }) {
    const results = Object.fromEntries(runtimes.map(({ name }) => [name, []]))
    for (let round = 0; round < options.rounds; round++) {
      for (const { name, path } of runtimes) {
        const child = launch(path, [probe])
        results[name].push(await report(child))
        await end([child])
      }
      runtimes.reverse()
    }
    const rows = Object.entries(results).map(([name, rounds]) => [
      `${name}, ${rounds[0].fields} fields`,
      ...Object.keys(PARTS).map(part => spread(summary(rounds.map(round => round[part])), 1)),
    ])
    table('Microseconds', ['', ...Object.values(PARTS)], rows)
    const targets = Object.entries(results).map(([name, rounds]) => {
      const { median } = summary(rounds.map(({ whole }) => whole))
      return atMost(`${name}: microseconds for a full configuration`, median, BOUND)
    })
    return { results, targets }
  },
})
