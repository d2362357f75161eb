/** Every name of the reference is there, with the documented signature. */
import type { EventEmitter } from 'node:events'
import type {
  AutoScalingConfig,
  BunClusterMetrics,
  BunWorker,
  ClusterConfig,
  ClusterEventMap,
  ClusterEvents,
  ClusterHealth,
  ClusterMetrics,
  ErrorHandlingConfig,
  HealthCheckConfig,
  IPCConfig,
  LoadBalancingConfig,
  MonitoringConfig,
  ProcessManagementConfig,
  ResilienceConfig,
  ResourceConfig,
  SecurityConfig,
} from 'xypriss-cluster'
import {
  type BunClusterManager,
  type buildCluster,
  type ClusterBuilder,
  type ClusterError,
  type ClusterFactory,
  ClusterState,
  type ConfigurationError,
  type createCluster,
  type DEFAULT_VALUES,
  type HealthCheckError,
  type ResourceExhaustionError,
  type RobustClusterManager,
  type WorkerCommunicationError,
  type WorkerStartupError,
  type WorkerState,
} from 'xypriss-cluster'
import type { Different, DifferentFluent, Equal, Expect, TakesPortBesides } from './equal.js'
import type * as Builder from './reference/builder.js'
import type * as Config from './reference/cluster-config.js'
import type * as Manager from './reference/cluster-manager.js'
import type { DEFAULT_VALUES as DefaultValues } from './reference/default-values.js'
import type * as Errors from './reference/errors.js'
import type * as Events from './reference/events.js'
import type * as Factory from './reference/factory.js'
import type * as Sections from './reference/sections.js'
import type * as States from './reference/states.js'

/** Events that the reference does not have. */
type OwnEvents =
  | 'error'
  | 'worker:exit'
  | 'message'
  | 'autoscale:decision'
  | 'memory:warning'
  | 'memory:critical'
  | 'memory:leak'
  | 'memory:gc'

/** A section inside of `resources`. */
type Of<Section extends { [Name in Key]?: unknown }, Key extends string> = NonNullable<Section[Key]>

