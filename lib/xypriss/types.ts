/** What `createServer` of XyPriss becomes: its options and its app, with the cluster. */
import type { ClusterConfig } from '../config.js'
import type { ClusterEvents } from '../events.js'
import type { IPCResponse } from '../ipc.js'
import type { BunClusterMetrics, ClusterHealth, ScalingDecision } from '../metrics.js'
import type { BunWorker } from '../worker.js'

// biome-ignore lint/suspicious/noExplicitAny: what XyPriss has there is its own affair
export type Any = any

/** `cluster.config` of the options: the configuration of a cluster, and what only this adapter knows. */
export interface XyPrissClusterConfig extends ClusterConfig {
  /** Whether the app goes on in this one process when the cluster does not start. Default `false`. */
  fallback?: boolean
}

/** `cluster` of the options. */
export interface ClusterOptions {
  /** Whether there is a cluster. Default `false`, as in XyPriss. */
  enabled?: boolean
  config?: XyPrissClusterConfig
}

/** A worker, as it was at the moment of the call that gave it. */
export type WorkerInfo = Omit<BunWorker, 'send'>

/**
 * What an app has besides when it is clustered: in the master, and in every worker, where the master answers.
 *
 * In a worker, `scaleUp`, `scaleDown`, `autoScale`, `restartCluster` and `stopCluster` may concern the very worker that
 * asks, or wait for what does. They resolve there when they are done, or when this worker is told to go, whichever comes first: what it is doing is
 * finished before it leaves, so it must not wait for its own end.
 */
export interface ClusterMethods {
  /** Have `count` workers more; resolves when they are ready. Default 1. */
  scaleUp(count?: number): Promise<void>
  /** Have `count` workers less, but not less than one; resolves when they are gone. Default 1. */
  scaleDown(count?: number): Promise<void>
  /** Evaluate the load once and do what comes of it; resolves with what was decided and why. */
  autoScale(): Promise<ScalingDecision>
  /** Metrics of the cluster and of each worker, read now. */
  getClusterMetrics(): Promise<BunClusterMetrics>
  /** Health of the cluster and of each worker. */
  getClusterHealth(): Promise<ClusterHealth>
  /**
   * All workers. In a worker this is what the master last told: at every change of a worker, and with every answer of
   * the other methods.
   */
  getAllWorkers(): WorkerInfo[]
  /** How many workers suit this machine: one per processor, if memory suffices for them. */
  getOptimalWorkerCount(): Promise<number>
  /** Replace every worker without losing a request. */
  restartCluster(): Promise<void>
  /**
   * Stop the workers and close the port. In a worker that was told to go, by the master or by a signal, this concerns
   * that worker alone: it stops accepting and finishes its requests.
   *
   * @param graceful `false` does not wait for requests in flight. Default `true`.
   */
  stopCluster(graceful?: boolean): Promise<void>
  /** Send `message` to all workers, the one that asks included; they get it by `process.on('message')`. */
  broadcastToWorkers(message: Any): Promise<IPCResponse[]>
  /** Send `message` to any one worker. */
  sendToRandomWorker(message: Any): Promise<void>
  /** Listen for an event of the cluster. In a worker the master passes it on. */
  on<Name extends keyof ClusterEvents>(event: Name, listener: ClusterEvents[Name]): this
  /** Listen for the next event of that name. */
  once<Name extends keyof ClusterEvents>(event: Name, listener: ClusterEvents[Name]): this
  /** Listen no more. */
  off<Name extends keyof ClusterEvents>(event: Name, listener: ClusterEvents[Name]): this
}

type Create = (options?: Any, ...rest: Any[]) => Any
type IsAny<Type> = 0 extends 1 & Type ? true : false

/** The options of an app, with this cluster in place of XyPriss's own. */
export type ClusteredOptions<Options> =
  IsAny<Options> extends true
    ? { cluster?: ClusterOptions; [name: string]: Any }
    : Omit<NonNullable<Options>, 'cluster'> & { cluster?: ClusterOptions }

/** `CreateServer`, whose apps are clustered. The cluster's methods are there when the app's options enable it. */
export type Clustered<CreateServer extends Create> =
  IsAny<CreateServer> extends true
    ? (options?: ClusteredOptions<Any>) => ClusterMethods & Record<string, Any>
    : (options?: ClusteredOptions<Parameters<CreateServer>[0]>) => ClusterMethods & ReturnType<CreateServer>
