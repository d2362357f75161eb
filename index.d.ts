// Generated from lib/ by scripts/bundle-types.mjs. Do not edit.
import { EventEmitter } from 'node:events';
import type { NativeWorker } from './binding';

/** The cluster manager: the facade over the native core. It maps, emits and rethrows; decisions are native. */
/**
 * Runs a web app as N supervised worker processes behind one port, on Bun and on Node.js.
 *
 * The same script runs in the master and in every worker. In a worker the constructor and `start()` work as well
 * but start nothing, so a script never forks itself without end; `stop()` there stops this worker's own servers;
 * everything else is for the master and rejects with `ERR_NOT_MASTER`.
 */
export declare class BunClusterManager extends EventEmitter<ClusterEventMap> {
    #private;
    /**
     * Nothing is started before {@link start}.
     *
     * @param config What to run and how; `{}` for defaults.
     * @param basePort The port that clients connect to, 0 to 65 535. Workers get the free ports that follow it.
     * @throws {ConfigurationError} `ERR_CONFIGURATION`, with every problem in `details.problems`.
     */
    constructor(config: ClusterConfig, basePort: number);
    /** Whether this process is the one that runs the workers. */
    get isMaster(): boolean;
    /** Whether this process is one of the workers. */
    get isWorker(): boolean;
    /** The port that clients connect to; `null` while the cluster does not run. */
    get port(): number | null;
    /** What the cluster is doing; a worker lives only while its cluster runs. */
    get state(): `${ClusterState}`;
    /**
     * Start the workers and open the port; resolves when all workers are ready. While the cluster starts or runs,
     * every call gives the same promise.
     *
     * Rejects with `WorkerStartupError` when a worker does not become ready, `ERR_PORT_IN_USE` when the port is
     * taken; nothing is left running then. In a worker that no master of this package started: `ERR_NO_MASTER`.
     */
    start(): Promise<void>;
    /**
     * Stop the workers and close the port; resolves when the last process is gone. Calls while it stops give the
     * same promise; a call with `false` among them hastens it.
     *
     * @param graceful `false` does not wait for requests in flight. Default `true`.
     */
    stop(graceful?: boolean): Promise<void>;
    /**
     * Replace every worker without losing a request: successors are started and proven before their predecessors
     * leave. Rejects with `ERR_ROLLOUT_ABORTED` when a successor fails; the workers not yet replaced serve on.
     */
    restart(): Promise<void>;
    /**
     * Add one worker; resolves when it is ready.
     *
     * @param workerId Its id. Default: the lowest free `worker-<n>`.
     */
    spawnWorker(workerId?: string): Promise<BunWorker>;
    /**
     * Take one worker away; resolves when its process is gone.
     *
     * @param graceful `false` does not wait for its requests in flight. Default `true`.
     */
    stopWorker(workerId: string, graceful?: boolean): Promise<void>;
    /** Replace one worker, successor first; resolves when its old process is gone. */
    restartWorker(workerId: string): Promise<void>;
    /** Have exactly that many workers; resolves when they are ready, or gone. */
    scale(targetWorkerCount: number): Promise<void>;
    /** Have `count` workers more. Default 1. */
    scaleUp(count?: number): Promise<void>;
    /** Have `count` workers less, but not less than one. Default 1. */
    scaleDown(count?: number): Promise<void>;
    /**
     * Evaluate the load once by the rules of `autoScaling`, also while that is off, and do what comes of it. Resolves
     * when it is done, with what was decided and why; most often that is to leave all as it is.
     */
    autoScale(): Promise<ScalingDecision>;
    /** All workers, as they are now. */
    getWorkers(): BunWorker[];
    /** One worker, as it is now. */
    getWorkerById(workerId: string): BunWorker | undefined;
    /** Metrics of the cluster and of each worker, read now. */
    getMetrics(): Promise<BunClusterMetrics>;
    /** Health of the cluster and of each worker. */
    getHealth(): Promise<ClusterHealth>;
    /**
     * Lay `config` over the present configuration, field by field; `null` takes a field back to its default.
     * Resolves when it is in effect. It is checked whole before anything changes. Most fields are applied at once; where
     * workers are born with what changed, they are replaced, one after the other. If that fails, or a worker that
     * became necessary does not start, the old configuration is in effect again.
     */
    updateConfig(config: Partial<ClusterConfig>): Promise<void>;
    /** The configuration in effect, every default filled in. A copy; in a worker, of what its constructor was given. */
    getConfig(): ClusterConfig;
    /** Keep `ipcManager` told which workers there are, beginning with those that run now. */
    setIPCManager(ipcManager: IPCWorkerRegistry): void;
}

