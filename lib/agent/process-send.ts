/** `process.send('ready')`, by which apps written for PM2's `wait_ready` say that they are ready. */
import type { WorkerCommunicationError } from '../errors.js'

/** Seen from the agent's bundle, `dist/agent.js`. */
const ERRORS = './errors.js'

type Send = NonNullable<typeof process.send>

/** Define `process.send`, or wrap the one there is; `ready` is called when the app says that it is ready. */
export function installProcessSend(ready: () => void): void {
  const inherited = process.send
  const send = (message: unknown, ...rest: unknown[]): boolean => {
    const callback = rest.findLast(argument => typeof argument === 'function')
    if (saysReady(message)) {
      ready()
      if (callback) process.nextTick(callback, null)
      return true
    }
    if (inherited) return Reflect.apply(inherited, process, [message, ...rest])
    if (!callback) throw unsupported()
    process.nextTick(callback, unsupported())
    return false
  }
  process.send = send as Send
  if (inherited) return
  // Bun has a getter here.
  Object.defineProperty(process, 'connected', {
    value: true,
    configurable: true,
    enumerable: true,
    writable: true,
  })
}

function saysReady(message: unknown): boolean {
  if (message === 'ready') return true
  return typeof message === 'object' && message !== null && 'type' in message && message.type === 'ready'
}

function unsupported(): WorkerCommunicationError {
  // Loaded here, as hardly any worker needs it, and from outside the bundle, so that `instanceof` holds in the app.
  const { WorkerCommunicationError } = require(ERRORS) as typeof import('../errors.js')
  return new WorkerCommunicationError(
    "process.send() in a worker of xypriss-cluster carries 'ready' and { type: 'ready' } only; " +
      'send other data by a channel of your own, such as a database or a queue',
    'ERR_WORKER_CHANNEL',
  )
}
