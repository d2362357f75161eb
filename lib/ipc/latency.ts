/** Latencies in buckets an eighth of an octave wide: a few hundred numbers, whatever is recorded. */

const SUB = 8
/** From a microsecond up to more than an hour. */
const OCTAVES = 32

/** A histogram of durations in milliseconds. */
export class Latency {
  readonly #buckets = new Float64Array(SUB * OCTAVES)
  #count = 0

  /** Count one duration. */
  record(ms: number): void {
    const index = Math.floor(Math.log2(Math.max(ms * 1000, 1)) * SUB)
    const last = SUB * OCTAVES - 1
    const place = Math.min(index, last)
    this.#buckets[place] = (this.#buckets[place] ?? 0) + 1
    this.#count += 1
  }

  /** Count what `other` counted. */
  add(other: Latency): void {
    for (const [index, count] of other.#buckets.entries()) {
      this.#buckets[index] = (this.#buckets[index] ?? 0) + count
    }
    this.#count += other.#count
  }

  /** The duration that a share of all recorded ones is not above, within a tenth; 0 when there are none. */
  percentile(share: number): number {
    let left = Math.ceil(this.#count * share)
    if (left === 0) return 0
    for (const [index, count] of this.#buckets.entries()) {
      left -= count
      if (left <= 0) return 2 ** ((index + 1) / SUB) / 1000
    }
    return 2 ** OCTAVES / 1000
  }
}
