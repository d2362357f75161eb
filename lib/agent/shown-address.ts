/** What a server says of its own address: what the app asked for, although the server listens elsewhere. Pure. */
import type { Asked } from './public-port.js'

/** An address as `server.address()` gives it. */
export interface ShownAddress {
  address: string
  family: 'IPv4' | 'IPv6'
  port: number
}

/** The ports of this worker. */
export interface OwnPorts {
  readonly publicPort: number
  readonly workerPort: number
}

/**
 * The address of a server that asked for `asked`. Where the app left the port open, or asked for that of the worker, it
 * is the port that clients use. `hasIPv6` says whether this machine has IPv6.
 */
export function shownAddress(asked: Asked, ports: OwnPorts, hasIPv6: boolean): ShownAddress {
  const address = asked.host ?? (hasIPv6 ? '::' : '0.0.0.0')
  const isOpen = asked.port === 0 || asked.port === ports.workerPort
  const port = isOpen ? ports.publicPort : asked.port
  return { address, family: address.includes(':') ? 'IPv6' : 'IPv4', port }
}