/** Another name of {@link BunClusterManager}: one class serves both runtimes. */
export declare const RobustClusterManager: typeof BunClusterManager;
/** Another name of {@link BunClusterManager}: one class serves both runtimes. */
export type RobustClusterManager = BunClusterManager;
/** Makes cluster managers, and configurations for them. */
export declare class ClusterFactory {
    #private;
    /** The one that all share. A factory keeps nothing, so another one would be as good. */
    static getInstance(): ClusterFactory;
    /**
     * A cluster manager, not started.
     *
     * @param basePort The port that clients connect to. Default 8085; workers get those that follow it.
     * @throws {ConfigurationError} `ERR_CONFIGURATION`, with every problem in `details.problems`.
     */
    create(config: ClusterConfig, basePort?: number): RobustClusterManager;
    /** A cluster manager with all defaults, on port 8085 unless `basePort` names another one. */
    createWithDefaults(basePort?: number): RobustClusterManager;
    /** A cluster manager with the preset of an environment, on port 8085 unless `basePort` names another one. */
    createForEnvironment(env: 'development' | 'production' | 'test', basePort?: number): RobustClusterManager;
    /** Whether a configuration can be used; if not, every reason, each beginning with the path of a field. */
    validateConfig(config: ClusterConfig): {
        valid: boolean;
        errors: string[];
    };
    /** What suits a kind of server on this machine: its preset, with workers and memory by what there is. */
    getRecommendedConfig(serverType: 'api' | 'web' | 'microservice' | 'worker'): ClusterConfig;
    /**
     * `override` laid over `base`, field by field; lists are replaced, and `null` takes a field back to its default.
     * Both are left as they are. Short forms such as `autoRestart` come out as the fields that they stand for.
     *
     * @throws {ConfigurationError} `ERR_CONFIGURATION`, when a field of either cannot be used.
     */
    mergeConfigs(base: ClusterConfig, override: Partial<ClusterConfig>): ClusterConfig;
    /** What suits any app on this machine, by the processors and the memory that this process may use. */
    getIntelligentDefaults(): ClusterConfig;
    /** The preset of an environment. */
    getEnvironmentConfig(env: 'development' | 'production' | 'test'): ClusterConfig;
}
/** A cluster manager, not started. The same as `ClusterFactory.getInstance().create(config, basePort)`. */
export declare function createCluster(config?: ClusterConfig, basePort?: number): RobustClusterManager;

/**
 * Builds a configuration. What is said later is laid over what was said before, and all of it over the preset of the
 * last `enable…Mode()`, whenever that was called.
 */
export declare class ClusterBuilder {
    #private;
    /** How many workers to run, or `'auto'`: one per processor. */
    withWorkers(count: number | 'auto'): ClusterBuilder;
    /** Health checks. */
    withHealthCheck(config: Partial<HealthCheckConfig>): ClusterBuilder;
    /** Automatic scaling. */
    withAutoScaling(config: Partial<AutoScalingConfig>): ClusterBuilder;
    /** How requests find their worker; `options` are further fields of `loadBalancing`. */
    withLoadBalancing(strategy: string, options?: any): ClusterBuilder;
    /** Metrics and logs. */
    withMonitoring(config: Partial<MonitoringConfig>): ClusterBuilder;
    /** Isolation of workers. */
    withSecurity(config: Partial<SecurityConfig>): ClusterBuilder;
    /** What requests may cost when workers fail. */
    withResilience(config: Partial<ResilienceConfig>): ClusterBuilder;
    /** Begin with the preset for a developer's own machine. */
    enableDevelopmentMode(): ClusterBuilder;
    /** Begin with the preset for where users are served. */
    enableProductionMode(): ClusterBuilder;
    /**
     * The configuration.
     *
     * @throws {ConfigurationError} `ERR_CONFIGURATION`, with every problem in `details.problems`.
     */
    build(): ClusterConfig;
    /**
     * A cluster manager with the configuration, not started.
     *
     * @param basePort The port that clients connect to. Default 8085.
     * @throws {ConfigurationError} As {@link build}.
     */
    create(basePort?: number): RobustClusterManager;
}
/** A builder with nothing said yet. */
export declare function buildCluster(): ClusterBuilder;

/**
 * The configuration as users write it. What it means, its defaults and its checks live in the native core, and this
 * file is generated from its table: `XYPRISS_UPDATE=1 cargo test reference`. Durations are in milliseconds.
 */
