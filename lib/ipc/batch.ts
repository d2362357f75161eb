/** Entries on their way out, written as bytes at once, so that no text is made only to be copied. See `entry.ts`. */
import { ADDRESSED, BATCH, HAS_DATA, HEAD, NAME, NAMED, TYPE_SHIFT, TYPES } from './entry.js'
import { giveBack, LARGE, take, WIDEST } from './rooms.js'

/** What a list has besides its elements: brackets, and a comma behind each of the three that an entry has at most. */
const PUNCTUATION = 5

const [OPEN, COMMA, CLOSE] = Buffer.from('[,]') as unknown as [number, number, number]

/** Takes a batch: that many bytes of its heads, and of its list. */
export type Send = (heads: Buffer, headsLength: number, list: Buffer, listLength: number) => number

/** A batch in the making, of one direction of a channel. */
export class Batch {
  /** Numbers in pairs. One pair for the batch, and one more than fit, as it is sent when it is too large. */
  readonly #heads = new Float64Array((2 * (BATCH + 2 * HEAD)) / HEAD)
  readonly #headBytes = Buffer.from(this.#heads.buffer)
  /** Of the types that the peer knows. */
  readonly #numbers = new Map<string, number>()
  #count = 0
  #room: Buffer | undefined
  #length = 0

  /** Put an entry behind the others; `data` is JSON. Gives the bytes that there are. */
  add(
    operation: number,
    id: number,
    type: string | undefined,
    address: string | undefined,
    data: string | undefined,
  ): number {
    let word = operation
    let name = ''
    if (type !== undefined) {
      let number = this.#numbers.get(type)
      if (number === undefined) {
        number = this.#numbers.size < TYPES && type.length <= NAME ? this.#numbers.size + 1 : 0
        name = JSON.stringify(type)
        word |= NAMED
      }
      word |= number << TYPE_SHIFT
    }
    let to = ''
    if (address !== undefined) {
      to = JSON.stringify(address)
      word |= ADDRESSED
    }
    if (data !== undefined) word |= HAS_DATA
    const room = this.#roomFor(name.length + to.length, data)
    if (name !== '') {
      this.#write(room, name)
      // Not before the peer will learn it, whatever is thrown above.
      if (type !== undefined && word >>> TYPE_SHIFT > 0) this.#numbers.set(type, word >>> TYPE_SHIFT)
    }
    if (to !== '') this.#write(room, to)
    if (data !== undefined) this.#write(room, data)
    if (this.#count === 0) this.#heads[0] = Date.now()
    this.#count += 1
    this.#heads[2 * this.#count] = id
    this.#heads[2 * this.#count + 1] = word
    return this.#length + this.#headsLength
  }

  /** End the batch, have `send` take it, and begin another. */
  end(send: Send): number {
    const room = this.#room
    if (!room) return 0
    this.#heads[1] = this.#count
    // In the place of the last comma, if any.
    const last = Math.max(1, this.#length - 1)
    room[last] = CLOSE
    const outcome = send(this.#headBytes, this.#headsLength, room, last + 1)
    this.drop()
    return outcome
  }

  /** Forget what is in it. */
  drop(): void {
    if (this.#room) giveBack(this.#room)
    this.#room = undefined
    this.#length = 0
    this.#count = 0
  }

  get #headsLength(): number {
    return HEAD * (this.#count + 1)
  }

  #write(room: Buffer, text: string): void {
    const end = this.#length + room.write(text, this.#length)
    room[end] = COMMA
    this.#length = end + 1
  }

  #roomFor(head: number, data = ''): Buffer {
    const room = this.#room
    let size = this.#length + PUNCTUATION + (head + data.length) * WIDEST
    if (room && size <= room.length) return room
    if (size > LARGE) size = this.#length + PUNCTUATION + head * WIDEST + Buffer.byteLength(data)
    const wider = take(size)
    if (room) {
      room.copy(wider, 0, 0, this.#length)
      giveBack(room)
    } else {
      wider[0] = OPEN
      this.#length = 1
    }
    this.#room = wider
    return wider
  }
}
