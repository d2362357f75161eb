/** An app in its master: XyPriss's app, which does not listen, and the cluster that serves it. */
import type { EventEmitter } from 'node:events'
import { BunClusterManager } from '../cluster.js'
import { ClusterError, ConfigurationError } from '../errors.js'
import type { Link } from '../ipc/link.js'
import { MemoryManager } from '../memory-manager.js'
import type { ScalingDecision } from '../metrics.js'
import { attachEmitter, clusterEmitter } from './events.js'
import { LINES, Log } from './log.js'
import { Members } from './members.js'
import { publicPort, sectionOf, unclustered } from './options.js'
import { type Call, EVENTS, type EventName, type Method } from './protocol.js'
import { releaseSignals } from './signals.js'
import { startError } from './start-error.js'
import type { Any, ClusterMethods } from './types.js'

/** Between two looks at a worker that waits for what may be its own end, in milliseconds. */
const LOOK = 10
/** How long a worker that asks for a stop without grace may take to say so to its client, in milliseconds. */
const LAST_WORDS = 1_000

/** Events after which the roster is another one. */
const CHANGES = new Set<EventName>([
  'worker:started',
  'worker:stopped',
  'worker:exit',
  'worker:error',
  'worker:restart',
  'cluster:started',
  'cluster:scaled',
  'health:changed',
])

/** The app whose cluster runs in this process: every worker runs the whole script, so there can be one only. */
let running: ClusteredApp | undefined

/** Make the app of a master. */
export function masterApp(createServer: Any, options: Any, rest: Any[]): Any {
  const section = sectionOf(options)
  // Checks the configuration, before XyPriss does anything.
  const cluster = new BunClusterManager(section.config, publicPort(undefined, options, process.env))
  const app = createServer(unclustered(options), ...rest)
  return new ClusteredApp(app, options, section.fallback, cluster).app
}

class ClusteredApp {
  readonly app: Any
  readonly #options: Any
  readonly #fallback: boolean
  readonly #start: (port?: number, callback?: () => void) => Any
  readonly #log: Log
  readonly #members: Members
  readonly #emitter: EventEmitter
  readonly #restoreSignals = releaseSignals()
  /** Events that this process or a worker listens for. */
  readonly #wanted = new Set<EventName>()
  #cluster: BunClusterManager
  #port: number
  #alone: Promise<Any> | undefined
  #lastDecision: ScalingDecision | undefined

