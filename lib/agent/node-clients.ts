/**
 * Sockets of Node.js that have the addresses of clients. `net.Socket` keeps what the system says of both ends in
 * `_peername` and `_sockname`, without documentation and as old as Node; the public properties read these.
 */
import type http from 'node:http'
import type net from 'node:net'
import { type Ends, parseEnds } from './clients.js'

/** What `net.Socket` keeps of its ends. */
type Named = net.Socket & { _peername?: object; _sockname?: object }

/** What `http.IncomingMessage` does when its head was parsed; the arguments are names and values in turn. */
type Parsed = { _addHeaderLines(lines: string[] | undefined, count: number): void }

/** Have `connection` show `ends` from now on, whatever carries it. */
export function showEnds(connection: net.Socket, { peer, local }: Ends): void {
  const named = connection as Named
  // Not among the keys of the socket, where it is not alone before it was asked for.
  if (!Object.hasOwn(named, '_peername')) Object.defineProperty(named, '_peername', HIDDEN)
  named._peername = peer
  named._sockname = local
}

const HIDDEN = { value: undefined, writable: true, configurable: true, enumerable: false }

let patched = false

/** Take the header `name`, the first one of a request, out of it, and have its socket show what it says. */
export function takeHeader(name: string): void {
  if (patched) return
  patched = true
  // Loaded by the app already, which has opened a server of it.
  const { IncomingMessage } = require('node:http') as typeof http
  const prototype = IncomingMessage.prototype as unknown as Parsed
  const { _addHeaderLines: inherited } = prototype
  prototype._addHeaderLines = function (this: http.IncomingMessage & Parsed, lines, count) {
    if (lines === undefined || lines[0] !== name) return inherited.call(this, lines, count)
    showEnds(this.socket, parseEnds(lines[1] ?? ''))
    lines.splice(0, 2)
    // `count` is lower than the length where the app has a limit, which is not to count this one.
    return inherited.call(this, lines, Math.min(count, lines.length))
  }
}
