/** Servers on Node.js. All of them, http, https, http2, tls and net, listen by `net.Server.prototype.listen`. */
import { type EventEmitter, errorMonitor } from 'node:events'
import net from 'node:net'
import { isSwitchedOn } from '../compat.js'
import { askedFor, type Known } from './asked.js'
import type { Clients } from './clients.js'
import type { Facts, Handover, Placement } from './handover.js'
import { closableHttp, isHttp, isHttps, outliveProxy } from './http-close.js'
import { takeHeader } from './node-clients.js'
import { closeTwin, type LocalSocket, openTwin } from './node-twin.js'
import type { Asked } from './public-port.js'
import { shownAddress } from './shown-address.js'
import { type Closable, track, untrack } from './shutdown.js'

/** The arguments of `listen` that matter here, whatever form it was called in. */
interface ListenOptions {
  port?: unknown
  host?: unknown
  path?: unknown
  fd?: unknown
  backlog?: unknown
  exclusive?: unknown
  ipv6Only?: unknown
  reusePort?: unknown
}

/** Gives sockets that are bound and do not listen yet. Both throw when there is none. */
export interface Sockets {
  /** The descriptor of one at that port of 127.0.0.1. */
  reserve(port: number): number
  /** The descriptor of one that listens there, or at the next port that is free. */
  reserveOwn(port: number, v6Only: boolean, host?: string): number
  /** One that is for this machine alone. */
  reserveLocal(): LocalSocket
}

/** Wrap `listen` so that the main server of the app is moved to this worker's port. */
export function patchNode(handover: Handover, sockets: Sockets, known: Known, clients: Clients): void {
  const { listen: original, close, address: ownAddress } = net.Server.prototype
  // The latest place of each server: one that failed may try again. None for what is no TCP port.
  const places = new WeakMap<net.Server, Placement | undefined>()

  function listen(this: net.Server, ...args: unknown[]): net.Server {
    // One that listens already is refused by Node, and keeps what it has.
    if (this.listening) return Reflect.apply(original, this, args)
    const options = optionsOf(args)
    const placement = plan(options, handover, known)
    if (!places.has(this))
      follow(this, places, handover, ownAddress, clients, server => twinOf(server, sockets))
    places.set(this, placement)
    try {
      return Reflect.apply(original, this, argumentsFor(placement, options, sockets, args))
    } catch (error) {
      if (placement) handover.release(placement)
      throw error
    }
  }
  net.Server.prototype.listen = listen as typeof original
  net.Server.prototype.address = function () {
    const own = Reflect.apply(ownAddress, this, []) as net.AddressInfo | string | null
    const placement = places.get(this)
    return placement?.at && own !== null ? shownAddress(placement.asked, known, hasIPv6()) : own
  }
  net.Server.prototype.close = function (...args) {
    closeTwin(this)
    // Now, not when it has closed: until the master knows, it keeps the connections that this waits for.
    const placement = places.get(this)
    if (placement) handover.release(placement)
    return Reflect.apply(close, this, args)
  }
}

/** The forms are `(options)`, `(path)` and `(port, host)`, each followed by a backlog and a callback, all optional. */
function optionsOf(args: unknown[]): ListenOptions {
  const [first, second, third] = args
  if (typeof first === 'object' && first !== null) return first
  const backlog = [second, third].find(argument => Number(argument) > 0)
  if (typeof first === 'string' && !(Number(first) >= 0)) return { path: first, backlog }
  const port = typeof first === 'function' ? undefined : first
  return { port, host: typeof second === 'string' && second !== backlog ? second : undefined, backlog }
}

/** Where the server goes; `undefined` for one that asks for no TCP port, which is left alone. */
function plan(options: ListenOptions, handover: Handover, known: Known): Placement | undefined {
  if ('_handle' in options || 'handle' in options || typeof options.fd === 'number') return undefined
  if (options.port === undefined && (options.path !== undefined || !('port' in options))) return undefined
  const { port, host, ipv6Only, exclusive, reusePort } = options
  const asked = askedFor({ port, host, ipv6Only, apart: Boolean(exclusive || reusePort) }, known)
  return asked && handover.place(asked)
}

