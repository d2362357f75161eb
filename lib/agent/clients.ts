/**
 * How the agent knows the clients of this worker, whose connections end at the master. Pure.
 *
 * Requests over plain HTTP/1 carry both ends of the client's connection in their first header, whose name is a secret
 * of the run. Other connections are looked up in a table by the port that they come from.
 */

/** One end of a connection, in the form that both runtimes use. */
export interface Address {
  readonly address: string
  readonly family: 'IPv4' | 'IPv6'
  readonly port: number
}

/** Both ends of a client's connection. */
export interface Ends {
  /** The client. */
  readonly peer: Address
  /** The public side of the master. */
  readonly local: Address
}

/** The value of the header: address and port of the client, then of the public side. */
export function parseEnds(value: string): Ends {
  const [address = '', port, localAddress = '', localPort] = value.split(' ')
  return { peer: addressOf(address, Number(port)), local: addressOf(localAddress, Number(localPort)) }
}

export function addressOf(address: string, port: number): Address {
  return { address, family: address.includes(':') ? 'IPv6' : 'IPv4', port }
}

/** What the agent was told of clients. */
export class Clients {
  /** The name of the header; `undefined` when the master adds none. */
  readonly header: string | undefined

  constructor(header: string | undefined) {
    this.header = header
  }
}
