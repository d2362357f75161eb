/**
 * Requests to one peer that have no answer yet, in the order in which they were sent.
 *
 * A ring, where the number of a call says its place, and not a `Map`: whenever a `Map` gets as many new entries as it has
 * places, engines make another table for it, and the old one keeps the entries it had and points to the new one. As soon
 * as one such table is old enough to be looked at seldom, nothing that came after it is collected until then. That was a
 * fifth of the time of short messages.
 */

/** When requests that go out together are sent. */
export interface Departure {
  /** Of `performance.now()`; infinity until then. */
  time: number
}

/** One request. */
export interface Call {
  resolve(data: unknown): void
  reject(error: Error): void
  type: string
  departure: Departure
}

/** Places that there are at first; a power of two, as always. */
const FEW = 64

/** Those of one peer. */
export class Calls {
  /** The call with the number `id`, one of the last ones, is at `id % length`. */
  #ring: (Call | undefined)[] = new Array(FEW).fill(undefined)
  /** The few whose place a later one needed. */
  readonly #late = new Map<number, Call>()
  #lastId = 0
  #size = 0

  get size(): number {
    return this.#size
  }

  /** Wait for the answer to `call`; gives the number to ask with. */
  add(call: Call): number {
    const id = this.#lastId + 1
    if (this.#ring[id & (this.#ring.length - 1)]) this.#makeRoom(id)
    this.#ring[id & (this.#ring.length - 1)] = call
    this.#lastId = id
    this.#size += 1
    return id
  }

  /** The call that number `id` answers; `undefined` when it is too late, or was asked by nobody. */
  take(id: number | string): Call | undefined {
    if (typeof id !== 'number') return undefined
    // One that is late may be among the last again, once the ring is wider.
    const call = this.#takeFromRing(id) ?? this.#takeLate(id)
    if (call) this.#size -= 1
    return call
  }

  /** Take those that were sent until `time`. */
  takeUntil(time: number): Call[] {
    const taken: Call[] = []
    for (const [id, call] of this.#all()) {
      if (call.departure.time > time) break
      this.take(id)
      taken.push(call)
    }
    return taken
  }

  /** When the oldest was sent; infinity when there is none. */
  oldest(): number {
    for (const [, call] of this.#all()) return call.departure.time
    return Number.POSITIVE_INFINITY
  }

  /** Take all. */
  takeAll(): Call[] {
    return this.takeUntil(Number.POSITIVE_INFINITY)
  }

  #takeFromRing(id: number): Call | undefined {
    // The peer may have made it up.
    const isOneOfTheLast = Number.isInteger(id) && id <= this.#lastId && id > this.#lastId - this.#ring.length
    if (!isOneOfTheLast) return undefined
    const place = id & (this.#ring.length - 1)
    const call = this.#ring[place]
    if (call) this.#ring[place] = undefined
    return call
  }

  #takeLate(id: number): Call | undefined {
    if (this.#late.size === 0) return undefined
    const call = this.#late.get(id)
    if (call) this.#late.delete(id)
    return call
  }

  /** The place of `id` is taken by a call that was sent a whole ring before. */
  #makeRoom(id: number): void {
    const ring = this.#ring
    const { length } = ring
    if (this.#size - this.#late.size > length / 2) {
      const wider = new Array(2 * length).fill(undefined)
      for (let earlier = id - length; earlier < id; earlier += 1) {
        wider[earlier & (2 * length - 1)] = ring[earlier & (length - 1)]
      }
      this.#ring = wider
      return
    }
    const place = id & (length - 1)
    // Numbers only rise, so these are in their order too.
    this.#late.set(id - length, ring[place] as Call)
    ring[place] = undefined
  }

  /** All, the oldest first. */
  *#all(): Generator<[number, Call]> {
    yield* this.#late
    const { length } = this.#ring
    for (let id = this.#lastId - length + 1; id <= this.#lastId; id += 1) {
      const call = this.#ring[id & (length - 1)]
      if (call) yield [id, call]
    }
  }
}
