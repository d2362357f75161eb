/** The IPC manager: who is reached by which link, who answers what. */
import { EventEmitter } from 'node:events'
import { binding } from './binding.js'
import { type ClusterError, ConfigurationError, rethrow, type WorkerCommunicationError } from './errors.js'
import { builtIn, respond } from './ipc/built-in.js'
import { failure } from './ipc/failure.js'
import { Latency } from './ipc/latency.js'
import type { Link } from './ipc/link.js'
import { openLink } from './ipc/over-socket.js'
import { ATTACH, LINK, parentLink, settingsOf, VARIABLE } from './ipc/places.js'
import type { Encoded, Incoming, Receiver, Settings } from './ipc/types.js'
import type {
  IPCConnection,
  IPCEventMap,
  IPCMessage,
  IPCOptions,
  IPCResponse,
  IPCStats,
  IPCWorkerRegistry,
} from './ipc.js'
import { isWorker } from './role.js'

// biome-ignore lint/suspicious/noExplicitAny: whatever the app sends
type Any = any

/** Not accepted, so they may be tried again without being done twice. */
const NOT_ACCEPTED = new Set(['ERR_IPC_QUEUE_FULL', 'ERR_WORKER_NOT_FOUND'])

/**
 * Messages between a master and its workers: requests with answers, in both directions. In the master, give it to
 * `cluster.setIPCManager()`; in a worker it reaches the master by itself.
 *
 * All promises reject with a `WorkerCommunicationError` whose `code` says what happened, such as `ERR_IPC_TIMEOUT`.
 */
export class BunIPCManager extends EventEmitter<IPCEventMap> implements IPCWorkerRegistry {
  readonly #settings: Settings
  readonly #handlers = new Map<string, (message: IPCMessage) => Any>()
  /** By worker id, in the order of registration. */
  readonly #workers = new Map<string, Link>()
  /** All that this one takes requests of. */
  readonly #links = new Set<Link>()
  /** Connections whose process has not been registered yet, by worker id. */
  readonly #prepared = new Map<string, { readFd: number; writeFd: number; childFd: number }>()
  /** Unregistered while they died. */
  readonly #leaving = new Set<Link>()
  /** Workers whose cluster has messages switched off. */
  readonly #mute = new Set<string>()
  readonly #past = { sent: 0, received: 0, bytesSent: 0, bytesReceived: 0, failures: 0, timeouts: 0 }
  readonly #pastLatency = new Latency()
  readonly #parent: Link | undefined
  /** A worker without a channel. */
  readonly #unreachable: boolean
  #holding = false
  #destroyed = false
  #responses = 0