/** Configuration of a cluster. Every field is optional. */
export interface ClusterConfig {
    /** `false` is refused: an app that does not want a cluster should not create one. Default: `true`. */
    enabled?: boolean;
    /**
     * How many workers to run, or `'auto'`: one per processor that this process may use. A whole number, 1 to
     * 512, or `'auto'`. Default: `'auto'`.
     */
    workers?: number | 'auto';
    /** Short form of `processManagement.respawn`. Default: the long form. */
    autoRestart?: boolean;
    /**
     * Short form of `processManagement.maxRestarts`. A whole number, 0 to 1 000 000. Default: the long form.
     */
    maxRestarts?: number;
    /** Short form of `healthCheck.interval`. Milliseconds, 1 to 86 400 000. Default: the long form. */
    healthCheckInterval?: number;
    /** What each worker runs. Default: what the master itself was started with. */
    exec?: ExecConfig;
    /** Memory, processor time and priority of workers. */
    resources?: ResourceConfig;
    /** Life of a worker's process. */
    processManagement?: ProcessManagementConfig;
    /** Health checks. */
    healthCheck?: HealthCheckConfig;
    /** How requests find their worker. */
    loadBalancing?: LoadBalancingConfig;
    /** Messages between the master and its workers. */
    ipc?: IPCConfig;
    /** Automatic scaling. */
    autoScaling?: AutoScalingConfig;
    /** Metrics and logs. */
    monitoring?: MonitoringConfig;
    /** What is done about errors of the app. */
    errorHandling?: ErrorHandlingConfig;
    /** Isolation of workers. */
    security?: SecurityConfig;
    /** What requests may cost when workers fail. */
    resilience?: ResilienceConfig;
    /** What few need. */
    advanced?: AdvancedConfig;
}
/** What each worker runs. */
export interface ExecConfig {
    /**
     * The script, absolute or relative to the master's working directory. A path. Default: the master's own.
     */
    script?: string;
    /** Arguments after the script. Default: the master's own, or none when `script` is given. */
    args?: string[];
    /** Arguments of the runtime, before the script. Default: the master's own. */
    execArgv?: string[];
    /** Working directory. A path. Default: the master's. */
    cwd?: string;
    /** Variables added to the master's environment. Default: none. */
    env?: Record<string, string>;
}
/** Memory, processor time and priority of workers. */
export interface ResourceConfig {
    /**
     * Memory that a worker may have resident. Memory, such as `'512MB'`. Default: no limit. Accepted with a
     * warning: not acted on yet.
     */
    maxMemoryPerWorker?: string;
    /**
     * Processor time that a worker may take, in per cent of one core. Per cent, 0 to 51 200. Default: no limit.
     * Accepted with a warning: not acted on yet.
     */
    maxCpuPerWorker?: number;
    /**
     * How much workers matter to the operating system's scheduler. `'low'`, `'normal'`, `'high'`, `'critical'`.
     * Default: `'normal'`. Accepted with a warning: not acted on yet.
     */
    priorityLevel?: 'low' | 'normal' | 'high' | 'critical';
    /**
     * Files and sockets that a worker may have open. A whole number, 64 to 1 048 576. Default: the master's
     * own. Accepted with a warning: not acted on yet.
     */
    fileDescriptorLimit?: number;
    /** Memory of all workers. */
    memoryManagement?: MemoryManagementConfig;
    /** What is done about a worker that takes too much. */
    enforcement?: EnforcementConfig;
    /** What workers are tuned for. */
    performanceOptimization?: PerformanceOptimizationConfig;
}
/** Memory of all workers. */
export interface MemoryManagementConfig {
    /** Whether it is watched. Default: `true`. Accepted with a warning: not acted on yet. */
    enabled?: boolean;
    /**
     * What all workers may have together. Memory, such as `'512MB'`. Default: what the machine or container
     * has. Accepted with a warning: not acted on yet.
     */
    maxTotalMemory?: string;
    /**
     * Between two readings. Milliseconds, 1 to 86 400 000. Default: 30 000. Accepted with a warning: not acted
     * on yet.
     */
    memoryCheckInterval?: number;
    /**
     * From where on a warning is given, in per cent of the limit; below `memoryCriticalThreshold`. Per cent, 0
     * to 100. Default: 80. Accepted with a warning: not acted on yet.
     */
    memoryWarningThreshold?: number;
    /**
     * From where on something is done, in per cent of the limit. Per cent, 0 to 100. Default: 95. Accepted with
     * a warning: not acted on yet.
     */
    memoryCriticalThreshold?: number;
    /** Whether workers are watched for leaks. Default: `true`. Accepted with a warning: not acted on yet. */
    memoryLeakDetection?: boolean;
    /**
     * Whether workers near their limit are asked to collect garbage. It costs time that requests wait for.
     * Default: `false`. Accepted with a warning: not acted on yet.
     */
    garbageCollectionHint?: boolean;
    /**
     * What workers must leave free for others. Memory, such as `'512MB'`. Default: `'0B'`. Accepted with a
     * warning: not acted on yet.
     */
    memoryReservation?: string;
}
/** What is done about a worker that takes too much. */
export interface EnforcementConfig {
    /**
     * Whether the operating system enforces the limits as well. Default: `false`. Accepted with a warning: not
     * acted on yet.
     */
    enforceHardLimits?: boolean;
    /**
     * Whether a worker above its memory limit is killed at once rather than replaced. Default: `false`.
     * Accepted with a warning: not acted on yet.
     */
    killOnMemoryExceed?: boolean;
    /**
     * Whether a worker above its processor limit is killed at once rather than replaced. Default: `false`.
     * Accepted with a warning: not acted on yet.
     */
    killOnCpuExceed?: boolean;
}
/** What workers are tuned for. */
export interface PerformanceOptimizationConfig {
    /**
     * Smaller heaps, for more collections of garbage. Default: `false`. Accepted with a warning: not acted on
     * yet.
     */
    lowMemoryMode?: boolean;
    /**
     * Workers are kept on processors of their own. Default: `false`. Accepted with a warning: not acted on yet.
     */
    cpuOptimization?: boolean;
    /** Workers' files come first. Default: `false`. Accepted with a warning: not acted on yet. */
    ioOptimization?: boolean;
}
/** Life of a worker's process. */
export interface ProcessManagementConfig {
    /** Whether a dead worker is started again. Default: `true`. */
    respawn?: boolean;
    /** Restarts in a streak before a worker is given up. A whole number, 0 to 1 000 000. Default: 3. */
    maxRestarts?: number;
    /**
     * Wait before the first restart of a streak; later ones wait longer. Milliseconds, 0 to 86 400 000.
     * Default: 2 000.
     */
    restartDelay?: number;
    /** How long a worker may take to become ready. Milliseconds, 1 to 86 400 000. Default: 60 000. */
    startupTimeout?: number;
    /**
     * How long a worker may take to finish its requests and leave. Milliseconds, 0 to 86 400 000. Default: 30
     * 000.
     */
    gracefulShutdownTimeout?: number;
    /**
     * From SIGTERM to SIGKILL. Three times what PM2 gives, whose 1.6 s users find too short. Milliseconds, 0 to
     * 86 400 000. Default: 5 000.
     */
    killTimeout?: number;
    /** Whether SIGINT and SIGTERM of the master stop the cluster gracefully. Default: `true`. */
    handleSignals?: boolean;
    /**
     * Whether workers that are defunct or do not respond are looked for. Default: `true`. Accepted with a
     * warning: not acted on yet.
     */
    zombieDetection?: boolean;
    /**
     * Resident memory from which on a worker is replaced. Memory, such as `'512MB'`. Default: no threshold.
     * Accepted with a warning: not acted on yet.
     */
    memoryThreshold?: string;
    /**
     * Processor time from which on a worker is replaced, in per cent of one core. Per cent, 0 to 51 200.
     * Default: no threshold. Accepted with a warning: not acted on yet.
     */
    cpuThreshold?: number;
}
/** Health checks: a ping that the worker's JavaScript must answer. */
export interface HealthCheckConfig {
    /** Whether workers are checked. Default: `true`. */
    enabled?: boolean;
    /** Between two checks. Milliseconds, 1 to 86 400 000. Default: 30 000. */
    interval?: number;
    /** How long an answer may take; less than `interval`. Milliseconds, 1 to 86 400 000. Default: 10 000. */
    timeout?: number;
    /** Failures in a row that make a worker unhealthy. A whole number, 1 to 1 000 000. Default: 3. */
    maxFailures?: number;
    /**
     * A path of the app that is asked for besides, such as `'/health'`. A path such as `'/health'`. Default: no
     * request is made. Accepted with a warning: not acted on yet.
     */
    endpoint?: string;
    /**
     * Before a failed check is repeated. Milliseconds, 0 to 86 400 000. Default: 1 000. Accepted with a
     * warning: not acted on yet.
     */
    retryDelay?: number;
    /**
     * After a worker is ready, before its first check. Milliseconds, 0 to 86 400 000. Default: 0. Accepted with
     * a warning: not acted on yet.
     */
    gracePeriod?: number;
}
/** How requests find their worker. */
export interface LoadBalancingConfig {
    /**
     * Which worker takes a request. The fullest worker is never the right one to give more work.
     * `'round-robin'`, `'least-connections'`. Default: `'least-connections'`.
     */
    strategy?: 'round-robin' | 'least-connections';
    /**
     * The IP address that the public port is opened on, or `'localhost'`. An IP address, or `'localhost'`.
     * Default: the one that the app asked for, else all.
     */
    host?: string;
    /** Requests that wait because no worker is ready. */
    queue?: QueueConfig;
    /**
     * The share of each worker, first to last. A list of numbers, 0 to 1 000 000. Default: all the same.
     * Accepted with a warning: not acted on yet.
     */
    weights?: number[];
    /** Whether a client keeps its worker. Default: `false`. Accepted with a warning: not acted on yet. */
    stickySession?: boolean;
    /**
     * The cookie or header that tells clients apart. 1 to 256 characters. Default: the client's address.
     * Accepted with a warning: not acted on yet.
     */
    sessionAffinityKey?: string;
    /**
     * Failures in a row after which a worker is left alone. A whole number, 1 to 1 000 000. Default: 5.
     * Accepted with a warning: not acted on yet.
     */
    circuitBreakerThreshold?: number;
    /**
     * How long it is left alone. Milliseconds, 1 to 86 400 000. Default: 30 000. Accepted with a warning: not
     * acted on yet.
     */
    circuitBreakerTimeout?: number;
    /**
     * Whether unhealthy workers get no requests while there are others. Default: `true`. Accepted with a
     * warning: not acted on yet.
     */
    healthyOnly?: boolean;
}
/** Requests that wait because no worker is ready. */
export interface QueueConfig {
    /**
     * How many may wait; more are answered 503. Waiting requests hold memory and their clients' patience. A
     * whole number, 0 to 1 000 000. Default: 1 024.
     */
    maxSize?: number;
    /**
     * How long one may wait; then it is answered 503. Longer than a warm start, shorter than most clients'
     * patience. Milliseconds, 0 to 86 400 000. Default: 10 000.
     */
    timeout?: number;
}
/** Messages between the master and its workers. */
export interface IPCConfig {
    /** Whether there are any. Default: `true`. Accepted with a warning: not acted on yet. */
    enabled?: boolean;
    /**
     * A name that keeps the messages of this cluster apart from others. 1 to 256 characters. Default: none:
     * each worker has a channel of its own. Accepted with a warning: not acted on yet.
     */
    channel?: string;
    /**
     * Whether one message can go to all workers. Default: `true`. Accepted with a warning: not acted on yet.
     */
    broadcast?: boolean;
    /**
     * How long an answer may take. Milliseconds, 1 to 86 400 000. Default: 30 000. Accepted with a warning: not
     * acted on yet.
     */
    timeout?: number;
    /**
     * Between two signs of life. Milliseconds, 1 to 86 400 000. Default: 30 000. Accepted with a warning: not
     * acted on yet.
     */
    heartbeatInterval?: number;
    /**
     * The largest message. Memory, such as `'512MB'`. Default: `'1MB'`. Accepted with a warning: not acted on
     * yet.
     */
    maxMessageSize?: string;
    /** Whether large messages are compressed. Default: `false`. Accepted with a warning: not acted on yet. */
    compression?: boolean;
    /**
     * Whether messages are encrypted. Channels are inherited and nobody else's in any case. Default: `false`.
     * Accepted with a warning: not acted on yet.
     */
    encryption?: boolean;
    /**
     * How often a message that could not be sent is tried again. A whole number, 0 to 100. Default: 3. Accepted
     * with a warning: not acted on yet.
     */
    retryAttempts?: number;
    /**
     * Before it is tried again. Milliseconds, 0 to 86 400 000. Default: 100. Accepted with a warning: not acted
     * on yet.
     */
    retryDelay?: number;
    /** Messages that wait to be sent. */
    messageQueue?: MessageQueueConfig;
}
/** Messages that wait to be sent. */
export interface MessageQueueConfig {
    /**
     * How many may wait, for each worker. A whole number, 1 to 1 000 000. Default: 1 000. Accepted with a
     * warning: not acted on yet.
     */
    maxSize?: number;
    /**
     * How long one may wait. Milliseconds, 1 to 86 400 000. Default: 30 000. Accepted with a warning: not acted
     * on yet.
     */
    timeout?: number;
}
/** Automatic scaling. */
export interface AutoScalingConfig {
    /** Whether the number of workers follows the load. Default: `false`. */
    enabled?: boolean;
    /** The fewest. A whole number, 1 to 512. Default: 1. */
    minWorkers?: number;
    /**
     * The most; not below `minWorkers`. A whole number, 1 to 512. Default: one per processor, not below
     * `minWorkers` and `workers`.
     */
    maxWorkers?: number;
    /**
     * After a change, before the next. Counts from when the workers are there, or gone. Milliseconds, 0 to 86
     * 400 000. Default: 60 000.
     */
    cooldownPeriod?: number;
    /** The most workers that are added or removed at once. A whole number, 1 to 512. Default: 1. */
    scaleStep?: number;
    /** Between two looks at the load. Milliseconds, 1 to 86 400 000. Default: 10 000. */
    evaluationInterval?: number;
    /** When there are too few workers. One of these is enough. */
    scaleUpThreshold?: ScaleUpThresholdConfig;
    /** When there are too many workers. All of these are needed. */
    scaleDownThreshold?: ScaleDownThresholdConfig;
}
/** When there are too few workers. One of these is enough. */
export interface ScaleUpThresholdConfig {
    /** Processor time of the workers, in per cent of one core each. Per cent, 0 to 100. Default: 75. */
    cpu?: number;
    /**
     * Memory of the workers, in per cent of `resources.maxMemoryPerWorker`; not looked at without that. Per
     * cent, 0 to 100. Default: 80.
     */
    memory?: number;
    /** Mean time of a request. Milliseconds, 1 to 86 400 000. Default: 1 000. */
    responseTime?: number;
    /**
     * Requests that wait for a worker, or on a worker behind another request. A whole number, 1 to 1 000 000.
     * Default: 100.
     */
    queueLength?: number;
    /** Looks in a row that must agree. A whole number, 1 to 1 000. Default: 2. */
    consecutiveChecks?: number;
}
/** When there are too many workers. All of these are needed. */
export interface ScaleDownThresholdConfig {
    /**
     * Processor time of the workers, in per cent of one core each; below that of `scaleUpThreshold`. Per cent,
     * 0 to 100. Default: 30.
     */
    cpu?: number;
    /**
     * Memory of the workers, in per cent of `resources.maxMemoryPerWorker`, if there is that; below that of
     * `scaleUpThreshold`. Per cent, 0 to 100. Default: 50.
     */
    memory?: number;
    /**
     * How long at least one worker must have had nothing to do. Milliseconds, 0 to 86 400 000. Default: 60 000.
     */
    idleTime?: number;
    /**
     * Looks in a row that must agree. More than for scaling up: a worker too many costs less than one too few.
     * A whole number, 1 to 1 000. Default: 5.
     */
    consecutiveChecks?: number;
}
/** Metrics and logs. */
export interface MonitoringConfig {
    /** Whether `metrics:updated` is emitted. Default: `true`. */
    enabled?: boolean;
    /** Whether metrics are collected. Default: `true`. Accepted with a warning: not acted on yet. */
    collectMetrics?: boolean;
    /** Between two `metrics:updated`. Milliseconds, 1 to 86 400 000. Default: 60 000. */
    metricsInterval?: number;
    /**
     * How much is logged. `'error'`, `'warn'`, `'info'`, `'debug'`, `'trace'`. Default: `'info'`. Accepted with
     * a warning: not acted on yet.
     */
    logLevel?: 'error' | 'warn' | 'info' | 'debug' | 'trace';
    /**
     * Whether starts and ends of workers are logged. Default: `false`. Accepted with a warning: not acted on
     * yet.
     */
    logWorkerEvents?: boolean;
    /** Whether metrics are logged. Default: `false`. Accepted with a warning: not acted on yet. */
    logPerformance?: boolean;
}
/** What is done about errors of the app. */
export interface ErrorHandlingConfig {
    /**
     * About an exception that nobody caught. `'restart'`, `'log'`, `'ignore'`. Default: `'restart'`. Accepted
     * with a warning: not acted on yet.
     */
    uncaughtException?: 'restart' | 'log' | 'ignore';
    /**
     * About a promise whose rejection nobody handled. `'restart'`, `'log'`, `'ignore'`. Default: `'restart'`.
     * Accepted with a warning: not acted on yet.
     */
    unhandledRejection?: 'restart' | 'log' | 'ignore';
    /**
     * Errors in a minute after which a worker is replaced. A whole number, 1 to 1 000 000. Default: no
     * threshold. Accepted with a warning: not acted on yet.
     */
    errorThreshold?: number;
    /** What a worker leaves to its successor. */
    crashRecovery?: CrashRecoveryConfig;
}
/** What a worker leaves to its successor. */
export interface CrashRecoveryConfig {
    /** Whether anything is left. Default: `false`. Accepted with a warning: not acted on yet. */
    enabled?: boolean;
    /**
     * Whether the state that the app hands over is kept. Default: `false`. Accepted with a warning: not acted
     * on yet.
     */
    saveState?: boolean;
    /**
     * Where it is kept: `'memory'`, or a directory. A path. Default: `'memory'`. Accepted with a warning: not
     * acted on yet.
     */
    stateStorage?: string;
}
/** Isolation of workers. */
export interface SecurityConfig {
    /**
     * Whether workers see nothing of each other. Default: `false`. Accepted with a warning: not acted on yet.
     */
    isolateWorkers?: boolean;
    /**
     * Whether workers may touch only what they need. Default: `false`. Accepted with a warning: not acted on
     * yet.
     */
    sandboxMode?: boolean;
    /**
     * Whether the limits of `resources` are set in the operating system. Default: `false`. Accepted with a
     * warning: not acted on yet.
     */
    resourceLimits?: boolean;
    /**
     * Whether the number of processes that a worker can start is limited. Default: `false`. Accepted with a
     * warning: not acted on yet.
     */
    preventForkBombs?: boolean;
    /** Whether workers prove who they are. Default: `false`. Accepted with a warning: not acted on yet. */
    workerAuthentication?: boolean;
    /** As `ipc.encryption`. Default: `false`. Accepted with a warning: not acted on yet. */
    encryptIPC?: boolean;
}
/** What requests may cost when workers fail. */
export interface ResilienceConfig {
    /** Workers that fail are left alone for a while. */
    circuitBreaker?: CircuitBreakerConfig;
    /** How many requests may be under way. */
    bulkhead?: BulkheadConfig;
    /** How long things may take. */
    timeout?: TimeoutConfig;
    /** Requests that are sent again. */
    retryPolicy?: RetryPolicyConfig;
}
/** Workers that fail are left alone for a while. */
export interface CircuitBreakerConfig {
    /** Whether they are. Default: `false`. Accepted with a warning: not acted on yet. */
    enabled?: boolean;
    /**
     * Failures in a row that open the circuit. A whole number, 1 to 1 000 000. Default: 5. Accepted with a
     * warning: not acted on yet.
     */
    failureThreshold?: number;
    /**
     * From there until a request is let through to see. Milliseconds, 1 to 86 400 000. Default: 30 000.
     * Accepted with a warning: not acted on yet.
     */
    recoveryTimeout?: number;
    /**
     * Requests that are let through to see. A whole number, 1 to 1 000 000. Default: 1. Accepted with a
     * warning: not acted on yet.
     */
    halfOpenRequests?: number;
}
/** How many requests may be under way. */
export interface BulkheadConfig {
    /** Whether there is a limit. Default: `false`. Accepted with a warning: not acted on yet. */
    enabled?: boolean;
    /**
     * At once, for each worker. A whole number, 1 to 1 000 000. Default: 1 000. Accepted with a warning: not
     * acted on yet.
     */
    maxConcurrentRequests?: number;
    /**
     * How many more may wait. A whole number, 0 to 1 000 000. Default: 1 024. Accepted with a warning: not
     * acted on yet.
     */
    queueSize?: number;
}
/** How long things may take. */
export interface TimeoutConfig {
    /** Whether these hold. Default: `false`. Accepted with a warning: not acted on yet. */
    enabled?: boolean;
    /**
     * From a request to the head of its response. Milliseconds, 1 to 86 400 000. Default: 60 000. Accepted with
     * a warning: not acted on yet.
     */
    requestTimeout?: number;
    /**
     * One health check. Milliseconds, 1 to 86 400 000. Default: 10 000. Accepted with a warning: not acted on
     * yet.
     */
    healthCheckTimeout?: number;
}
/** Requests that are sent again. */
export interface RetryPolicyConfig {
    /**
     * Whether waits between tries follow these rules. Default: `false`. Accepted with a warning: not acted on
     * yet.
     */
    enabled?: boolean;
    /**
     * Tries after the first. A whole number, 0 to 100. Default: 2. Accepted with a warning: not acted on yet.
     */
    maxRetries?: number;
    /**
     * How the waits grow. `'linear'`, `'exponential'`, `'constant'`. Default: `'exponential'`. Accepted with a
     * warning: not acted on yet.
     */
    backoffStrategy?: 'linear' | 'exponential' | 'constant';
    /**
     * The first wait. Milliseconds, 0 to 86 400 000. Default: 100. Accepted with a warning: not acted on yet.
     */
    baseDelay?: number;
    /**
     * The longest; not below `baseDelay`. Milliseconds, 0 to 86 400 000. Default: 5 000. Accepted with a
     * warning: not acted on yet.
     */
    maxDelay?: number;
}
/** What few need. */
export interface AdvancedConfig {
    /** How workers are replaced. */
    deployment?: DeploymentConfig;
}
/** How workers are replaced. */
export interface DeploymentConfig {
    /**
     * Whether they are replaced one after the other rather than all at once. Default: `true`. Accepted with a
     * warning: not acted on yet.
     */
    rollingUpdates?: boolean;
    /**
     * How many may be missing meanwhile. A whole number, 0 to 512. Default: 0. Accepted with a warning: not
     * acted on yet.
     */
    maxUnavailable?: number;
    /**
     * How many may be there too many meanwhile. A whole number, 0 to 512. Default: 1. Accepted with a warning:
     * not acted on yet.
     */
    maxSurge?: number;
    /**
     * How long a successor must have been well before its predecessor goes. Milliseconds, 0 to 86 400 000.
     * Default: 0. Accepted with a warning: not acted on yet.
     */
    healthCheckGracePeriod?: number;
}

