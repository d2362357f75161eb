/** The public names of the package. */
export { BunClusterManager } from './cluster.js'
export type * from './config.js'
export {
  ClusterError,
  ConfigurationError,
  HealthCheckError,
  ResourceExhaustionError,
  WorkerCommunicationError,
  WorkerStartupError,
} from './errors.js'
export type { ClusterEventMap, ClusterEvents } from './events.js'
export type { IPCWorkerRegistry } from './ipc.js'
export type * from './metrics.js'
export {
  type MonitorStats,
  ProcessMonitor,
  type ProcessMonitorEvents,
  type ProcessStats,
  type SystemStats,
} from './process-monitor.js'
export type { BunWorker } from './worker.js'
