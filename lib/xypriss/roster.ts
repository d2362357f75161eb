/** The workers of the cluster, as a worker knows them. Pure. */
import type { WorkerInfo } from './types.js'

/** How long it is taken as it is before the master is asked again, in milliseconds: the counts in it grow. */
const FRESH = 1_000

/** What the master last told. */
export class Roster {
  #workers: WorkerInfo[] = []
  #told = Number.NEGATIVE_INFINITY

  /** The master told `workers`. */
  update(workers: WorkerInfo[], now: number): void {
    this.#workers = workers
    this.#told = now
  }

  /** A copy, which whoever gets it may change. */
  list(): WorkerInfo[] {
    return structuredClone(this.#workers)
  }

  /** Whether the master is to be asked: what it told is old. Says so once for each time that it told something. */
  wantsNews(now: number): boolean {
    if (now - this.#told < FRESH) return false
    this.#told = now
    return true
  }
}