/** A worker as users see it. */
/** A worker, as it was at the moment of the call that gave it; ask again to see what became of it. */
export interface BunWorker extends NativeWorker {
}

/** What a worker is doing, as `BunWorker.status` has it. */
export declare enum WorkerState {
    /** It has not proved that it is ready. */
    STARTING = "starting",
    /** It takes requests. */
    RUNNING = "running",
    /** It was told to go. */
    STOPPING = "stopping",
    /** It is dead, and not to be started again. */
    STOPPED = "stopped",
    /** It was given up: it died too often. */
    ERROR = "error"
}
/** What a cluster is doing, as `BunClusterManager.state` has it. */
export declare enum ClusterState {
    /** `start()` was called; no worker has been started yet. */
    INITIALIZING = "initializing",
    /** The first workers are starting. */
    STARTING = "starting",
    /** The public port is open. */
    RUNNING = "running",
    /** It runs, and the number of its workers is being changed. */
    SCALING = "scaling",
    /** Requests finish, workers leave. */
    STOPPING = "stopping",
    /** It was not started, or was stopped. */
    STOPPED = "stopped",
    /** The start failed, or every worker was given up. */
    ERROR = "error"
}
/** Defaults of the configuration, in milliseconds but for the count of restarts. */
export declare const DEFAULT_VALUES: {
    /** `processManagement.startupTimeout` */
    readonly WORKER_TIMEOUT: 60000;
    /** `healthCheck.interval` */
    readonly HEALTH_CHECK_INTERVAL: 30000;
    /** `healthCheck.timeout` */
    readonly HEALTH_CHECK_TIMEOUT: 10000;
    /** `processManagement.restartDelay` */
    readonly RESTART_DELAY: 2000;
    /** `processManagement.maxRestarts` */
    readonly MAX_RESTARTS: 3;
    /** `processManagement.gracefulShutdownTimeout` */
    readonly GRACEFUL_SHUTDOWN_TIMEOUT: 30000;
    /** `ipc.timeout` */
    readonly IPC_TIMEOUT: 30000;
    /** `resources.memoryManagement.memoryCheckInterval` */
    readonly MEMORY_CHECK_INTERVAL: 30000;
    /** `monitoring.metricsInterval` */
    readonly METRICS_INTERVAL: 60000;
};

