/**
 * Which of the app's servers is the one that the master balances to, and where each is to listen. Pure but for the
 * report that it passes on.
 *
 * The app listens on its usual port, which the master has opened for clients. So the server is moved to the
 * loopback port of this worker. Which server that is: the one that asks for the public port or for `WORKER_PORT`;
 * until one does, the first.
 */

/** Where a server is to listen. */
export interface Placement {
  /** The address: the master is the only client. */
  readonly host: '127.0.0.1'
  /** The port, 0 for any. */
  readonly port: number
}

/** A server that listens, as the master is told of it. */
export interface Report {
  /** `http` is balanced per request, `tcp` (anything else, TLS too) per connection. */
  protocol: 'http' | 'tcp'
  host: string
  port: number
  /** The name of the unix socket at which it takes connections too. */
  local?: string
  /** Whether upgrades can go there too; by default they come by the port. */
  localUpgrades?: boolean
  requestedHost?: string
  requestedPort: number
}

/** What the master is told. */
export interface Master {
  /** The main server listens. */
  listening(report: Report): void
  /** No server of the app listens any more. */
  closed(): void
}

/** The server that the master balances to. */
interface Main {
  placement: Placement
  requested: number
  /** Whether it asked for a port that only the main server asks for. */
  named: boolean
  reported: boolean
}

/** Decides for every TCP server of the app. */
export class Handover {
  readonly #publicPort: number
  readonly #workerPort: number
  readonly #master: Master
  #main: Main | undefined
  /** Servers that listen beside the main one, on the port that it asked for. */
  readonly #twins = new Map<Placement, Report>()

  constructor(publicPort: number, workerPort: number, master: Master) {
    this.#publicPort = publicPort
    this.#workerPort = workerPort
    this.#master = master
  }

  /** Where a server that asks for port `requested` is to listen; `undefined` leaves it alone. */
  place(requested: number): Placement | undefined {
    const named = this.#isNamed(requested)
    if (!this.#main) {
      const placement: Placement = { host: '127.0.0.1', port: this.#workerPort }
      this.#main = { placement, requested, named, reported: false }
      return placement
    }
    const anywhere: Placement = { host: '127.0.0.1', port: 0 }
    if (named && !this.#main.named) {
      // The first server was a wrong guess, and has the worker's port by now.
      this.#main = { placement: anywhere, requested, named, reported: false }
      return anywhere
    }
    // The twin of the moved one, for another address such as ::1: its port is the master's as well.
    return named || (requested !== 0 && requested === this.#main.requested) ? anywhere : undefined
  }

  /** A server listens. The master hears of it if it is the main one. */
  listening(placement: Placement, report: Report): void {
    const requested = report.requestedPort
    // The one whose twin it was to be has closed since it was placed.
    this.#main ??= { placement, requested, named: this.#isNamed(requested), reported: false }
    if (placement === this.#main.placement) {
      this.#main.reported = true
      this.#master.listening(report)
    } else if (requested === this.#main.requested) {
      this.#twins.set(placement, report)
    }
  }

  /** A server closed, or could not listen: its twin takes its place, or the next one may. */
  release(placement: Placement): void {
    this.#twins.delete(placement)
    if (placement !== this.#main?.placement) return
    const { reported } = this.#main
    this.#main = undefined
    for (const [twin, report] of this.#twins) {
      const requested = report.requestedPort
      this.#twins.delete(twin)
      this.#main = { placement: twin, requested, named: this.#isNamed(requested), reported: false }
      this.listening(twin, report)
      return
    }
    if (reported) this.#master.closed()
  }

  #isNamed(port: number): boolean {
    return port === this.#publicPort || port === this.#workerPort
  }
}

/** A port as `listen` accepts it, as a number; `undefined` when it is none and the runtime is to say so. */
export function parsePort(port: unknown): number | undefined {
  if (port === undefined || port === null) return 0
  if (typeof port !== 'number' && (typeof port !== 'string' || port.trim() === '')) return undefined
  const number = Number(port)
  return Number.isInteger(number) && number >= 0 && number <= 65_535 ? number : undefined
}
