/** Connections that came by a unix socket, and look as if they had come by the port of the app. */

/** Where requests come from, as seen by a worker: the master is on this machine. */
export const LOOPBACK = '127.0.0.1'

/** Have `connection` look like one to `port`: apps look at where it comes from, and not all expect to be told nothing. */
export function disguise(connection: object, port: number): void {
  const looks = {
    remoteAddress: LOOPBACK,
    remoteFamily: 'IPv4',
    remotePort: 0,
    localAddress: LOOPBACK,
    localFamily: 'IPv4',
    localPort: port,
  }
  for (const [name, value] of Object.entries(looks)) {
    Object.defineProperty(connection, name, { value, configurable: true, enumerable: true })
  }
}
