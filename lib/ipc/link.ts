/**
 * One peer: a channel to one process, with everything that waits for it. Messages are collected until the current
 * turn of JavaScript ends and go out as one frame; what arrives together is delivered together.
 */
import type { WorkerCommunicationError } from '../errors.js'
import { Alarm } from './alarm.js'
import { Calls, type Departure } from './calls.js'
import { encode } from './encoding.js'
import { ALIVE, ANSWER, BATCH, FAILURE, POST, QUESTION, RELAY, REQUEST } from './entry.js'
import { failure, pack, type Remote, unpack } from './failure.js'
import { Heartbeat } from './heartbeat.js'
import { FLUSH_PATIENCE, isExiting } from './last-words.js'
import { Latency } from './latency.js'
import { Parking } from './parking.js'
import { type Cause, Passing } from './passing.js'
import { handlerQueueFull, noHandler, protocolError, queueFull, slowPeer } from './refusals.js'
import { asBytes } from './rooms.js'
import type { Carrier, Encoded, Incoming, Receiver, Settings } from './types.js'

/** Bytes that may wait for a peer, unless one message is larger. */
const WAITING = 64 * 1024 * 1024

/** Bytes that may wait for a peer. */
export function maxWaiting(settings: Settings): number {
  return Math.max(WAITING, 2 * settings.maxMessageSize)
}

/** What waits for an answer. */
type Asking = typeof REQUEST | typeof RELAY

