/** Names of states, and the defaults that have a public name. */
import { binding } from './binding.js'

/** What a worker is doing, as `BunWorker.status` has it. */
export enum WorkerState {
  /** It has not proved that it is ready. */
  STARTING = 'starting',
  /** It takes requests. */
  RUNNING = 'running',
  /** It was told to go. */
  STOPPING = 'stopping',
  /** It is dead, and not to be started again. */
  STOPPED = 'stopped',
  /** It was given up: it died too often. */
  ERROR = 'error',
}

/** What a cluster is doing, as `BunClusterManager.state` has it. */
export enum ClusterState {
  /** `start()` was called; no worker has been started yet. */
  INITIALIZING = 'initializing',
  /** The first workers are starting. */
  STARTING = 'starting',
  /** The public port is open. */
  RUNNING = 'running',
  /** It runs, and the number of its workers is being changed. */
  SCALING = 'scaling',
  /** Requests finish, workers leave. */
  STOPPING = 'stopping',
  /** It was not started, or was stopped. */
  STOPPED = 'stopped',
  /** The start failed, or every worker was given up. */
  ERROR = 'error',
}

/** Defaults of the configuration, in milliseconds but for the count of restarts. */
export const DEFAULT_VALUES = Object.freeze(binding.defaultValues()) as {
  /** `processManagement.startupTimeout` */
  readonly WORKER_TIMEOUT: 60000
  /** `healthCheck.interval` */
  readonly HEALTH_CHECK_INTERVAL: 30000
  /** `healthCheck.timeout` */
  readonly HEALTH_CHECK_TIMEOUT: 10000
  /** `processManagement.restartDelay` */
  readonly RESTART_DELAY: 2000
  /** `processManagement.maxRestarts` */
  readonly MAX_RESTARTS: 3
  /** `processManagement.gracefulShutdownTimeout` */
  readonly GRACEFUL_SHUTDOWN_TIMEOUT: 30000
  /** `ipc.timeout` */
  readonly IPC_TIMEOUT: 30000
  /** `resources.memoryManagement.memoryCheckInterval` */
  readonly MEMORY_CHECK_INTERVAL: 30000
  /** `monitoring.metricsInterval` */
  readonly METRICS_INTERVAL: 60000
}
