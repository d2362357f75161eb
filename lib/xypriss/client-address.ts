/**
 * Requests in a worker, as if the master were not in between: the address of the connection is the client's, and
 * `X-Forwarded-For` is as the client sent it. So `req.ip`, and whatever `trustProxy` makes of it, are those of an app
 * without a cluster.
 */
import http, { type IncomingMessage } from 'node:http'
import type { Any } from './types.js'

const NAME = 'x-forwarded-for'

/** Have `server`, which XyPriss has opened, see its clients. Anything but a plain HTTP server is left alone. */
export function showClients(server: Any): void {
  // The master adds nothing to what it cannot read.
  if (!(server instanceof http.Server) || 'setSecureContext' in server) return
  server.prependListener('request', (request: IncomingMessage) => showClient(request))
}

/** The last address in the header is what the master has seen. */
export function showClient(request: Pick<IncomingMessage, 'headers' | 'rawHeaders' | 'socket'>): void {
  const { headers, rawHeaders, socket } = request
  const chain = headers[NAME]
  if (typeof chain !== 'string') return
  const { address, before } = split(chain)
  if (socket.remoteAddress !== address) {
    const remoteFamily = address.includes(':') ? 'IPv6' : 'IPv4'
    for (const [name, value] of Object.entries({ remoteAddress: address, remoteFamily })) {
      Object.defineProperty(socket, name, { value, configurable: true, enumerable: true, writable: true })
    }
  }
  const index = rawHeaders.findIndex((text, index) => index % 2 === 0 && text.toLowerCase() === NAME)
  if (before === undefined) {
    delete headers[NAME]
    if (index >= 0) rawHeaders.splice(index, 2)
  } else {
    headers[NAME] = before
    if (index >= 0) rawHeaders[index + 1] = before
  }
}

/** What was there before the master added `address`; `undefined` when that was nothing. Pure. */
export function split(chain: string): { address: string; before: string | undefined } {
  const comma = chain.lastIndexOf(',')
  if (comma < 0) return { address: chain.trim(), before: undefined }
  return { address: chain.slice(comma + 1).trim(), before: chain.slice(0, comma).trimEnd() }
}
