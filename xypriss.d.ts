/** Typings of the adapter for XyPriss. */
export type {
  ClusterEvents,
  Clustered,
  ClusteredOptions,
  ClusterMethods,
  ClusterOptions,
  WorkerInfo,
  XyPrissClusterConfig,
} from './dist/xypriss/index.js'
export { createServer, withCluster } from './dist/xypriss/index.js'
