/**
 * Whether something is likely to arrive right after something was sent, as in a conversation of short turns. Pure.
 *
 * Credit grows by one with each arrival that was soon enough. What was looked for in vain costs four times that, so
 * looking ends unless four of five are hits. Each time it ends, twice as many have to come before it begins again, which
 * bounds what is wasted on a pattern that only looks like a conversation; hits take that back.
 */

/** Arrivals in time before looking begins. */
const FIRST = 8
/** What that may grow to. */
const MOST = 1024
/** What one miss costs. */
const PRICE = 4
/** Credit beyond what is needed: the end of a burst is one miss, and shall not end the looking. */
const SPARE = 8

/** What is expected, by what happened. */
export class Expectation {
  #credit = 0
  #needed = FIRST

  /** Whether it is worth looking for the next arrival rather than sleeping until it comes. */
  get isWorthwhile(): boolean {
    return this.#credit >= this.#needed
  }

  /** It was looked for, and came. */
  hit(): void {
    this.#needed = Math.max(FIRST, this.#needed - 1)
    this.#credit = Math.min(this.#credit + 1, this.#needed + SPARE)
  }

  /** It was looked for in vain. */
  miss(): void {
    this.#credit -= PRICE
    if (this.isWorthwhile) return
    this.#credit = 0
    this.#needed = Math.min(2 * this.#needed, MOST)
  }

  /** It came while nobody looked; `soon`: so early that looking would have met it. */
  slept(soon: boolean): void {
    // A miss was charged already where looking had been worthwhile.
    if (soon) this.#credit = Math.min(this.#credit + 1, this.#needed + SPARE)
    else if (!this.isWorthwhile) this.#credit = 0
  }
}
