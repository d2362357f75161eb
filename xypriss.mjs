/** ESM entry of the adapter for XyPriss. */
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'
import adapter from './dist/xypriss/index.js'

const require = createRequire(import.meta.url)

/** The module that `import 'xypriss'` of the app gives, so that its classes are the same ones. */
function load() {
  try {
    return require(fileURLToPath(import.meta.resolve('xypriss')))
  } catch (error) {
    // Node.js before 20.19 cannot load it in this way.
    if (error.code !== 'ERR_REQUIRE_ESM' && error.code !== 'ERR_REQUIRE_ASYNC_MODULE') throw error
    return require('xypriss')
  }
}

export const createServer = adapter.lazily(load)
export const withCluster = adapter.withCluster