  constructor(app: Any, options: Any, fallback: boolean, cluster: BunClusterManager) {
    this.app = app
    this.#options = options
    this.#fallback = fallback
    this.#start = app.start.bind(app)
    this.#log = new Log(options.logging)
    this.#emitter = clusterEmitter(name => this.#want(name))
    this.#members = new Members({
      workers: () => this.#cluster.getWorkers(),
      perform: (call, link) => this.#perform(call, link),
      wanted: name => this.#want(name),
    })
    this.#cluster = cluster
    this.#port = publicPort(undefined, options, process.env)
    this.#follow(cluster)
    attachEmitter(app, this.#emitter)
    Object.assign(app, this.#methods, {
      start: (port?: number, callback?: () => void) => this.#started(port, callback),
    })
    if (options.fileWatcher?.enabled) {
      this.#log.say('warn', 'fileWatcher is off in a cluster: call restartCluster() to load what has changed')
    }
  }

  readonly #methods: Omit<ClusterMethods, 'on' | 'once' | 'off'> = {
    scaleUp: count => this.#cluster.scaleUp(count),
    scaleDown: count => this.#cluster.scaleDown(count),
    autoScale: () => this.#cluster.autoScale(),
    getClusterMetrics: () => this.#cluster.getMetrics(),
    getClusterHealth: () => this.#cluster.getHealth(),
    getAllWorkers: () => this.#cluster.getWorkers(),
    getOptimalWorkerCount: () => optimalWorkerCount(),
    restartCluster: () => this.#cluster.restart(),
    stopCluster: graceful => this.#cluster.stop(graceful),
    broadcastToWorkers: async message => {
      this.#mustRun()
      return this.#members.ipc.broadcastToWorkers('app_message', message)
    },
    sendToRandomWorker: async message => {
      this.#mustRun()
      await this.#members.ipc.sendToRandomWorker('app_message', message)
    },
  }

  async #started(port?: number, callback?: () => void): Promise<Any> {
    if (this.#alone) return this.#goOnAlone(port, callback)
    try {
      this.#use(publicPort(port, this.#options, process.env))
      if (running && running !== this) throw oneApp()
      running = this
      await this.#cluster.start()
    } catch (cause) {
      const error = startError('the cluster', cause)
      if (running === this) running = undefined
      // Somebody stopped it: that is no reason to go on.
      if (!this.#fallback || error.code === 'ERR_CLUSTER_STOPPED') throw error
      this.#log.say('error', `${error.message}\nThe app goes on in one process`)
      return this.#goOnAlone(port, callback)
    }
    this.#log.say('info', `${this.#cluster.getWorkers().length} workers serve port ${this.#cluster.port}`)
    callback?.()
  }

  /** As XyPriss without a cluster. */
  async #goOnAlone(port?: number, callback?: () => void): Promise<Any> {
    if (this.#alone) {
      const server = await this.#alone
      callback?.()
      return server
    }
    this.#restoreSignals()
    this.#alone = Promise.resolve(this.#start(port, callback))
    this.#alone.catch(() => {
      this.#alone = undefined
    })
    return this.#alone
  }

  /** Have a cluster on `port`. A running one stays where it is, as every other call to `start()` gives what is there. */
  #use(port: number): void {
    const runs = this.#cluster.port !== null || !['stopped', 'error'].includes(this.#cluster.state)
    if (runs || port === this.#port) return
    this.#cluster = new BunClusterManager(sectionOf(this.#options).config, port)
    this.#port = port
    this.#follow(this.#cluster)
    for (const name of this.#wanted) this.#forward(name)
  }

  #follow(cluster: BunClusterManager): void {
    cluster.setIPCManager(this.#members)
    for (const name of CHANGES) cluster.on(name, () => this.#members.rosterChanged())
    for (const [name, line] of Object.entries(LINES)) {
      cluster.on(name as EventName, (...args: Any[]) => {
        const [level, message] = (line as (...args: Any[]) => Parameters<Log['say']>)(...args)
        this.#log.say(level, message)
      })
    }
    cluster.on('autoscale:decision', decision => {
      this.#lastDecision = decision
    })
    cluster.on('cluster:stopped', () => {
      if (running === this) running = undefined
    })
  }

  #want(name: EventName): void {
    if (this.#wanted.has(name) || !EVENTS.includes(name)) return
    this.#wanted.add(name)
    this.#forward(name)
  }

  #forward(name: EventName): void {
    this.#cluster.on(name, (...args: Any[]) => {
      this.#members.pass(name, args)
      this.#emitter.emit(name, ...args)
    })
  }

  #mustRun(): void {
    if (this.#cluster.port === null) throw notRunning()
  }

  /** What a worker asks for. */
  async #perform({ method, args }: Call, link: Link): Promise<Any> {
    if (!Object.hasOwn(this.#methods, method)) {
      throw new ConfigurationError(`no method ${method}`, 'ERR_INVALID_ARGUMENT', { method })
    }
    if (method === 'stopCluster' && args[0] === false) {
      // Not awaited: the answer is what it waits for.
      void this.#lastWords(link).then(() => this.#cluster.stop(false).catch(error => this.#failed(error)))
      return undefined
    }
    const outcome = (this.#methods[method] as (...args: Any[]) => Promise<Any>)(...args)
    return ENDINGS.has(method) ? this.#unlessItGoes(link, method, outcome) : outcome
  }

  /** `outcome`, or what is known of it when the worker behind `link` is told to go: that waits for its answer. */
  async #unlessItGoes(link: Link, method: Method, outcome: Promise<Any>): Promise<Any> {
    let settled = false
    const settle = () => {
      settled = true
    }
    outcome.then(settle, settle)
    while (!settled) {
      if (this.#goes(link)) {
        outcome.catch(error => this.#failed(error))
        return method === 'autoScale' ? this.#lastDecision : undefined
      }
      await new Promise(resolve => setTimeout(resolve, LOOK))
    }
    return outcome
  }

  /** Whether the worker behind `link` was told to go: then it stops, or another process has taken its place. */
  #goes({ peer, pid }: Link): boolean {
    // All go when what they are doing is done.
    if (['stopping', 'stopped', 'error'].includes(this.#cluster.state)) return true
    const worker = this.#cluster.getWorkerById(peer)
    return worker?.pid !== pid || !['starting', 'running'].includes(worker.status)
  }

  /** Until the worker behind `link` has answered its clients, but not for long. */
  async #lastWords(link: Link): Promise<void> {
    const end = performance.now() + LAST_WORDS
    do await new Promise(resolve => setTimeout(resolve, LOOK))
    while (performance.now() < end && this.#cluster.getWorkerById(link.peer)?.activeRequests)
  }

  /** A worker asked for it, and is not there any more to be told. */
  #failed(error: unknown): void {
    const { code, message } = error as ClusterError
    // It was stopped while something was under way: somebody asked for that too.
    this.#log.say(code === 'ERR_CLUSTER_STOPPED' ? 'debug' : 'error', message)
  }
}

/**
 * Methods that end the worker that asks, or wait for others that do: changes of a cluster are made one after the other,
 * so a worker that waits to scale up would keep a restart waiting that it is itself waiting for.
 */
const ENDINGS = new Set<Method>(['scaleUp', 'scaleDown', 'autoScale', 'restartCluster', 'stopCluster'])

async function optimalWorkerCount(): Promise<number> {
  const manager = new MemoryManager()
  try {
    return await manager.calculateOptimalWorkerCount()
  } finally {
    manager.destroy()
  }
}

function oneApp(): ConfigurationError {
  return new ConfigurationError(
    'another clustered app runs in this process, and its workers run this script too: give each app a script of its own',
    'ERR_CONFIGURATION',
  )
}

function notRunning(): ClusterError {
  return new ClusterError('the cluster does not run: call start() first', 'ERR_CLUSTER_NOT_RUNNING')
}
