/** The orderly end of a worker. The master's deadline stands behind everything here, so nothing has one of its own. */

/** A server that listens. */
export interface Closable {
  /** Stop accepting; resolves when everything accepted is answered. Connections kept for later do not count. */
  close(): Promise<void>
}

const servers = new Set<Closable>()

/** Have `server` closed when the worker leaves. */
export function track(server: Closable): void {
  servers.add(server)
}

/** `server` closed by itself. */
export function untrack(server: Closable): void {
  servers.delete(server)
}

/** Stop accepting on all servers; resolves when what they accepted is answered. */
export async function drain(): Promise<void> {
  await Promise.all([...servers].map(server => server.close()))
}

/** How the master asks this worker to leave. */
export interface Leave {
  /** The signal by which the app learns of it, if it listens to that signal. */
  signal: string
  /** Whether the app learns of it by the message `shutdown` instead, if it listens to messages. */
  withMessage: boolean
}

/** What holds when the process is asked by a message that says no more. */
export const USUAL: Leave = { signal: 'SIGTERM', withMessage: false }

/** Leave as the master asked: the app's own way if it has one, else by closing its servers. */
export function leave({ signal, withMessage }: Leave): void {
  if (withMessage && process.listenerCount('message') > 0) {
    // In a turn of its own, so that what a listener throws is an uncaught exception like any other.
    setImmediate(() => process.emit('message' as never, 'shutdown' as never, undefined as never))
    return
  }
  if (process.listenerCount(signal) > 0) {
    process.kill(process.pid, signal)
    return
  }
  const exit = () => process.exit(0)
  drain().then(exit, exit)
}