/** What `getMetrics()` and `getHealth()` give. */
/** Metrics of a cluster and of each of its workers, read at `timestamp`. */
export interface BunClusterMetrics {
    /** Workers there are, in whatever state. */
    totalWorkers: number;
    /** Workers that take requests. */
    activeWorkers: number;
    /** Requests since the cluster was started. */
    totalRequests: number;
    /** Of these, those that failed or were answered with a 5xx status. */
    failedRequests: number;
    /** Requests per second since the reading before. */
    requestsPerSecond: number;
    /** Mean time from a request to the end of its response, in milliseconds. */
    averageResponseTime: number;
    /** `failedRequests` of `totalRequests`, 0 to 1. */
    errorRate: number;
    /** Requests that wait for a worker now. */
    queuedRequests: number;
    /** Requests that were answered 503 because no worker was ready in time. */
    rejectedRequests: number;
    /** Requests that were given to a second worker. */
    retriedRequests: number;
    /** Client connections that are open now. */
    openConnections: number;
    /** Resident memory of all workers, in bytes. */
    memoryUsage: number;
    /** Processor time of all workers, in percent of one core. */
    cpuUsage: number;
    /** The last change of the number of workers, by hand or by automatic scaling; `null` before there was one. */
    lastScalingAction: ScalingDecision | null;
    /** How often workers were replaced. */
    restartCount: number;
    /** Since the cluster was started, in milliseconds. */
    uptime: number;
    /** When this was read, in milliseconds since the epoch. */
    timestamp: number;
    /** Each worker. */
    workers: BunWorkerMetrics[];
}
/** A change of the number of workers, or what automatic scaling decided. */
export interface ScalingDecision {
    /** `hold` leaves all as it is; a change that was made is never `hold`. */
    action: 'up' | 'down' | 'hold';
    /** Workers before. */
    from: number;
    /** Workers after. */
    to: number;
    /** Why, in words and numbers. */
    reason: string;
    /** When, in milliseconds since the epoch. */
    timestamp: number;
}
/** The name that the event payloads use. */
export type ClusterMetrics = BunClusterMetrics;
/** Metrics of one worker. What needs a process is `null` while it has none. */
export interface BunWorkerMetrics {
    /** The id of its slot. */
    id: string;
    /** Its process id. */
    pid: number | null;
    /** The port that it listens on, on 127.0.0.1. */
    port: number;
    /** What it is doing. */
    status: BunWorker['status'];
    /** Whether it answers its health checks. */
    health: BunWorker['health']['status'];
    /** How often its process was replaced. */
    restarts: number;
    /** Since its process was started, in milliseconds. */
    uptime: number | null;
    /** Requests that the present process was given. */
    requests: number;
    /** Of these, those that failed or were answered with a 5xx status. */
    failedRequests: number;
    /** Mean time of a request, in milliseconds. */
    averageResponseTime: number;
    /** Requests that it is working on. */
    activeRequests: number;
    /** Resident memory, in bytes. */
    memoryUsage: number | null;
    /** Processor time, in percent of one core. */
    cpuUsage: number | null;
}
/** Health of a cluster. */
export interface ClusterHealth {
    /** Whether every worker serves. */
    healthy: boolean;
    /** `degraded`: some workers do not serve; `critical`: none does. */
    status: 'healthy' | 'degraded' | 'critical';
    /** Each worker, by its id. */
    details: Record<string, WorkerHealthDetails>;
}
/** Why a worker is healthy or not. */
export interface WorkerHealthDetails {
    /** Whether it serves. */
    status: 'healthy' | 'unhealthy';
    /** What it is doing. */
    state: BunWorker['status'];
    /** Checks that failed since the last one that passed. */
    consecutiveFailures: number;
    /** When it was last checked, in milliseconds since the epoch; 0 before that. */
    lastCheck: number;
    /** Why it does not serve; `null` when it does. */
    reason: string | null;
}

