/** The public names of the package. */
export { buildCluster, ClusterBuilder } from './builder.js'
export { BunClusterManager } from './cluster.js'
export type * from './config.js'
export { ClusterState, DEFAULT_VALUES, WorkerState } from './constants.js'
export {
  ClusterError,
  ConfigurationError,
  HealthCheckError,
  ResourceExhaustionError,
  WorkerCommunicationError,
  WorkerStartupError,
} from './errors.js'
export type { ClusterEventMap, ClusterEvents } from './events.js'
export { ClusterFactory, createCluster, RobustClusterManager } from './factory.js'
export type * from './ipc.js'
export { BunIPCManager } from './ipc-manager.js'
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
  type BriefProcessStats,
  type MonitorStats,
  ProcessMonitor,
  type ProcessMonitorEvents,
  type ProcessStats,
  type SystemStats,
} from './process-monitor.js'
export type { BunWorker } from './worker.js'
