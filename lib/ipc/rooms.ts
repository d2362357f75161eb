/** Memory that text is written into on its way out, used again and again. */

/** Room that most batches fit in, in bytes: they are sent at 16 KiB, and text may be three times as long in bytes. */
const ROOM = 64 * 1024
/** Room for a large message. */
export const LARGE = 1024 * 1024
/** Rooms that are kept for the next batch. */
const KEPT = 8
/** A character of JavaScript's has at most that many bytes in UTF-8. */
export const WIDEST = 3

const rooms: Buffer[] = []
let largeRoom: Buffer | undefined

/** Memory of at least `size` bytes, until it is given back. */
export function take(size: number): Buffer {
  if (size <= ROOM) return rooms.pop() ?? Buffer.allocUnsafeSlow(ROOM)
  if (size > LARGE) return Buffer.allocUnsafeSlow(size)
  const room = largeRoom ?? Buffer.allocUnsafeSlow(LARGE)
  largeRoom = undefined
  return room
}

/** It is free for others. */
export function giveBack(room: Buffer): void {
  if (room.length === LARGE) largeRoom = room
  else if (room.length === ROOM && rooms.length < KEPT) rooms.push(room)
}

/** Call `use` with `text` in UTF-8, which is only there during the call. */
export function asBytes<Result>(text: string, use: (bytes: Uint8Array) => Result): Result {
  const most = text.length * WIDEST
  const room = take(most > LARGE ? Buffer.byteLength(text) : most)
  try {
    return use(room.subarray(0, room.write(text)))
  } finally {
    giveBack(room)
  }
}