/** The events of a cluster. Every `timestamp` is in milliseconds since the epoch. */
/** Name of an event → its listener. */
export interface ClusterEvents {
    /** A worker proved that it is ready and takes requests. */
    'worker:started': (data: {
        workerId: string;
        port: number;
        pid: number | null;
        timestamp: number;
    }) => void;
    /** A worker that was asked to stop is gone. */
    'worker:stopped': (data: {
        workerId: string;
        timestamp: number;
    }) => void;
    /** The process of a worker ended, asked for or not. `reason` says why in words. */
    'worker:exit': (data: {
        workerId: string;
        exitCode: number | null;
        signal: NodeJS.Signals | null;
        reason: string;
        timestamp: number;
    }) => void;
    /** A worker failed in a way that somebody should look at. */
    'worker:error': (data: {
        workerId: string;
        error: ClusterError;
        timestamp: number;
    }) => void;
    /** A worker is replaced or started again. */
    'worker:restart': (data: {
        workerId: string;
        reason: string;
        timestamp: number;
    }) => void;
    /** All workers are ready and the public port is open. */
    'cluster:started': (data: {
        workerCount: number;
        timestamp: number;
    }) => void;
    /** The last worker is gone and the public port is free. */
    'cluster:stopped': (data: {
        timestamp: number;
    }) => void;
    /** The number of workers was changed. `reason` says by which call, or what automatic scaling saw. */
    'cluster:scaled': (data: {
        oldCount: number;
        newCount: number;
        reason: string;
        timestamp: number;
    }) => void;
    /** Automatic scaling looked at the load. What it decided comes before it is done. */
    'autoscale:decision': (data: ScalingDecision) => void;
    /** The health of the cluster as a whole changed. */
    'health:changed': (data: {
        status: ClusterHealth['status'];
        details: ClusterHealth['details'];
        timestamp: number;
    }) => void;
    /** Fresh metrics, every `monitoring.metricsInterval`. */
    'metrics:updated': (data: {
        metrics: ClusterMetrics;
        timestamp: number;
    }) => void;
}
/** {@link ClusterEvents} in the form in which `EventEmitter` wants it. */
export type ClusterEventMap = {
    [Name in keyof ClusterEvents]: Parameters<ClusterEvents[Name]>;
};

