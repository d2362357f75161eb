/**
 * Servers on Bun. `node:http`, `node:https` and `export default { fetch }` all end in `Bun.serve`; `node:net`,
 * `node:tls` and `node:http2` in `Bun.listen`. Wrapping these two covers everything, and loads no module: `node:net`
 * alone would double the start-up time of a worker.
 */
import type { EventEmitter } from 'node:events'
import { askedFor, type Known } from './asked.js'
import { clientOf, tellClients, withoutHeader, withRemoteAddress } from './bun-clients.js'
import { keepIdleTimeout, outliveProxy } from './bun-idle.js'
import { openTwin, replace, type Server, type TwinnedServer } from './bun-twin.js'
import type { Clients } from './clients.js'
import type { Handover, Placement } from './handover.js'
import { heir } from './heir.js'
import type { Asked } from './public-port.js'
import { type OwnPorts, shownAddress } from './shown-address.js'
import { type Closable, track, untrack } from './shutdown.js'

/** What is needed here of what `Bun.serve` and `Bun.listen` are given. */
interface Options {
  port?: unknown
  hostname?: unknown
  unix?: unknown
  fd?: unknown
  tls?: unknown
  idleTimeout?: unknown
  exclusive?: unknown
  reusePort?: unknown
  ipv6Only?: unknown
  /** Of `Bun.listen` only. */
  socket?: Handlers
}

/** What is needed here of the handlers of a socket. */
interface Handlers {
  open?(...args: unknown[]): unknown
  close?(...args: unknown[]): unknown
}

type Open = (options: Options, ...rest: unknown[]) => Server

/** Between two looks at a server that finishes its requests, in milliseconds. */
const POLL_INTERVAL = 5

/** The variables that Bun takes a port from when the app does not say one, in Bun's order. */
export const PORT_VARIABLES = ['BUN_PORT', 'PORT', 'NODE_PORT']

/** Wrap the two functions that open a port. */
export function patchBun(handover: Handover, known: Known, clients: Clients): void {
  const { Bun } = globalThis as unknown as { Bun: { serve: Open; listen: Open } }
  const { env } = process
  Bun.serve = wrap(Bun.serve, handover, known, clients, {
    defaultPort: () => PORT_VARIABLES.map(name => env[name]).find(value => value !== undefined) ?? 3000,
    protocol: options => (options.tls ? 'tcp' : 'http'),
    watch: options => ({ options, isBusy: server => Boolean(server.pendingRequests) }),
  })
  Bun.listen = wrap(Bun.listen, handover, known, clients, {
    defaultPort: () => undefined,
    protocol: () => 'tcp',
    watch: countSockets,
  })
}

interface Kind {
  defaultPort(): unknown
  protocol(options: Options): 'http' | 'tcp'
  watch(options: Options): Watched
}

/** Options for a server whose work can be seen. */
interface Watched {
  options: Options
  isBusy(server: Server): boolean
}

/** Bun does not tell how many sockets of `Bun.listen` are open. */
function countSockets(options: Options): Watched {
  const { socket } = options
  if (!socket) return { options, isBusy: () => false }
  let open = 0
  const counting = heir(socket, {
    open(this: unknown, ...args: unknown[]) {
      open += 1
      return socket.open?.apply(this, args)
    },
    close(this: unknown, ...args: unknown[]) {
      open -= 1
      return socket.close?.apply(this, args)
    },
  })
  return { options: heir(options, { socket: counting }), isBusy: () => open > 0 }
}

function wrap(original: Open, handover: Handover, known: Known, clients: Clients, kind: Kind): Open {
  return function (this: unknown, options, ...rest) {
    const asked = askedBy(options, kind, known)
    const placement = asked && handover.place(asked)
    let released = false
    const release = () => {
      released = true
      if (placement) handover.release(placement)
    }
    try {
      const watched = kind.watch(options)
      const protocol = kind.protocol(options)
      const balanced = placement?.at && protocol === 'http'
      const prepare = <T extends object>(options: T) => withRemoteAddress(withoutHeader(options, clients))
      const prepared = balanced ? prepare(watched.options) : watched.options
      const placed = placement?.at ? move(prepared, placement.at) : prepared
      const open = (chosen: Options): Server => Reflect.apply(original, this, [chosen, ...rest])
      const server = placement?.own === undefined ? open(placed) : openOwn(open, placed, placement.own)
      const own = { port: server.port }
      if (placement?.at) {
        keepIdleTimeout(server, options)
        showAddress(server, placement.asked, options.hostname, known)
      }
      let reported = false
      const withdraw = () => {
        local = undefined
        if (reported) announce()
      }
      let local = balanced ? openTwin(server as TwinnedServer, placed, original, withdraw) : undefined
      if (balanced) tellClients(server as TwinnedServer, clientOf, prepare)
      follow(server, watched, 'onNodeHTTPRequest' in options, release)
      const announce = () => {
        if (!placement || released) return
        reported = true
        const host = placement.at?.host ?? addressOf(server)
        const facts = { protocol, host, port: own.port, ...(local !== undefined && { local }) }
        handover.listening(placement, facts)
      }
      if (placement) {
        // Not at once, as on Node.js: until then the app may open the server that it is really about. A tick would do
        // as well, but the first one costs a worker a tenth of its start-up.
        queueMicrotask(announce)
      }
      return server
    } catch (error) {
      release()
      throw error
    }
  }
}

