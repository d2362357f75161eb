/** An app in a worker: XyPriss's app, which listens where the master looks for it, and the master's answers. */
import type { EventEmitter } from 'node:events'
import { currentAgent } from '../agent/handle.js'
import { ClusterError, toClusterError } from '../errors.js'
import { failure } from '../ipc/failure.js'
import type { Link } from '../ipc/link.js'
import { parentLink } from '../ipc/places.js'
import type { Incoming, Receiver } from '../ipc/types.js'
import { attachEmitter, clusterEmitter, received } from './events.js'
import { forWorker, MARK } from './options.js'
import { type EventName, type Method, type Passed, REMOTE, Said, type Settled } from './protocol.js'
import { Roster } from './roster.js'
import { Notice, releaseSignals } from './signals.js'
import { startError } from './start-error.js'
import type { Any, WorkerInfo } from './types.js'

/** How long a start waits for the roster, in milliseconds: a master that is busy must not keep workers from serving. */
const ROSTER_PATIENCE = 1_000

/** Make the app of a worker. */
export function workerApp(createServer: Any, options: Any, rest: Any[]): Any {
  const port = Number(process.env.WORKER_PORT)
  const app = createServer(forWorker(options, port), ...rest)
  releaseSignals()
  new WorkerApp(app, port)
  return app
}

class WorkerApp {
  readonly #port: number
  readonly #listen: (port: number, callback?: () => void) => Any
  readonly #master: Master
  readonly #notice = new Notice()
  #started: Promise<Any> | undefined

  constructor(app: Any, port: number) {
    this.#port = port
    this.#listen = app.start.bind(app)
    this.#master = new Master()
    attachEmitter(app, this.#master.events)
    for (const method of REMOTE) app[method] = (...args: Any[]) => this.#call(method, args)
    app.getAllWorkers = () => this.#master.workers()
    // The port that the app asks for is the master's.
    app.start = (_port?: number, callback?: () => void) => this.#start(callback)
  }

  #call(method: Method, args: Any[]): Promise<Any> {
    // This one was told to go. What the app then does to end its cluster is not meant for the others.
    if (method === 'stopCluster' && this.#notice.given) return currentAgent()?.drain() ?? Promise.resolve()
    return this.#master.call(method, args)
  }

  async #start(callback?: () => void): Promise<Any> {
    if (this.#started) {
      const server = await this.#started
      callback?.()
      return server
    }
    this.#started = this.#listening(callback)
    return this.#started
  }

  async #listening(callback?: () => void): Promise<Any> {
    await this.#master.known
    try {
      return await this.#listen(this.#port, callback)
    } catch (cause) {
      const error = startError(`this worker of the cluster, ${process.env.WORKER_ID},`, cause)
      process.stderr.write(`${error.stack}\n`)
      // XyPriss keeps a process alive in which nothing runs. The master is to know now, and not when it has waited.
      setImmediate(() => process.exit(1))
      throw error
    }
  }
}

interface Waiting {
  resolve(result: Any): void
  reject(error: Error): void
}

/** The master, as a worker sees it. */
class Master {
  readonly events: EventEmitter
  /** Resolves when it is known which workers there are, or when it is no use to wait for that. */
  readonly known: Promise<void>
  readonly #link: Link | undefined
  readonly #roster = new Roster()
  readonly #listening = new Set<EventName>()
  readonly #calls = new Map<number, Waiting>()
  #last = 0
  /** Why it cannot be asked. */
  #silence: ClusterError | undefined

  constructor() {
    this.events = clusterEmitter(name => this.#listenFor(name))
    const answers = process.env[MARK] === 'true'
    // Processes of the app's own are no workers.
    delete process.env[MARK]
    this.#link = answers ? parentLink() : undefined
    if (!this.#link) this.#silence = answers ? disabled() : foreignMaster()
    this.#link?.attach(this.#receiver)
    this.known = this.#ask()
  }

  workers(): WorkerInfo[] {
    if (this.#silence) throw this.#silence
    if (this.#roster.wantsNews(performance.now())) void this.#ask()
    return this.#roster.list()
  }

  call(method: Method, args: Any[]): Promise<Any> {
    const link = this.#link
    if (!link || this.#silence) return Promise.reject(this.#silence)
    return new Promise((resolve, reject) => {
      this.#last += 1
      const call = this.#last
      this.#calls.set(call, { resolve, reject })
      // While somebody waits, the process is there to be answered.
      link.hold()
      link.request(Said.CALL, { call, method, args }).catch(error => this.#settle(call)?.reject(error))
    })
  }

  /** What waits for call `call`, which is over. */
  #settle(call: number): Waiting | undefined {
    const waiting = this.#calls.get(call)
    if (this.#calls.delete(call)) this.#link?.release()
    return waiting
  }

  #listenFor(name: EventName): void {
    if (!this.#link) return
    this.#listening.add(name)
    this.#link.request(Said.LISTEN, [...this.#listening]).catch(() => {})
  }

  async #ask(): Promise<void> {
    const asked = this.#link?.request(Said.HELLO, null).then(
      workers => this.#roster.update(workers as WorkerInfo[], performance.now()),
      // It is told again with the next change.
      () => {},
    )
    const patience = new Promise<void>(resolve => setTimeout(resolve, ROSTER_PATIENCE).unref())
    await Promise.race([asked, patience])
  }

  readonly #receiver: Receiver = {
    receive: request => this.#receive(request),
    silent: () => {},
    late: () => {},
    gone: (_link, error) => {
      this.#silence = error as ClusterError
      for (const call of [...this.#calls.keys()]) this.#settle(call)?.reject(error)
    },
  }

  #receive(request: Incoming): boolean {
    const { link, type, data } = request
    switch (type) {
      case Said.ROSTER:
        this.#roster.update(data as WorkerInfo[], performance.now())
        break
      case Said.SETTLED:
        this.#settled(data as Settled)
        break
      case Said.EVENT:
        link.answer(request, null)
        this.events.emit((data as Passed).name, ...received(data as Passed))
        return true
      default:
        return false
    }
    link.answer(request, null)
    return true
  }

  #settled({ call, result, error, workers }: Settled): void {
    if (workers.length > 0) this.#roster.update(workers, performance.now())
    const waiting = this.#settle(call)
    if (!error) waiting?.resolve(result)
    else waiting?.reject(remoteError(error))
  }
}

/** The error that the master met, as the same one here. */
function remoteError({ message = 'no message', code, details, name }: NonNullable<Settled['error']>): Error {
  if (code !== undefined) return toClusterError({ code, message, details })
  return Object.assign(new Error(message), name === undefined ? {} : { name })
}

function disabled(): ClusterError {
  return failure(
    'ERR_IPC_DISABLED',
    'the master of this cluster cannot be asked from a worker: ipc.enabled is false in its configuration',
  )
}

function foreignMaster(): ClusterError {
  return new ClusterError(
    'this worker was started by a cluster that knows nothing of XyPriss: ask that one, in its own process',
    'ERR_NO_MASTER',
  )
}
