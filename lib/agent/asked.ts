/** What a server asks for, from what `listen` or `serve` was given. */
import { type Asked, parsePort } from './public-port.js'
import type { OwnPorts } from './shown-address.js'

/** What the agent knows of this worker. */
export interface Known extends OwnPorts {
  /** The first IP address that a name has, as the runtime would find it; `undefined` if it has none. */
  resolve(host: string): string | undefined
}

/** Options of a server that matter here. */
export interface Wanted {
  port: unknown
  host: unknown
  ipv6Only: unknown
  /** Whether the app wants a socket of this process alone. */
  apart: boolean
  /** Whether the app left the port to the runtime. */
  unspecified?: boolean
}

/** What is asked for; `undefined` when it is no port or no host, which the runtime is to say. */
export function askedFor(
  { host, ipv6Only, apart, unspecified, ...wanted }: Wanted,
  known: Known,
): Asked | undefined {
  const port = parsePort(wanted.port)
  if (port === undefined) return undefined
  const given = typeof host === 'string' && host !== '' ? host : undefined
  const address = given === undefined || isIP(given) ? given : known.resolve(given)
  if (given !== undefined && address === undefined) return undefined
  return {
    port,
    ...(address !== undefined && { host: address }),
    ...(unspecified && { unspecified }),
    ...(apart && { apart }),
    ...(address === '::' && ipv6Only === true && { v6Only: true }),
  }
}

/** `node:net` has the same; on Bun it would be loaded for this alone. */
function isIP(host: string): boolean {
  return /^\d{1,3}(\.\d{1,3}){3}$/.test(host) || host.includes(':')
}
