/**
 * Builds the addon with napi-cli and `dist/` from the TypeScript, each only when its inputs changed; as a program, always.
 *
 *     node scripts/build.mjs [--debug | --library]
 */
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { bundleTypes } from './bundle-types.mjs'
import { isMain, main, ROOT, run } from './run.mjs'
import { runtimePath } from './runtimes.mjs'
import { complete, hashOf, isCurrent } from './stamp.mjs'

/** Everything that is compiled into the addon. */
const ADDON_INPUTS = ['Cargo.toml', 'Cargo.lock', 'build.rs', 'src']
/** Everything that the TypeScript is made from; the addon's typings are part of it. */
const LIBRARY_INPUTS = [
  'tsconfig.json',
  'binding.d.ts',
  'lib',
  'scripts/build.mjs',
  'scripts/bundle-types.mjs',
]

/** Bring the addon and `dist/` up to date. A debug build stands until the sources change or `--force`. */
export async function build({ debug = false, force = false } = {}) {
  await buildAddon(debug, force)
  await buildLibrary(force)
}

async function buildAddon(debug, force) {
  // With the platform: a folder may be mounted into a container of another one.
  const addon = hashOf(ADDON_INPUTS, `${process.platform}-${process.arch}`)
  if (force || !hasAddon() || !isCurrent('addon', addon)) {
    const files = ['--js', 'binding.js', '--dts', 'binding.d.ts']
    await run(tool('napi'), ['build', '--platform', ...(debug ? [] : ['--release']), ...files])
    complete('addon', addon)
  }
}

async function buildLibrary(force) {
  const library = hashOf(LIBRARY_INPUTS)
  if (force || !existsSync(join(ROOT, 'dist')) || !isCurrent('library', library)) {
    await run(tool('tsc'), [])
    await bundleAgent()
    bundleTypes()
    complete('library', library)
  }
}

/**
 * One file, because every worker loads it before its app and each module costs about a millisecond. For Bun with
 * bytecode, which saves a tenth of a worker's start-up; a Bun of another version reads the text instead.
 */
async function bundleAgent() {
  const bundle = ['build', 'lib/agent/index.ts', '--outdir=dist', '--format=cjs']
  await run(runtimePath('bun'), [...bundle, '--entry-naming=agent.node.js', '--target=node'])
  await run(runtimePath('bun'), [...bundle, '--entry-naming=agent.bun.js', '--target=bun', '--bytecode'])
}

const tool = name => join(ROOT, 'node_modules', '.bin', name)
const hasAddon = () => readdirSync(ROOT).some(file => file.endsWith('.node'))

if (isMain(import.meta.url)) {
  const { argv } = process
  main(() =>
    argv.includes('--library') ? buildLibrary(true) : build({ debug: argv.includes('--debug'), force: true }),
  )
}