  /** @param options For processes that are registered by hand; a cluster's workers follow its configuration. */
  constructor(options: IPCOptions = {}) {
    super()
    try {
      this.#settings = settingsOf(options)
    } catch (cause) {
      rethrow(cause)
    }
    // Not a method, since it is for clusters, of other copies of this package too.
    Object.defineProperty(this, ATTACH, { value: (link: Link) => this.#attach(link) })
    this.#parent = parentLink()
    if (this.#parent) this.#attach(this.#parent)
    this.#unreachable = !this.#parent && isWorker()
  }

  /**
   * Reach a worker from now on. A cluster calls it, and so may you for a process that you started: a Node.js
   * `ChildProcess` or a Bun `Subprocess`, best with {@link connectionFor}, else with pipes for stdin and stdout.
   */
  registerWorker(workerId: string, subprocess: Any): void {
    this.#alive()
    const own = subprocess?.[LINK] as Link | undefined
    const link = own ?? this.#foreign(workerId, subprocess)
    if (!link) return
    const before = this.#workers.get(workerId)
    if (before === link) return
    this.#attach(link)
    this.#workers.set(workerId, link)
    this.emit('worker:connected', { workerId, timestamp: Date.now() })
  }

  /** Reach a worker no more. What it was sent before may still be answered. */
  unregisterWorker(workerId: string): void {
    const link = this.#workers.get(workerId)
    this.#mute.delete(workerId)
    if (!link) return
    this.#workers.delete(workerId)
    const timestamp = Date.now()
    // One that dies is told of when the cause is known.
    if (link.dying) this.#leaving.add(link)
    else if (link.open) this.emit('worker:disconnected', { workerId, error: null, timestamp })
  }

  /**
   * How to start a process so that {@link registerWorker} can reach it: add `env` to its environment and give it
   * `stdio`. In the process, `new BunIPCManager()` finds the channel. With `'stdio'` the channel is stdin and stdout,
   * as lines of JSON.
   */
  connectionFor(workerId: string, transport: 'fd' | 'stdio' = 'fd'): IPCConnection {
    this.#alive()
    this.#forget(workerId)
    const settings = this.#settings
    if (transport === 'stdio') {
      return {
        env: { [VARIABLE]: JSON.stringify({ workerId, settings }) },
        stdio: ['pipe', 'pipe', 'inherit'],
      }
    }
    const pair = binding.NativeLink.pair()
    this.#prepared.set(workerId, pair)
    const env = { [VARIABLE]: JSON.stringify({ fd: 3, workerId, settings }) }
    return { env, stdio: ['inherit', 'inherit', 'inherit', pair.childFd] }
  }

  /** Send to a worker; resolves with what its handler returns. In a worker, by way of the master. */
  sendToWorker(workerId: string, type: string, data: Any): Promise<Any> {
    if (this.#parent) return this.#routed(this.#parent, workerId, type, data)
    return this.#send(this.#settings, () => this.#worker(workerId).request(type, data))
  }

  /** Send to all workers; resolves with an answer of each when all have answered or failed. Never rejects for one. */
  async broadcastToWorkers(type: string, data: Any): Promise<IPCResponse[]> {
    this.#canSend()
    if (this.#parent) return this.#routed(this.#parent, '*', type, data)
    return this.#broadcast([...this.#workers], type, data, '0')
  }

  /** Send to any of the workers that can be reached. */
  sendToRandomWorker(type: string, data: Any): Promise<Any> {
    if (this.#parent) return this.#routed(this.#parent, '?', type, data)
    return this.#send(this.#settings, () => this.#random().request(type, data))
  }

  /** Send to the master; resolves with what its handler returns. */
  sendToMaster(type: string, data: Any): Promise<Any> {
    const parent = this.#parent
    if (parent) return this.#send(parent.settings, () => parent.request(type, data))
    return Promise.reject(
      failure('ERR_IPC_NO_CHANNEL', 'sendToMaster() works in a worker only, and this process has no master', {
        type,
      }),
    )
  }

  /**
   * Answer messages of `type` with what `handler` returns, or with the error that it throws. Messages that came
   * before wait for it. Takes the place of the present handler.
   */
  registerHandler(type: string, handler: (message: IPCMessage) => Promise<Any>): void {
    this.#alive()
    if (typeof handler !== 'function') {
      throw new ConfigurationError(`the handler of '${type}' must be a function`, 'ERR_INVALID_ARGUMENT', {
        type,
      })
    }
    this.#handlers.set(type, handler)
    // Whoever answers stays for the questions, as with a listener of process 'message'.
    if (!this.#holding && this.#parent) {
      this.#holding = true
      this.#parent.hold()
    }
    for (const link of this.#links) link.unpark()
  }

  /** Answer messages of `type` no more: they wait again. */
  unregisterHandler(type: string): void {
    this.#handlers.delete(type)
    if (this.#handlers.size === 0) this.#letGo()
  }

  /** How many of the registered workers can be reached. */
  getWorkerStats(): { total: number; alive: number; dead: number } {
    const total = this.#workers.size
    let alive = 0
    for (const link of this.#workers.values()) if (link.open) alive += 1
    return { total, alive, dead: total - alive }
  }

  /** Figures since it was made. */
  getStats(): IPCStats {
    const sum = { ...this.#past }
    const queue = { requests: 0, bytes: 0, parked: 0 }
    const latency = new Latency()
    latency.add(this.#pastLatency)
    for (const link of this.#links) {
      for (const key of Object.keys(sum) as (keyof typeof sum)[]) sum[key] += link.counters[key]
      const waiting = link.queued
      for (const key of Object.keys(queue) as (keyof typeof queue)[]) queue[key] += waiting[key]
      latency.add(link.latency)
    }
    return {
      messages: { sent: sum.sent, received: sum.received },
      bytes: { sent: sum.bytesSent, received: sum.bytesReceived },
      failures: sum.failures,
      timeouts: sum.timeouts,
      queue,
      latency: {
        p50: latency.percentile(0.5),
        p95: latency.percentile(0.95),
        p99: latency.percentile(0.99),
        max: latency.percentile(1),
      },
    }
  }

  /** Answer and send no more, close the channels to processes that are not a cluster's, and forget everybody. */
  destroy(): void {
    if (this.#destroyed) return
    this.#destroyed = true
    this.#letGo()
    for (const workerId of this.#prepared.keys()) this.#forget(workerId)
    for (const link of this.#links) {
      link.detach(this.#receiver)
      if (this.#opened.has(link)) link.close()
    }
    this.#links.clear()
    this.#workers.clear()
    this.#handlers.clear()
    this.removeAllListeners()
  }

  /** Links that this one has made itself. */
  readonly #opened = new WeakSet<Link>()

  readonly #receiver: Receiver = {
    receive: request => this.#receive(request),
    silent: (link, missed) => this.#timedOut(link, missed, null),
    late: (link, error) => this.#timedOut(link, 0, error as ClusterError),
    gone: (link, error) => this.#gone(link, error as ClusterError),
  }

  #attach(link: Link): void {
    if (this.#destroyed || this.#links.has(link)) return
    this.#links.add(link)
    link.attach(this.#receiver)
  }

  #receive(request: Incoming): boolean {
    if (request.to !== undefined) return this.#route(request, request.to)
    const handler = this.#handlers.get(request.type) ?? builtIn(request.type)
    if (!handler) return false
    const message = this.#message(request)
    try {
      if (this.listenerCount('message') > 0) this.emit('message', message)
    } catch (error) {
      // The app's own bug, as with any EventEmitter; the sender is answered all the same.
      queueMicrotask(() => {
        throw error
      })
    }
    respond(request, handler, message)
    return true
  }

  #message({ link, id, type, data, time, from }: Incoming): IPCMessage {
    const name = String(id)
    if (link.pid !== 0) {
      return {
        id: name,
        type,
        data,
        timestamp: time,
        from: 'worker',
        correlationId: name,
        workerId: link.peer,
      }
    }
    const to = process.env.WORKER_ID ?? ''
    if (from === undefined)
      return { id: name, type, data, timestamp: time, from: 'master', to, correlationId: name }
    return { id: name, type, data, timestamp: time, from: 'worker', to, correlationId: name, workerId: from }
  }

  /** A worker sends to another one. */
  #route(request: Incoming, to: string): boolean {
    const { link, type, data } = request
    const sender = JSON.stringify(link.peer)
    const answer = (outcome: Promise<unknown>) => {
      outcome.then(
        result => link.answer(request, result),
        error => link.refuse(request, error),
      )
    }
    if (to === '*') {
      const others = [...this.#workers].filter(([, worker]) => worker !== link)
      answer(this.#broadcast(others, type, data, sender))
      return true
    }
    answer(
      this.#send(this.#settings, () => {
        const target = to === '?' ? this.#random() : this.#worker(to)
        return target.ask(0, type, sender, target.encode(type, data))
      }),
    )
    return true
  }

  #routed(parent: Link, to: string, type: string, data: Any): Promise<Any> {
    return this.#send(parent.settings, () =>
      parent.ask(4, type, JSON.stringify(to), parent.encode(type, data)),
    )
  }

  async #broadcast(workers: [string, Link][], type: string, data: Any, from: string): Promise<IPCResponse[]> {
    let encoded: Encoded | undefined
    const ask = (link: Link) => {
      // For one as for all, unless what they take differs.
      encoded ??= link.encode(type, data)
      return link.settings.maxMessageSize === this.#settings.maxMessageSize
        ? link.ask(0, type, from, encoded)
        : link.ask(0, type, from, link.encode(type, data))
    }
    return Promise.all(
      workers.map(async ([workerId, link]) => {
        this.#responses += 1
        const id = String(this.#responses)
        const about = { id, correlationId: id, workerId }
        try {
          const answer = await this.#send(this.#settings, () => ask(link))
          return { ...about, success: true, data: answer, timestamp: Date.now() }
        } catch (error) {
          const { message, code } = error as WorkerCommunicationError
          const response = { ...about, success: false, error: message, timestamp: Date.now() }
          return code === undefined ? response : { ...response, code }
        }
      }),
    )
  }

  /** Send, and try again when it was not accepted. Rejects, never throws. */
  #send({ retryAttempts, retryDelay }: Settings, send: () => Promise<Any>): Promise<Any> {
    try {
      this.#canSend()
      return retryAttempts === 0 ? send() : this.#retry(retryAttempts, retryDelay, send)
    } catch (error) {
      return Promise.reject(error)
    }
  }

  async #retry(attempts: number, delay: number, send: () => Promise<Any>): Promise<Any> {
    for (let left = attempts; ; left -= 1) {
      try {
        return await send()
      } catch (error) {
        const { code = '' } = error as ClusterError
        if (left <= 0 || this.#destroyed || !NOT_ACCEPTED.has(code)) throw error
        await new Promise(resolve => setTimeout(resolve, delay))
      }
    }
  }

  #worker(workerId: string): Link {
    const link = this.#workers.get(workerId)
    if (link) return link
    if (this.#mute.has(workerId)) throw disabled()
    throw failure(
      'ERR_WORKER_NOT_FOUND',
      `there is no worker ${workerId}: it was not registered, or is gone`,
      { workerId },
    )
  }

  #random(): Link {
    const reachable = [...this.#workers.values()].filter(link => link.open)
    const link = reachable[Math.floor(Math.random() * reachable.length)]
    if (link) return link
    throw failure('ERR_WORKER_NOT_FOUND', 'there is no worker that could be reached')
  }

  #foreign(workerId: string, subprocess: Any): Link | undefined {
    // Loaded here: most have the workers of a cluster only.
    const { followDeath, overLines } = require('./ipc/foreign.js') as typeof import('./ipc/foreign.js')
    const prepared = this.#prepared.get(workerId)
    let link: Link
    if (prepared) {
      this.#prepared.delete(workerId)
      // The process has it by now; in ours it would keep the channel open when that one is gone.
      binding.NativeLink.closeFd(prepared.childFd)
      link = openLink(workerId, subprocess?.pid ?? -1, this.#settings, prepared)
    } else if (subprocess?.stdin || subprocess?.stdout) {
      link = overLines(workerId, subprocess, this.#settings, line => this.#log(workerId, line))
    } else if (isWorkerView(subprocess)) {
      // Of a cluster whose messages are switched off.
      this.#mute.add(workerId)
      return undefined
    } else {
      throw failure(
        'ERR_IPC_NO_CHANNEL',
        `there is no way to reach ${workerId}: start it with connectionFor('${workerId}'), or with pipes for stdin and stdout`,
        { workerId },
      )
    }
    followDeath(subprocess, link)
    this.#opened.add(link)
    return link
  }

  #log(workerId: string, line: string): void {
    if (this.listenerCount('log') > 0) this.emit('log', { workerId, line })
    else process.stdout.write(`${line}\n`)
  }

  #forget(workerId: string): void {
    const prepared = this.#prepared.get(workerId)
    if (!prepared) return
    this.#prepared.delete(workerId)
    for (const fd of [prepared.readFd, prepared.writeFd, prepared.childFd]) binding.NativeLink.closeFd(fd)
  }

  #timedOut(link: Link, missed: number, error: ClusterError | null): void {
    if (this.listenerCount('worker:timeout') === 0) return
    this.emit('worker:timeout', { workerId: link.peer, missed, error, timestamp: Date.now() })
  }

  #gone(link: Link, error: ClusterError): void {
    for (const key of Object.keys(this.#past) as (keyof typeof link.counters)[])
      this.#past[key] += link.counters[key]
    this.#pastLatency.add(link.latency)
    this.#links.delete(link)
    const workerId = link.peer
    const known = this.#workers.get(workerId) === link || link === this.#parent
    if (this.#leaving.delete(link) || known) {
      this.emit('worker:disconnected', { workerId, error, timestamp: Date.now() })
    }
    const expected = ['ERR_IPC_PEER_GONE', 'ERR_IPC_CLOSED'].includes(error.code ?? '')
    if (!expected && this.listenerCount('error') > 0) this.emit('error', error, workerId)
  }

  #letGo(): void {
    if (!this.#holding) return
    this.#holding = false
    this.#parent?.release()
  }

  #alive(): void {
    if (this.#destroyed) throw failure('ERR_IPC_DESTROYED', 'this IPC manager was destroyed: make a new one')
  }

  /** Throws when nothing can be sent from here. */
  #canSend(): void {
    this.#alive()
    if (this.#unreachable) throw disabled()
  }
}

function disabled(): WorkerCommunicationError {
  const message = 'there is no channel for messages: ipc.enabled is false, or no master started this worker'
  return failure('ERR_IPC_DISABLED', message)
}

function isWorkerView(subprocess: Any): boolean {
  return typeof subprocess?.id === 'string' && 'port' in subprocess
}
