/** Entries that arrived as batches, see `entry.ts`. */
import { ADDRESSED, BATCH, HAS_DATA, HEAD, NAME, NAMED, TYPE_SHIFT, TYPES } from './entry.js'
import type { Link } from './link.js'

/** Bytes that are looked at in one call: heads of what they hold have room. Bun reads no more at once. */
export const PART = 512 * 1024

/** What the lowest bits of a word are: the operation. */
const OPERATION = 0xff

/** Where the heads of what arrived are put: of a part, and of a batch that began before it; nobody sends more. */
export class Heads {
  readonly numbers = new Float64Array((2 * (PART + 2 * BATCH)) / HEAD)
  readonly bytes = Buffer.from(this.numbers.buffer)
}

let spare: Heads | undefined

/** Heads to read into, until they are given back. The same for all links, unless a handler lets the event loop turn. */
export function takeHeads(): Heads {
  const heads = spare ?? new Heads()
  spare = undefined
  return heads
}

/** They are free for others. */
export function giveBackHeads(heads: Heads): void {
  spare = heads
}

/** Reads what one peer sends. */
export class BatchReader {
  readonly #link: Link
  /** By their number. */
  readonly #types: string[] = []

  constructor(link: Link) {
    this.#link = link
  }

  /** Give the batch with the list `text` and its `heads` from `at` to the link; where the next one's are. Throws if it is none. */
  read(text: string, heads: Float64Array, at: number): number {
    const list: unknown = JSON.parse(text)
    if (!Array.isArray(list)) throw new TypeError('a batch that is no list')
    const time = heads[at] as number
    const count = heads[at + 1] as number
    const end = at + 2 * (count + 1)
    this.#link.arriving()
    let taken = 0
    for (let head = at + 2; head < end; head += 2) {
      const word = heads[head + 1] as number
      let type: unknown
      let address: unknown
      let data: unknown
      if (word & NAMED) {
        type = list[taken]
        taken += 1
        this.#learn(word >>> TYPE_SHIFT, type)
      } else {
        type = this.#types[word >>> TYPE_SHIFT]
      }
      if (word & ADDRESSED) {
        address = list[taken]
        taken += 1
      }
      if (word & HAS_DATA) {
        data = list[taken]
        taken += 1
      }
      this.#link.entry(word & OPERATION, heads[head] as number, time, type, address, data)
    }
    if (taken !== list.length) throw new TypeError(`a batch with ${list.length} values for ${taken}`)
    return end
  }

  #learn(number: number, type: unknown): void {
    if (number === 0) return
    if (typeof type !== 'string' || type.length > NAME || number > TYPES)
      throw new TypeError('a type without a name or number')
    this.#types[number] = type
  }
}
