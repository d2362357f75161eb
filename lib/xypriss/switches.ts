/** Whether an app is clustered, and what this process is then. Pure. */
import type { Any } from './types.js'

/**
 * - `plain`: the app asks for no cluster, and is XyPriss's alone.
 * - `off`: it asks for one, and the environment or another section of the options forbids it.
 * - `worker`, `master`: it has one, and this is the part that this process plays.
 */
export type Part = 'plain' | 'off' | 'worker' | 'master'

/** Variables that switch clusters off when they are `true`. */
const SWITCHES = ['DISABLE_CLUSTERING', 'SINGLE_PROCESS']

/** The part of this process; `isOurs` says that a master of this package started it. */
export function partOf(options: Any, env: Record<string, string | undefined>, isOurs: boolean): Part {
  if (options?.cluster?.enabled !== true) return 'plain'
  if (SWITCHES.some(name => env[name] === 'true') || isMultiServer(options)) return 'off'
  if (isOurs) return 'worker'
  // A worker of somebody else, who has a cluster already.
  return env.CLUSTER_MODE === 'true' ? 'off' : 'master'
}

/** Whether the app is several servers on several ports: a cluster has one public port. */
export function isMultiServer(options: Any): boolean {
  return Boolean(options?.multiServer?.enabled && options.multiServer.servers)
}
