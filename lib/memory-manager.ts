/** `MemoryManager`: the facade over the native policies. It maps, emits and rethrows. */
import { AudienceEmitter } from './audience.js'
import { binding, type NativeEvent, type NativeMemoryManager } from './binding.js'
import { ClusterError, rethrow, toClusterError } from './errors.js'

/** What a {@link MemoryManager} goes by: `resources.memoryManagement`, and `maxMemoryPerWorker`. All are optional. */
export interface MemoryConfig {
  /** Whether {@link MemoryManager.startMonitoring} does anything. Default `true`. */
  enabled?: boolean
  /** What a worker may have resident, such as `'512MB'`. Default: its share of `maxTotalMemory`. */
  maxMemoryPerWorker?: string
  /** What all workers may have together. Default: what the machine or container has. */
  maxTotalMemory?: string
  /** Between two readings, in milliseconds. Default 30 000. */
  memoryCheckInterval?: number
  /** From where on a warning is given, in per cent of the limit. Default 80. */
  memoryWarningThreshold?: number
  /** From where on it is critical, in per cent of the limit. Default 95. */
  memoryCriticalThreshold?: number
  /** Whether workers are watched for leaks. Default `true`. */
  memoryLeakDetection?: boolean
  /** Whether workers above the warning threshold are asked to collect their garbage. Default `false`. */
  garbageCollectionHint?: boolean
  /** What workers must leave free for others. Default `'0B'`. */
  memoryReservation?: string
  /** How leaks are looked for. At the default interval a judgement takes 42 minutes. */
  leakDetection?: {
    /** Samples of a new worker that say nothing of it. Default 20. */
    warmUpSamples?: number
    /** Samples of which the lowest counts. Default 4. */
    windowSamples?: number
    /** Such lowest ones that a judgement needs, at least 8. Default 16. */
    minima?: number
    /** A leak that takes longer to reach the limit is not told, in milliseconds, up to 24 hours. Default 24 hours. */
    horizon?: number
  }
}

/** Memory of the machine, or of the container that this process is in, in bytes. */
export interface MemoryStats {
  totalMemory: number
  /** Used for nothing at all. */
  freeMemory: number
  /** `totalMemory` without what is available. */
  usedMemory: number
  /** What a new process could have, caches that can be given up included. */
  availableMemory: number
  /** `usedMemory` of `totalMemory`, 0 to 100. */
  usagePercentage: number
  swapTotal: number
  swapFree: number
  /** Swap space in use, 0 to 100. */
  swapPercentage: number
}

/** Memory of one worker, in bytes. */
export interface WorkerMemoryStats {
  workerId: string
  pid: number
  /** All but `rss` are known of workers of clusters in this process, soon after they serve; absent for others. */
  memoryUsage: {
    rss: number
    heapTotal?: number
    heapUsed?: number
    external?: number
    arrayBuffers?: number
  }
  /** Per cent of one core since the last reading. */
  cpuUsage: number
  /** Since its process was started, in milliseconds. */
  uptime: number
  timestamp: number
}

/** Where a worker stands against its limit. */
export interface MemoryLimitResult {
  workerId: string
  /** Whether it is not above its limit. */
  withinLimits: boolean
  /** `warning` and `critical` begin at their thresholds, `exceeded` above the limit. */
  level: 'ok' | 'warning' | 'critical' | 'exceeded'
  /** In bytes. */
  currentMemory: number
  /** In bytes. */
  limit: number
  /** `currentMemory` of `limit`; above 100 when it is exceeded. */
  usagePercentage: number
  timestamp: number
}

/** What speaks for a leak. Sizes are in bytes, times in milliseconds. */
export interface MemoryLeak {
  workerId: string
  /** After the warm-up. */
  baseline: number
  /** Lately, after garbage was collected. */
  currentMemory: number
  growthPerHour: number
  /** `null` where requests are not counted, or none came. */
  growthPerThousandRequests: number | null
  /** Kendall's tau of memory over time: 1 is growth at every step. */
  confidence: number
  /** How many lows were judged. */
  minima: number
  /** The time between the first and the last of them. */
  observed: number
  limit: number
  /** When the limit is reached at this pace. */
  exhaustedIn: number
  timestamp: number
}

/** What a garbage collection brought. Sizes are in bytes, of heap and of what it holds outside. */
export interface GarbageCollection {
  workerId: string
  pid: number
  before: number
  after: number
  /** What came back. */
  freed: number
  /** In milliseconds. */
  duration: number
  timestamp: number
}

/** Something that could be better. */
export interface MemoryRecommendation {
  /** What it is about; stable. */
  kind: 'repair-leak' | 'reduce-swapping' | 'raise-worker-limit' | 'add-workers' | 'reduce-workers'
  /** The worker that it is about; `null` when it is about all. */
  workerId: string | null
  /** The number: of workers, or of bytes. */
  value: number
  /** What to do and why, with the numbers. */
  message: string
}

/** What could be better about memory, and what that was told from. Sizes are in bytes. */
export interface MemoryOptimizationResult {
  /** Most urgent first; empty when all is well. */
  recommendations: MemoryRecommendation[]
  optimalWorkerCount: number
  currentWorkerCount: number
  /** What one worker is taken to need. */
  memoryPerWorker: number
  /** What there is for all workers. */
  memoryForWorkers: number
  timestamp: number
}

