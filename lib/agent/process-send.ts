/**
 * `process.send`, `process.on('message')` and `process.disconnect`, as apps written for `node:cluster` and PM2 use
 * them. `process.send('ready')` is PM2's `wait_ready`: it says that the app is ready, and is no message.
 */
import type { WorkerCommunicationError } from '../errors.js'
import type { Link } from '../ipc/link.js'

/** Seen from the agent's bundle, in `dist/`. */
const ERRORS = './errors.js'

type Callback = (error: Error | null) => void

/** Define them, unless the process has them from somebody else; `ready` is called when the app says that it is ready. */
export function installProcessSend(ready: () => void, messages: () => Link | undefined): void {
  const inherited = process.send
  const send = (message: unknown, ...rest: unknown[]): boolean => {
    const callback = rest.findLast(argument => typeof argument === 'function') as Callback | undefined
    if (saysReady(message)) {
      ready()
      if (callback) process.nextTick(callback, null)
      return true
    }
    if (inherited) return Reflect.apply(inherited, process, [message, ...rest])
    try {
      const link = process.connected ? messages() : undefined
      if (!link)
        throw unsupported('ERR_IPC_NO_CHANNEL', 'the channel for messages is closed, or ipc.enabled is false')
      if (isHandle(rest[0])) throw unsupported('ERR_IPC_HANDLE', 'sockets and servers cannot be sent')
      const fast = link.post(message)
      if (callback) process.nextTick(callback, null)
      return fast
    } catch (error) {
      if (!callback) throw error
      process.nextTick(callback, error as Error)
      return false
    }
  }
  process.send = send as NonNullable<typeof process.send>
  if (inherited) return
  setConnected(true)
  followListeners(messages)
  process.disconnect = () => {
    if (!process.connected) return
    messages()?.close()
    setConnected(false)
    process.nextTick(() => process.emit('disconnect'))
  }
}

/** A listener of `message` opens the channel, gets what waits, and keeps the process alive, as with Node.js. */
function followListeners(messages: () => Link | undefined): void {
  let held: Link | undefined
  process.on('newListener', name => {
    if (name !== 'message' || held) return
    held = messages()
    held?.hold()
    // The listener is added after this.
    queueMicrotask(() => held?.unpark())
  })
  process.on('removeListener', name => {
    if (name !== 'message' || process.listenerCount('message') > 0) return
    held?.release()
    held = undefined
  })
}

function setConnected(value: boolean): void {
  // Bun has a getter here.
  Object.defineProperty(process, 'connected', {
    value,
    configurable: true,
    enumerable: true,
    writable: true,
  })
}

function saysReady(message: unknown): boolean {
  if (message === 'ready') return true
  return typeof message === 'object' && message !== null && 'type' in message && message.type === 'ready'
}

/** What Node.js would pass to another process. */
function isHandle(argument: unknown): boolean {
  return typeof argument === 'object' && argument !== null && ('_handle' in argument || 'fd' in argument)
}

function unsupported(code: string, reason: string): WorkerCommunicationError {
  // Loaded here, as hardly any worker needs it, and from outside the bundle, so that `instanceof` holds in the app.
  const { WorkerCommunicationError } = require(ERRORS) as typeof import('../errors.js')
  return new WorkerCommunicationError(`process.send() in a worker of xypriss-cluster failed: ${reason}`, code)
}
