/** Connections that came by a unix socket, and look as if they had come by the port of the app. */
import type net from 'node:net'

/** The address of requests, as a worker sees it: the master is on this machine. */
export const LOOPBACK = '127.0.0.1'

/** One end of a connection, as the handles of Node.js tell it. */
interface End {
  address: string
  family: string
  port: number
}

/** What a TCP handle of Node.js has and a unix socket has not. */
interface TcpHandle {
  getpeername(end: Partial<End>): number
  getsockname(end: Partial<End>): number
  setTypeOfService?(value: number): number
  getTypeOfService?(): number
}

/** Have the handle of a connection to `server` answer what only TCP can, before Node.js makes a socket of it. */
export function disguiseHandle(connection: object, server: net.Server): void {
  const handle = connection as TcpHandle
  handle.getpeername = tell(() => 0)
  handle.getsockname = tell(() => (server.address() as net.AddressInfo | null)?.port ?? 0)
  if (!handle.setTypeOfService) return
  // The kernel refuses it. Nothing on the way of a unix socket would look at it.
  let typeOfService = 0
  handle.setTypeOfService = value => {
    // As the kernel does for TCP: the two bits of congestion notification stay its own.
    typeOfService = value & ~3
    return 0
  }
  handle.getTypeOfService = () => typeOfService
}

/** 0 is success. */
function tell(port: () => number): (end: Partial<End>) => number {
  return end => {
    Object.assign(end, { address: LOOPBACK, family: 'IPv4', port: port() })
    return 0
  }
}

/** Have `connection` of Bun's `node:http` look like one to `port`: apps look at where it comes from. */
export function disguise(connection: object, port: number): void {
  const looks = {
    remoteAddress: LOOPBACK,
    remoteFamily: 'IPv4',
    remotePort: 0,
    localAddress: LOOPBACK,
    localFamily: 'IPv4',
    localPort: port,
    // That of the client, as with Bun's own sockets.
    address: () => ({ address: LOOPBACK, family: 'IPv4', port: 0 }),
  }
  for (const [name, value] of Object.entries(looks)) {
    Object.defineProperty(connection, name, { value, configurable: true, writable: true })
  }
}
