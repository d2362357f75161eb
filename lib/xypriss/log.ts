/** What the cluster says of itself, as section `logging` of XyPriss wants it. */
import type { ClusterEvents } from '../events.js'
import type { Any } from './types.js'

const LEVELS = ['silent', 'error', 'warn', 'info', 'debug', 'verbose'] as const
type Level = Exclude<(typeof LEVELS)[number], 'silent' | 'verbose'>

/** What is said, and to whom. */
export interface LogSettings {
  /** The levels that are heard. */
  heard: ReadonlySet<Level>
  /** `logging.customLogger`. */
  custom?: (level: string, component: string, message: string) => void
}

/** Reads section `logging`: XyPriss's defaults are that it is on, with level `info`. Pure. */
export function logSettings(logging: Any): LogSettings {
  const { enabled, level, components, componentLevels, types, customLogger } = logging ?? {}
  const own = componentLevels?.cluster
  const name = (typeof own === 'string' ? own : own?.level) ?? level ?? 'info'
  // A word that XyPriss does not know either.
  const threshold = LEVELS.includes(name) ? LEVELS.indexOf(name) : LEVELS.indexOf('info')
  const off = enabled === false || components?.cluster === false || own?.enabled === false || threshold === 0
  const heard = new Set<Level>()
  if (!off) {
    if (types?.errors !== false) heard.add('error')
    if (threshold >= 2 && types?.warnings !== false) heard.add('warn')
    if (threshold >= 3) heard.add('info')
    if (types?.debug === true || (threshold >= 4 && types?.debug !== false)) heard.add('debug')
  }
  return typeof customLogger === 'function' ? { heard, custom: customLogger } : { heard }
}

/** Says things. */
export class Log {
  readonly #settings: LogSettings

  constructor(logging: Any) {
    this.#settings = logSettings(logging)
  }

  say(level: Level, message: string): void {
    const { heard, custom } = this.#settings
    if (!heard.has(level)) return
    if (custom) custom(level, 'cluster', message)
    else
      (level === 'info' || level === 'debug' ? process.stdout : process.stderr).write(
        `[CLUSTER] ${message}\n`,
      )
  }
}

type Lines = { [Name in keyof ClusterEvents]?: (...data: Parameters<ClusterEvents[Name]>) => [Level, string] }

/** What is said of each event. */
export const LINES: Lines = {
  'worker:started': ({ workerId, pid, port }) => ['debug', `${workerId} (${pid}) is ready on port ${port}`],
  'worker:exit': ({ workerId, pid, reason }) => ['debug', `${workerId} (${pid}) ${reason}`],
  'worker:stopped': ({ workerId }) => ['debug', `${workerId} is gone`],
  'worker:restart': ({ workerId, reason }) => ['info', `${workerId} is replaced: ${reason}`],
  'worker:error': ({ error }) => ['error', error.message],
  'cluster:scaled': ({ oldCount, newCount, reason }) => [
    'info',
    `scaled from ${oldCount} to ${newCount} workers: ${reason}`,
  ],
  'autoscale:decision': ({ action, reason }) => ['debug', `automatic scaling: ${action}, ${reason}`],
  'health:changed': ({ status }) => [status === 'healthy' ? 'info' : 'warn', `the cluster is ${status}`],
  'cluster:stopped': () => ['info', 'the cluster has stopped'],
}
