/** Data between what an app gives and what travels. */
import { failure } from './failure.js'
import { noType, tooLarge } from './refusals.js'
import { WIDEST } from './rooms.js'
import type { Encoded } from './types.js'

/** Texts with more characters than that travel as they are, not as JSON. */
const LONG_TEXT = 8 * 1024

/** `data` of a message of `type`, ready to travel. Throws when it cannot be sent, or has more than `most` bytes. */
export function encode(type: string, data: unknown, most: number): Encoded {
  if (typeof type !== 'string') throw noType(type)
  if (data instanceof Uint8Array) {
    if (data.length > most) throw tooLarge(type, data.length, most)
    return { bytes: data }
  }
  // As JSON it would be searched for characters to escape, twice.
  if (typeof data === 'string' && data.length > LONG_TEXT && isWellFormed(data)) {
    checkSize(type, data, most)
    return { long: data }
  }
  let text: string | undefined
  try {
    text = JSON.stringify(data)
  } catch (cause) {
    const message = `the data of '${type}' cannot be sent: ${(cause as Error).message}`
    throw failure('ERR_IPC_SERIALIZATION', message, { type }, { cause })
  }
  if (text !== undefined) checkSize(type, text, most)
  return { text }
}

/** Throws when `text` has more than `most` bytes in UTF-8. */
function checkSize(type: string, text: string, most: number): void {
  if (text.length * WIDEST <= most) return
  const size = text.length > most ? text.length : Buffer.byteLength(text)
  if (size > most) throw tooLarge(type, size, most)
}

/** Whether UTF-8 can say `text`: a half of a pair is lost there. */
function isWellFormed(text: string): boolean {
  return (text as string & { isWellFormed(): boolean }).isWellFormed()
}
