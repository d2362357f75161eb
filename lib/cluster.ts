/** The cluster manager: the facade over the native core. It maps, emits and rethrows; decisions are native. */
import { currentAgent } from './agent/handle.js'
import { AudienceEmitter } from './audience.js'
import {
  binding,
  type NativeChannel,
  type NativeCluster,
  type NativeEvent,
  type NativeWorker,
} from './binding.js'
import { problemOfSwitches } from './compat.js'
import type { ClusterConfig } from './config.js'
import type { ClusterState } from './constants.js'
import { ClusterError, ConfigurationError, rethrow, toClusterError } from './errors.js'
import type { ClusterEventMap } from './events.js'
import type { Link } from './ipc/link.js'
import type { Death, Links } from './ipc/links.js'
import { ATTACH, LINK } from './ipc/places.js'
import type { IPCWorkerRegistry } from './ipc.js'
import type { BunClusterMetrics, ClusterHealth, ScalingDecision } from './metrics.js'
import { toText } from './plain.js'
import { environment, host, isWorker, joinCluster } from './role.js'
import { type Run, unwatch, watch } from './signals.js'
import type { BunWorker } from './worker.js'

/**
 * Runs a web app as N supervised worker processes behind one port, on Bun and on Node.js.
 *
 * The same script runs in the master and in every worker. In a worker the constructor and `start()` work as well
 * but start nothing, so a script never forks itself without end; `stop()` there stops this worker's own servers;
 * everything else is for the master and rejects with `ERR_NOT_MASTER`.
 */
export class BunClusterManager extends AudienceEmitter<ClusterEventMap> {
  /** Absent in a worker. */
  readonly #native: NativeCluster | undefined
  readonly #config: ClusterConfig
  readonly #warned = new Set<string>()
  #registry: IPCWorkerRegistry | undefined
  /** Made when messages are first used: a cluster without any is spared them. */
  #links: Links | undefined
  #run: Run | undefined
  #started: Promise<void> | undefined
  #stopped: Promise<void> | undefined
  /** A start that waits for a stop to finish. */
  #queued: { started: Promise<void>; cancel: AbortController } | undefined