function argumentsFor(
  placement: Placement | undefined,
  options: ListenOptions,
  sockets: Sockets,
  args: unknown[],
): unknown[] {
  if (placement?.at) return move(options, placement.at, sockets, args)
  return placement?.own === undefined
    ? args
    : moveToOwn(options, placement.own, placement.asked, sockets, args)
}

/** The arguments for a port of this process; everything that the app asked for besides stays. */
function moveToOwn(
  options: ListenOptions,
  own: number,
  { host, v6Only }: Asked,
  sockets: Sockets,
  args: unknown[],
): unknown[] {
  try {
    const fd = sockets.reserveOwn(own, v6Only === true, host)
    return withCallback({ ...options, host: undefined, port: undefined, path: undefined, fd }, args)
  } catch {
    // Node meets the same error, and tells the app in the way that it expects.
    return args
  }
}

function withCallback(options: ListenOptions, args: unknown[]): unknown[] {
  const callback = args.at(-1)
  return typeof callback === 'function' ? [options, callback] : [options]
}

/** The arguments for another place; everything that the app asked for besides stays. */
function move(
  options: ListenOptions,
  { host, port }: NonNullable<Placement['at']>,
  sockets: Sockets,
  args: unknown[],
): unknown[] {
  // Both options are wrong here: no IPv6 address is left, and the port is this worker's alone.
  const rest = { ...options, ipv6Only: false, reusePort: false }
  let moved: ListenOptions
  try {
    moved = { ...rest, host: undefined, port: undefined, path: undefined, fd: sockets.reserve(port) }
  } catch {
    // Node meets the same error, and tells the app in the way that it expects.
    moved = { ...rest, host, port }
  }
  return withCallback(moved, args)
}

function follow(
  server: net.Server,
  places: WeakMap<net.Server, Placement | undefined>,
  handover: Handover,
  ownAddress: net.Server['address'],
  clients: Clients,
  openTwin: (server: net.Server) => Pick<Facts, 'local' | 'localUpgrades'>,
): void {
  const emitter: EventEmitter = server
  const closing = closable(server)
  server.on('listening', () => {
    track(closing)
    const placement = places.get(server)
    if (!placement) return
    const { address, port } = Reflect.apply(ownAddress, server, []) as net.AddressInfo
    const at = { host: address, port }
    if (!isHttp(server)) return handover.listening(placement, { protocol: 'tcp', ...at })
    if (placement.at) {
      outliveProxy(server)
      if (clients.header !== undefined) takeHeader(clients.header)
    }
    handover.listening(placement, { protocol: 'http', ...at, ...(placement.at && openTwin(server)) })
  })
  server.on('close', () => {
    if (!server.listening) untrack(closing)
  })
  // Does not count as a listener: an error that the app does not handle must still end the process.
  emitter.on(errorMonitor, () => {
    if (server.listening) return
    const placement = places.get(server)
    if (placement) handover.release(placement)
  })
}

/** Open a second way to `server`, where the platform has one. */
function twinOf(server: net.Server, sockets: Sockets): Pick<Facts, 'local' | 'localUpgrades'> {
  if (isSwitchedOn('no-second-listener')) return {}
  try {
    return { local: openTwin(server, () => sockets.reserveLocal()), localUpgrades: true }
  } catch {
    // The master comes by the port, as it does on other platforms.
    return {}
  }
}

function closable(server: net.Server): Closable {
  // Not the server's own `close`, which for HTTP also ends connections, see there.
  const stop = () =>
    new Promise<void>(resolve => {
      Reflect.apply(net.Server.prototype.close, server, [() => resolve()])
    })
  if (isHttp(server)) return closableHttp(server, 'connection', stop)
  if (isHttps(server)) return closableHttp(server, 'secureConnection', stop)
  // Nothing is known of what its connections mean, and they come from the master, which has waited for them.
  return { close: stop }
}

let ipv6: boolean | undefined

/** Whether this machine has IPv6, so that a server without a host listens on `::`. */
function hasIPv6(): boolean {
  if (ipv6 === undefined) {
    const { networkInterfaces } = require('node:os') as typeof import('node:os')
    const addresses = Object.values(networkInterfaces()).flat()
    ipv6 = addresses.some(address => address?.family === 'IPv6')
  }
  return ipv6
}