/** How many ports are tried for a server that has one of its own, from the one that is asked for. */
const OWN_PORTS = 1024

/** A server at a port of this process, or at the next that is free. */
function openOwn(open: (options: Options) => Server, options: Options, first: number): Server {
  for (let port = first; ; port += 1) {
    try {
      return open(heir(options, { port, reusePort: false }))
    } catch (error) {
      const isTaken = (error as { code?: string }).code === 'EADDRINUSE'
      if (!isTaken || port >= Math.min(first + OWN_PORTS, 65_535)) throw error
    }
  }
}

/** What is asked for; `undefined` when it is no TCP port, or one that Bun is to refuse. */
function askedBy(options: Options | undefined, kind: Kind, known: Known): Asked | undefined {
  if (!options || options.unix || options.fd !== undefined) return undefined
  const { hostname, ipv6Only, exclusive, reusePort } = options
  const isGiven = options.port !== undefined && options.port !== null
  const port = isGiven ? options.port : kind.defaultPort()
  const apart = Boolean(exclusive || reusePort)
  const unspecified = !isGiven && port !== undefined
  return askedFor({ port, host: hostname, ipv6Only, apart, unspecified }, known)
}

/** The address that `server` listens on, from which this machine reaches it. */
function addressOf(server: Server): string {
  const { address, hostname } = server
  const ip = typeof address === 'object' ? address.address : hostname
  // `Bun.listen` tells the name that it was given.
  return ip === 'localhost' ? '127.0.0.1' : ip
}

/** Have `server` say what the app asked for. `hostname` is what the app gave, which Bun tells as it is. */
function showAddress(server: Server, asked: Asked, hostname: unknown, ports: OwnPorts): void {
  const had = server.address
  const shown = shownAddress(asked, ports, true)
  replace(server, 'port', shown.port)
  // Bun tells `localhost` for every address, and `Bun.listen` has always got a name.
  const name = typeof hostname === 'string' && hostname !== '' ? hostname : 'localhost'
  replace(server, 'hostname', name)
  // Of `Bun.serve` only.
  if (!had) return
  replace(server, 'address', shown)
  const { protocol } = server.url ?? new URL('http://localhost')
  replace(server, 'url', new URL(`${protocol}//${name.includes(':') ? `[${name}]` : name}:${shown.port}/`))
}

/** Options for another place. */
function move(options: Options, { host, port }: NonNullable<Placement['at']>): Options {
  // The port is this worker's alone.
  return heir(outliveProxy(options), { hostname: host, port, reusePort: false })
}

/** Have `server` closed when the worker leaves; `release` is called when the app closes it itself. */
function follow(server: Server, watched: Watched, openedByHttp: boolean, release: () => void): void {
  const stopped = server.stop.bind(server)
  let closing: Closable = { close: () => finish(server, watched, stopped) }
  track(closing)
  replace(server, 'stop', function stop(closeActiveConnections?: boolean) {
    untrack(closing)
    release()
    return stopped(closeActiveConnections)
  })
  if (Symbol.dispose in server) {
    replace(server, Symbol.dispose, function dispose(_first: unknown) {
      server.stop(true)
    })
  }
  if (!openedByHttp) return
  const { findHttpServer } = require('./bun-http.js') as typeof import('./bun-http.js')
  const { disguise } = require('./disguise.js') as typeof import('./disguise.js')
  const { closableHttp, outliveProxy } = require('./http-close.js') as typeof import('./http-close.js')
  findHttpServer(server, httpServer => {
    untrack(closing)
    outliveProxy(httpServer)
    httpServer.prependListener('connection', connection => {
      if (!connection.remoteAddress) disguise(connection, server.port)
    })
    closeWithLast(httpServer, () => watched.isBusy(server))
    closing = closableHttp(httpServer, 'connection', async () => stopped())
    track(closing)
  })
}

/**
 * Have `httpServer` emit `close` when its last request is answered, as alone: Bun knows of the connections of one server,
 * and not of those of its second listener.
 */
function closeWithLast(httpServer: EventEmitter, isBusy: () => boolean): void {
  const { emit } = httpServer
  const later = (args: unknown[]) => {
    if (isBusy()) setTimeout(later, POLL_INTERVAL, args)
    else Reflect.apply(emit, httpServer, args)
  }
  replace(httpServer, 'emit', (...args: unknown[]) => {
    if (args[0] !== 'close' || !isBusy()) return Reflect.apply(emit, httpServer, args)
    later(args)
    return true
  })
}

/**
 * Stop accepting, and wait for the last request, or for the last socket where nothing is known of requests. What
 * `stop` gives would wait for WebSockets as well, and Bun does not tell when its counts reach 0, so it is asked.
 */
async function finish(server: Server, watched: Watched, stop: Server['stop']): Promise<void> {
  stop()
  while (watched.isBusy(server)) await new Promise(resolve => setTimeout(resolve, POLL_INTERVAL))
}
