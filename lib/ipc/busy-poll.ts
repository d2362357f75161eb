/**
 * Looking for an answer for some microseconds before the event loop sleeps. Most of a short round trip is the kernel
 * putting two processes to sleep and waking them up; where answers come at once, that costs more processor time than
 * to keep looking, and three times the wait. Linux does the same for sockets of the network (`net.core.busy_poll`,
 * where 50 µs is usual), and KVM for processors (`halt_poll_ns`, which adapts as this does).
 *
 * The event loop turns meanwhile, so timers, requests and all else are served as ever.
 */
import { availableParallelism } from 'node:os'
import { Expectation } from './expectation.js'

/**
 * Asleep, both sides have to be woken before something arrives, which takes several times as long as where both look.
 * By so many times the window.
 */
const ASLEEP = 2

/** Milliseconds of a microsecond. */
const MICROSECOND = 1 / 1000

/** The peer could not run while this process looks for what it sends. */
const alone = availableParallelism() < 2

/** Looks for what one peer sends. */
export class BusyPoll {
  readonly #window: number
  readonly #expectation = new Expectation()
  /** When something was sent that nothing has followed yet. */
  #sent = Number.NaN
  #looking = false
  #scheduled = false

  /** @param window For how many microseconds to look; 0: not at all. */
  constructor(window: number) {
    // The other side may be of another version, and say nothing of it.
    this.#window = window > 0 && !alone ? window * MICROSECOND : 0
  }

  /** Whether it looks now. */
  get isLooking(): boolean {
    return this.#looking
  }

  /** Something was sent. */
  sent(): void {
    if (this.#window === 0) return
    this.#sent = performance.now()
    if (this.#looking || !this.#expectation.isWorthwhile) return
    this.#looking = true
    if (this.#scheduled) return
    this.#scheduled = true
    setImmediate(this.#look)
  }

  /** Something arrived. */
  arrived(): void {
    // Of what follows one that was sent, the first counts.
    if (Number.isNaN(this.#sent)) return
    if (this.#looking) this.#expectation.hit()
    else this.#expectation.slept(performance.now() - this.#sent <= ASLEEP * this.#window)
    this.stop()
  }

  /** Look no more. */
  stop(): void {
    this.#sent = Number.NaN
    this.#looking = false
  }

  /** Runs once each time around the event loop, which does not sleep while this waits for its turn. */
  readonly #look = (): void => {
    if (this.#looking && performance.now() - this.#sent >= this.#window) {
      this.#looking = false
      this.#expectation.miss()
    }
    this.#scheduled = this.#looking
    if (this.#looking) setImmediate(this.#look)
  }
}
