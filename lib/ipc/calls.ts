/** Requests to one peer that have no answer yet, in the order in which they were sent. */

/** One request. */
export interface Call {
  resolve(data: unknown): void
  reject(error: Error): void
  type: string
  /** When it was sent, of `performance.now()`. */
  start: number
}

/** Those of one peer. */
export class Calls {
  readonly #calls = new Map<number, Call>()
  #lastId = 0

  get size(): number {
    return this.#calls.size
  }

  /** Wait for the answer to `call`; gives the number to ask with. */
  add(call: Call): number {
    this.#lastId += 1
    this.#calls.set(this.#lastId, call)
    return this.#lastId
  }

  /** The call that number `id` answers; `undefined` when it is too late, or was asked by nobody. */
  take(id: number): Call | undefined {
    const call = this.#calls.get(id)
    if (call) this.#calls.delete(id)
    return call
  }

  /** Take those that were sent before `start`. */
  takeBefore(start: number): Call[] {
    const taken: Call[] = []
    for (const [id, call] of this.#calls) {
      if (call.start > start) break
      this.#calls.delete(id)
      taken.push(call)
    }
    return taken
  }

  /** When the oldest was sent; infinity when there is none. */
  oldest(): number {
    for (const call of this.#calls.values()) return call.start
    return Number.POSITIVE_INFINITY
  }

  /** Take all. */
  takeAll(): Call[] {
    return this.takeBefore(Number.POSITIVE_INFINITY)
  }
}