export type Checks = [
  // The configuration. `critical` is a priority besides those of the reference; two sections have more fields.
  Expect<Equal<Different<Config.ClusterConfig, ClusterConfig>, never>>,
  Expect<
    Equal<
      Different<Sections.ResourceConfig, ResourceConfig>,
      'priorityLevel' | 'memoryManagement' | 'enforcement'
    >
  >,
  Expect<
    Equal<
      Different<Of<Sections.ResourceConfig, 'memoryManagement'>, Of<ResourceConfig, 'memoryManagement'>>,
      never
    >
  >,
  Expect<
    Equal<Different<Of<Sections.ResourceConfig, 'enforcement'>, Of<ResourceConfig, 'enforcement'>>, never>
  >,
  Expect<Equal<Required<ResourceConfig>['priorityLevel'], 'low' | 'normal' | 'high' | 'critical'>>,
  Expect<Equal<Different<Sections.ProcessManagementConfig, ProcessManagementConfig>, never>>,
  Expect<Equal<Different<Sections.HealthCheckConfig, HealthCheckConfig>, never>>,
  Expect<Equal<Different<Sections.AutoScalingConfig, AutoScalingConfig>, never>>,
  Expect<Equal<Required<ClusterConfig>['autoRestart'], boolean>>,
  Expect<Equal<Required<ClusterConfig>['maxRestarts'], number>>,
  Expect<Equal<Required<ClusterConfig>['healthCheckInterval'], number>>,
  Expect<Equal<Required<ClusterConfig>['resilience'], ResilienceConfig>>,
  // The sections that the reference names and does not spell out.
  Expect<Equal<Required<LoadBalancingConfig>['weights'], number[]>>,
  Expect<Equal<Required<LoadBalancingConfig>['stickySession'], boolean>>,
  Expect<Equal<Required<IPCConfig>['maxMessageSize'], string>>,
  Expect<Equal<Required<IPCConfig>['messageQueue'], { maxSize?: number; timeout?: number }>>,
  Expect<Equal<Required<MonitoringConfig>['logLevel'], 'error' | 'warn' | 'info' | 'debug' | 'trace'>>,
  Expect<Equal<Required<ErrorHandlingConfig>['uncaughtException'], 'restart' | 'log' | 'ignore'>>,
  Expect<Equal<Required<SecurityConfig>['encryptIPC'], boolean>>,
  // The manager.
  // `setIPCManager()` takes more than the reference says, see `messages.ts`.
  Expect<Equal<Different<Manager.BunClusterManager, BunClusterManager, EventEmitter>, 'setIPCManager'>>,
  Expect<
    Equal<
      ConstructorParameters<typeof BunClusterManager>,
      ConstructorParameters<typeof Manager.BunClusterManager>
    >
  >,
  Expect<BunClusterManager extends EventEmitter ? true : false>,
  Expect<Equal<RobustClusterManager, BunClusterManager>>,
  Expect<Equal<typeof RobustClusterManager, typeof BunClusterManager>>,
  Expect<Equal<BunClusterManager['state'], `${ClusterState}`>>,
  // Events: what a listener of the reference reads is there.
  Expect<Equal<keyof Events.ClusterEvents, Exclude<keyof ClusterEvents, OwnEvents>>>,
  Expect<Events.ClusterEvents extends Omit<ClusterEvents, OwnEvents> ? true : false>,
  Expect<Equal<ClusterEventMap['worker:started'][0]['port'], number>>,
  Expect<Equal<ClusterEventMap['metrics:updated'][0]['metrics'], ClusterMetrics>>,
  Expect<Equal<ClusterMetrics, BunClusterMetrics>>,
  // The factory and the builder. Where one creates a manager, a port may be named.
  Expect<
    Equal<
      Different<Factory.ClusterFactory, ClusterFactory>,
      'create' | 'createWithDefaults' | 'createForEnvironment'
    >
  >,
  Expect<TakesPortBesides<Factory.ClusterFactory['create'], ClusterFactory['create']>>,
  Expect<
    TakesPortBesides<Factory.ClusterFactory['createWithDefaults'], ClusterFactory['createWithDefaults']>
  >,
  Expect<
    TakesPortBesides<Factory.ClusterFactory['createForEnvironment'], ClusterFactory['createForEnvironment']>
  >,
  Expect<Equal<typeof ClusterFactory.getInstance, () => ClusterFactory>>,
  Expect<Equal<DifferentFluent<Builder.ClusterBuilder, ClusterBuilder>, 'create'>>,
  Expect<TakesPortBesides<Builder.ClusterBuilder['create'], ClusterBuilder['create']>>,
  Expect<Equal<typeof buildCluster, () => ClusterBuilder>>,
  Expect<Equal<ReturnType<typeof createCluster>, RobustClusterManager>>,
  Expect<Equal<Parameters<typeof createCluster>, [config?: ClusterConfig, basePort?: number]>>,
  // Errors.
  Expect<Equal<Different<Errors.ClusterError, ClusterError>, never>>,
  Expect<
    Equal<
      ConstructorParameters<typeof ClusterError>,
      [...ConstructorParameters<typeof Errors.ClusterError>, options?: ErrorOptions]
    >
  >,
  Expect<Equal<Different<Errors.WorkerStartupError, WorkerStartupError>, never>>,
  Expect<Equal<Different<Errors.WorkerCommunicationError, WorkerCommunicationError>, never>>,
  Expect<Equal<Different<Errors.ResourceExhaustionError, ResourceExhaustionError>, never>>,
  Expect<Equal<Different<Errors.ConfigurationError, ConfigurationError>, never>>,
  Expect<Equal<Different<Errors.HealthCheckError, HealthCheckError>, never>>,
  // Constants.
  Expect<Equal<typeof DEFAULT_VALUES, typeof DefaultValues>>,
  Expect<Equal<keyof typeof WorkerState, keyof typeof States.WorkerState>>,
  Expect<Equal<`${WorkerState}`, `${States.WorkerState}`>>,
  Expect<Equal<keyof typeof ClusterState, keyof typeof States.ClusterState>>,
  Expect<Equal<`${ClusterState}`, `${States.ClusterState}`>>,
  Expect<Equal<BunWorker['status'], `${WorkerState}`>>,
  Expect<Equal<ClusterHealth['healthy'], boolean>>,
]

/** Events infer what they bring, and names that do not exist do not compile. */
export function listeners(cluster: BunClusterManager): void {
  cluster.on('worker:started', event => {
    const port: number = event.port
    // @ts-expect-error there is no such field
    return [port, event.prot]
  })
  cluster.on('worker:error', ({ error }) => error.message)
  cluster.once('health:changed', ({ status }) => status === 'degraded')
  cluster.on('cluster:scaled', ({ oldCount, newCount }) => newCount - oldCount)
  // @ts-expect-error a payload has a type
  cluster.emit('cluster:started', { workerCount: 'two', timestamp: 0 })
  if (cluster.state === ClusterState.RUNNING || cluster.state === 'scaling') cluster.stop()
}

/** Configurations of the wrong type do not compile. */
export const refused: ClusterConfig[] = [
  // @ts-expect-error a number or 'auto'
  { workers: 'many' },
  // @ts-expect-error no such field
  { wrokers: 2 },
  // @ts-expect-error no such strategy
  { loadBalancing: { strategy: 'fastest' } },
  // @ts-expect-error a text with a unit
  { resources: { maxMemoryPerWorker: 512 } },
]
