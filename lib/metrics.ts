/** What `getMetrics()` and `getHealth()` give. */
import type { BunWorker } from './worker.js'

/** Metrics of a cluster and of each of its workers, read at `timestamp`. */
export interface BunClusterMetrics {
  /** Workers there are, in whatever state. */
  totalWorkers: number
  /** Workers that take requests. */
  activeWorkers: number
  /** Requests since the cluster was started. */
  totalRequests: number
  /** Of these, those that failed or were answered with a 5xx status. */
  failedRequests: number
  /** Requests per second since the reading before. */
  requestsPerSecond: number
  /** Mean time from a request to the head of its response, in milliseconds. */
  averageResponseTime: number
  /** Of all requests so far, from a request to the head of its response; waiting for a worker is in them. */
  responseTimes: ResponseTimes
  /** `failedRequests` of `totalRequests`, 0 to 1. */
  errorRate: number
  /** Requests that wait for a worker now. */
  queuedRequests: number
  /** Requests that were answered 503 because no worker was ready in time. */
  rejectedRequests: number
  /** Requests that were given to a second worker. */
  retriedRequests: number
  /** Client connections, or threads with all of theirs, that ended by a fault of the balancer itself. */
  proxyPanics: number
  /** Client connections that are open now. */
  openConnections: number
  /** Memory of all workers, in bytes. Pages that they share are counted once where the kernel tells of them. */
  memoryUsage: number
  /** Processor time of all workers, in percent of one core. */
  cpuUsage: number
  /** The last change of the number of workers, by hand or by automatic scaling; `null` before there was one. */
  lastScalingAction: ScalingDecision | null
  /** How often workers were replaced. */
  restartCount: number
  /** Since the cluster was started, in milliseconds. */
  uptime: number
  /** When this was read, in milliseconds since the epoch. */
  timestamp: number
  /** Each worker. */
  workers: BunWorkerMetrics[]
}

/** A change of the number of workers, or what automatic scaling decided. */
export interface ScalingDecision {
  /** `hold` leaves all as it is; a change that was made is never `hold`. */
  action: 'up' | 'down' | 'hold'
  /** Workers before. */
  from: number
  /** Workers after. */
  to: number
  /** Why, in words and numbers. */
  reason: string
  /** When, in milliseconds since the epoch. */
  timestamp: number
}

/** The name that the event payloads use. */
export type ClusterMetrics = BunClusterMetrics

/** Times that this part of all responses did not exceed, in milliseconds, to 2 %; `null` while there are none. */
export interface ResponseTimes {
  p50: number | null
  p95: number | null
  p99: number | null
}

/** Metrics of one worker. What needs a process is `null` while it has none. */
export interface BunWorkerMetrics {
  /** The id of its slot. */
  id: string
  /** Its process id. */
  pid: number | null
  /** The port that it listens on, on 127.0.0.1. */
  port: number
  /** What it is doing. */
  status: BunWorker['status']
  /** Whether it answers its health checks. */
  health: BunWorker['health']['status']
  /** How often its process was replaced. */
  restarts: number
  /** Since its process was started, in milliseconds. */
  uptime: number | null
  /** Requests that the present process was given. */
  requests: number
  /** Of these, those that failed or were answered with a 5xx status. */
  failedRequests: number
  /** Requests per second since the reading before. */
  requestsPerSecond: number
  /** Mean time of a request, in milliseconds. */
  averageResponseTime: number
  /** Of all requests of the present process, from giving one to it to the head of its response. */
  responseTimes: ResponseTimes
  /** Requests that it is working on. */
  activeRequests: number
  /** Resident memory, in bytes, shared pages counted whole. */
  memoryUsage: number | null
  /** The same with each shared page counted by its share, at most 10 s old; `null` where the kernel does not tell. */
  sharedMemoryUsage: number | null
  /** Processor time, in percent of one core. */
  cpuUsage: number | null
  /** What its JavaScript holds, in bytes, at most a second old; `null` until it has told, soon after it serves. */
  heap: { heapTotal: number; heapUsed: number; external: number; arrayBuffers: number } | null
  /**
   * Garbage collections since it was started, and the milliseconds that they took. On Bun `time` is `null`, and
   * several collections in one turn of the event loop count as one.
   */
  garbageCollection: { count: number; time: number | null } | null
  /** Its event loop. */
  eventLoop: {
    /** Part of the last second that it was busy, 0 to 1; on Bun the part that it was on a processor. `null` if unknown. */
    utilization: number | null
    /** How much later than due it came round, in milliseconds, since the reading before. */
    delay: { mean: number | null; p99: number | null; max: number | null }
    /** Whether it turns. `false`: its process runs, or is stopped, and its JavaScript does not get on. */
    responsive: boolean | null
  } | null
}

/** Health of a cluster. */
export interface ClusterHealth {
  /** Whether every worker serves. */
  healthy: boolean
  /** `degraded`: some workers do not serve; `critical`: none does. */
  status: 'healthy' | 'degraded' | 'critical'
  /** Each worker, by its id. */
  details: Record<string, WorkerHealthDetails>
}

/** Why a worker is healthy or not. */
export interface WorkerHealthDetails {
  /** Whether it serves. */
  status: 'healthy' | 'unhealthy'
  /** What it is doing. */
  state: BunWorker['status']
  /** Checks that failed since the last one that passed. */
  consecutiveFailures: number
  /** When it was last checked, in milliseconds since the epoch; 0 before that. */
  lastCheck: number
  /** Why it does not serve, or how it failed its last check; `null` when it is well. */
  reason: string | null
  /** The last process of it that hung and was killed for that; `null` if none did. */
  lastHang: WorkerHang | null
}

/** A process that hung. */
export interface WorkerHang {
  pid: number | null
  /** How that showed, and where it hung. */
  reason: string
  /** What was found out before it was killed; `null` with `healthCheck.diagnosticTimeout: 0`. */
  diagnosis: HangDiagnosis | null
  /** When it was gone, in milliseconds since the epoch. */
  timestamp: number
}

/** Where a worker hung. */
export interface HangDiagnosis {
  /** The calls of its JavaScript that had not returned, innermost first; empty where the runtime does not tell. */
  stack: HangFrame[]
  /** Why there is no stack; `null` if there is one. */
  noStack: string | null
  /** What the operating system said of its main thread. */
  thread: {
    /** `running`: it computed; `sleeping`: it waited in a call; `uninterruptible`: for a device; `stopped`: by a signal. */
    state: 'running' | 'sleeping' | 'uninterruptible' | 'stopped' | 'ended' | 'unknown'
    /** Its part of one processor, in per cent, just before it was asked. */
    cpu: number | null
    /** The function of the kernel that it slept in. */
    waitsIn: string | null
    /** The number of the system call that it was in. */
    systemCall: number | null
  }
}

/** A call in a script. Line and column count from 1. */
export interface HangFrame {
  /** Empty for a function without a name. */
  function: string
  /** A path or URL; empty for code without a file. */
  script: string
  line: number
  column: number
}
