/** Peers from the npm registry, in a temporary folder: they are no dependencies of this package. */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/**
 * Install `packages`, name → version. Gives name → `{ path, version }` of those that could be had; the folder is
 * removed when the benchmark ends.
 */
export function npmPackages(packages) {
  const folder = mkdtempSync(join(tmpdir(), 'xypriss-benchmark-'))
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }))
  writeFileSync(join(folder, 'package.json'), '{ "private": true }\n')
  const require = createRequire(join(folder, 'package.json'))
  const found = Object.entries(packages).map(([name, version]) => {
    const args = ['install', '--no-audit', '--no-fund', '--ignore-scripts', `${name}@${version}`]
    const { status } = spawnSync('npm', args, { cwd: folder, stdio: ['ignore', 'ignore', 'inherit'] })
    return [name, status === 0 ? { path: require.resolve(name), version } : undefined]
  })
  return Object.fromEntries(found.filter(([, value]) => value))
}
