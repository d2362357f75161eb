/** `app.on` and its kin: events of the cluster, and whatever the app itself emits. */
import { EventEmitter } from 'node:events'
import { toClusterError } from '../errors.js'
import { pack } from '../ipc/failure.js'
import { EVENTS, type EventName, type Passed } from './protocol.js'
import type { Any } from './types.js'

/** Functions of emitters that take the name of an event and a listener. */
const FUNCTIONS = ['on', 'once', 'off', 'addListener', 'removeListener', 'prependListener'] as const

const NAMES = new Set<string>(EVENTS)

/** The emitter of an app's cluster. `wanted` is called when an event gets its first listener. */
export function clusterEmitter(wanted: (name: EventName) => void): EventEmitter {
  const emitter = new EventEmitter()
  emitter.on('newListener', (name: string) => {
    if (NAMES.has(name) && emitter.listenerCount(name) === 0) wanted(name as EventName)
  })
  return emitter
}

/** Give `app` the functions. Where it has them already, they keep all names but those of the cluster. */
export function attachEmitter(app: Any, emitter: EventEmitter): void {
  for (const name of FUNCTIONS) {
    const own = app[name]
    app[name] = (event: string, listener: (...args: Any[]) => void) => {
      if (typeof own === 'function' && !NAMES.has(event)) return own.call(app, event, listener)
      emitter[name](event, listener)
      return app
    }
  }
}

/** An event, ready to travel. */
export function passOn(name: EventName, args: Any[]): Passed {
  if (name !== 'worker:error') return { name, args }
  const [data] = args
  return { name, args: [{ ...data, error: pack(data.error) }] }
}

/** The arguments of an event that has travelled. */
export function received({ name, args }: Passed): Any[] {
  if (name !== 'worker:error') return args
  const [data] = args
  return [{ ...data, error: toClusterError(data.error) }]
}
