/**
 * Installs the package in which XyPriss itself is, `integration/xypriss`, and puts this package beside it as npm would
 * install it: with the files that are published, and so that it finds that XyPriss.
 *
 * Skips what is done already. XyPriss's tree has 280 MB, of which nothing else needs anything.
 */
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { exclusively } from './lock.mjs'
import { isMain, main, npm, ROOT } from './run.mjs'
import { setup } from './setup.mjs'
import { complete, hashOf, isCurrent } from './stamp.mjs'

/** Where XyPriss is. */
export const INTEGRATION = join(ROOT, 'integration', 'xypriss')
const INSTALLED = join(INTEGRATION, 'node_modules', 'xypriss-cluster')

/** Everything that the tests and the benchmark with XyPriss need. */
export async function setupXypriss() {
  await setup()
  await exclusively(async () => {
    const lock = hashOf(['integration/xypriss/package-lock.json'])
    if (!existsSync(join(INTEGRATION, 'node_modules')) || !isCurrent('xypriss-packages', lock)) {
      // Without scripts: they compile and download what neither XyPriss nor we use here.
      const quiet = ['--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error']
      await npm(['ci', '--prefix', INTEGRATION, ...quiet])
      complete('xypriss-packages', lock)
    }
    installOurselves()
  })
}

function installOurselves() {
  const wanted = new Set(published())
  for (const file of wanted) update(join(ROOT, file), join(INSTALLED, file))
  const present = existsSync(INSTALLED) ? filesUnder(INSTALLED, '') : []
  for (const file of present) if (!wanted.has(file)) rmSync(join(INSTALLED, file))
}

/** The files of the package; the addon comes with a package of its own then, and is found here as well. */
function published() {
  const { files } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'))
  const addons = readdirSync(ROOT).filter(file => file.endsWith('.node'))
  return ['package.json', ...files, ...addons].flatMap(file => filesUnder(ROOT, file))
}

function filesUnder(root, path) {
  if (!statSync(join(root, path)).isDirectory()) return [path]
  return readdirSync(join(root, path)).flatMap(name => filesUnder(root, join(path, name)))
}

/** Copy what differs. What is the same stays, as somebody may be running it. */
function update(from, to) {
  if (existsSync(to) && readFileSync(from).equals(readFileSync(to))) return
  mkdirSync(dirname(to), { recursive: true })
  rmSync(to, { force: true })
  copyFileSync(from, to)
}

if (isMain(import.meta.url)) main(setupXypriss)
