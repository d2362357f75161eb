/** The events of a cluster. Every `timestamp` is in milliseconds since the epoch. */
import type { ClusterError } from './errors.js'
import type { GarbageCollection, MemoryLeak, MemoryLimitResult } from './memory-manager.js'
import type { ClusterHealth, ClusterMetrics, HangDiagnosis, ScalingDecision } from './metrics.js'
import type { BunWorker } from './worker.js'

/** Name of an event → its listener. */
export interface ClusterEvents {
  /** A worker proved that it is ready and takes requests. */
  'worker:started': (data: { workerId: string; port: number; pid: number | null; timestamp: number }) => void
  /** A worker that was asked to stop is gone. */
  'worker:stopped': (data: { workerId: string; timestamp: number }) => void
  /** The process of a worker ended, asked for or not. `reason` says why in words. */
  'worker:exit': (data: {
    workerId: string
    pid: number | null
    exitCode: number | null
    signal: NodeJS.Signals | null
    reason: string
    /** Of one that hung and was killed for that: where. `null` of every other. */
    diagnosis: HangDiagnosis | null
    timestamp: number
  }) => void
  /** A worker failed in a way that somebody should look at. */
  'worker:error': (data: { workerId: string; error: ClusterError; timestamp: number }) => void
  /** A worker is replaced or started again. */
  'worker:restart': (data: { workerId: string; reason: string; timestamp: number }) => void
  /** All workers are ready and the public port is open. */
  'cluster:started': (data: { workerCount: number; timestamp: number }) => void
  /** The last worker is gone and the public port is free. */
  'cluster:stopped': (data: { timestamp: number }) => void
  /** The number of workers was changed. `reason` says by which call, or what automatic scaling saw. */
  'cluster:scaled': (data: { oldCount: number; newCount: number; reason: string; timestamp: number }) => void
  /** Automatic scaling looked at the load. What it decided comes before it is done. */
  'autoscale:decision': (data: ScalingDecision) => void
  /** A worker has reached `memoryWarningThreshold` of its limit. Told again only after it was below. */
  'memory:warning': (data: MemoryLimitResult) => void
  /** A worker has reached `memoryCriticalThreshold` of its limit, or is above it. */
  'memory:critical': (data: MemoryLimitResult) => void
  /** A worker leaks; what speaks for it. */
  'memory:leak': (data: MemoryLeak) => void
  /** A worker near its limit has collected its garbage, as `garbageCollectionHint` asked for. */
  'memory:gc': (data: GarbageCollection) => void
  /** The health of the cluster as a whole changed. */
  'health:changed': (data: {
    status: ClusterHealth['status']
    details: ClusterHealth['details']
    timestamp: number
  }) => void
  /**
   * Every worker was given up (`ERR_ALL_WORKERS_FAILED`), and `processManagement.onAllFailed` is `'error'`. As with any
   * `EventEmitter`, an `error` without a listener is thrown: the master ends, and a service manager sees it.
   */
  error: (error: ClusterError) => void
  /** Fresh metrics, every `monitoring.metricsInterval`. */
  'metrics:updated': (data: { metrics: ClusterMetrics; timestamp: number }) => void
  /** A worker called `process.send(message)`. The arguments are those of `node:cluster`. */
  // biome-ignore lint/suspicious/noExplicitAny: whatever the app sends
  message: (worker: BunWorker, message: any) => void
}

/** {@link ClusterEvents} in the form in which `EventEmitter` wants it. */
export type ClusterEventMap = { [Name in keyof ClusterEvents]: Parameters<ClusterEvents[Name]> }
