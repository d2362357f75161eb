/**
 * A second way into an HTTP server on Node.js: a unix socket, by which the master reaches it at less cost than by the
 * loopback interface. The app sees one server, and connections that look as if they had come by its port.
 */
import net from 'node:net'
import { disguise } from './disguise.js'

/** A socket that is bound to a name of this machine. */
export interface LocalSocket {
  fd: number
  name: string
}

/** Twins by the server that they belong to. */
const twins = new WeakMap<net.Server, net.Server>()

/**
 * Have `server`, which listens, take connections at `socket` too. `listen` is that of Node, before anybody patched it.
 */
export function openTwin(server: net.Server, socket: LocalSocket, listen: net.Server['listen']): void {
  const { port } = server.address() as net.AddressInfo
  const twin = net.createServer({ allowHalfOpen: true }, connection => {
    disguise(connection, port)
    adopt(connection, twin, server)
    server.emit('connection', connection)
  })
  // Whether the worker lives on is up to the server of the app.
  twin.unref()
  // It cannot fail any more in a way that matters: the master tries it before it relies on it.
  twin.on('error', () => {})
  Reflect.apply(listen, twin, [{ fd: socket.fd }])
  twins.set(server, twin)
}

/** `server` stops accepting: so does its twin. */
export function closeTwin(server: net.Server): void {
  const twin = twins.get(server)
  if (!twin) return
  twins.delete(server)
  twin.close()
}

/** What Node keeps of a server and of a connection to count them; without documentation, and as old as Node. */
interface Counting {
  _connections: number
  _server: net.Server
  server: net.Server
}

/** `connection` counts as one of `server`, which waits for it when it closes. */
function adopt(connection: net.Socket, twin: net.Server, server: net.Server): void {
  const counted = connection as net.Socket & Counting
  ;(twin as net.Server & Counting)._connections -= 1
  ;(server as net.Server & Counting)._connections += 1
  counted._server = server
  counted.server = server
}