/** The error classes of the package, and the way of a native failure into one of them. */
/**
 * The base of every error that this package makes. Branch on `code`, never on `message`: codes are stable,
 * messages may be improved.
 */
export declare class ClusterError extends Error {
    /** What went wrong, in Node's form, such as `ERR_WORKER_NOT_FOUND`. */
    readonly code?: string;
    /** The facts behind the message, such as `workerId`, `exitCode` or `stderr`; which ones depends on `code`. */
    readonly details?: any;
    /** When it was made, in milliseconds since the epoch. */
    readonly timestamp: number;
    constructor(message: string, code?: string, details?: any, options?: ErrorOptions);
}
/** A worker could not be started, ended or stayed silent before it was ready, or was given up. */
export declare class WorkerStartupError extends ClusterError {
}
/** The channel between the master and a worker failed, or was asked for what it cannot carry. */
export declare class WorkerCommunicationError extends ClusterError {
}
/** The machine refused a resource: a port, a process, a descriptor. */
export declare class ResourceExhaustionError extends ClusterError {
}
/** A configuration or an argument cannot be used. `details.problems` lists every problem of a configuration. */
export declare class ConfigurationError extends ClusterError {
}
/** A worker failed its health checks. */
export declare class HealthCheckError extends ClusterError {
}
/** A failure as the addon describes it. */
interface NativeFailure {
    code: string;
    message: string;
    details?: unknown;
}
/** The error of the right class for a native failure. */
export declare function toClusterError({ code, message, details }: NativeFailure, options?: ErrorOptions): ClusterError;
/**
 * Rethrow what the addon threw or rejected with as the class that users know, and with a JavaScript stack: a
 * promise that is settled from Rust carries none. Anything else passes through.
 */
export declare function rethrow(cause: unknown): never;

/** What the cluster manager needs of an IPC manager. */
/** Told which workers there are, so that it can reach them. */
export interface IPCWorkerRegistry {
    /** A worker is ready. Called again with the same id when its process was replaced. */
    registerWorker(workerId: string, worker: BunWorker): void;
    /** A worker is gone. */
    unregisterWorker(workerId: string): void;
}
