/**
 * Makes a clone runnable: packages from the lock file, the addon, the TypeScript. Each step is skipped when
 * nothing that it reads has changed, so every command can begin with it.
 *
 * Runs before `npm ci`, hence imports nothing but Node's own modules.
 */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { build } from './build.mjs'
import { exclusively } from './lock.mjs'
import { isMain, main, npm, ROOT } from './run.mjs'
import { complete, hashOf, isCurrent } from './stamp.mjs'

/** Install what the lock file names, then build what is out of date. */
export function setup() {
  return exclusively(bringUpToDate)
}

async function bringUpToDate() {
  const lock = hashOf(['package-lock.json'])
  if (!existsSync(join(ROOT, 'node_modules')) || !isCurrent('packages', lock)) {
    await npm(['ci', '--no-audit', '--no-fund', '--loglevel=error'])
    complete('packages', lock)
  }
  await build()
}

if (isMain(import.meta.url)) main(setup)