/** No data. */
const NOTHING: Encoded = { text: undefined }

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
  readonly #calls = new Calls()
  readonly #parking: Parking
  readonly #alarm = new Alarm(() => this.#expire())
  readonly #heart: Heartbeat
  readonly #passing = new Passing(cause => this.#bury(cause))
  /** Bytes of the batch in the making. */
  #batched = 0
  /** When it goes out, for the requests in it; made for the first of them. */
  #departure: Departure | undefined
  #flushing = false
  /** Bytes that wait in the carrier, as it said last. */
  #waiting = 0
  /** When the entries that are taken arrived. */
  #arrival = 0
  #holds = 0
  /** Set when nothing can be sent any more; answers fail with it. */
  #ended: WorkerCommunicationError | undefined

  constructor(peer: string, pid: number, settings: Settings, carrier: (link: Link) => Carrier) {
    this.peer = peer
    this.pid = pid
    this.settings = settings
    this.#maxWaiting = maxWaiting(settings)
    this.#parking = new Parking({ count: settings.queueSize, size: this.#maxWaiting })
    this.#heart = new Heartbeat(
      settings.heartbeatInterval,
      question => this.#put(QUESTION, question, undefined, undefined, NOTHING),
      missed => {
        for (const receiver of this.#receivers) receiver.silent(this, missed)
      },
    )
    this.#carrier = carrier(this)
  }

  /** Whether the peer can be reached. */
  get open(): boolean {
    return this.#ended === undefined
  }

  /** Whether there was a sign of its death already. */
  get dying(): boolean {
    return this.open && this.#passing.begun
  }

  /** Requests that wait for their answer, and bytes that wait to be written. */
  get queued(): { requests: number; bytes: number; parked: number } {
    const bytes = this.open ? this.#carrier.waiting() + this.#batched : 0
    return { requests: this.#calls.size, bytes, parked: this.#parking.count }
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
    return encode(type, data, this.settings.maxMessageSize)
  }

  /** Ask the peer; resolves with its answer. Rejects, never throws. */
  request(type: string, data: unknown): Promise<unknown> {
    try {
      return this.ask(REQUEST, type, undefined, this.encode(type, data))
    } catch (error) {
      this.counters.failures += 1
      return Promise.reject(error)
    }
  }

  /** Ask with data that was encoded, for the worker or in the name of the worker `address`. */
  ask(operation: Asking, type: string, address: string | undefined, data: Encoded): Promise<unknown> {
    return new Promise((resolve, reject) => this.call(operation, type, address, data, resolve, reject))
  }

  /** Ask as {@link ask} does, for somebody who needs no promise. Throws when there is no memory for it. */
  call(
    operation: Asking,
    type: string,
    address: string | undefined,
    data: Encoded,
    resolve: (answer: unknown) => void,
    reject: (error: Error) => void,
  ): void {
    const refusal = this.#refusal(this.#calls.size >= this.settings.queueSize, type)
    if (refusal) {
      reject(refusal)
      return
    }
    if (this.#calls.size === 0) this.hold()
    this.#departure ??= { time: Number.POSITIVE_INFINITY }
    const id = this.#calls.add({ resolve, reject, type, departure: this.#departure })
    try {
      this.#put(operation, id, type, address, data)
    } catch (error) {
      // Such as memory that is not there.
      this.counters.failures += 1
      if (this.#calls.take(id) && this.#calls.size === 0) this.release()
      throw error
    }
  }

  /** Send without an answer, as `process.send` does. Throws when it is not taken; `false` when the peer is slow. */
  post(data: unknown): boolean {
    const encoded = this.encode('message', data)
    const refusal = this.#refusal(false, 'message')
    if (refusal) throw refusal
    this.#put(POST, 0, undefined, undefined, encoded)
    return this.#waiting + this.#batched < BATCH
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
    this.#put(ANSWER, request.id, undefined, undefined, encoded)
  }

  /** Answer a request of the peer with an error. */
  refuse(request: Incoming, error: unknown): void {
    let text = JSON.stringify(pack(error))
    if (text.length > BATCH) {
      const { message = '', code } = pack(error)
      text = JSON.stringify({ message: message.slice(0, 1_000), code })
    }
    this.#put(FAILURE, request.id, undefined, undefined, { text })
  }

  /** Hand over everything that was accepted: the process ends. */
  flush(): void {
    this.#send()
    if (this.open) this.#carrier.flush(FLUSH_PATIENCE)
  }

  /** The channel ended. What waits fails as soon as the cause is known, see {@link die}. */
  lost(): void {
    // Requests that wait keep the process alive.
    if (!this.#ended) this.#passing.channelEnded(this.pid === 0, this.#calls.size > 0)
  }

  /** The peer died. What it wrote before that is delivered first. */
  die(reason: string, details: Record<string, unknown> = {}): void {
    if (!this.#ended) this.#passing.processDied({ reason, details }, this.#calls.size > 0)
  }

  #bury(cause: Cause | undefined): void {
    const reason = cause?.reason ?? 'closed its channel'
    const who = { ...this.#who(), reason, ...cause?.details }
    this.fail(failure('ERR_IPC_PEER_GONE', `${this.peer} ${reason} before it answered`, who))
  }

  /** Nothing can be sent or received any more: everything that waits fails with `error`. */
  fail(error: WorkerCommunicationError): void {
    if (this.#ended) return
    this.#ended = error
    this.#passing.stop()
    this.#alarm.stop()
    this.#heart.stop()
    this.#carrier.close()
    this.#batched = 0
    this.#parking.clear()
    const calls = this.#calls.takeAll()
    this.counters.failures += calls.length
    for (const call of calls) {
      const { message, code, details } = error
      call.reject(failure(code ?? 'ERR_IPC_CLOSED', message, { ...details, type: call.type }))
    }
    for (const receiver of [...this.#receivers]) receiver.gone(this, error)
  }

  /** What came cannot be understood. */
  failProtocol(cause: unknown): void {
    this.fail(protocolError(this.peer, (cause as Error).message, { cause }))
  }

  /** Close it from this side, once everything that was accepted is written. */
  close(): void {
    if (this.#ended) return
    this.flush()
    this.fail(failure('ERR_IPC_CLOSED', `the channel to ${this.peer} was closed`, this.#who()))
  }

  /** Offer what waits to whoever takes it now. */
  unpark(): void {
    this.#parking.offer(request => this.#offer(request))
    this.#parking.offerPosts(data => this.#deliver(data))
  }

  /** Entries arrived, and are given in turn. */
  arriving(): void {
    this.#arrival = performance.now()
  }

  /** Take one of those that arrived. Throws when it is none. */
  entry(
    operation: number,
    id: number | string,
    time: number,
    type: unknown,
    address: unknown,
    data: unknown,
  ): void {
    switch (operation) {
      case REQUEST:
      case RELAY: {
        if (typeof type !== 'string') throw new TypeError('a request without a type')
        if (operation === RELAY && typeof address !== 'string') throw new TypeError('a message for nobody')
        this.counters.received += 1
        // The peer speaks: from now on it can be asked whether it still does.
        if (this.pid !== 0) this.#heart.start()
        const who = typeof address === 'string' ? address : undefined
        const from = operation === REQUEST ? who : undefined
        const to = operation === RELAY ? who : undefined
        this.#request({ link: this, id, time, type, data, from, to })
        break
      }
      case ANSWER:
      case FAILURE: {
        const call = this.#calls.take(id)
        if (!call) break
        if (this.#calls.size === 0) this.release()
        this.counters.received += 1
        this.latency.record(this.#arrival - call.departure.time)
        if (operation === ANSWER) {
          call.resolve(data)
        } else {
          this.counters.failures += 1
          call.reject(unpack((data ?? {}) as Remote, call.type, this.peer))
        }
        break
      }
      case POST:
        this.counters.received += 1
        this.#posted(data)
        break
      case QUESTION:
        this.#put(ALIVE, id, undefined, undefined, NOTHING)
        break
      case ALIVE:
        this.#heart.answered()
        break
      default:
        throw new TypeError(`an entry of unknown kind ${operation}`)
    }
  }

  #request(request: Incoming): void {
    if (this.#offer(request)) return
    const now = performance.now()
    const until = now + this.settings.queueTimeout
    if (this.#parking.keep(request, until)) this.#alarm.set(until, now)
    else this.refuse(request, handlerQueueFull(request.type))
  }

  #offer(request: Incoming): boolean {
    for (const receiver of this.#receivers) if (receiver.receive(request)) return true
    return this.fallback?.(request) ?? false
  }

  #posted(data: unknown): void {
    if (!this.#parking.hasPosts && this.#deliver(data)) return
    this.counters.failures += this.#parking.keepPost(data)
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
    if (!tooMany && !this.#ended && this.#waiting + this.#batched <= this.#maxWaiting) return undefined
    if (this.#ended) {
      this.counters.failures += 1
      const { message, code, details } = this.#ended
      return failure(code ?? 'ERR_IPC_CLOSED', message, { ...details, type })
    }
    if (!tooMany) {
      // Some of it may have been written since.
      this.#send()
      // The peer may have turned out to be gone.
      if (this.#ended) return this.#refusal(tooMany, type)
      this.#waiting = this.#carrier.waiting()
      if (this.#waiting <= this.#maxWaiting) return undefined
    }
    this.counters.failures += 1
    const what = tooMany ? `${this.#calls.size} requests` : `${this.#waiting} bytes`
    return queueFull(this.peer, what, { ...this.#who(), type })
  }

  #put(
    operation: number,
    id: number | string,
    type: string | undefined,
    address: string | undefined,
    data: Encoded,
  ): void {
    if (this.#ended) return
    this.counters.sent += 1
    if (data.bytes || data.long !== undefined) {
      const envelope = JSON.stringify([operation, id, Date.now(), type, address])
      if (data.bytes) this.#sendRaw(envelope, data.bytes, false)
      else asBytes(data.long, bytes => this.#sendRaw(envelope, bytes, true))
    } else {
      this.#batched = this.#carrier.add(operation, id, type, address, data.text)
    }
    if (isExiting()) this.flush()
    else if (this.#batched > BATCH) this.#send()
    else if (!this.#flushing && this.#batched > 0) {
      this.#flushing = true
      queueMicrotask(this.#flushBatch)
    }
  }

  #sendRaw(envelope: string, bytes: Uint8Array, isText: boolean): void {
    this.#send()
    this.counters.bytesSent += bytes.length
    this.#sent(this.#carrier.sendRaw(envelope, bytes, isText))
  }

  readonly #flushBatch = (): void => {
    this.#flushing = false
    this.#send()
  }

  #send(): void {
    if (this.#batched === 0 || this.#ended) return
    this.counters.bytesSent += this.#batched
    this.#batched = 0
    this.#sent(this.#carrier.send())
  }

  #sent(outcome: number): void {
    if (this.#departure) {
      const now = performance.now()
      this.#departure.time = now
      this.#departure = undefined
      this.#alarm.set(now + this.settings.timeout, now)
    }
    if (outcome >= 0) this.#waiting = outcome
    else if (outcome === -1) this.fail(slowPeer(this.peer))
    // The peer is gone. What it wrote before that may still be unread; the reading side tells the end.
  }

  #expire(): void {
    if (this.#ended) return
    const now = performance.now()
    const { timeout } = this.settings
    const late = this.#calls.takeUntil(now - timeout)
    if (late.length > 0 && this.#calls.size === 0) this.release()
    for (const call of late) {
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
    for (const request of this.#parking.takeOverdue(now)) this.refuse(request, noHandler(request.type))
    const next = Math.min(this.#calls.oldest() + timeout, this.#parking.soonest())
    if (next !== Number.POSITIVE_INFINITY) this.#alarm.set(next, now)
  }

  #who(): Record<string, unknown> {
    return this.pid === 0 ? { peer: this.peer } : { workerId: this.peer, pid: this.pid }
  }
}
