/**
 * Closing an HTTP server without losing a byte, on Node.js and for `node:http` on Bun.
 *
 * `server.close()` does not do: it takes a connection for idle as soon as the app has called `response.end()`, and
 * destroys it with whatever of the response is still to be sent.
 */
import type http from 'node:http'
import type https from 'node:https'
import type net from 'node:net'
import type { Closable } from './shutdown.js'

/** Longer than the proxy keeps an idle connection, so that it is never the worker that closes one under a request. */
const KEEP_ALIVE_TIMEOUT = 65_000

/** A connection; the runtimes keep the response that it is busy with in a property without documentation. */
type Connection = net.Socket & { _httpMessage?: http.ServerResponse | null }

/** Whether `server` speaks HTTP/1 in plain, as the proxy does. */
export function isHttp(server: net.Server): server is http.Server {
  // Loaded only now: an app without an HTTP server is spared it, and any other has loaded it already.
  const { Server } = require('node:http') as typeof http
  return server instanceof Server
}

/** Whether `server` speaks HTTP/1 over TLS. */
export function isHttps(server: net.Server): server is https.Server {
  // Known by what both kinds have in common: to load `node:https` takes longer than all the rest of the agent.
  return 'closeIdleConnections' in server && !isHttp(server)
}

/** Have `server` keep idle connections longer than the proxy does; 0 keeps them for ever already. */
export function outliveProxy(server: http.Server): void {
  if (server.keepAliveTimeout > 0)
    server.keepAliveTimeout = Math.max(server.keepAliveTimeout, KEEP_ALIVE_TIMEOUT)
}

/**
 * How `server` is closed when the worker leaves. Call before it has connections.
 *
 * @param arrival The event by which it tells of a connection that can carry requests.
 * @param stop Stops accepting, and resolves when the last connection has ended.
 */
export function closableHttp(
  server: net.Server,
  arrival: 'connection' | 'secureConnection',
  stop: () => Promise<unknown>,
): Closable {
  const connections = new Set<Connection>()
  server.on(arrival, (socket: Connection) => {
    connections.add(socket)
    socket.once('close', () => connections.delete(socket))
  })
  return {
    async close() {
      const stopped = stop()
      for (const connection of connections) endWhenIdle(connection)
      await stopped
    },
  }
}

/** An upgraded connection counts as idle: a WebSocket has no last request that could be waited for. */
function endWhenIdle(connection: Connection): void {
  const response = connection._httpMessage
  if (response) response.once('close', () => setImmediate(endWhenIdle, connection))
  else connection.destroySoon()
}