/** Name of an event of a {@link MemoryManager} → its arguments. */
export interface MemoryManagerEvents {
  /** A reading, every interval. */
  stats: [stats: { system: MemoryStats; workers: WorkerMemoryStats[]; timestamp: number }]
  /** A worker has reached the warning threshold. Told again only after it was below. */
  warning: [result: MemoryLimitResult]
  /** A worker has reached the critical threshold, or is above its limit. */
  critical: [result: MemoryLimitResult]
  /** A worker leaks. */
  leak: [evidence: MemoryLeak]
  /** A worker has collected its garbage, as it was asked to. */
  gc: [collection: GarbageCollection]
  /** A worker that was asked to collect its garbage did not. */
  error: [error: ClusterError]
}

const EVENTS = ['stats', 'warning', 'critical', 'leak', 'gc', 'error'] as const

/**
 * Knows the memory of workers: of those that it is asked of, and of all clusters in this process. It reads and judges
 * off the JavaScript thread, and never keeps the process alive.
 */
export class MemoryManager extends AudienceEmitter<MemoryManagerEvents> {
  readonly #native: NativeMemoryManager
  #destroyed = false

  /** @throws {ConfigurationError} `ERR_CONFIGURATION`, with every problem in `details.problems`. */
  constructor(config: MemoryConfig = {}) {
    super()
    try {
      this.#native = new binding.NativeMemoryManager(config, event => this.#dispatch(event))
    } catch (cause) {
      rethrow(cause)
    }
  }

  /** Memory of the machine, or of the container that this process is in. */
  async getSystemMemoryStats(): Promise<MemoryStats> {
    return this.#now(native => native.systemStats() as MemoryStats)
  }

  /**
   * Memory of the worker `workerId`, whose process is `pid`; the first call for a process takes a tenth of a second.
   * The worker is known from then on. Rejects with `ERR_PROCESS_NOT_FOUND` or `ERR_PROCESS_FORBIDDEN`.
   */
  async getWorkerMemoryStats(workerId: string, pid: number): Promise<WorkerMemoryStats> {
    try {
      return (await this.#alive().workerStats(workerId, pid)) as WorkerMemoryStats
    } catch (cause) {
      rethrow(cause)
    }
  }

  /** Where a worker with `currentMemory` bytes stands against its limit. */
  checkMemoryLimits(workerId: string, currentMemory: number): MemoryLimitResult {
    return this.#now(native => native.check(workerId, currentMemory) as MemoryLimitResult)
  }

  /**
   * Whether a worker leaks, told from the `currentMemory` of this and all earlier calls: call it at an even pace.
   * Monitoring looks for leaks by itself, and better, as it knows what garbage collections left.
   */
  detectMemoryLeak(workerId: string, currentMemory: number): boolean {
    return this.#now(native => native.leaks(workerId, currentMemory))
  }

  /** What speaks for a leak in a worker; `null` when nothing does. */
  getLeakEvidence(workerId: string): MemoryLeak | null {
    return this.#now(native => (native.evidence(workerId) as MemoryLeak | null) ?? null)
  }

  /**
   * Have a worker of a cluster in this process collect its garbage; the event `gc` says how much came back. Its event
   * loop stands still meanwhile. Says whether it could be asked.
   */
  suggestGarbageCollection(workerId: string): boolean {
    return this.#now(native => native.collect(workerId))
  }

  /** How many workers to run: as many as there are processors, if memory suffices for them, but at least one. */
  async calculateOptimalWorkerCount(systemStats?: MemoryStats): Promise<number> {
    return this.#now(native => native.optimalWorkers(systemStats))
  }

  /** What could be better, with the numbers and the reasons. */
  async getMemoryOptimizationRecommendations(): Promise<MemoryOptimizationResult> {
    return this.#now(native => native.recommendations() as MemoryOptimizationResult)
  }

  /**
   * Read and judge all workers at an interval. Another call changes the interval.
   *
   * @param interval In milliseconds, from 1 to a day. Default: `memoryCheckInterval`.
   */
  startMonitoring(interval?: number): void {
    this.#now(native => native.start(interval))
  }

  /** Read nothing any more, until the next {@link startMonitoring}. */
  stopMonitoring(): void {
    this.#native.stop()
  }

  /** Stop monitoring for good and give everything back. Calls that ask for something fail with `ERR_DESTROYED`. */
  destroy(): void {
    this.#destroyed = true
    this.#native.destroy()
    this.removeAllListeners()
  }

  protected override audienceChanged(): void {
    this.#native.setHeard(EVENTS.some(name => this.listenerCount(name) > 0))
  }

  #dispatch({ name, payload }: NativeEvent): void {
    if (this.#destroyed) return
    if (name !== 'error') {
      this.emit(name as 'stats', payload as never)
    } else if (this.listenerCount('error') > 0) {
      // Without a listener it would be thrown, and nobody who asked for a hint wants that.
      this.emit('error', toClusterError(payload as unknown as Parameters<typeof toClusterError>[0]))
    }
  }

  #now<T>(call: (native: NativeMemoryManager) => T): T {
    try {
      return call(this.#alive())
    } catch (cause) {
      rethrow(cause)
    }
  }

  #alive(): NativeMemoryManager {
    if (!this.#destroyed) return this.#native
    throw new ClusterError('this MemoryManager was destroyed; make another one', 'ERR_DESTROYED', {
      what: 'MemoryManager',
    })
  }
}
