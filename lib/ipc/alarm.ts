/** One timer for many deadlines. */

/** Rings no later than the earliest of its deadlines; does not keep the process alive. */
export class Alarm {
  readonly #ring: () => void
  #timer: NodeJS.Timeout | undefined
  #at = Number.POSITIVE_INFINITY

  /** `ring` looks what is overdue, and sets the alarm again for what is not. */
  constructor(ring: () => void) {
    this.#ring = ring
  }

  /** Ring at `at`, if not before that. Both times are of `performance.now()`. */
  set(at: number, now: number): void {
    if (at >= this.#at) return
    this.#at = at
    clearTimeout(this.#timer)
    // An answer that is here already, behind this timer in the event loop, is not late.
    this.#timer = setTimeout(() => setImmediate(() => this.#rings()), Math.max(1, at - now))
    this.#timer.unref()
  }

  /** Ring no more. */
  stop(): void {
    clearTimeout(this.#timer)
    this.#at = Number.NEGATIVE_INFINITY
  }

  #rings(): void {
    if (this.#at === Number.NEGATIVE_INFINITY) return
    this.#at = Number.POSITIVE_INFINITY
    this.#ring()
  }
}
