/**
 * XyPriss apps with a cluster: the same `createServer`, and the same script for the master and every worker.
 *
 * What is not needed is not loaded: XyPriss not before the first app, the addon not for an app without a cluster.
 */
import { currentAgent } from '../agent/handle.js'
import { ClusterError } from '../errors.js'
import { unclustered } from './options.js'
import { isMultiServer, partOf } from './switches.js'
import type { Any, Clustered } from './types.js'

export type { ClusterEvents } from '../events.js'
export type {
  Clustered,
  ClusteredOptions,
  ClusterMethods,
  ClusterOptions,
  WorkerInfo,
  XyPrissClusterConfig,
} from './types.js'

// biome-ignore lint/suspicious/noTsIgnore: it is an error exactly where the optional peer is not installed
/** @ts-ignore */
type XyPriss = typeof import('xypriss')

/**
 * `createServer` whose apps run as a cluster when their options say so. In workers it is the same function again: the
 * app is then one server behind the port of the master.
 *
 * @param createServer That of XyPriss, or one with its contract.
 */
export function withCluster<CreateServer extends (options?: Any, ...rest: Any[]) => Any>(
  createServer: CreateServer,
): Clustered<CreateServer> {
  if (typeof createServer !== 'function') {
    throw new TypeError('withCluster() needs the function createServer of XyPriss')
  }
  const clustered = (options?: Any, ...rest: Any[]): Any => {
    switch (partOf(options, process.env, currentAgent() !== undefined)) {
      case 'plain':
        return createServer(options, ...rest)
      case 'off':
        if (isMultiServer(options)) warnOfMultiServer()
        return createServer(unclustered(options), ...rest)
      case 'worker':
        return (require('./worker.js') as typeof import('./worker.js')).workerApp(createServer, options, rest)
      case 'master':
        return (require('./master.js') as typeof import('./master.js')).masterApp(createServer, options, rest)
    }
  }
  return clustered as Clustered<CreateServer>
}

/** `createServer` of a module that is loaded by its first call. */
export function lazily(load: () => { createServer: Any }): Clustered<XyPriss['createServer']> {
  let clustered: Any
  return ((options?: Any, ...rest: Any[]) => {
    clustered ??= withCluster(found(load))
    return clustered(options, ...rest)
  }) as Clustered<XyPriss['createServer']>
}

/** `createServer` of the XyPriss that is installed beside this package, with the cluster. */
export const createServer: Clustered<XyPriss['createServer']> = lazily(() => require('xypriss'))

/** `createServer` of what `load` gives; an error in words of an app where that is not installed. */
function found(load: () => { createServer: Any }): Any {
  try {
    return load().createServer
  } catch (cause) {
    const { code, message } = cause as { code?: string; message?: string }
    // A module that XyPriss itself lacks is another matter, and says so itself.
    if (!code?.endsWith('MODULE_NOT_FOUND') || !/['"]xypriss['"]/.test(message ?? '')) throw cause
    throw new ClusterError(
      'xypriss is not installed where xypriss-cluster finds it: install it beside this package, or give its createServer to withCluster()',
      'ERR_XYPRISS_NOT_FOUND',
      undefined,
      { cause },
    )
  }
}

function warnOfMultiServer(): void {
  process.emitWarning(
    'an app with multiServer is not clustered: it has several ports, and a cluster has one. It runs in one process',
    { code: 'XYPRISS_CLUSTER_MULTI_SERVER' },
  )
}
