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

/** Leave as the master asked: the app's own way if it has one, else by closing its servers. */
export function leave(): void {
  if (process.listenerCount('SIGTERM') > 0) {
    process.kill(process.pid, 'SIGTERM')
    return
  }
  const exit = () => process.exit(0)
  drain().then(exit, exit)
}
