/** Data between what an app gives and what travels. */
import { isUtf8 } from 'node:buffer'
import { failure } from './failure.js'
import { tooLarge } from './refusals.js'
import type { Encoded } from './types.js'

/** Texts with more characters than that travel as bytes, not as JSON. */
const LONG_TEXT = 8 * 1024
/** Added to the operation of an entry whose bytes are text. */
export const TEXT = 16
/** Types of messages whose JSON is kept. */
const TYPES = 1_000

/** `data` of a message of `type`, ready to travel. Throws when it cannot be sent, or has more than `most` bytes. */
export function encode(type: string, data: unknown, most: number): Encoded {
  if (data instanceof Uint8Array) {
    if (data.length > most) throw tooLarge(type, data.length, most)
    return { bytes: data, isText: false }
  }
  // As JSON it would be searched for characters to escape, twice.
  if (typeof data === 'string' && data.length > LONG_TEXT && isWellFormed(data)) {
    if (data.length > most) throw tooLarge(type, data.length, most)
    const bytes = Buffer.from(data)
    if (bytes.length > most) throw tooLarge(type, bytes.length, most)
    return { bytes, isText: true }
  }
  let text: string | undefined
  try {
    text = JSON.stringify(data)
  } catch (cause) {
    const message = `the data of '${type}' cannot be sent: ${(cause as Error).message}`
    throw failure('ERR_IPC_SERIALIZATION', message, { type }, { cause })
  }
  if (text !== undefined && text.length * 3 > most) {
    const size = text.length > most ? text.length : Buffer.byteLength(text)
    if (size > most) throw tooLarge(type, size, most)
  }
  return { text }
}

/** The entry that came as `envelope` with `bytes` behind it. Throws when it is none. */
export function entryWith(envelope: string, bytes: Uint8Array): unknown[] {
  const entry = JSON.parse(envelope)
  entry.push(entry[0] >= TEXT ? textOf(bytes) : bytes)
  entry[0] %= TEXT
  return entry
}

/** The envelope of the entry that begins with `head` and carries bytes. */
export function envelopeOf(head: string, isText: boolean): string {
  return isText ? `[${TEXT + Number(head[1])}${head.slice(2)}]` : `${head}]`
}

const types = new Map<string, string>()

/** JSON for the name of a type: there are few, and they come again and again. */
export function jsonOf(type: string): string {
  let text = types.get(type)
  if (text === undefined) {
    text = JSON.stringify(type)
    if (types.size < TYPES) types.set(type, text)
  }
  return text
}

/** Whether UTF-8 can say `text`: a half of a pair is lost there. */
function isWellFormed(text: string): boolean {
  return (text as string & { isWellFormed(): boolean }).isWellFormed()
}

function textOf(bytes: Uint8Array): string {
  if (!isUtf8(bytes)) throw new TypeError('a text that is no UTF-8')
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString()
}
