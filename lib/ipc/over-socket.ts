/** Links over sockets: batches go out by one native call, and what the event loop reads comes in by one. */

import { binding } from '../binding.js'
import { Batch, type Send } from './batch.js'
import { BatchReader, giveBackHeads, type Heads, PART, takeHeads } from './batch-reader.js'
import { BusyPoll } from './busy-poll.js'
import { flushAtExit, forget } from './last-words.js'
import { Link, maxWaiting } from './link.js'
import { type Reading, read } from './socket.js'
import type { Carrier, Settings } from './types.js'

/** Descriptors of one socket, which are given away. */
export interface Ends {
  readFd: number
  writeFd: number
}

/** A link over `ends` to the process `pid` of `peer`. */
export function openLink(peer: string, pid: number, settings: Settings, ends: Ends): Link {
  return new Link(peer, pid, settings, link => carry(link, ends))
}

type Native = InstanceType<typeof binding.NativeLink>

function carry(link: Link, { readFd, writeFd }: Ends): Carrier {
  const { maxMessageSize, compression } = link.settings
  // Answers wait there too, which are not asked whether they may.
  const native = new binding.NativeLink(writeFd, maxMessageSize, 2 * maxWaiting(link.settings), compression)
  const batch = new Batch()
  const reader = new BatchReader(link)
  const poll = new BusyPoll(link.settings.busyPoll)
  flushAtExit(link)
  const reading: Reading = read(readFd, {
    chunk(chunk, length) {
      poll.arrived()
      take(link, native, reader, chunk, length)
    },
    end() {
      if (native.isMidFrame()) link.failProtocol(new Error('it ended inside a frame'))
      else link.lost()
    },
  })
  const write: Send = (heads, headsLength, list, listLength) =>
    native.sendBatch(heads, headsLength, list, listLength)
  return {
    // Only peers that speak lines have texts for numbers.
    add: (operation, id, type, address, data) => batch.add(operation, id as number, type, address, data),
    send() {
      const waiting = batch.end(write)
      poll.sent()
      return waiting
    },
    sendRaw(envelope, bytes, isText) {
      const waiting = native.sendRaw(envelope, bytes, isText)
      poll.sent()
      return waiting
    },
    waiting: () => native.waiting(),
    flush: patience => native.flush(patience),
    hold: alive => reading.hold(alive),
    close() {
      poll.stop()
      batch.drop()
      native.close()
      reading.close()
      forget(link)
    },
  }
}

/** The first `length` bytes of `chunk` arrived. */
function take(link: Link, native: Native, reader: BatchReader, chunk: Uint8Array, length: number): void {
  link.counters.bytesReceived += length
  const heads = takeHeads()
  try {
    for (let from = 0; from < length && link.open; from += PART) {
      const items = native.feed(chunk, from, Math.min(from + PART, length), heads.bytes)
      deliver(link, reader, items, heads)
      // Throws what is wrong.
      if (items.at(-1) === null) native.feed(chunk, 0, 0, heads.bytes)
    }
  } catch (cause) {
    link.failProtocol(cause)
  } finally {
    giveBackHeads(heads)
  }
}

/** Deliver what became whole. Throws when it is no entry. */
function deliver(link: Link, reader: BatchReader, items: ReturnType<Native['feed']>, heads: Heads): void {
  let at = 0
  for (let index = 0; index < items.length; index += 1) {
    const item = items[index]
    if (typeof item === 'string') {
      at = reader.read(item, heads.numbers, at)
    } else if (item) {
      if (item === true) index += 1
      const data = items[index] as string | Uint8Array
      index += 1
      single(link, JSON.parse(items[index] as string), data)
    }
  }
}

function single(link: Link, envelope: unknown, data: string | Uint8Array): void {
  const [operation, id, time, type, address] = Array.isArray(envelope) ? envelope : []
  if (typeof id !== 'number' || typeof time !== 'number')
    throw new TypeError('an entry without a number or time')
  link.arriving()
  link.entry(operation, id, time, type, address, data)
}
