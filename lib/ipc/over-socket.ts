/** Links over sockets: batches go out by one native call, and what the event loop reads comes in by one. */

import { binding } from '../binding.js'
import { Batch } from './batch.js'
import { BusyPoll } from './busy-poll.js'
import { entryWith } from './encoding.js'
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
  const poll = new BusyPoll(link.settings.busyPoll)
  flushAtExit(link)
  const reading: Reading = read(readFd, {
    chunk(chunk, length) {
      poll.arrived()
      take(link, native, chunk, length)
    },
    end() {
      if (native.isMidFrame()) link.failProtocol(new Error('it ended inside a frame'))
      else link.lost()
    },
  })
  const write = (bytes: Buffer, length: number) => native.sendText(bytes, length)
  return {
    add: (head, data) => batch.add(head, data),
    send() {
      const waiting = batch.end(write)
      poll.sent()
      return waiting
    },
    sendRaw(entry, bytes, isText) {
      const waiting = native.sendRaw(entry, bytes, isText)
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
function take(link: Link, native: Native, chunk: Uint8Array, length: number): void {
  if (!link.open) return
  link.counters.bytesReceived += length
  try {
    const items = native.feed(chunk, length)
    for (let index = 0; index < items.length; index += 1) {
      const item = items[index]
      if (typeof item === 'string') {
        link.accept(JSON.parse(item), item.length)
      } else if (item) {
        if (item === true) index += 1
        const data = items[index] as string | Uint8Array
        index += 1
        link.accept([entryWith(items[index] as string, data)], data.length)
      } else {
        // Throws.
        native.feed(chunk, 0)
      }
    }
  } catch (cause) {
    link.failProtocol(cause)
  }
}
