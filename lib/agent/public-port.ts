/** By which ports an app says that a server is its public one. Pure. */

/** What the master says of the ports that the app may ask for. */
export interface Ports {
  /** The port that clients connect to. */
  readonly public: number
  /** `WORKER_PORT`. */
  readonly worker: number
  /** `exec.port`. */
  readonly app?: number
  /** Whether the master chose its port by itself, so that no app can know it. */
  readonly any: boolean
  /** Ports that are not balanced, of which each worker has one of its own. */
  readonly private?: readonly number[]
  /** The number of this worker, from 1. */
  readonly ordinal?: number
}

/** What a server asks for. */
export interface Asked {
  /** An IP address; every address of the machine without one. A name has none of its own. */
  readonly host?: string
  /** 0 for any. */
  readonly port: number
  /** Whether the app left the port to the runtime, which takes it from the environment. */
  readonly unspecified?: boolean
  /** Whether the app wants a socket of this process alone. */
  readonly apart?: boolean
  /** Whether `::` leaves IPv4 out. */
  readonly v6Only?: boolean
}

type Environment = Readonly<Record<string, string | undefined>>

/** Tells which server is the public one. */
export class PublicPort {
  readonly ports: Ports
  readonly #named: ReadonlySet<number>

  /** @param defaults The variables of the environment that the runtime takes a port from, the first one counts. */
  constructor(ports: Ports, env: Environment, defaults: readonly string[] = []) {
    this.ports = ports
    const named = new Set([ports.public, ports.worker])
    if (ports.app !== undefined) named.add(ports.app)
    else {
      const first = defaults.map(name => env[name]).find(value => value !== undefined)
      for (const value of [env.PORT, first]) named.add(parsePort(value) ?? 0)
    }
    named.delete(0)
    this.#named = named
  }

  /** Whether `asked` is for a port that only the public server asks for. */
  names({ port, unspecified }: Asked): boolean {
    return unspecified === true || this.#named.has(port)
  }

  /** The first port to try for a server whose port is not balanced; `undefined` for any other. */
  ownPort(asked: Asked): number | undefined {
    const { private: ports = [], ordinal = 1 } = this.ports
    return ports.includes(asked.port) && !this.names(asked) ? asked.port + ordinal - 1 : undefined
  }

  /** Whether a server that is not named may be the public one. */
  static admits({ host, apart }: Asked): boolean {
    return !apart && !isLoopback(host)
  }

  /** Whether the first server that may be is taken for the public one, as no server can be named. */
  get guesses(): boolean {
    return this.ports.any && this.ports.app === undefined
  }
}

/** Whether only this machine reaches `host`. */
export function isLoopback(host: string | undefined): boolean {
  if (host === undefined) return false
  const plain = host.toLowerCase().replace(/^::ffff:/, '')
  return plain === 'localhost' || plain === '::1' || /^127(\.\d{1,3}){3}$/.test(plain)
}

/** A port as `listen` accepts it, as a number; `undefined` when it is none and the runtime is to say so. */
export function parsePort(port: unknown): number | undefined {
  if (port === undefined || port === null) return 0
  if (typeof port !== 'number' && (typeof port !== 'string' || port.trim() === '')) return undefined
  const number = Number(port)
  return Number.isInteger(number) && number >= 0 && number <= 65_535 ? number : undefined
}
