/**
 * The second listener of an HTTP server on Node.js: a unix socket, by which the master reaches the server at less cost
 * than by the loopback interface.
 *
 * The socket is not a second `net.Server`. A TCP handle holds it, and the accept function of Node.js takes connections
 * from it for the server of the app, so limits, counts, options and events are those of that server, and its
 * connections have TCP handles. What the kernel refuses on a unix socket is answered by `disguise`.
 */
import type net from 'node:net'
import { disguiseHandle } from './disguise.js'

/** A socket that is bound to a name of this machine. */
export interface LocalSocket {
  fd: number
  name: string
}

/** What accepts connections: without documentation, and the same from Node.js 20 to 26. */
interface ListeningHandle {
  constructor: new (type: number) => ListeningHandle
  open(fd: number): number
  listen(backlog: number): number
  onconnection(this: ListeningHandle, status: number, connection?: object): void
  unref(): void
  close(): void
  [symbol: symbol]: unknown
}

/** The type of a TCP handle that listens. */
const SERVER = 1
/** As many as the public port may hold; the kernel applies its own limit, `net.core.somaxconn`. */
const BACKLOG = 4096

/** Second listeners by the server that they belong to. */
const twins = new WeakMap<net.Server, ListeningHandle>()

/**
 * Have `server`, which listens on TCP, take connections at a socket of `reserve` too, and give the name of that socket.
 * Throws where this is not possible.
 */
export function openTwin(server: net.Server, reserve: () => LocalSocket): string {
  const handle = handleOf(server)
  const owner = Object.getOwnPropertySymbols(handle).find(symbol => handle[symbol] === server)
  if (!owner) throw new Error('the handle of the server does not name its server')
  const { fd, name } = reserve()
  const twin = new handle.constructor(SERVER)
  const { onconnection } = handle
  twin[owner] = server
  twin.onconnection = function (status, connection) {
    if (connection) disguiseHandle(connection, server)
    return Reflect.apply(onconnection, this, [status, connection])
  }
  const failed = twin.open(fd) || twin.listen(BACKLOG)
  if (failed) {
    twin.close()
    throw new Error(`the second listener cannot listen: error ${failed}`)
  }
  // The server of the app decides whether the process lives on.
  twin.unref()
  twins.set(server, twin)
  return name
}

/** `server` stops accepting: so does its second listener. */
export function closeTwin(server: net.Server): void {
  const twin = twins.get(server)
  if (!twin) return
  twins.delete(server)
  twin.close()
}

function handleOf(server: net.Server): ListeningHandle {
  return (server as net.Server & { _handle: ListeningHandle })._handle
}
