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
export type * from './metrics.js'
export type { BunWorker } from './worker.js'
