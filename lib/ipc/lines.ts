/**
 * Messages as lines of JSON, for processes that have nothing but stdin and stdout: `IPCMessage` one way, `IPCResponse`
 * the other. Every other line is an ordinary one, and is passed on.
 */
import { StringDecoder } from 'node:string_decoder'
import { ALIVE, ANSWER, type Entry, FAILURE, POST, RELAY, REQUEST } from './entry.js'
import { failure } from './failure.js'
import type { Link } from './link.js'
import type { Carrier } from './types.js'

/** A carrier that is given what arrives. */
export interface LineCarrier extends Carrier {
  feed(chunk: Uint8Array): void
  /** Nothing more comes: the last line may have no end. */
  finish(): void
}

/** What numbers of heartbeats begin with, to tell them from those of requests. */
const BEAT = 'beat-'

/** Bytes stand for themselves in base64, since a line is text. */
const BASE64 = 'base64'

/** Speak lines for `link`: `write` sends some, `log` gets those that are no messages. */
export function lineCarrier(
  link: Link,
  write: (text: string) => void,
  log: (line: string) => void,
): LineCarrier {
  const decoder = new StringDecoder('utf8')
  // A line whose end has not come; a part each, so that a long one is not copied over and over.
  let parts: string[] = []
  let size = 0
  const limit = link.settings.maxMessageSize * 2 + 64 * 1024
  // The beginning of an ordinary line that a message came into.
  let begun = ''
  const ordinary = (text: string) => {
    log(begun + text)
    begun = ''
  }
  const line = (text: string) => {
    const [before, entry] = cut(text)
    if (!entry) {
      ordinary(text)
      return
    }
    begun += before
    try {
      link.arriving()
      link.entry(...entry)
    } catch (cause) {
      link.fail(failure('ERR_IPC_PROTOCOL', `a line of ${link.peer} is no message`, {}, { cause }))
    }
  }
  const take = (text: string) => {
    const lines = text.split('\n')
    const rest = lines.pop() ?? ''
    for (const [index, whole] of lines.entries()) {
      if (index === 0) {
        line(parts.join('') + whole)
        parts = []
        size = 0
      } else {
        line(whole)
      }
    }
    if (rest === '') return
    parts.push(rest)
    size += rest.length
    if (size <= limit) return
    // Nothing that long is a message: it is passed on in parts.
    ordinary(parts.join(''))
    parts = []
    size = 0
  }
  let batch = ''
  const put = (entry: Entry) => {
    batch += `${JSON.stringify(lineOf(entry, link))}\n`
    return batch.length
  }
  const send = () => {
    write(batch)
    batch = ''
    return 0
  }
  return {
    add: (operation, id, type, address, data) =>
      put([operation, id, Date.now(), type, address, data === undefined ? undefined : JSON.parse(data)]),
    send,
    sendRaw(envelope, bytes, isText) {
      const [operation, id, time, type, address] = JSON.parse(envelope)
      put([operation, id, time, type, address, isText ? bufferOf(bytes).toString() : inBase64(bytes)])
      return send()
    },
    waiting: () => 0,
    flush: () => true,
    hold: () => {},
    close: () => {},
    feed: chunk => take(decoder.write(bufferOf(chunk))),
    finish() {
      take(decoder.end())
      if (parts.length > 0) line(parts.join(''))
      parts = []
      if (begun !== '') ordinary('')
    },
  }
}

function lineOf([operation, id, timestamp, type, address, data]: Entry, link: Link): Record<string, unknown> {
  const from = link.pid === 0 ? 'worker' : 'master'
  switch (operation) {
    case REQUEST:
      return { id: String(id), type, data, timestamp, from }
    case RELAY:
      return { id: String(id), type, data, timestamp, from, to: address }
    case ANSWER:
      return { id: `r${id}`, correlationId: String(id), success: true, data, timestamp }
    case FAILURE: {
      const remote = data as { message: string }
      return {
        id: `r${id}`,
        correlationId: String(id),
        success: false,
        error: remote.message,
        remote,
        timestamp,
      }
    }
    case POST:
      return { id: 'send', type: 'send', data, timestamp, from }
    default:
      // A request like any other, for a process that was written by hand; see `entryOf` for its answer.
      return { id: `${BEAT}${id}`, type: 'heartbeat', timestamp, from }
  }
}

/** How our own messages begin, which may come into a line that the app has begun and not ended. */
const BEGINNING = '{"id":"'

/** What a line says: the entry that it ends with, if any, and what stands before that. */
function cut(text: string): [string, Entry | undefined] {
  const whole = entryOf(text)
  if (whole || !text.endsWith('}')) return ['', whole]
  for (let at = text.indexOf(BEGINNING, 1); at > 0; at = text.indexOf(BEGINNING, at + 1)) {
    const entry = entryOf(text.slice(at))
    if (entry) return [text.slice(0, at), entry]
  }
  return ['', undefined]
}

/** The entry that a line stands for; `undefined` for an ordinary line. */
function entryOf(text: string): Entry | undefined {
  if (!text.startsWith('{')) return undefined
  let line: Record<string, unknown>
  try {
    line = JSON.parse(text)
  } catch {
    return undefined
  }
  const { id, type, correlationId, success, timestamp = Date.now(), from, to, error } = line
  const data = dataOf(line.data)
  if (typeof correlationId === 'string' && typeof success === 'boolean') {
    if (correlationId.startsWith(BEAT)) return [ALIVE, 0, 0, undefined, undefined, undefined]
    const answered = /^\d+$/.test(correlationId) ? Number(correlationId) : correlationId
    const outcome = success ? data : (line.remote ?? { message: String(error) })
    return [success ? ANSWER : FAILURE, answered, 0, undefined, undefined, outcome]
  }
  if (typeof type !== 'string' || (from !== 'master' && from !== 'worker') || typeof id !== 'string')
    return undefined
  if (type === 'send' && id === 'send') return [POST, 0, 0, undefined, undefined, data]
  if (typeof timestamp !== 'number') return undefined
  return typeof to === 'string'
    ? [RELAY, id, timestamp, type, to, data]
    : [REQUEST, id, timestamp, type, undefined, data]
}

function inBase64(bytes: Uint8Array): Record<string, string> {
  return { encoding: BASE64, data: bufferOf(bytes).toString(BASE64) }
}

function bufferOf(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
}

function dataOf(data: unknown): unknown {
  const { encoding, data: text } = (data ?? {}) as Record<string, unknown>
  return encoding === BASE64 && typeof text === 'string' ? new Uint8Array(Buffer.from(text, BASE64)) : data
}
