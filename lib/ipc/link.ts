/**
 * One peer: a channel to one process, with everything that waits for it. Messages are collected until the current
 * turn of JavaScript ends and go out as one frame; what arrives together is delivered together.
 *
 * An entry of a batch is one of
 * - `[0, id, time, type, from, data?]` a request · `[4, id, time, type, to, data?]` one for another worker
 * - `[1, id, time, data?]` its answer · `[2, id, time, error]` its failure
 * - `[3, data?]` a message of `process.send` · `[5, id]` a question whether anybody reads · `[6, id]` somebody does
 *
 * An entry with bytes for `data` travels in a frame of its own, the bytes behind it; so does a long text, as UTF-8, with
 * 16 added to the first number.
 */
import { isUtf8 } from 'node:buffer'
import { binding } from '../binding.js'
import type { WorkerCommunicationError } from '../errors.js'
import { failure, pack, type Remote, unpack } from './failure.js'
import { Latency } from './latency.js'
import { type Reading, read } from './socket.js'
import type { Carrier, Encoded, Incoming, Receiver, Settings } from './types.js'

interface Parked extends Incoming {
  until: number
  size: number
}

interface Call {
  resolve(data: unknown): void
  reject(error: Error): void
  type: string
  start: number
}

/** Characters of a batch that is sent before the turn ends. */
const BATCH = 16 * 1024
/** Bytes of scratch room, for a batch and for most that are larger. */
const SCRATCH = 1024 * 1024
/** Bytes that may wait for a peer, unless one message is larger. */
const WAITING = 64 * 1024 * 1024
/** How long an orderly exit may wait for the peer to take what was accepted, in milliseconds. */
export const FLUSH_PATIENCE = 5_000
/** How long the second sign of a death may take, in milliseconds. */
const PATIENCE = 2_000
/** Texts with more characters than that travel as bytes, not as JSON. */
const LONG_TEXT = 8 * 1024
/** Added to the operation of an entry whose bytes are text. */
export const TEXT = 16
/** Types of messages whose JSON is kept. */
const TYPES = 1_000

/** Room for the header in front of a batch, see `NativeLink.sendText`. */
const HEADER = 24
/** A character of JavaScript's has at most that many bytes in UTF-8. */
const WIDEST = 3

/** Where batches are made: they are written, or copied, before the next one is. */
let scratch: Buffer | undefined

function room(text: string): Buffer {
  if (HEADER + text.length * WIDEST > SCRATCH) return Buffer.allocUnsafeSlow(HEADER + Buffer.byteLength(text))
  scratch ??= Buffer.allocUnsafeSlow(SCRATCH)
  return scratch
}

const typeTexts = new Map<string, string>()

function textOf(type: string): string {
  let text = typeTexts.get(type)
  if (text === undefined) {
    text = JSON.stringify(type)
    if (typeTexts.size < TYPES) typeTexts.set(type, text)
  }
  return text
}

/** Links over sockets that are open. */
const open = new Set<Link>()

/** Whether listeners of `exit` run: no turn follows in which a batch could go out. */
let exiting = false

/** An orderly exit loses nothing that was accepted. */
function flushAll(): void {
  exiting = true
  for (const link of open) link.flush()
}

/** A channel to one process. */
export class Link {
  /** Who the peer is: a worker, or `master`. */
  readonly peer: string
  /** The worker's process; 0 for the master. */
  readonly pid: number
  readonly settings: Settings
  readonly latency = new Latency()
  readonly counters = { sent: 0, received: 0, bytesSent: 0, bytesReceived: 0, failures: 0, timeouts: 0 }
  /** Called with what `process.send` of the peer sent. `false` when nobody wants it yet. */
  onPost: ((data: unknown) => boolean) | undefined
  /** Takes requests that no receiver takes. */
  fallback: ((request: Incoming) => boolean) | undefined

