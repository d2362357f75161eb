/** The options of an app, as its master and its workers pass them on to XyPriss. Pure: nothing given is changed. */
import type { ClusterConfig } from '../config.js'
import { ConfigurationError } from '../errors.js'
import type { Any } from './types.js'

/** Tells a worker that its master answers what an app asks of its cluster. */
export const MARK = 'XYPRISS_CLUSTER_APP'

/** Where XyPriss listens when nobody says anything else. */
const DEFAULT_PORT = 8085

/** The options without XyPriss's own cluster. Values are passed on as they are: functions and classes are among them. */
export function unclustered(options: Any): Any {
  return { ...options, cluster: { ...options.cluster, enabled: false } }
}

/** The options of a worker: it listens where its master will look for it, and watches no files. */
export function forWorker(options: Any, port: number): Any {
  const changed = { ...unclustered(options), server: { ...options.server, port } }
  // Every worker would watch, and start a process of its own for each change.
  if (options.fileWatcher?.enabled) changed.fileWatcher = { ...options.fileWatcher, enabled: false }
  return changed
}

/** The port that an app is started on, by the rules of XyPriss: 0 is no port. */
export function publicPort(started: Any, options: Any, env: Record<string, string | undefined>): number {
  return Number(started || options.server?.port || env.PORT || DEFAULT_PORT)
}

/** What the section `cluster` comes to. */
export interface Section {
  config: ClusterConfig
  fallback: boolean
}

/** Reads the section `cluster`. Everything but `fallback` is checked by the core. */
export function sectionOf(options: Any): Section {
  const given = options.cluster.config ?? {}
  if (typeof given !== 'object' || Array.isArray(given)) return { config: given, fallback: false }
  const { fallback = false, exec, ...config } = given
  if (typeof fallback !== 'boolean') {
    const problem = `fallback: must be true or false, not ${JSON.stringify(fallback)}`
    throw new ConfigurationError(`invalid cluster configuration: ${problem}`, 'ERR_CONFIGURATION', {
      problems: [problem],
    })
  }
  return { config: { ...config, exec: marked(exec) }, fallback }
}

/** `exec` with the mark for workers, unless it is nothing that could have one. */
function marked(exec: Any): Any {
  if (exec !== undefined && exec !== null && (typeof exec !== 'object' || Array.isArray(exec))) return exec
  const env = exec?.env
  if (env !== undefined && env !== null && (typeof env !== 'object' || Array.isArray(env))) return exec
  return { ...exec, env: { ...env, [MARK]: 'true' } }
}
