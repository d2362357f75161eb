/** Entries on their way out: a list in JSON, written as bytes at once, so that no text is made only to be copied. */
import { giveBack, LARGE, take, WIDEST } from './rooms.js'

/** Besides its texts an entry has a comma or bracket in front, a comma in the middle, a bracket behind; the list another. */
const PUNCTUATION = 4

const [OPEN, COMMA, CLOSE] = Buffer.from('[,]') as unknown as [number, number, number]

/** A batch in the making. */
export class Batch {
  #room: Buffer | undefined
  #length = 0

  /** Put an entry behind the others: `head`, which has no end, and JSON for `data`. Gives the bytes that there are. */
  add(head: string, data: string | undefined): number {
    const room = this.#roomFor(head, data)
    let at = this.#length
    room[at] = at === 0 ? OPEN : COMMA
    at += 1
    at += room.write(head, at)
    if (data !== undefined) {
      room[at] = COMMA
      at += 1
      at += room.write(data, at)
    }
    room[at] = CLOSE
    this.#length = at + 1
    return this.#length
  }

  /** End the batch, have `send` take it, and begin another. */
  end(send: (bytes: Buffer, length: number) => number): number {
    const room = this.#room
    if (!room) return 0
    room[this.#length] = CLOSE
    const outcome = send(room, this.#length + 1)
    this.drop()
    return outcome
  }

  /** Forget what is in it. */
  drop(): void {
    if (this.#room) giveBack(this.#room)
    this.#room = undefined
    this.#length = 0
  }

  #roomFor(head: string, data = ''): Buffer {
    const room = this.#room
    let size = this.#length + PUNCTUATION + (head.length + data.length) * WIDEST
    if (room && size <= room.length) return room
    if (size > LARGE) size = this.#length + PUNCTUATION + head.length * WIDEST + Buffer.byteLength(data)
    const wider = take(size)
    if (room) {
      room.copy(wider, 0, 0, this.#length)
      giveBack(room)
    }
    this.#room = wider
    return wider
  }
}
