/** Who can be reached by which link. */
import { failure } from './failure.js'
import type { Link } from './link.js'
import { disabled } from './refusals.js'

/** The workers of a manager by id, in the order of registration. */
export class Directory {
  readonly #links = new Map<string, Link>()
  /** Workers whose cluster has messages switched off. */
  readonly #mute = new Set<string>()
  /** Unregistered while they died. */
  readonly #leaving = new Set<Link>()

  /** Reach `workerId` by `link` from now on. `false` when that is so already. */
  add(workerId: string, link: Link): boolean {
    if (this.#links.get(workerId) === link) return false
    this.#links.set(workerId, link)
    return true
  }

  /** `workerId` is there, and cannot be reached: messages are switched off. */
  addMute(workerId: string): void {
    this.#mute.add(workerId)
  }

  /** Reach `workerId` no more; gives its link when it still was of use. */
  remove(workerId: string): Link | undefined {
    const link = this.#links.get(workerId)
    this.#mute.delete(workerId)
    this.#links.delete(workerId)
    if (!link?.open) return undefined
    if (!link.dying) return link
    // Its end is told of when the cause is known.
    this.#leaving.add(link)
    return undefined
  }

  /** `link` has ended. Whether it was that of a worker that is known, or left because of this. */
  ended(link: Link): boolean {
    return this.#leaving.delete(link) || this.#links.get(link.peer) === link
  }

  clear(): void {
    this.#links.clear()
    this.#mute.clear()
    this.#leaving.clear()
  }

  /** The link of `workerId`. Throws when it cannot be reached. */
  of(workerId: string): Link {
    const link = this.#links.get(workerId)
    if (link) return link
    if (this.#mute.has(workerId)) throw disabled()
    throw failure(
      'ERR_WORKER_NOT_FOUND',
      `there is no worker ${workerId}: it was not registered, or is gone`,
      { workerId },
    )
  }

  /** The link of any worker that can be reached. Throws when there is none. */
  any(): Link {
    const reachable = [...this.#links.values()].filter(link => link.open)
    const link = reachable[Math.floor(Math.random() * reachable.length)]
    if (link) return link
    throw failure('ERR_WORKER_NOT_FOUND', 'there is no worker that could be reached')
  }

  /** All, except the one with the link `but`. */
  all(but?: Link): [string, Link][] {
    return [...this.#links].filter(([, link]) => link !== but)
  }

  /** How many there are, and can be reached. */
  count(): { total: number; alive: number; dead: number } {
    const total = this.#links.size
    let alive = 0
    for (const link of this.#links.values()) if (link.open) alive += 1
    return { total, alive, dead: total - alive }
  }
}
