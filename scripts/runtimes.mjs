/**
 * Where the JavaScript runtimes of the test matrix are.
 *
 * All of them come from the lock file, so a result never depends on what a machine happens to have.
 */
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const modules = fileURLToPath(new URL('../node_modules/', import.meta.url))

/** Name of a runtime → path of its executable, in the order the suites are run. */
export const RUNTIMES = {
  bun: `${modules}bun/bin/bun.exe`, // Its name on every platform
  node20: `${modules}node20/bin/node`,
  node22: `${modules}node22/bin/node`,
  node24: `${modules}node24/bin/node`,
  node26: `${modules}node26/bin/node`,
}

/** The executable of the runtime called `name`; throws when it is unknown or not installed. */
export function runtimePath(name) {
  const path = RUNTIMES[name]
  if (!path) throw new Error(`unknown runtime "${name}": use one of ${Object.keys(RUNTIMES).join(', ')}`)
  if (!existsSync(path)) throw new Error(`runtime "${name}" is not installed: ${path} is missing`)
  return path
}
