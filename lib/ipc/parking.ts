/** What came before anybody takes it: requests wait for a handler, messages of `process.send` for a listener. */
import type { Incoming } from './types.js'

/** How much may wait. */
export interface Room {
  /** Requests; messages as well. */
  count: number
  /** Characters of all together. */
  size: number
}

/** What waits in this process, of one peer; bounded. */
export class Parking {
  readonly #room: Room
  #requests: { request: Incoming; until: number; size: number }[] = []
  #posts: { data: unknown; size: number }[] = []
  #size = 0

  constructor(room: Room) {
    this.#room = room
  }

  /** How many wait. */
  get count(): number {
    return this.#requests.length + this.#posts.length
  }

  /** Whether messages wait, which go before new ones. */
  get hasPosts(): boolean {
    return this.#posts.length > 0
  }

  /** Keep `request` until a time. `false` when too much waits. */
  keep(request: Incoming, until: number): boolean {
    if (this.#requests.length >= this.#room.count || this.#size > this.#room.size) return false
    const { type, data, from = '', to = '' } = request
    const size = type.length + from.length + to.length + sizeOf(data)
    this.#requests.push({ request, until, size })
    this.#size += size
    return true
  }

  /** Keep a message. There is nobody to tell, so the oldest go when there are too many; gives how many went. */
  keepPost(data: unknown): number {
    const size = sizeOf(data)
    this.#posts.push({ data, size })
    this.#size += size
    let lost = 0
    while (this.#posts.length > this.#room.count || this.#size > this.#room.size) {
      const oldest = this.#posts.shift()
      if (!oldest) break
      this.#size -= oldest.size
      lost += 1
    }
    return lost
  }

  /** Give each request to `take`; those stay that it does not take. */
  offer(take: (request: Incoming) => boolean): void {
    const waiting = this.#requests
    this.#requests = []
    for (const parked of waiting) {
      if (take(parked.request)) this.#size -= parked.size
      else this.#requests.push(parked)
    }
  }

  /** Give the messages to `take`, in order, until it takes one not. */
  offerPosts(take: (data: unknown) => boolean): void {
    const waiting = this.#posts
    this.#posts = []
    let taken = 0
    for (const { data, size } of waiting) {
      if (!take(data)) break
      this.#size -= size
      taken += 1
    }
    this.#posts = [...waiting.slice(taken), ...this.#posts]
  }

  /** Take the requests whose time is over. */
  takeOverdue(now: number): Incoming[] {
    const overdue = this.#requests.filter(({ until }) => until <= now)
    if (overdue.length === 0) return []
    this.#requests = this.#requests.filter(({ until }) => until > now)
    for (const { size } of overdue) this.#size -= size
    return overdue.map(({ request }) => request)
  }

  /** When the time of the first is over; infinity when none waits. */
  soonest(): number {
    return this.#requests.reduce((soonest, { until }) => Math.min(soonest, until), Number.POSITIVE_INFINITY)
  }

  /** Forget all. */
  clear(): void {
    this.#requests = []
    this.#posts = []
    this.#size = 0
  }
}

/** Characters of `data`, or bytes. It came as JSON, unless it came as what it is. */
function sizeOf(data: unknown): number {
  if (typeof data === 'string' || data instanceof Uint8Array) return data.length
  return JSON.stringify(data)?.length ?? 0
}