  readonly #carrier: Carrier
  readonly #maxWaiting: number
  readonly #receivers = new Set<Receiver>()
  readonly #calls = new Map<number, Call>()
  #lastId = 0
  /** A list of entries whose end is missing. */
  #batch = ''
  #flushing = false
  #waiting = 0
  #parked: Parked[] = []
  #parkedPosts: { data: unknown; size: number }[] = []
  /** What is parked, and what the present entry has, in characters. */
  #parkedSize = 0
  #entrySize = 0
  #timer: NodeJS.Timeout | undefined
  #timerAt = Number.POSITIVE_INFINITY
  #heart: NodeJS.Timeout | undefined
  #unanswered = 0
  #holds = 0
  /** Set when nothing can be sent any more; answers fail with it. */
  #ended: WorkerCommunicationError | undefined
  /** The channel gave its last byte. */
  #atEnd = false
  #death: { reason: string; details: Record<string, unknown> } | undefined
  #patience: NodeJS.Timeout | undefined

  constructor(peer: string, pid: number, settings: Settings, carrier: (link: Link) => Carrier) {
    this.peer = peer
    this.pid = pid
    this.settings = settings
    this.#maxWaiting = Math.max(WAITING, 2 * settings.maxMessageSize)
    this.#carrier = carrier(this)
  }

  /** A link over the socket whose descriptors are given away. */
  static over(
    peer: string,
    pid: number,
    settings: Settings,
    { readFd, writeFd }: { readFd: number; writeFd: number },
  ): Link {
    return new Link(peer, pid, settings, link => {
      const maxWaiting = 2 * Math.max(WAITING, 2 * settings.maxMessageSize)
      const { maxMessageSize, compression } = settings
      if (open.size === 0) process.on('exit', flushAll)
      open.add(link)
      const native = new binding.NativeLink(writeFd, maxMessageSize, maxWaiting, compression)
      const reading: Reading = read(readFd, {
        chunk: (chunk, length) => link.#chunk(native, chunk, length),
        end: () => {
          if (native.isMidFrame()) link.fail(protocolError(link, 'it ended inside a frame'))
          else link.lost()
        },
      })
      return {
        sendText(text) {
          const frame = room(text)
          return native.sendText(frame, frame.write(text, HEADER))
        },
        sendRaw: (entry, bytes) => native.sendRaw(entry, bytes),
        waiting: () => native.waiting(),
        flush: patience => native.flush(patience),
        hold: alive => reading.hold(alive),
        close() {
          native.close()
          reading.close()
          open.delete(link)
          if (open.size === 0) process.off('exit', flushAll)
        },
      }
    })
  }

  /** Whether the peer can be reached. */
  get open(): boolean {
    return this.#ended === undefined
  }

