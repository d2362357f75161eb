/** Closing servers of Node.js without losing a request. */
import { subscribe } from 'node:diagnostics_channel'
import type http from 'node:http'
import type net from 'node:net'
import type { Closable } from './shutdown.js'

/** Longer than the proxy keeps an idle connection, so that it is never the worker that closes one under a request. */
const KEEP_ALIVE_TIMEOUT = 65_000

/** A server that speaks HTTP/1, in plain or over TLS. */
type HttpServer = net.Server & Pick<http.Server, 'closeIdleConnections'>

/** Whether the proxy can speak HTTP to `server`. */
export function isHttp(server: net.Server): server is http.Server {
  // Loaded only now: an app without an HTTP server is spared it, and any other has loaded it already.
  const { Server } = require('node:http') as typeof http
  return server instanceof Server
}

/** Have `server` keep idle connections longer than the proxy does; 0 keeps them for ever already. */
export function outliveProxy(server: http.Server): void {
  if (server.keepAliveTimeout > 0) server.keepAliveTimeout = Math.max(server.keepAliveTimeout, KEEP_ALIVE_TIMEOUT)
}

/** How `server` is closed when the worker leaves. */
export function closable(server: net.Server): Closable {
  if (!('closeIdleConnections' in server)) return { close: () => closeListener(server) }
  const http = server as HttpServer
  const connected = followConnections(server)
  const upgraded = followUpgrades(server)
  return {
    close() {
      const closed = closeListener(server)
      http.closeIdleConnections()
      // Each of the others becomes idle when its response is finished; the channel tells just before that.
      subscribe('http.server.response.finish', () => setImmediate(() => http.closeIdleConnections()))
      for (const socket of connected) {
        // Node counts a connection as busy until its first request, which is not going to come.
        if (socket.bytesRead === 0) socket.destroy()
      }
      // A WebSocket has no last request that could be waited for.
      for (const socket of upgraded) socket.destroy()
      return closed
    },
  }
}

/** Resolves when the last connection has ended. A server that was closed in the meantime has nothing to end. */
function closeListener(server: net.Server): Promise<void> {
  return new Promise(resolve => {
    server.close(() => resolve())
  })
}

function followConnections(server: net.Server): Set<net.Socket> {
  const sockets = new Set<net.Socket>()
  server.on('connection', socket => remember(socket, sockets))
  return sockets
}

function remember(socket: net.Socket, sockets: Set<net.Socket>): void {
  sockets.add(socket)
  socket.once('close', () => sockets.delete(socket))
}

/**
 * The sockets that were handed to the app by an upgrade. The server does not know them any more, but waits for
 * them when it closes. Listened for only while the app does: without a listener Node treats upgrades differently.
 */
function followUpgrades(server: net.Server): Set<net.Socket> {
  const sockets = new Set<net.Socket>()
  const add = (_request: unknown, socket: net.Socket) => remember(socket, sockets)
  const isForeign = (event: unknown, listener: unknown) => event === 'upgrade' && listener !== add
  const listen = () => {
    if (!server.listeners('upgrade').includes(add)) server.on('upgrade', add)
  }
  if (server.listenerCount('upgrade') > 0) listen()
  server.on('newListener', (event, listener) => {
    if (isForeign(event, listener)) listen()
  })
  server.on('removeListener', (event, listener) => {
    if (isForeign(event, listener) && server.listenerCount('upgrade') === 1) server.off('upgrade', add)
  })
  return sockets
}
