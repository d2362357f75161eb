/**
 * Which of the app's servers is the public one, and where each is to listen. Pure but for the reports that it passes on.
 *
 * The app listens on its usual port, which the master has opened for clients. So the public server is moved to the
 * loopback port of this worker. A server is public if it asks for a port that only the public one asks for. If none
 * does by the time that the app says that it is ready, the only one that others can reach is.
 *
 * Any other server is moved as well, if the master could open the address that it asked for.
 */
import { overlap } from './overlap.js'
import { type Asked, PublicPort } from './public-port.js'

/** A server of the app, from its `listen` to its end. */
export interface Placement {
  /** Its number, by which the master knows it. */
  readonly id: number
  readonly asked: Asked
  /** Where it is to listen instead: the master is the only client. Without one it listens where it asked to. */
  readonly at?: { readonly host: '127.0.0.1'; readonly port: number }
  /** Whether the master opened the address that it asked for. */
  shared?: boolean
  /** The port of this process to listen on, or the next that is free, at the host that it asked for. */
  readonly own?: number
}

/** How a server listens. */
export interface Facts {
  /** `http` is balanced per request, `tcp` (anything else, TLS too) per connection. */
  protocol: 'http' | 'tcp'
  host: string
  port: number
  /** The name of the unix socket at which it takes connections too. */
  local?: string
  /** Whether upgrades can go there too; by default they come by the port. */
  localUpgrades?: boolean
}

/** A server that listens, as the master is told of it. */
export interface Report extends Facts {
  id: number
  public: boolean
  shared: boolean
  v6Only: boolean
  requestedHost?: string
  requestedPort: number
}

/** What the master is told. */
export interface Master {
  /** Open an address for the server `id`. Tells whether it is open. */
  open(id: number, asked: Asked): boolean
  /** A server listens, or became the public one. */
  listening(report: Report): void
  /** A server that was reported does not listen any more. */
  closed(id: number): void
  /** The app said that it is ready. */
  ready(): void
  /** The app said that it is ready, and several servers may be the public one. */
  undecided(): void
}

/** The server that the master balances to. */
interface Main {
  placement: Placement
  /** Whether it asked for a port that only the public server asks for. */
  named: boolean
}

/** Any port of the loopback interface. */
const ANYWHERE = { host: '127.0.0.1', port: 0 } as const

/** Decides for every TCP server of the app. */
export class Handover {
  readonly #rule: PublicPort
  readonly #master: Master
  #main: Main | undefined
  /** Servers that were placed and do not listen yet. */
  readonly #pending = new Set<Placement>()
  /** Servers that listen. */
  readonly #open = new Map<Placement, Facts>()
  #ready: 'no' | 'said' | 'decided' = 'no'
  #last = 0

  constructor(rule: PublicPort, master: Master) {
    this.#rule = rule
    this.#master = master
  }

  /** Where a server that asks for `asked` is to listen. */
  place(asked: Asked): Placement {
    this.#last += 1
    const own = this.#rule.ownPort(asked)
    const placement = { id: this.#last, asked }
    const placed =
      own === undefined ? this.#placed(placement) : { ...placement, asked: { ...asked, apart: true }, own }
    this.#pending.add(placed)
    return placed
  }

  #placed(placement: Placement): Placement {
    const { asked } = placement
    const main = this.#main
    const named = this.#rule.names(asked)
    const becomesMain = named ? !main?.named : !main && this.#rule.guesses && PublicPort.admits(asked)
    if (becomesMain) {
      // A guess that was wrong has the worker's port by now.
      const at = { host: '127.0.0.1', port: main ? 0 : this.#rule.ports.worker } as const
      const placed = { ...placement, at }
      this.#main = { placement: placed, named }
      if (main) this.#demote(main.placement)
      return placed
    }
    // The twin of the moved one, for another address such as ::1: its port is the master's as well.
    const isTwin =
      named || (main?.placement.at && asked.port !== 0 && asked.port === main.placement.asked.port)
    if (isTwin && overlap(asked, main?.placement.asked)) return { ...placement, at: ANYWHERE }
    const address = isTwin ? { ...asked, port: this.#rule.ports.public } : asked
    return this.#shares(placement.id, address) ? { ...placement, at: ANYWHERE, shared: true } : placement
  }

  /** Whether the master opens what a server asks for. A port that any would do for belongs to this process. */
  #shares(id: number, asked: Asked): boolean {
    if (asked.apart || asked.port === 0) return false
    // The second one of a process on an address fails, as it does alone.
    const others = [...this.#pending, ...this.#open.keys()]
    const isTaken = others.some(
      other => other.shared && overlap(asked, other.asked) && asked.port === other.asked.port,
    )
    return !isTaken && this.#master.open(id, asked)
  }

  /** What was taken for the public server is another one, and gets what it asked for. */
  #demote(placement: Placement): void {
    if (!placement.at || placement.shared || !this.#shares(placement.id, placement.asked)) return
    placement.shared = true
    const facts = this.#open.get(placement)
    if (facts) this.#report(placement, facts)
  }

  /** A server listens. */
  listening(placement: Placement, facts: Facts): void {
    this.#pending.delete(placement)
    this.#open.set(placement, facts)
    // The one whose twin it was to be has closed since it was placed.
    if (!this.#main && placement.at && !placement.shared) this.#main = this.#asMain(placement)
    this.#report(placement, facts)
    this.#decide()
  }

  /** A server closed, or could not listen: its twin takes its place, or the next one may. */
  release(placement: Placement): void {
    this.#pending.delete(placement)
    const wasOpen = this.#open.delete(placement)
    if (placement === this.#main?.placement) {
      this.#main = undefined
      const asked = placement.asked.port
      const twin = [...this.#open].find(([other]) => other.at && !other.shared && other.asked.port === asked)
      if (twin) {
        this.#main = this.#asMain(twin[0])
        this.#report(...twin)
      }
    }
    if (wasOpen || placement.shared) this.#master.closed(placement.id)
    this.#decide()
  }

  /** The app says that it is ready. */
  ready(): void {
    if (this.#ready === 'decided') this.#master.ready()
    else {
      this.#ready = 'said'
      this.#decide()
    }
  }

  /** The servers that are open while the public one is awaited. */
  waiting(): Report[] {
    if (this.#main || this.#ready === 'decided') return []
    return [...this.#open].map(([placement, facts]) => this.#reportOf(placement, facts))
  }

  /** When the app is ready, the only server that may be the public one is. */
  #decide(): void {
    if (this.#ready === 'no' || this.#pending.size > 0) return
    const candidates = this.#main ? [] : [...this.#open].filter(([{ asked }]) => PublicPort.admits(asked))
    const [candidate] = candidates
    if (candidate && candidates.length === 1) {
      this.#main = this.#asMain(candidate[0])
      this.#report(...candidate)
    }
    if (this.#ready === 'decided') return
    this.#ready = 'decided'
    if (candidates.length > 1) this.#master.undecided()
    else this.#master.ready()
  }

  #asMain(placement: Placement): Main {
    return { placement, named: this.#rule.names(placement.asked) }
  }

  #report(placement: Placement, facts: Facts): void {
    this.#master.listening(this.#reportOf(placement, facts))
  }

  #reportOf(placement: Placement, facts: Facts): Report {
    const { id, asked } = placement
    return {
      ...facts,
      id,
      public: placement === this.#main?.placement,
      shared: placement.shared === true,
      v6Only: asked.v6Only === true,
      requestedPort: asked.port,
      ...(asked.host !== undefined && { requestedHost: asked.host }),
    }
  }
}
