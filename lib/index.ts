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
export {
  type GarbageCollection,
  type MemoryConfig,
  type MemoryLeak,
  type MemoryLimitResult,
  MemoryManager,
  type MemoryManagerEvents,
  type MemoryOptimizationResult,
  type MemoryRecommendation,
  type MemoryStats,
  type WorkerMemoryStats,
} from './memory-manager.js'
export type * from './metrics.js'
export {
  type MonitorStats,
  ProcessMonitor,
  type ProcessMonitorEvents,
  type ProcessStats,
  type SystemStats,
} from './process-monitor.js'
export type { BunWorker } from './worker.js'
