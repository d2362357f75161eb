/** One process warning of a worker that has servers and is not ready, as none of them is known to be the public one. */
import type { Report } from './handover.js'

/** How long a worker waits before it warns, in milliseconds: longer than most apps need from their first server on. */
const PATIENCE = 5_000

/** Gives a function to call for each server that listens; the first call starts the wait. */
export function warnsWhenWaiting(publicPort: number, waiting: () => Report[]): () => void {
  let started = false
  return () => {
    if (started || waiting().length === 0) return
    started = true
    setTimeout(() => {
      const open = waiting()
      if (open.length > 0) process.emitWarning(text(publicPort, open), { code: 'XYPRISS_CLUSTER_PORT' })
    }, PATIENCE).unref()
  }
}

function text(publicPort: number, open: Report[]): string {
  const list = open.map(({ requestedHost, requestedPort, port, protocol }) => {
    const host = requestedHost?.includes(':') ? `[${requestedHost}]` : requestedHost
    return `${host === undefined ? 'port ' : `${host}:`}${requestedPort || port} (${protocol})`
  })
  return (
    `this worker is not ready yet: none of its servers asked for the public port ${publicPort}; it opened ` +
    `${list.join(', ')}. If one of them is for clients, set exec.port to its port, or start the cluster on that port`
  )
}
