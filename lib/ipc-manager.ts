/** The IPC manager: messages between a master and its workers, as apps send and answer them. */
import { EventEmitter } from 'node:events'
import { type ClusterError, ConfigurationError, rethrow } from './errors.js'
import { builtIn, respond } from './ipc/built-in.js'
import { Connections } from './ipc/connections.js'
import { Directory } from './ipc/directory.js'
import { RELAY, REQUEST } from './ipc/entry.js'
import { failure } from './ipc/failure.js'
import { Figures } from './ipc/figures.js'
import type { Link } from './ipc/link.js'
import { messageOf } from './ipc/message.js'
import { ATTACH, LINK, parentLink, settingsOf } from './ipc/places.js'
import { disabled, noBroadcast } from './ipc/refusals.js'
import { Sending } from './ipc/sending.js'
import type { Incoming, Receiver, Settings } from './ipc/types.js'
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

/**
 * Messages between a master and its workers: requests with answers, in both directions. In the master, give it to
 * `cluster.setIPCManager()`; in a worker it reaches the master by itself.
 *
 * All promises reject with a `WorkerCommunicationError` whose `code` says what happened, such as `ERR_IPC_TIMEOUT`.
 */
export class BunIPCManager extends EventEmitter<IPCEventMap> implements IPCWorkerRegistry {
  readonly #settings: Settings
  readonly #handlers = new Map<string, (message: IPCMessage) => Any>()
  readonly #workers = new Directory()
  readonly #connections: Connections
  /** All that this one takes requests of. */
  readonly #links = new Set<Link>()
  readonly #figures = new Figures()
  readonly #sending = new Sending(() => this.#canSend())
  readonly #parent: Link | undefined
  /** A worker without a channel. */
  readonly #unreachable: boolean
  #holding = false
  #destroyed = false

  /** @param options For processes that are registered by hand; a cluster's workers follow its configuration. */
  constructor(options: IPCOptions = {}) {
    super()
    try {
      this.#settings = settingsOf(options)
    } catch (cause) {
      rethrow(cause)
    }
    this.#connections = new Connections(this.#settings)
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
    const link =
      (subprocess?.[LINK] as Link | undefined) ??
      this.#connections.open(workerId, subprocess, line => this.#log(workerId, line))
    if (!link) {
      this.#workers.addMute(workerId)
      return
    }
    if (!this.#workers.add(workerId, link)) return
    this.#attach(link)
    this.emit('worker:connected', { workerId, timestamp: Date.now() })
  }

  /** Reach a worker no more. What it was sent before may still be answered. */
  unregisterWorker(workerId: string): void {
    if (this.#workers.remove(workerId)) {
      this.emit('worker:disconnected', { workerId, error: null, timestamp: Date.now() })
    }
  }

  /**
   * How to start a process so that {@link registerWorker} can reach it: add `env` to its environment and give it
   * `stdio`. In the process, `new BunIPCManager()` finds the channel. With `'stdio'` the channel is stdin and stdout,
   * as lines of JSON.
   */
  connectionFor(workerId: string, transport: 'fd' | 'stdio' = 'fd'): IPCConnection {
    this.#alive()
    return this.#connections.prepare(workerId, transport)
  }

  /** Send to a worker; resolves with what its handler returns. In a worker, by way of the master. */
  sendToWorker(workerId: string, type: string, data: Any): Promise<Any> {
    // Ids of `node:cluster` are numbers.
    if (this.#parent) return this.#routed(this.#parent, String(workerId), type, data)
    return this.#sending.one(this.#settings, () => this.#workers.of(workerId).request(type, data))
  }

  /**
   * Send to all workers; resolves with an answer of each when all have answered or failed. Never rejects for one; with
   * `ipc.broadcast: false` it does so for all.
   */
  async broadcastToWorkers(type: string, data: Any): Promise<IPCResponse[]> {
    if (this.#parent) {
      if (!this.#parent.settings.broadcast) throw noBroadcast(type)
      return this.#routed(this.#parent, '*', type, data) as Promise<IPCResponse[]>
    }
    return this.#sending.many(this.#settings, this.#workers.all(), type, data)
  }

  /** Send to any of the workers that can be reached. */
  sendToRandomWorker(type: string, data: Any): Promise<Any> {
    if (this.#parent) return this.#routed(this.#parent, '?', type, data)
    return this.#sending.one(this.#settings, () => this.#workers.any().request(type, data))
  }

  /** Send to the master; resolves with what its handler returns. */
  sendToMaster(type: string, data: Any): Promise<Any> {
    const parent = this.#parent
    if (parent) return this.#sending.one(parent.settings, () => parent.request(type, data))
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
    return this.#workers.count()
  }

  /** Figures since it was made. */
  getStats(): IPCStats {
    return this.#figures.with(this.#links)
  }

  /** Answer and send no more, close the channels to processes that are not a cluster's, and forget everybody. */
  destroy(): void {
    if (this.#destroyed) return
    this.#destroyed = true
    this.#letGo()
    this.#connections.forget()
    for (const link of this.#links) {
      link.detach(this.#receiver)
      if (this.#connections.owns(link)) link.close()
    }
    this.#links.clear()
    this.#workers.clear()
    this.#handlers.clear()
    this.removeAllListeners()
  }

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
    const message = messageOf(request)
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

  /** A worker sends to another one. */
  #route(request: Incoming, to: string): boolean {
    const { link, type, data } = request
    const sender = link.peer
    const answer = (outcome: Promise<unknown>) => {
      outcome.then(
        result => link.answer(request, result),
        error => link.refuse(request, error),
      )
    }
    if (to === '*') {
      answer(this.#sending.many(this.#settings, this.#workers.all(link), type, data, sender))
      return true
    }
    answer(
      this.#sending.one(this.#settings, () => {
        const target = to === '?' ? this.#workers.any() : this.#workers.of(to)
        return target.ask(REQUEST, type, sender, target.encode(type, data))
      }),
    )
    return true
  }

  #routed(parent: Link, to: string, type: string, data: Any): Promise<Any> {
    return this.#sending.one(parent.settings, () => parent.ask(RELAY, type, to, parent.encode(type, data)))
  }

  #log(workerId: string, line: string): void {
    if (this.listenerCount('log') > 0) this.emit('log', { workerId, line })
    else process.stdout.write(`${line}\n`)
  }

  #timedOut(link: Link, missed: number, error: ClusterError | null): void {
    if (this.listenerCount('worker:timeout') === 0) return
    this.emit('worker:timeout', { workerId: link.peer, missed, error, timestamp: Date.now() })
  }

  #gone(link: Link, error: ClusterError): void {
    this.#figures.add(link)
    this.#links.delete(link)
    const known = this.#workers.ended(link)
    if (known || link === this.#parent) {
      this.emit('worker:disconnected', { workerId: link.peer, error, timestamp: Date.now() })
    }
    const expected = ['ERR_IPC_PEER_GONE', 'ERR_IPC_CLOSED'].includes(error.code ?? '')
    if (!expected && this.listenerCount('error') > 0) this.emit('error', error, link.peer)
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