  /** Whether there was a sign of its death already. */
  get dying(): boolean {
    return this.open && (this.#atEnd || this.#death !== undefined)
  }

  /** Requests that wait for their answer, and bytes that wait to be written. */
  get queued(): { requests: number; bytes: number; parked: number } {
    const bytes = this.open ? this.#carrier.waiting() + this.#batch.length : 0
    return { requests: this.#calls.size, bytes, parked: this.#parked.length + this.#parkedPosts.length }
  }

  /** `receiver` takes requests from now on, those that wait first. */
  attach(receiver: Receiver): void {
    if (this.#receivers.has(receiver)) return
    this.#receivers.add(receiver)
    this.unpark()
  }

  detach(receiver: Receiver): void {
    this.#receivers.delete(receiver)
  }

  /** While anybody holds it, the process stays alive for the peer. */
  hold(): void {
    this.#holds += 1
    if (this.#holds === 1 && this.open) this.#carrier.hold(true)
  }

  release(): void {
    this.#holds -= 1
    if (this.#holds === 0 && this.open) this.#carrier.hold(false)
  }

  /** `data` ready to travel. Throws when it cannot be sent at all. */
  encode(type: string, data: unknown): Encoded {
    const { maxMessageSize } = this.settings
    if (data instanceof Uint8Array) {
      if (data.length > maxMessageSize) throw tooLarge(type, data.length, maxMessageSize)
      return { bytes: data, isText: false }
    }
    // As JSON it would be searched for characters to escape, twice.
    if (typeof data === 'string' && data.length > LONG_TEXT && isWellFormed(data)) {
      if (data.length > maxMessageSize) throw tooLarge(type, data.length, maxMessageSize)
      const bytes = Buffer.from(data)
      if (bytes.length > maxMessageSize) throw tooLarge(type, bytes.length, maxMessageSize)
      return { bytes, isText: true }
    }
    let text: string | undefined
    try {
      text = JSON.stringify(data)
    } catch (cause) {
      const message = `the data of '${type}' cannot be sent: ${(cause as Error).message}`
      throw failure('ERR_IPC_SERIALIZATION', message, { type }, { cause })
    }
    if (text !== undefined && text.length * 3 > maxMessageSize) {
      const size = text.length > maxMessageSize ? text.length : Buffer.byteLength(text)
      if (size > maxMessageSize) throw tooLarge(type, size, maxMessageSize)
    }
    return { text }
  }

  /** Ask the peer; resolves with its answer. Rejects, never throws. */
  request(type: string, data: unknown): Promise<unknown> {
    try {
      return this.ask(0, type, '0', this.encode(type, data))
    } catch (error) {
      this.counters.failures += 1
      return Promise.reject(error)
    }
  }

  /** Ask with data that was encoded, as entry `operation` with `address`, JSON, in it. */
  ask(operation: 0 | 4, type: string, address: string, data: Encoded): Promise<unknown> {
    const refusal = this.#refusal(this.#calls.size >= this.settings.queueSize, type)
    if (refusal) return Promise.reject(refusal)
    return new Promise((resolve, reject) => {
      const start = performance.now()
      this.#lastId += 1
      const id = this.#lastId
      if (this.#calls.size === 0) this.hold()
      this.#calls.set(id, { resolve, reject, type, start })
      this.#wake(start + this.settings.timeout, start)
      this.#put(`[${operation},${id},${Date.now()},${textOf(type)},${address}`, data)
    })
  }

  /** Send without an answer, as `process.send` does. Throws when it is not taken; `false` when the peer is slow. */
  post(data: unknown): boolean {
    const encoded = this.encode('message', data)
    const refusal = this.#refusal(false, 'message')
    if (refusal) throw refusal
    this.#put('[3', encoded)
    return this.#waiting + this.#batch.length < BATCH
  }

  /** Answer a request of the peer. */
  answer(request: Incoming, data: unknown): void {
    let encoded: Encoded
    try {
      encoded = this.encode(request.type, data)
    } catch (error) {
      this.refuse(request, error)
      return
    }
    this.#put(`[1,${JSON.stringify(request.id)},${Date.now()}`, encoded)
  }

  /** Answer a request of the peer with an error. */
  refuse(request: Incoming, error: unknown): void {
    let text = JSON.stringify(pack(error))
    if (text.length > BATCH) {
      const { message = '', code } = pack(error)
      text = JSON.stringify({ message: message.slice(0, 1_000), code })
    }
    this.#put(`[2,${JSON.stringify(request.id)},${Date.now()}`, { text })
  }

  /** Hand over everything that was accepted: the process ends. */
  flush(): void {
    this.#send()
    if (this.open) this.#carrier.flush(FLUSH_PATIENCE)
  }

  /** The channel ended. What waits fails as soon as the cause is known, see {@link die}. */
  lost(): void {
    if (this.#ended || this.#atEnd) return
    this.#atEnd = true
    if (this.#death || this.pid === 0) this.#bury()
    else this.#await()
  }

  /** The peer died. What it wrote before that is delivered first. */
  die(reason: string, details: Record<string, unknown> = {}): void {
    if (this.#ended || this.#death) return
    this.#death = { reason, details }
    if (this.#atEnd) this.#bury()
    else this.#await()
  }

  /** Of a death there are two signs, and the second follows soon. */
  #await(): void {
    this.#patience = setTimeout(() => this.#bury(), PATIENCE)
    // Requests that wait keep the process alive.
    if (this.#calls.size === 0) this.#patience.unref()
  }

  #bury(): void {
    const { reason = 'closed its channel', details } = this.#death ?? {}
    const who = { ...this.#who(), reason, ...details }
    this.fail(failure('ERR_IPC_PEER_GONE', `${this.peer} ${reason} before it answered`, who))
  }

  /** Nothing can be sent or received any more: everything that waits fails with `error`. */
  fail(error: WorkerCommunicationError): void {
    if (this.#ended) return
    this.#ended = error
    clearTimeout(this.#patience)
    clearTimeout(this.#timer)
    clearInterval(this.#heart)
    this.#carrier.close()
    this.#batch = ''
    this.#parked = []
    this.#parkedPosts = []
    const calls = [...this.#calls.values()]
    this.#calls.clear()
    this.counters.failures += calls.length
    for (const call of calls) {
      const { message, code, details } = error
      call.reject(failure(code ?? 'ERR_IPC_CLOSED', message, { ...details, type: call.type }))
    }
    for (const receiver of [...this.#receivers]) receiver.gone(this, error)
  }

  /** Close it from this side, once everything that was accepted is written. */
  close(): void {
    if (this.#ended) return
    this.flush()
    this.fail(failure('ERR_IPC_CLOSED', `the channel to ${this.peer} was closed`, this.#who()))
  }

  /** Offer what waits to whoever takes it now. */
  unpark(): void {
    const parked = this.#parked
    this.#parked = []
    for (const request of parked) {
      if (this.#offer(request)) this.#parkedSize -= request.size
      else this.#parked.push(request)
    }
    const posts = this.#parkedPosts
    this.#parkedPosts = []
    for (const { data, size } of posts) {
      this.#parkedSize -= size
      this.#posted(data, size)
    }
  }

  /** Take entries that arrived. Throws when they are none. */
  accept(entries: unknown): void {
    if (!Array.isArray(entries)) throw new TypeError('a batch that is no list')
    const now = performance.now()
    for (const entry of entries) this.#entry(entry, now)
  }

  #chunk(native: InstanceType<typeof binding.NativeLink>, chunk: Uint8Array, length: number): void {
    if (this.#ended) return
    this.counters.bytesReceived += length
    try {
      const items = native.feed(chunk, length)
      for (let index = 0; index < items.length; index += 1) {
        const item = items[index]
        if (typeof item === 'string') {
          const entries = JSON.parse(item)
          this.#entrySize = item.length / (entries.length || 1)
          this.accept(entries)
        } else if (item) {
          index += 1
          const entry = JSON.parse(items[index] as string)
          entry.push(entry[0] >= TEXT ? textOfBytes(item) : item)
          entry[0] %= TEXT
          this.#entrySize = item.length
          this.#entry(entry, performance.now())
        } else {
          // Throws.
          native.feed(chunk, 0)
        }
      }
    } catch (cause) {
      this.fail(protocolError(this, (cause as Error).message, { cause }))
    }
  }

  #entry(entry: unknown, now: number): void {
    if (!Array.isArray(entry)) throw new TypeError('an entry that is no list')
    const [operation, id, time] = entry
    switch (operation) {
      case 0:
      case 4: {
        const [, , , type, address, data] = entry
        const isId = typeof id === 'number' || typeof id === 'string'
        if (!isId || typeof time !== 'number' || typeof type !== 'string')
          throw new TypeError('a request without a type')
        this.counters.received += 1
        this.#arrived()
        const from = operation === 0 && typeof address === 'string' ? address : undefined
        const to = operation === 4 ? String(address) : undefined
        this.#request({ link: this, id, time, type, data, from, to })
        break
      }
      case 1:
      case 2: {
        const call = this.#calls.get(id)
        // Too late, or asked by nobody.
        if (!call) break
        this.#calls.delete(id)
        if (this.#calls.size === 0) this.release()
        this.counters.received += 1
        this.latency.record(now - call.start)
        if (operation === 1) {
          call.resolve(entry[3])
        } else {
          this.counters.failures += 1
          call.reject(unpack((entry[3] ?? {}) as Remote, call.type, this.peer))
        }
        break
      }
      case 3:
        this.counters.received += 1
        this.#posted(entry[1])
        break
      case 5:
        this.#put(`[6,${JSON.stringify(id)}`, { text: undefined })
        break
      case 6:
        this.#unanswered = 0
        break
      default:
        throw new TypeError(`an entry of unknown kind ${JSON.stringify(operation)}`)
    }
  }

  /** The peer speaks: from now on it can be asked whether it still does. */
  #arrived(): void {
    const { heartbeatInterval } = this.settings
    if (this.#heart || this.pid === 0 || heartbeatInterval === 0) return
    this.#heart = setInterval(() => {
      if (this.#unanswered > 0)
        for (const receiver of this.#receivers) receiver.silent(this, this.#unanswered)
      this.#unanswered += 1
      if (this.open) this.#put(`[5,${this.#unanswered}`, { text: undefined })
    }, heartbeatInterval)
    this.#heart.unref()
  }

  #request(request: Incoming): void {
    if (this.#offer(request)) return
    const { queueSize, queueTimeout } = this.settings
    if (this.#parked.length >= queueSize || this.#parkedSize > this.#maxWaiting) {
      const { type } = request
      this.refuse(
        request,
        failure('ERR_IPC_QUEUE_FULL', `too many messages wait for a handler of '${type}'`, { type }),
      )
      return
    }
    const now = performance.now()
    const until = now + queueTimeout
    this.#parkedSize += this.#entrySize
    this.#parked.push({ ...request, until, size: this.#entrySize })
    this.#wake(until, now)
  }

  #offer(request: Incoming): boolean {
    for (const receiver of this.#receivers) if (receiver.receive(request)) return true
    return this.fallback?.(request) ?? false
  }

  #posted(data: unknown, size = this.#entrySize): void {
    if (this.#parkedPosts.length === 0 && this.#deliver(data)) return
    this.#parkedPosts.push({ data, size })
    this.#parkedSize += size
    // There is nobody to tell, so the oldest go.
    while (this.#parkedPosts.length > this.settings.queueSize || this.#parkedSize > this.#maxWaiting) {
      const oldest = this.#parkedPosts.shift()
      if (!oldest) break
      this.#parkedSize -= oldest.size
      this.counters.failures += 1
    }
  }

  #deliver(data: unknown): boolean {
    try {
      return this.onPost?.(data) ?? false
    } catch (error) {
      // The app's own bug, as with any EventEmitter.
      queueMicrotask(() => {
        throw error
      })
      return true
    }
  }

  /** Why a message cannot be taken now. */
  #refusal(tooMany: boolean, type: string): WorkerCommunicationError | undefined {
    if (!tooMany && !this.#ended && this.#waiting + this.#batch.length <= this.#maxWaiting) return undefined
    if (this.#ended) {
      this.counters.failures += 1
      const { message, code, details } = this.#ended
      return failure(code ?? 'ERR_IPC_CLOSED', message, { ...details, type })
    }
    if (!tooMany) {
      // Some of it may have been written since.
      this.#send()
      this.#waiting = this.#carrier.waiting()
      if (this.#waiting <= this.#maxWaiting) return undefined
    }
    this.counters.failures += 1
    const what = tooMany ? `${this.#calls.size} requests` : `${this.#waiting} bytes`
    return failure(
      'ERR_IPC_QUEUE_FULL',
      `${this.peer} does not keep up, ${what} wait for it: await answers, or raise ipc.messageQueue.maxSize`,
      { ...this.#who(), type },
    )
  }

  #put(head: string, data: Encoded): void {
    if (this.#ended) return
    this.counters.sent += 1
    if (data.bytes) {
      this.#send()
      this.counters.bytesSent += data.bytes.length
      const envelope = data.isText ? `[${TEXT + Number(head[1])}${head.slice(2)}]` : `${head}]`
      this.#sent(this.#carrier.sendRaw(envelope, data.bytes))
      if (exiting) this.flush()
      return
    }
    const entry = data.text === undefined ? `${head}]` : `${head},${data.text}]`
    this.#batch = this.#batch === '' ? `[${entry}` : `${this.#batch},${entry}`
    if (exiting) {
      this.flush()
    } else if (this.#batch.length > BATCH) {
      this.#send()
    } else if (!this.#flushing) {
      this.#flushing = true
      queueMicrotask(this.#flushBatch)
    }
  }

  #flushBatch = (): void => {
    this.#flushing = false
    this.#send()
  }

  #send(): void {
    if (this.#batch === '' || this.#ended) return
    const text = `${this.#batch}]`
    this.#batch = ''
    this.counters.bytesSent += text.length
    this.#sent(this.#carrier.sendText(text))
  }

  #sent(outcome: number): void {
    if (outcome >= 0) this.#waiting = outcome
    else if (outcome === -1) this.fail(slowPeer(this))
    // The peer is gone. What it wrote before that may still be unread; the reading side tells the end.
  }

  /** Look for what is overdue no later than `at`. */
  #wake(at: number, now: number): void {
    if (at >= this.#timerAt) return
    this.#timerAt = at
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => this.#overdue(), Math.max(1, at - now))
    this.#timer.unref()
  }

  #overdue(): void {
    // An answer that is here already, behind this timer in the event loop, is not late.
    setImmediate(() => this.#expire())
  }

  #expire(): void {
    if (this.#ended) return
    const now = performance.now()
    const { timeout } = this.settings
    let next = Number.POSITIVE_INFINITY
    for (const [id, call] of this.#calls) {
      // They are in the order in which they were sent.
      if (call.start + timeout > now) {
        next = call.start + timeout
        break
      }
      this.#calls.delete(id)
      if (this.#calls.size === 0) this.release()
      this.counters.timeouts += 1
      this.counters.failures += 1
      const error = failure(
        'ERR_IPC_TIMEOUT',
        `${this.peer} did not answer '${call.type}' within ${timeout} ms`,
        { ...this.#who(), type: call.type, timeout },
      )
      call.reject(error)
      for (const receiver of this.#receivers) receiver.late(this, error)
    }
    const parked = this.#parked
    this.#parked = []
    for (const request of parked) {
      if (request.until > now) {
        this.#parked.push(request)
        next = Math.min(next, request.until)
      } else {
        this.#parkedSize -= request.size
        const place = process.env.WORKER_ID ?? `process ${process.pid}`
        const message = `${place} has no handler for '${request.type}': call registerHandler('${request.type}', ...) there`
        this.refuse(request, failure('ERR_IPC_NO_HANDLER', message, { type: request.type }))
      }
    }
    this.#timerAt = Number.POSITIVE_INFINITY
    if (next !== Number.POSITIVE_INFINITY) this.#wake(next, now)
  }

  #who(): Record<string, unknown> {
    return this.pid === 0 ? { peer: this.peer } : { workerId: this.peer, pid: this.pid }
  }
}

/** Whether UTF-8 can say `text`: a half of a pair is lost there. */
function isWellFormed(text: string): boolean {
  return (text as string & { isWellFormed(): boolean }).isWellFormed()
}

function textOfBytes(bytes: Uint8Array): string {
  if (!isUtf8(bytes)) throw new TypeError('a text that is no UTF-8')
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString()
}

function tooLarge(type: string, size: number, limit: number): WorkerCommunicationError {
  return failure(
    'ERR_IPC_MESSAGE_TOO_LARGE',
    `the data of '${type}' has ${size} bytes, and ${limit} are allowed: send it in parts, or raise ipc.maxMessageSize`,
    { type, size, limit },
  )
}

function protocolError(link: Link, reason: string, options?: ErrorOptions): WorkerCommunicationError {
  return failure(
    'ERR_IPC_PROTOCOL',
    `the channel to ${link.peer} was closed, what arrived is no message: ${reason}`,
    { peer: link.peer, reason },
    options,
  )
}

function slowPeer(link: Link): WorkerCommunicationError {
  const message = `the channel to ${link.peer} was closed: it asks and does not read the answers`
  return failure('ERR_IPC_SLOW_PEER', message, { peer: link.peer })
}
