/**
 * Writes `index.d.ts`, the package's one entry for editors, from the declarations that tsc made.
 *
 * It is committed, so every change of the public interface is a visible diff, and generated, so it cannot say
 * anything that the code does not. Names are not made unique: `npm run lint` compiles the bundle, and refuses it
 * when two modules share one.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { ROOT } from './run.mjs'

/** The modules with public names, in reading order. What they import from one another is in the same file. */
const MODULES = [
  'cluster',
  'factory',
  'builder',
  'config',
  'worker',
  'constants',
  'metrics',
  'events',
  'errors',
  'ipc',
  'ipc-manager',
  'audience',
  'process-monitor',
  'memory-manager',
]

const HEADER = '// Generated from lib/ by scripts/bundle-types.mjs. Do not edit.\n'

/** Rewrite `index.d.ts` from `dist/`. */
export function bundleTypes() {
  const modules = MODULES.map(name => readFileSync(join(ROOT, 'dist', `${name}.d.ts`), 'utf8'))
  const foreign = new Set(modules.flatMap(text => text.match(/^import .* from '(?!\.\/).*$/gm) ?? []))
  const bodies = modules.map(text =>
    text
      .replace(/^import .*\n/gm, '')
      .replace(/^export \{\};\n/gm, '')
      .trim(),
  )
  // The addon's typings lie beside the bundle.
  const imports = [...foreign].join('\n').replaceAll("'../binding", "'./binding")
  writeFileSync(join(ROOT, 'index.d.ts'), `${[HEADER + imports, ...bodies].join('\n\n')}\n`)
}