  /**
   * Nothing is started before {@link start}.
   *
   * @param config What to run and how; `{}` for defaults.
   * @param basePort The port that clients connect to, 0 to 65 535. Workers get the free ports that follow it.
   * @throws {ConfigurationError} `ERR_CONFIGURATION`, with every problem in `details.problems`.
   */
  constructor(config: ClusterConfig, basePort: number) {
    super()
    this.#config = config
    // The master has checked the configuration already; a worker only follows.
    if (isWorker()) return
    if (!Number.isInteger(basePort) || basePort < 0 || basePort > 65_535) {
      const problem = `basePort: must be a whole number from 0 to 65535, not ${String(basePort)}`
      throw new ConfigurationError(`invalid cluster configuration: ${problem}`, 'ERR_CONFIGURATION', {
        problems: [problem],
      })
    }
    try {
      this.#native = new binding.NativeCluster(toText(config), basePort, host(), event =>
        this.#dispatch(event),
      )
    } catch (cause) {
      rethrow(cause)
    }
    this.#warn(this.#native)
  }

  /** Whether this process is the one that runs the workers. */
  get isMaster(): boolean {
    return this.#native !== undefined
  }

  /** Whether this process is one of the workers. */
  get isWorker(): boolean {
    return !this.isMaster
  }

  /** The port that clients connect to; `null` while the cluster does not run. */
  get port(): number | null {
    return this.#native ? this.#native.port() : (currentAgent()?.publicPort ?? null)
  }

  /** What the cluster is doing; a worker lives only while its cluster runs. */
  get state(): `${ClusterState}` {
    return this.#native?.state() ?? (currentAgent() ? 'running' : 'stopped')
  }

  /**
   * Start the workers and open the port; resolves when all workers are ready. While the cluster starts or runs,
   * every call gives the same promise.
   *
   * Rejects with `WorkerStartupError` when a worker does not become ready, `ERR_PORT_IN_USE` when the port is
   * taken; nothing is left running then. In a worker that no master of this package started: `ERR_NO_MASTER`.
   */
  start(): Promise<void> {
    if (this.#stopped) return this.#startAfter(this.#stopped)
    this.#started ??= this.#native ? this.#start(this.#native) : joinCluster()
    return this.#started
  }

  /**
   * Stop the workers and close the port; resolves when the last process is gone. Calls while it stops give the
   * same promise; a call with `false` among them hastens it.
   *
   * @param graceful `false` does not wait for requests in flight. Default `true`.
   */
  stop(graceful = true): Promise<void> {
    const native = this.#native
    if (!native) return currentAgent()?.drain() ?? Promise.resolve()
    this.#queued?.cancel.abort()
    if (this.#stopped) {
      // Its outcome is that of the call under way.
      if (!graceful) native.stop(false).catch(() => {})
      return this.#stopped
    }
    this.#stopped = this.#call('stop', () => native.stop(graceful)).finally(() => {
      this.#stopped = undefined
      this.#ended(this.#run)
    })
    return this.#stopped
  }

  /**
   * Replace every worker without losing a request: successors are started and proven before their predecessors
   * leave, as many at a time as `advanced.deployment` says. Rejects with `ERR_ROLLOUT_ABORTED` when a successor fails; the
   * workers not yet replaced serve on.
   */
  restart(): Promise<void> {
    return this.#call('restart', native => native.restart())
  }

  /**
   * Add one worker; resolves when it is ready.
   *
   * @param workerId Its id. Default: the lowest free `worker-<n>`.
   */
  spawnWorker(workerId?: string): Promise<BunWorker> {
    return this.#call('spawnWorker', async native => this.#equip(await native.spawnWorker(workerId)))
  }

  /**
   * Take one worker away; resolves when its process is gone.
   *
   * @param graceful `false` does not wait for its requests in flight. Default `true`.
   */
  stopWorker(workerId: string, graceful = true): Promise<void> {
    return this.#call('stopWorker', native => native.stopWorker(workerId, graceful))
  }

  /** Replace one worker, successor first; resolves when its old process is gone. */
  restartWorker(workerId: string): Promise<void> {
    return this.#call('restartWorker', native => native.restartWorker(workerId))
  }

  /** Have exactly that many workers; resolves when they are ready, or gone. */
  scale(targetWorkerCount: number): Promise<void> {
    return this.#call('scale', native => native.scale(targetWorkerCount))
  }

  /** Have `count` workers more. Default 1. */
  scaleUp(count = 1): Promise<void> {
    return this.#call('scaleUp', native => native.scaleBy(notNegative(count)))
  }

  /** Have `count` workers less, but not less than one. Default 1. */
  scaleDown(count = 1): Promise<void> {
    return this.#call('scaleDown', native => native.scaleBy(-notNegative(count)))
  }

  /**
   * Evaluate the load once by the rules of `autoScaling`, also while that is off, and do what comes of it. Resolves
   * when it is done, with what was decided and why; most often that is to leave all as it is.
   */
  autoScale(): Promise<ScalingDecision> {
    return this.#call('autoScale', native => native.autoScale() as Promise<ScalingDecision>)
  }

  /** All workers, as they are now. */
  getWorkers(): BunWorker[] {
    return this.#master('getWorkers')
      .workers()
      .map(worker => this.#equip(worker))
  }

  /** One worker, as it is now. */
  getWorkerById(workerId: string): BunWorker | undefined {
    const worker = this.#master('getWorkerById').worker(workerId)
    return worker ? this.#equip(worker) : undefined
  }

  /** Metrics of the cluster and of each worker, read now. */
  getMetrics(): Promise<BunClusterMetrics> {
    return this.#call('getMetrics', native => native.metrics() as Promise<BunClusterMetrics>)
  }

  /** Health of the cluster and of each worker. */
  getHealth(): Promise<ClusterHealth> {
    return this.#call('getHealth', native => native.health() as ClusterHealth)
  }

  /**
   * Lay `config` over the present configuration, field by field; `null` takes a field back to its default.
   * Resolves when it is in effect. It is checked whole before anything changes. Most fields are applied at once; where
   * workers are born with what changed, they are replaced as by `restart()`. If that fails, or a worker that
   * became necessary does not start, the old configuration is in effect again.
   */
  updateConfig(config: Partial<ClusterConfig>): Promise<void> {
    return this.#call('updateConfig', async native => {
      await native.updateConfig(toText(config))
      this.#warn(native)
      // Whether signals of the host stop the cluster may have changed.
      if (this.#run) watch(this.#run)
    })
  }

  /** The configuration in effect, every default filled in. A copy; in a worker, of what its constructor was given. */
  getConfig(): ClusterConfig {
    try {
      const config = this.#native?.config() ?? binding.effectiveConfiguration(toText(this.#config))
      return config as ClusterConfig
    } catch (cause) {
      return rethrow(cause)
    }
  }

  /** Keep `ipcManager` told which workers there are, beginning with those that run now. */
  setIPCManager(ipcManager: IPCWorkerRegistry): void {
    if (
      typeof ipcManager?.registerWorker !== 'function' ||
      typeof ipcManager.unregisterWorker !== 'function'
    ) {
      throw new ConfigurationError(
        'setIPCManager() needs an object with the functions registerWorker and unregisterWorker',
        'ERR_CONFIGURATION',
      )
    }
    this.#registry = ipcManager
    for (const link of this.#openAll()) attach(ipcManager, link)
    for (const worker of this.#native?.workers() ?? []) {
      if (worker.status === 'running') ipcManager.registerWorker(worker.id, this.#equip(worker))
    }
  }

  /** `worker`, with what is needed to send it messages. Neither is enumerable: a worker is data. */
  #equip(worker: NativeWorker): BunWorker {
    const { id, pid } = worker
    let known: Link | undefined
    const link = () => {
      known ??= this.#linkOf(pid)
      return known
    }
    Object.defineProperty(worker, LINK, { get: link })
    Object.defineProperty(worker, 'send', {
      value: (message: unknown, ...rest: unknown[]) => {
        const { send } = require('./ipc/links.js') as typeof import('./ipc/links.js')
        return send(id, link(), message, rest)
      },
    })
    return worker as BunWorker
  }

  /** Have a link to every worker, now and in the future; gives those that there are. */
  #openAll(): Link[] {
    this.#native?.wantMessages()
    this.#openDue()
    return this.#links?.all() ?? []
  }

  /** Open the links that are due: somebody wants them all, or a worker has sent something. */
  #openDue(): void {
    this.#take(this.#native?.takeMessages() ?? [])
  }

  /** The link to a process, opened if it was not. */
  #linkOf(pid: number | null): Link | undefined {
    if (pid === null) return undefined
    this.#take(this.#native?.takeMessages(pid) ?? [])
    return this.#links?.of(pid)
  }

  #take(channels: NativeChannel[]): void {
    if (channels.length === 0) return
    if (!this.#links) {
      const { Links } = require('./ipc/links.js') as typeof import('./ipc/links.js')
      this.#links = new Links((link, message) => this.#post(link, message))
    }
    for (const link of this.#links.open(channels)) {
      // From now on, and not when the worker is ready: to become ready, it may need an answer.
      if (this.#registry) attach(this.#registry, link)
    }
  }

  /** A worker used `process.send`. */
  #post(link: Link, message: unknown): boolean {
    if (this.listenerCount('message') === 0) return false
    const worker = this.#native?.worker(link.peer)
    if (worker) this.emit('message', this.#equip(worker), message)
    return true
  }

  /** Start when the cluster has stopped, unless it is told to stop once more until then. */
  #startAfter(stopped: Promise<void>): Promise<void> {
    if (this.#queued && !this.#queued.cancel.signal.aborted) return this.#queued.started
    const cancel = new AbortController()
    const forget = () => {
      if (this.#queued?.cancel === cancel) this.#queued = undefined
    }
    const started = stopped.then(
      () => {
        forget()
        if (!cancel.signal.aborted) return this.start()
        throw new ClusterError('the cluster was stopped before start() could finish', 'ERR_CLUSTER_STOPPED', {
          call: 'start',
        })
      },
      cause => {
        forget()
        throw cause
      },
    )
    this.#queued = { started, cancel }
    return started
  }

  async #start(native: NativeCluster): Promise<void> {
    const run: Run = {
      handlesSignals: () => native.handlesSignals(),
      stop: graceful => this.stop(graceful),
      killAll: () => native.killAll(),
    }
    this.#run = run
    watch(run)
    const ended = () => this.#ended(run)
    try {
      const problem = problemOfSwitches()
      if (problem) throw new ConfigurationError(problem, 'ERR_CONFIGURATION', { problems: [problem] })
      await native.start(environment())
      // Not awaited: while it is pending, it keeps the host alive.
      native.closed().then(ended, ended)
    } catch (cause) {
      ended()
      rethrow(cause)
    }
  }

  /** Forget `run`, unless another one has taken its place already. */
  #ended(run: Run | undefined): void {
    if (!run) return
    unwatch(run)
    if (this.#run !== run) return
    this.#run = undefined
    this.#started = undefined
  }

  async #call<T>(method: string, call: (native: NativeCluster) => T | Promise<T>): Promise<T> {
    try {
      return await call(this.#master(method))
    } catch (cause) {
      rethrow(cause)
    }
  }

  #master(method: string): NativeCluster {
    if (this.#native) return this.#native
    throw new ClusterError(
      `${method}() works in the master only, and this is ${process.env.WORKER_ID ?? 'a worker'}: call it where isMaster is true`,
      'ERR_NOT_MASTER',
      { method },
    )
  }

  #warn(native: NativeCluster): void {
    for (const warning of native.warnings()) {
      if (this.#warned.has(warning)) continue
      this.#warned.add(warning)
      process.emitWarning(warning, { code: 'XYPRISS_CLUSTER_CONFIG' })
    }
  }

  protected override audienceChanged(): void {
    this.#native?.setHearsMetrics(this.listenerCount('metrics:updated') > 0)
    // What workers have sent already waits for the listener.
    if (this.listenerCount('message') > 0) for (const link of this.#openAll()) link.unpark()
  }

  #dispatch({ name, payload }: NativeEvent): void {
    if (name === 'messages:opened') {
      this.#openDue()
      return
    }
    if (name === 'error') {
      this.emit('error', toClusterError(payload.error as Parameters<typeof toClusterError>[0]))
      return
    }
    if (name === 'worker:error') {
      payload.error = toClusterError(payload.error as Parameters<typeof toClusterError>[0])
    }
    try {
      const workerId = payload.workerId as string
      if (name === 'worker:started') this.#register(workerId)
      if (name === 'worker:exit') {
        this.#links?.died(payload as unknown as Death)
        this.#unregister(workerId)
      }
    } finally {
      // What a registry throws must not cost anybody an event.
      this.emit(name as keyof ClusterEventMap, payload as never)
    }
  }

  #register(workerId: string): void {
    const worker = this.#native?.worker(workerId)
    if (worker) this.#registry?.registerWorker(workerId, this.#equip(worker))
  }

  /** When a worker is replaced, its successor is ready under the same id before the old process ends. */
  #unregister(workerId: string): void {
    if (this.#native?.worker(workerId)?.status !== 'running') this.#registry?.unregisterWorker(workerId)
  }
}

/** Have `registry` take requests of `link`, if it is a manager of this package. */
function attach(registry: IPCWorkerRegistry, link: Link): void {
  ;(registry as { [ATTACH]?: (link: Link) => void })[ATTACH]?.(link)
}

/** The sign is what tells up from down, so it is not the caller's to give. The rest is checked natively. */
function notNegative(count: number): number {
  if (count < 0) {
    throw new ConfigurationError(
      `a cluster cannot be scaled by ${count} workers: give a positive number, or call the opposite method`,
      'ERR_INVALID_WORKER_COUNT',
      { asked: String(count) },
    )
  }
  return count
}
