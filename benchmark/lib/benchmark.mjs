/** What the benchmarks have in common: set-up, the first lines, the last table, the end of every process. */
import { writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { main } from '../../scripts/run.mjs'
import { runtimePath } from '../../scripts/runtimes.mjs'
import { setup } from '../../scripts/setup.mjs'
import { environment } from './machine.mjs'
import { parseOptions } from './options.mjs'
import { programs } from './packages.mjs'
import { endAll } from './processes.mjs'
import { printTargets } from './targets.mjs'

/**
 * Run a benchmark.
 *
 * `defaults` are those of its own options, as `parseOptions` takes them; `needs` names the programs that it uses.
 * `body` is called with the options, the runtimes to run on as `{ name, path, app }`, and program → path of those
 * that could be had; it gives `{ results, targets }`.
 */
export function benchmark({ title, defaults, needs = [], body }) {
  main(async () => {
    if (process.platform !== 'linux') throw new Error('the benchmarks read /proc: run them on Linux')
    const { json, ...options } = parseOptions({ runtime: ['node', 'bun'], ...defaults })
    await setup()
    const tools = programs(needs)
    const runtimes = options.runtime.map(resolve)

    console.log(`\n${title}\n`)
    const executables = Object.fromEntries(runtimes.map(({ name, path }) => [name, path]))
    const facts = environment({ ...executables, ...tools })
    try {
      const { results, targets } = await body({ options, runtimes, tools })
      if (targets.length > 0) printTargets(targets)
      const record = { title, options, facts, results, targets }
      if (json) writeFileSync(json, `${JSON.stringify(record, null, 2)}\n`)
    } finally {
      await endAll()
    }
  })
}

/** `node` is the one that runs this; `bun`, `node22`... are those of the lock file. */
function resolve(name) {
  const path = name === 'node' ? process.execPath : runtimePath(name)
  const app = fileURLToPath(new URL(`../app/${name === 'bun' ? 'bun' : 'node'}.mjs`, import.meta.url))
  return { name, path, app }
}
