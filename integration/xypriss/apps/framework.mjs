/** `createServer` as apps get it: the adapter's, from ESM, from CommonJS, or around the one of XyPriss. */
import { createRequire } from 'node:module'

const ways = {
  esm: async () => (await import('xypriss-cluster/xypriss')).createServer,
  cjs: async () => createRequire(import.meta.url)('xypriss-cluster/xypriss').createServer,
  wrapped: async () => {
    const { createServer } = await import('xypriss')
    return (await import('xypriss-cluster/xypriss')).withCluster(createServer)
  },
  /** XyPriss's own. */
  plain: async () => (await import('xypriss')).createServer,
}

/** `createServer` in the way of that name. */
export function createServerBy(way = 'esm') {
  return ways[way]()
}
