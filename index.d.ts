// Generated from lib/ by scripts/bundle-types.mjs. Do not edit.
import type { NativeWorker } from './binding';
import { EventEmitter } from 'node:events';

/**
 * Runs a web app as N supervised worker processes behind one port, on Bun and on Node.js.
 *
 * The same script runs in the master and in every worker. In a worker the constructor and `start()` work as well
 * but start nothing, so a script never forks itself without end; `stop()` there stops this worker's own servers;
 * everything else is for the master and rejects with `ERR_NOT_MASTER`.
 */
export declare class BunClusterManager extends AudienceEmitter<ClusterEventMap> {
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
     * leave, as many at a time as `advanced.deployment` says. Rejects with `ERR_ROLLOUT_ABORTED` when a successor fails; the
     * workers not yet replaced serve on.
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
     * workers are born with what changed, they are replaced as by `restart()`. If that fails, or a worker that
     * became necessary does not start, the old configuration is in effect again.
     */
    updateConfig(config: Partial<ClusterConfig>): Promise<void>;
    /** The configuration in effect, every default filled in. A copy; in a worker, of what its constructor was given. */
    getConfig(): ClusterConfig;
    /** Keep `ipcManager` told which workers there are, beginning with those that run now. */
    setIPCManager(ipcManager: IPCWorkerRegistry): void;
    protected audienceChanged(): void;
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
    /** The script, absolute or relative to `cwd`. A path. Default: the master's own. */
    script?: string;
    /** Arguments after the script. Default: the master's own, or none when `script` is given. */
    args?: string[];
    /** Arguments of the runtime, before the script. Default: the master's own. */
    execArgv?: string[];
    /** Working directory. A path. Default: the master's. */
    cwd?: string;
    /** Variables added to the master's environment. Default: none. */
    env?: Record<string, string>;
    /**
     * The port that the app itself asks for, where that is not the cluster's: the server that listens there is
     * the public one. See `docs/ports.md`. A whole number, 1 to 65 535. Default: the cluster's own, or `PORT`
     * of the worker's environment.
     */
    port?: number;
    /**
     * Ports that are not balanced: each worker has one of its own, the port that the app asks for plus the
     * number of the worker less one, or the next that is free. For pages of metrics of each worker. A list of
     * whole numbers, 1 to 65 535. Default: none.
     */
    privatePorts?: number[];
}
/** Memory, processor time and priority of workers. */
export interface ResourceConfig {
    /**
     * Memory that a worker may have resident. One that has reached `memoryCriticalThreshold` of it is replaced.
     * Memory, such as `'512MB'`. Default: no limit.
     */
    maxMemoryPerWorker?: string;
    /**
     * Processor time that a worker may take, in per cent of one core. One that takes more is replaced. Per
     * cent, 0 to 51 200. Default: no limit.
     */
    maxCpuPerWorker?: number;
    /**
     * How much workers matter to the operating system's scheduler: a nice value of 10, the master's own, -5 or
     * -10. Those above `normal` need the right to it. `'low'`, `'normal'`, `'high'`, `'critical'`. Default:
     * `'normal'`.
     */
    priorityLevel?: 'low' | 'normal' | 'high' | 'critical';
    /**
     * Files and sockets that a worker may have open. More than the master may have needs the right to it. A
     * whole number, 64 to 1 048 576. Default: the master's own.
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
    /** Whether it is watched, and limits of it enforced. Default: `true`. */
    enabled?: boolean;
    /**
     * What all workers may have together, shared pages counted once. At `memoryCriticalThreshold` of it the
     * largest worker is replaced. Memory, such as `'512MB'`. Default: what the machine or container has.
     */
    maxTotalMemory?: string;
    /**
     * Between two readings, of memory and of processor time. Milliseconds, 1 to 86 400 000. Default: 30 000.
     */
    memoryCheckInterval?: number;
    /**
     * From where on `memory:warning` is emitted, in per cent of the limit; below `memoryCriticalThreshold`. Per
     * cent, 0 to 100. Default: 80.
     */
    memoryWarningThreshold?: number;
    /**
     * From where on `memory:critical` is emitted and something is done, in per cent of the limit. Per cent, 0
     * to 100. Default: 95.
     */
    memoryCriticalThreshold?: number;
    /** Whether workers are watched for leaks. One that leaks is told by `memory:leak`. Default: `true`. */
    memoryLeakDetection?: boolean;
    /** How leaks are looked for. At the default interval a judgement takes 42 minutes. */
    leakDetection?: LeakDetectionConfig;
    /**
     * Whether workers near their limit are asked to collect garbage. It costs time that requests wait for.
     * Default: `false`.
     */
    garbageCollectionHint?: boolean;
    /**
     * What workers must leave free for others. While less is, the largest worker is replaced. Memory, such as
     * `'512MB'`. Default: `'0B'`.
     */
    memoryReservation?: string;
}
/** How leaks are looked for. At the default interval a judgement takes 42 minutes. */
export interface LeakDetectionConfig {
    /**
     * Readings of a new worker that say nothing of it: it loads modules and fills caches. A whole number, 0 to
     * 1 000 000. Default: 20.
     */
    warmUpSamples?: number;
    /** Readings of which the lowest counts. A whole number, 1 to 1 000 000. Default: 4. */
    windowSamples?: number;
    /** Such lowest ones that a judgement needs. A whole number, 8 to 1 000 000. Default: 16. */
    minima?: number;
    /**
     * A leak that takes longer to reach the limit is not told. Milliseconds, 1 to 86 400 000. Default: 86 400
     * 000.
     */
    horizon?: number;
    /**
     * Whether a worker that leaks is replaced when it reaches `memoryWarningThreshold`, rather than at its
     * limit. Default: `false`.
     */
    recycle?: boolean;
}
/** What is done about a worker that takes too much. */
export interface EnforcementConfig {
    /** Both of the following, looked at ten times a second. Default: `false`. */
    enforceHardLimits?: boolean;
    /**
     * Whether a worker above `maxMemoryPerWorker` is killed at once, requests and all. Looked at once a second.
     * Default: `false`.
     */
    killOnMemoryExceed?: boolean;
    /**
     * Whether a worker above `maxCpuPerWorker` for a second is killed at once, requests and all. Default:
     * `false`.
     */
    killOnCpuExceed?: boolean;
    /**
     * Readings in a row above a limit after which a worker is replaced. A whole number, 1 to 1 000. Default: 3.
     */
    consecutiveChecks?: number;
}
/** What workers are tuned for. */
export interface PerformanceOptimizationConfig {
    /**
     * Smaller heaps, for more collections of garbage: `--smol` on Bun, `--optimize-for-size` and small new
     * spaces on Node.js. Default: `false`.
     */
    lowMemoryMode?: boolean;
    /**
     * Each worker is kept on one processor of its own, as far as there are enough. Linux only. Default:
     * `false`.
     */
    cpuOptimization?: boolean;
    /** Workers' files come before those of other processes of the same kind. Linux only. Default: `false`. */
    ioOptimization?: boolean;
}
/** Life of a worker's process. */
export interface ProcessManagementConfig {
    /** Whether a dead worker is started again. Default: `true`. */
    respawn?: boolean;
    /**
     * Restarts in a row of a worker that does not become ready, or dies within `minUptime`, before it is given
     * up. One that served is brought back without end. A whole number, 0 to 1 000 000. Default: 3.
     */
    maxRestarts?: number;
    /**
     * Wait before the first restart; later ones wait longer, up to five minutes, and half a minute of uptime
     * takes one step back. Milliseconds, 0 to 86 400 000. Default: 2 000.
     */
    restartDelay?: number;
    /**
     * A worker that dies sooner after it was ready has not started well, unless a request of a client was in
     * its hands. Milliseconds, 0 to 86 400 000. Default: 1 000.
     */
    minUptime?: number;
    /**
     * What happens when every worker is given up: `'error'` emits the event `error`, which ends a master that
     * does not listen to it, as with any `EventEmitter`; `'stay'` keeps the port open and answers 503.
     * `'error'`, `'stay'`. Default: `'error'`.
     */
    onAllFailed?: 'error' | 'stay';
    /** How long a worker may take to become ready. Milliseconds, 1 to 86 400 000. Default: 60 000. */
    startupTimeout?: number;
    /**
     * Whether `process.send('ready')` alone makes a worker ready, as with `wait_ready` of PM2. Otherwise the
     * first of that and a server that listens does. Default: `false`.
     */
    waitReady?: boolean;
    /**
     * How long a worker may take to finish its requests and leave. Milliseconds, 0 to 86 400 000. Default: 30
     * 000.
     */
    gracefulShutdownTimeout?: number;
    /**
     * The signal by which the app is asked to end: `'SIGINT'` for apps written for PM2. `'SIGTERM'`,
     * `'SIGINT'`, `'SIGQUIT'`, `'SIGHUP'`, `'SIGUSR2'`. Default: `'SIGTERM'`.
     */
    killSignal?: 'SIGTERM' | 'SIGINT' | 'SIGQUIT' | 'SIGHUP' | 'SIGUSR2';
    /**
     * Whether the app is asked to end by the message `'shutdown'` instead, as with `shutdown_with_message` of
     * PM2. An app that does not listen to messages gets the signal. Default: `false`.
     */
    shutdownWithMessage?: boolean;
    /**
     * From the signal to SIGKILL. Three times what PM2 gives, whose 1.6 s users find too short. Milliseconds, 0
     * to 86 400 000. Default: 5 000.
     */
    killTimeout?: number;
    /** Whether SIGINT and SIGTERM of the master stop the cluster gracefully. Default: `true`. */
    handleSignals?: boolean;
    /**
     * Whether workers that are defunct, stopped or blocked are looked for by their beats, without a question;
     * see `healthCheck.aliveTimeout` and `responsiveTimeout`. Default: `true`.
     */
    zombieDetection?: boolean;
    /** Resident memory from which on a worker is replaced. Memory, such as `'512MB'`. Default: no threshold. */
    memoryThreshold?: string;
    /**
     * Processor time from which on a worker is replaced, in per cent of one core. Per cent, 0 to 51 200.
     * Default: no threshold.
     */
    cpuThreshold?: number;
    /**
     * Requests after which a worker is replaced, up to a tenth earlier so that workers are not all due at once.
     * A whole number, 1 to 1 000 000 000. Default: no limit.
     */
    maxRequestsPerWorker?: number;
    /**
     * Age at which a worker is replaced, up to a tenth earlier so that workers are not all due at once.
     * Milliseconds, 1 000 to 86 400 000. Default: no limit.
     */
    maxWorkerLifetime?: number;
}
/** Health checks: a ping that the worker's JavaScript must answer, and a request where an endpoint is given. */
export interface HealthCheckConfig {
    /** Whether workers are checked. One that fails gets no more requests and is replaced. Default: `true`. */
    enabled?: boolean;
    /**
     * Between two checks; each varies by a tenth, so that workers are not checked together. Milliseconds, 1 to
     * 86 400 000. Default: 30 000.
     */
    interval?: number;
    /** How long an answer may take; less than `interval`. Milliseconds, 1 to 86 400 000. Default: 10 000. */
    timeout?: number;
    /**
     * Failures in a row that make a worker unhealthy. Two checks passed in a row make it healthy again. A whole
     * number, 1 to 1 000 000. Default: 3.
     */
    maxFailures?: number;
    /**
     * A path of the app that is asked for besides, such as `'/health'`; it must answer 200 to 399. A path such
     * as `'/health'`. Default: no request is made.
     */
    endpoint?: string;
    /**
     * Before a failed check is repeated; never longer than `interval`. Milliseconds, 0 to 86 400 000. Default:
     * 1 000.
     */
    retryDelay?: number;
    /**
     * After a worker is ready, before it is checked; the first check comes within an `interval` after it.
     * Milliseconds, 0 to 86 400 000. Default: 0.
     */
    gracePeriod?: number;
    /**
     * How long a native thread of a worker, which beats once a second, may be silent: then the process is
     * stopped or defunct. Milliseconds, 3 000 to 86 400 000. Default: 10 000.
     */
    aliveTimeout?: number;
    /**
     * How long the JavaScript of a worker, which beats twice a second, may be silent: then its event loop is
     * blocked. Milliseconds, 3 000 to 86 400 000. Default: 30 000.
     */
    responsiveTimeout?: number;
    /** Pages of the cluster as a whole, for a platform that probes it. */
    aggregate?: AggregateConfig;
    /**
     * How long it may take to find out where a worker hangs, before it is killed; 0 kills it at once.
     * Milliseconds, 0 to 86 400 000. Default: 1 000.
     */
    diagnosticTimeout?: number;
}
/** Pages of the cluster as a whole, for a platform that probes it. They have a port of their own, so that no route of the app is ever hidden. */
export interface AggregateConfig {
    /** Their port. A whole number, 1 to 65 535. Default: there are none. */
    port?: number;
    /**
     * The address that they are served on. An IP address, or `'localhost'`. Default: every address of the
     * machine.
     */
    host?: string;
    /**
     * The path that is answered 200 while the data plane turns, else 503. A path such as `'/health'`. Default:
     * `'/health/live'`.
     */
    live?: string;
    /**
     * The path that is answered 200 while at least one worker takes requests, else 503. A path such as
     * `'/health'`. Default: `'/health/ready'`.
     */
    ready?: string;
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
     * The peers whose word on a client counts: those that end TLS, or spread requests over machines. From any
     * other peer, `X-Forwarded-*`, `Forwarded` and `X-Real-IP` are replaced by what the connection itself says.
     * `'none'`, `'loopback'`, `'private'`, an IP address, a block such as `'10.0.0.0/8'`, or a list of these.
     * Default: `'loopback'`.
     */
    trustedProxies?: string | string[];
    /** How long the heads of requests and of answers may be. More is answered 431, or 502. */
    limits?: HeadLimitsConfig;
    /**
     * How long clients and workers may be silent. Streams of events and WebSockets may be as long as they like.
     */
    timeouts?: TrafficTimeoutsConfig;
    /** Protocols that a connection may change to by an `Upgrade`; HTTP/2 never. Default: `websocket`. */
    upgrades?: string[];
    /**
     * Whether `TRACE` reaches the app, whose answer repeats what proxies added to the request. Else it is
     * answered 405. Default: `false`.
     */
    allowTrace?: boolean;
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
/** How long the heads of requests and of answers may be. */
export interface HeadLimitsConfig {
    /** Most header fields of a request. A whole number, 1 to 10 000. Default: 1 000. */
    requestHeaders?: number;
    /**
     * Longest head of a request: its first line and all its headers. Node.js itself takes 16 KB. A size,
     * `'1KB'` to `'256MB'`. Default: `'64KB'`.
     */
    requestHeadSize?: string;
    /** Most header fields of an answer. A whole number, 1 to 10 000. Default: 1 000. */
    responseHeaders?: number;
    /** Longest head of an answer. A size, `'1KB'` to `'256MB'`. Default: `'256KB'`. */
    responseHeadSize?: string;
}
/** How long clients and workers may be silent; 0 is without end. */
export interface TrafficTimeoutsConfig {
    /**
     * A client that owes the head of a request, also between two requests. Its connection is closed. Load
     * balancers in front of the cluster have to give up idle connections first. Milliseconds, 0 to 86 400 000.
     * Default: 75 000.
     */
    requestHead?: number;
    /**
     * A client that owes the next part of a body. It is answered 408. Milliseconds, 0 to 86 400 000. Default:
     * 60 000.
     */
    requestBody?: number;
    /**
     * A worker that has a request and does not answer. The client is answered 504. Long polls, which say that
     * they wait, may. Milliseconds, 0 to 86 400 000. Default: 60 000.
     */
    responseHead?: number;
    /**
     * A worker that owes the next part of an answer. The answer is cut. Milliseconds, 0 to 86 400 000. Default:
     * 60 000.
     */
    responseBody?: number;
    /**
     * A client that does not read its answer. Its connection is closed. Milliseconds, 0 to 86 400 000. Default:
     * 60 000.
     */
    clientRead?: number;
}
/** Messages between the master and its workers. */
export interface IPCConfig {
    /** Whether there are any. Default: `true`. */
    enabled?: boolean;
    /**
     * A name that keeps the messages of this cluster apart from others. 1 to 256 characters. Default: none:
     * each worker has a channel of its own. Accepted with a warning: not acted on yet.
     */
    channel?: string;
    /** Whether one message can go to all workers; if not, `broadcastToWorkers()` rejects. Default: `true`. */
    broadcast?: boolean;
    /** How long an answer may take. Milliseconds, 1 to 86 400 000. Default: 30 000. */
    timeout?: number;
    /**
     * Between two questions whether the other side still reads; 0 asks none. Milliseconds, 0 to 86 400 000.
     * Default: 30 000.
     */
    heartbeatInterval?: number;
    /** The largest message. A size, `'1KB'` to `'256MB'`. Default: `'1MB'`. */
    maxMessageSize?: string;
    /** Whether large messages are compressed. Default: `false`. */
    compression?: boolean;
    /**
     * Whether messages are encrypted. Channels are inherited and nobody else's in any case. Default: `false`.
     * Accepted with a warning: not acted on yet.
     */
    encryption?: boolean;
    /** How often a message that could not be sent is tried again. A whole number, 0 to 100. Default: 0. */
    retryAttempts?: number;
    /** Before it is tried again. Milliseconds, 0 to 86 400 000. Default: 100. */
    retryDelay?: number;
    /**
     * For how many microseconds to look for an answer before sleeping until it comes, where answers tend to
     * come at once; 0: not at all. A whole number, 0 to 1 000. Default: 100.
     */
    busyPoll?: number;
    /** Messages that wait to be sent. */
    messageQueue?: MessageQueueConfig;
}
/** Messages that wait to be sent. */
export interface MessageQueueConfig {
    /** How many may wait, for each worker. A whole number, 1 to 10 000 000. Default: 10 000. */
    maxSize?: number;
    /** How long one may wait. Milliseconds, 1 to 86 400 000. Default: 30 000. */
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
     * Whether they are replaced some at a time. Else all successors start at once, and take over together or
     * not at all: with twice the memory, nothing is mixed, and all is taken back. Default: `true`.
     */
    rollingUpdates?: boolean;
    /**
     * How many workers may be missing meanwhile; those are stopped before the new ones start. A share is
     * rounded down. A whole number, 0 to 512, or a share such as `'25%'`. Default: 0.
     */
    maxUnavailable?: number | `${number}%`;
    /**
     * How many processes more than workers there may be meanwhile, those that finish their requests included. A
     * share is rounded up. A whole number, 0 to 512, or a share such as `'25%'`. Default: 1.
     */
    maxSurge?: number | `${number}%`;
    /**
     * How long a successor must have been well before it takes over, and the first one again after that; with
     * 0, for one health check. Milliseconds, 0 to 86 400 000. Default: 0.
     */
    healthCheckGracePeriod?: number;
    /**
     * The time over which the WebSockets of a worker that goes are closed, each at a moment of its own.
     * Milliseconds, 0 to 86 400 000. Default: 2 000.
     */
    drainWindow?: number;
}

/** A worker as users see it. */
/** A worker, as it was at the moment of the call that gave it; ask again to see what became of it. */
export interface BunWorker extends NativeWorker {
    /**
     * Send `message`, JSON values, to listeners of `process.on('message')` in the worker, as with `node:cluster`.
     * `false` when the worker is slow to read. Throws a `WorkerCommunicationError`, or gives it to `callback`.
     */
    send(message: unknown, callback?: (error: Error | null) => void): boolean;
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
    /** Mean time from a request to the head of its response, in milliseconds. */
    averageResponseTime: number;
    /** Of all requests so far, from a request to the head of its response; waiting for a worker is in them. */
    responseTimes: ResponseTimes;
    /** `failedRequests` of `totalRequests`, 0 to 1. */
    errorRate: number;
    /** Requests that wait for a worker now. */
    queuedRequests: number;
    /** Requests that were answered 503 because no worker was ready in time. */
    rejectedRequests: number;
    /** Requests that were given to a second worker. */
    retriedRequests: number;
    /** Client connections, or threads with all of theirs, that ended by a fault of the balancer itself. */
    proxyPanics: number;
    /** Client connections that are open now. */
    openConnections: number;
    /** Memory of all workers, in bytes. Pages that they share are counted once where the kernel tells of them. */
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
/** Times that this part of all responses did not exceed, in milliseconds, to 2 %; `null` while there are none. */
export interface ResponseTimes {
    p50: number | null;
    p95: number | null;
    p99: number | null;
}
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
    /** Requests per second since the reading before. */
    requestsPerSecond: number;
    /** Mean time of a request, in milliseconds. */
    averageResponseTime: number;
    /** Of all requests of the present process, from giving one to it to the head of its response. */
    responseTimes: ResponseTimes;
    /** Requests that it is working on. */
    activeRequests: number;
    /** Resident memory, in bytes, shared pages counted whole. */
    memoryUsage: number | null;
    /** The same with each shared page counted by its share, at most 10 s old; `null` where the kernel does not tell. */
    sharedMemoryUsage: number | null;
    /** Processor time, in percent of one core. */
    cpuUsage: number | null;
    /** What its JavaScript holds, in bytes, at most a second old; `null` until it has told, soon after it serves. */
    heap: {
        heapTotal: number;
        heapUsed: number;
        external: number;
        arrayBuffers: number;
    } | null;
    /**
     * Garbage collections since it was started, and the milliseconds that they took. On Bun `time` is `null`, and
     * several collections in one turn of the event loop count as one.
     */
    garbageCollection: {
        count: number;
        time: number | null;
    } | null;
    /** Its event loop. */
    eventLoop: {
        /** Part of the last second that it was busy, 0 to 1; on Bun the part that it was on a processor. `null` if unknown. */
        utilization: number | null;
        /** How much later than due it came round, in milliseconds, since the reading before. */
        delay: {
            mean: number | null;
            p99: number | null;
            max: number | null;
        };
        /** Whether it turns. `false`: its process runs, or is stopped, and its JavaScript does not get on. */
        responsive: boolean | null;
    } | null;
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
    /** Why it does not serve, or how it failed its last check; `null` when it is well. */
    reason: string | null;
    /** The last process of it that hung and was killed for that; `null` if none did. */
    lastHang: WorkerHang | null;
}
/** A process that hung. */
export interface WorkerHang {
    pid: number | null;
    /** How that showed, and where it hung. */
    reason: string;
    /** What was found out before it was killed; `null` with `healthCheck.diagnosticTimeout: 0`. */
    diagnosis: HangDiagnosis | null;
    /** When it was gone, in milliseconds since the epoch. */
    timestamp: number;
}
/** Where a worker hung. */
export interface HangDiagnosis {
    /** The calls of its JavaScript that had not returned, innermost first; empty where the runtime does not tell. */
    stack: HangFrame[];
    /** Why there is no stack; `null` if there is one. */
    noStack: string | null;
    /** What the operating system said of its main thread. */
    thread: {
        /** `running`: it computed; `sleeping`: it waited in a call; `uninterruptible`: for a device; `stopped`: by a signal. */
        state: 'running' | 'sleeping' | 'uninterruptible' | 'stopped' | 'ended' | 'unknown';
        /** Its part of one processor, in per cent, just before it was asked. */
        cpu: number | null;
        /** The function of the kernel that it slept in. */
        waitsIn: string | null;
        /** The number of the system call that it was in. */
        systemCall: number | null;
    };
}
/** A call in a script. Line and column count from 1. */
export interface HangFrame {
    /** Empty for a function without a name. */
    function: string;
    /** A path or URL; empty for code without a file. */
    script: string;
    line: number;
    column: number;
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
        pid: number | null;
        exitCode: number | null;
        signal: NodeJS.Signals | null;
        reason: string;
        /** Of one that hung and was killed for that: where. `null` of every other. */
        diagnosis: HangDiagnosis | null;
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
    /** A worker has reached `memoryWarningThreshold` of its limit. Told again only after it was below. */
    'memory:warning': (data: MemoryLimitResult) => void;
    /** A worker has reached `memoryCriticalThreshold` of its limit, or is above it. */
    'memory:critical': (data: MemoryLimitResult) => void;
    /** A worker leaks; what speaks for it. */
    'memory:leak': (data: MemoryLeak) => void;
    /** A worker near its limit has collected its garbage, as `garbageCollectionHint` asked for. */
    'memory:gc': (data: GarbageCollection) => void;
    /** The health of the cluster as a whole changed. */
    'health:changed': (data: {
        status: ClusterHealth['status'];
        details: ClusterHealth['details'];
        timestamp: number;
    }) => void;
    /**
     * Every worker was given up (`ERR_ALL_WORKERS_FAILED`), and `processManagement.onAllFailed` is `'error'`. As with any
     * `EventEmitter`, an `error` without a listener is thrown: the master ends, and a service manager sees it.
     */
    error: (error: ClusterError) => void;
    /** Fresh metrics, every `monitoring.metricsInterval`. */
    'metrics:updated': (data: {
        metrics: ClusterMetrics;
        timestamp: number;
    }) => void;
    /** A worker called `process.send(message)`. The arguments are those of `node:cluster`. */
    message: (worker: BunWorker, message: any) => void;
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

/** Messages between master and workers: the types. The class is in `ipc-manager.ts`. */
/** Told which workers there are, so that it can reach them; a `BunIPCManager` is one. */
export interface IPCWorkerRegistry {
    /** A worker is ready. Called again with the same id when its process was replaced. */
    registerWorker(workerId: string, worker: BunWorker): void;
    /** A worker is gone. */
    unregisterWorker(workerId: string): void;
}
/** A message, as a handler gets it. */
export interface IPCMessage {
    /** Unique among the messages of its sender. */
    id: string;
    /** What it is about; decides which handler gets it. */
    type: string;
    /** What was sent: JSON values, or a `Uint8Array`. */
    data: any;
    /** When it was sent, in milliseconds since the epoch. */
    timestamp: number;
    /** Which side sent it. */
    from: 'master' | 'worker';
    /** The worker that it was sent to. */
    to?: string;
    /** The id that the answer will carry. */
    correlationId?: string;
    /** The worker that sent it, where one did. */
    workerId?: string;
}
/** The answer of one worker to a broadcast. */
export interface IPCResponse {
    /** Unique among the answers. */
    id: string;
    /** The id of the message that it answers. */
    correlationId: string;
    /** Whether the handler of the worker succeeded. */
    success: boolean;
    /** What it returned. */
    data?: any;
    /** Why it failed. */
    error?: string;
    /** When it came, in milliseconds since the epoch. */
    timestamp: number;
    /** Which worker it is from. */
    workerId?: string;
    /** The `code` of the error. */
    code?: string;
}
/** Settings of a manager. Those of a cluster's workers come from `ipc` of the cluster's configuration. */
export interface IPCOptions {
    /** Whether one message may go to all workers. Default `true`. */
    broadcast?: boolean;
    /** How long an answer may take, in milliseconds. Default 30 000. */
    timeout?: number;
    /** Between two questions whether a worker still reads, in milliseconds; 0 asks none. Default 30 000. */
    heartbeatInterval?: number;
    /** The largest message, `'1KB'` to `'256MB'`. Default `'1MB'`. */
    maxMessageSize?: string;
    /** Whether larger messages are compressed. Default `false`. */
    compression?: boolean;
    /** How often a message that was not accepted is tried again. Default 0. */
    retryAttempts?: number;
    /** Wait before each of these, in milliseconds. Default 100. */
    retryDelay?: number;
    /** For how long to look for an answer before sleeping until it comes, in microseconds; 0 to 1 000. Default 100. */
    busyPoll?: number;
    /** What may wait. */
    messageQueue?: {
        /** Requests to one process that wait for an answer, and requests that wait for a handler. Default 10 000. */
        maxSize?: number;
        /** How long a message may wait for a handler, in milliseconds. Default 30 000. */
        timeout?: number;
    };
}
/** Figures of a manager since it was made, over all processes that it has spoken to. */
export interface IPCStats {
    messages: {
        sent: number;
        received: number;
    };
    /** Payload and framing as written; what arrives is counted as it is read. */
    bytes: {
        sent: number;
        received: number;
    };
    /** Requests that were not answered or answered with an error, timeouts included. */
    failures: number;
    /** Requests that were not answered in time. */
    timeouts: number;
    /** What waits now. */
    queue: {
        requests: number;
        bytes: number;
        parked: number;
    };
    /** From when a request is sent to its answer, in milliseconds, within a tenth. */
    latency: {
        p50: number;
        p95: number;
        p99: number;
        max: number;
    };
}
/** How a process is to be started so that a manager can reach it, see `BunIPCManager.connectionFor`. */
export interface IPCConnection {
    /** To be added to its environment. */
    env: Record<string, string>;
    /** For `spawn` of Node.js and of Bun. */
    stdio: ('pipe' | 'inherit' | number)[];
}
/** Events of a manager. */
export interface IPCEvents {
    /** A request came, before its handler is called. */
    message: (message: IPCMessage) => void;
    /** A worker can be reached. */
    'worker:connected': (data: {
        workerId: string;
        timestamp: number;
    }) => void;
    /** A worker cannot be reached any more. */
    'worker:disconnected': (data: {
        workerId: string;
        error: ClusterError | null;
        timestamp: number;
    }) => void;
    /** A worker did not answer in time; `missed` counts heartbeats in a row. */
    'worker:timeout': (data: {
        workerId: string;
        missed: number;
        error: ClusterError | null;
        timestamp: number;
    }) => void;
    /** A line on stdout of a process that speaks lines, and no message. Without a listener it goes to our stdout. */
    log: (data: {
        workerId: string;
        line: string;
    }) => void;
    /** A channel broke. Without a listener, who waits is told all the same, and nothing is thrown. */
    error: (error: ClusterError, workerId: string) => void;
}
/** {@link IPCEvents} in the form in which `EventEmitter` wants it. */
export type IPCEventMap = {
    [Name in keyof IPCEvents]: Parameters<IPCEvents[Name]>;
};

/** The IPC manager: messages between a master and its workers, as apps send and answer them. */
type Any = any;
/**
 * Messages between a master and its workers: requests with answers, in both directions. In the master, give it to
 * `cluster.setIPCManager()`; in a worker it reaches the master by itself.
 *
 * All promises reject with a `WorkerCommunicationError` whose `code` says what happened, such as `ERR_IPC_TIMEOUT`.
 */
export declare class BunIPCManager extends EventEmitter<IPCEventMap> implements IPCWorkerRegistry {
    #private;
    /** @param options For processes that are registered by hand; a cluster's workers follow its configuration. */
    constructor(options?: IPCOptions);
    /**
     * Reach a worker from now on. A cluster calls it, and so may you for a process that you started: a Node.js
     * `ChildProcess` or a Bun `Subprocess`, best with {@link connectionFor}, else with pipes for stdin and stdout.
     */
    registerWorker(workerId: string, subprocess: Any): void;
    /** Reach a worker no more. What it was sent before may still be answered. */
    unregisterWorker(workerId: string): void;
    /**
     * How to start a process so that {@link registerWorker} can reach it: add `env` to its environment and give it
     * `stdio`. In the process, `new BunIPCManager()` finds the channel. With `'stdio'` the channel is stdin and stdout,
     * as lines of JSON.
     */
    connectionFor(workerId: string, transport?: 'fd' | 'stdio'): IPCConnection;
    /** Send to a worker; resolves with what its handler returns. In a worker, by way of the master. */
    sendToWorker(workerId: string, type: string, data: Any): Promise<Any>;
    /**
     * Send to all workers; resolves with an answer of each when all have answered or failed. Never rejects for one; with
     * `ipc.broadcast: false` it does so for all.
     */
    broadcastToWorkers(type: string, data: Any): Promise<IPCResponse[]>;
    /** Send to any of the workers that can be reached. */
    sendToRandomWorker(type: string, data: Any): Promise<Any>;
    /** Send to the master; resolves with what its handler returns. */
    sendToMaster(type: string, data: Any): Promise<Any>;
    /**
     * Answer messages of `type` with what `handler` returns, or with the error that it throws. Messages that came
     * before wait for it. Takes the place of the present handler.
     */
    registerHandler(type: string, handler: (message: IPCMessage) => Promise<Any>): void;
    /** Answer messages of `type` no more: they wait again. */
    unregisterHandler(type: string): void;
    /** How many of the registered workers can be reached. */
    getWorkerStats(): {
        total: number;
        alive: number;
        dead: number;
    };
    /** Figures since it was made. */
    getStats(): IPCStats;
    /** Answer and send no more, close the channels to processes that are not a cluster's, and forget everybody. */
    destroy(): void;
}

/** An emitter that knows whether anybody listens, so that nothing is done for nobody. */
/** Says soon after each time that a listener came or went. */
export declare abstract class AudienceEmitter<Events extends Record<keyof Events, unknown[]>> extends EventEmitter<Events> {
    #private;
    constructor();
    /** Listeners have come or gone. */
    protected abstract audienceChanged(): void;
    removeAllListeners(name?: Parameters<EventEmitter<Events>['removeAllListeners']>[0]): this;
}

/** `ProcessMonitor`: the facade over the native readings. It maps, emits and rethrows. */
/** The machine, as this process may use it: inside a container, its memory is that of the container. */
export interface SystemStats {
    /** Processors. */
    cpu: {
        /** Processors that this process may use: the smaller of its affinity and the quota of its container, rounded up. */
        cores: number;
        /** Per cent of all processors of the machine that were busy since the last reading, 0 to 100. */
        usage: number;
        /** Means of the processes that run or want to, over 1, 5 and 15 minutes. */
        loadAverage: number[];
    };
    /** Memory, in bytes. */
    memory: {
        total: number;
        /** Used for nothing at all. */
        free: number;
        /** `total` without what is available. */
        used: number;
        /** What a new process could have, caches that can be given up included. */
        available: number;
        /** `used` of `total`, 0 to 100. */
        usagePercentage: number;
    };
    /** Swap space, in bytes; all 0 where there is none. */
    swap: {
        total: number;
        free: number;
        used: number;
        usagePercentage: number;
    };
    /** Since the machine was started, in milliseconds. */
    uptime: number;
    /** When this was read, in milliseconds since the epoch. */
    timestamp: number;
}
/** One process. */
export interface ProcessStats {
    pid: number;
    /** Memory, in bytes. The heap is known of this process and of workers of clusters in it; absent for others. */
    memory: {
        /** Resident, shared pages counted whole. */
        rss: number;
        /** Address space. */
        vms: number;
        /** JavaScript heap that was taken from the system. */
        heapTotal?: number;
        /** JavaScript heap in use. */
        heapUsed?: number;
        /** Memory outside of the heap that JavaScript objects hold. */
        external?: number;
    };
    cpu: {
        /** Per cent of one core since the last reading of this process by this monitor: 200 is two cores. */
        usage: number;
        /** Of all its threads since it was started, in milliseconds. */
        totalTime: number;
    };
    threads: number;
    /** Open descriptors. */
    fileDescriptors: number;
    /** Since it was started, in milliseconds. */
    uptime: number;
    /** When this was read, in milliseconds since the epoch. */
    timestamp: number;
}
/** One process without what takes as long to find out as all the rest. */
export type BriefProcessStats = Omit<ProcessStats, 'threads' | 'fileDescriptors'>;
/** What `stats` tells of. */
export interface MonitorStats extends SystemStats {
    /** The processes that are watched. */
    processes: ProcessStats[];
}
/** Name of an event of a {@link ProcessMonitor} → its arguments. */
export interface ProcessMonitorEvents {
    /** A reading, every interval. */
    stats: [stats: MonitorStats];
    /** A watched process could not be read, most often because it has ended. It is not watched any more. */
    error: [error: ClusterError];
}
/**
 * Reads the machine and its processes, off the JavaScript thread. It never keeps the process alive, and nothing at
 * all runs between calls while nobody listens to it.
 *
 * ```js
 * const monitor = new ProcessMonitor()
 * const { cpu, memory } = await monitor.getProcessStats(process.pid)
 * ```
 */
export declare class ProcessMonitor extends AudienceEmitter<ProcessMonitorEvents> {
    #private;
    constructor();
    /** The machine, now. The first call takes a tenth of a second, so that the use of processors is a measured one. */
    getSystemStats(): Promise<SystemStats>;
    /**
     * One process, now. The first call for a process takes a tenth of a second, so that its processor time is a
     * measured one; later ones tell of the time since the last.
     *
     * Rejects with `ERR_PROCESS_NOT_FOUND` when there is no such process, `ERR_PROCESS_FORBIDDEN` when it may not be read.
     */
    getProcessStats(pid: number): Promise<ProcessStats>;
    /**
     * All of `pids` at once, in that order and much cheaper than one by one; those that cannot be read are left out.
     * With `brief`, threads and descriptors are left out, in two thirds of the time.
     */
    getProcessesStats(pids: number[], options?: {
        brief?: false;
    }): Promise<ProcessStats[]>;
    getProcessesStats(pids: number[], options: {
        brief: true;
    }): Promise<BriefProcessStats[]>;
    /** Have `stats` tell of process `pid`, too. Throws as {@link getProcessStats} rejects. */
    watch(pid: number): void;
    /** Have `stats` not tell of process `pid` any more. Says whether it did. */
    unwatch(pid: number): boolean;
    /**
     * Emit `stats` at an interval, as long as somebody listens. Another call changes the interval.
     *
     * @param interval In milliseconds, from 1 to a day. Default 5 000.
     */
    startMonitoring(interval?: number): void;
    /** Emit nothing any more, until the next {@link startMonitoring}. */
    stopMonitoring(): void;
    /** Stop monitoring for good and give everything back. Calls that ask for something fail with `ERR_DESTROYED`. */
    destroy(): void;
    protected audienceChanged(): void;
}

/** `MemoryManager`: the facade over the native policies. It maps, emits and rethrows. */
/** What a {@link MemoryManager} goes by: `resources.memoryManagement`, and `maxMemoryPerWorker`. All are optional. */
export interface MemoryConfig {
    /** Whether {@link MemoryManager.startMonitoring} does anything. Default `true`. */
    enabled?: boolean;
    /** What a worker may have resident, such as `'512MB'`. Default: its share of `maxTotalMemory`. */
    maxMemoryPerWorker?: string;
    /** What all workers may have together. Default: what the machine or container has. */
    maxTotalMemory?: string;
    /** Between two readings, in milliseconds. Default 30 000. */
    memoryCheckInterval?: number;
    /** From where on a warning is given, in per cent of the limit. Default 80. */
    memoryWarningThreshold?: number;
    /** From where on it is critical, in per cent of the limit. Default 95. */
    memoryCriticalThreshold?: number;
    /** Whether workers are watched for leaks. Default `true`. */
    memoryLeakDetection?: boolean;
    /** Whether workers above the warning threshold are asked to collect their garbage. Default `false`. */
    garbageCollectionHint?: boolean;
    /** What workers must leave free for others. Default `'0B'`. */
    memoryReservation?: string;
    /** How leaks are looked for. At the default interval a judgement takes 42 minutes. */
    leakDetection?: {
        /** Samples of a new worker that say nothing of it. Default 20. */
        warmUpSamples?: number;
        /** Samples of which the lowest counts. Default 4. */
        windowSamples?: number;
        /** Such lowest ones that a judgement needs, at least 8. Default 16. */
        minima?: number;
        /** A leak that takes longer to reach the limit is not told, in milliseconds, up to 24 hours. Default 24 hours. */
        horizon?: number;
    };
}
/** Memory of the machine, or of the container that this process is in, in bytes. */
export interface MemoryStats {
    totalMemory: number;
    /** Used for nothing at all. */
    freeMemory: number;
    /** `totalMemory` without what is available. */
    usedMemory: number;
    /** What a new process could have, caches that can be given up included. */
    availableMemory: number;
    /** `usedMemory` of `totalMemory`, 0 to 100. */
    usagePercentage: number;
    swapTotal: number;
    swapFree: number;
    /** Swap space in use, 0 to 100. */
    swapPercentage: number;
}
/** Memory of one worker, in bytes. */
export interface WorkerMemoryStats {
    workerId: string;
    pid: number;
    /** All but `rss` are known of workers of clusters in this process, soon after they serve; absent for others. */
    memoryUsage: {
        rss: number;
        heapTotal?: number;
        heapUsed?: number;
        external?: number;
        arrayBuffers?: number;
    };
    /** Per cent of one core since the last reading. */
    cpuUsage: number;
    /** Since its process was started, in milliseconds. */
    uptime: number;
    timestamp: number;
}
/** Where a worker stands against its limit. */
export interface MemoryLimitResult {
    workerId: string;
    /** Whether it is not above its limit. */
    withinLimits: boolean;
    /** `warning` and `critical` begin at their thresholds, `exceeded` above the limit. */
    level: 'ok' | 'warning' | 'critical' | 'exceeded';
    /** In bytes. */
    currentMemory: number;
    /** In bytes. */
    limit: number;
    /** `currentMemory` of `limit`; above 100 when it is exceeded. */
    usagePercentage: number;
    timestamp: number;
}
/** What speaks for a leak. Sizes are in bytes, times in milliseconds. */
export interface MemoryLeak {
    workerId: string;
    /** After the warm-up. */
    baseline: number;
    /** Lately, after garbage was collected. */
    currentMemory: number;
    growthPerHour: number;
    /** `null` where requests are not counted, or none came. */
    growthPerThousandRequests: number | null;
    /** Kendall's tau of memory over time: 1 is growth at every step. */
    confidence: number;
    /** How many lows were judged. */
    minima: number;
    /** The time between the first and the last of them. */
    observed: number;
    limit: number;
    /** When the limit is reached at this pace. */
    exhaustedIn: number;
    timestamp: number;
}
/** What a garbage collection brought. Sizes are in bytes, of heap and of what it holds outside. */
export interface GarbageCollection {
    workerId: string;
    pid: number;
    before: number;
    after: number;
    /** What came back. */
    freed: number;
    /** In milliseconds. */
    duration: number;
    timestamp: number;
}
/** Something that could be better. */
export interface MemoryRecommendation {
    /** What it is about; stable. */
    kind: 'repair-leak' | 'reduce-swapping' | 'raise-worker-limit' | 'add-workers' | 'reduce-workers';
    /** The worker that it is about; `null` when it is about all. */
    workerId: string | null;
    /** The number: of workers, or of bytes. */
    value: number;
    /** What to do and why, with the numbers. */
    message: string;
}
/** What could be better about memory, and what that was told from. Sizes are in bytes. */
export interface MemoryOptimizationResult {
    /** Most urgent first; empty when all is well. */
    recommendations: MemoryRecommendation[];
    optimalWorkerCount: number;
    currentWorkerCount: number;
    /** What one worker is taken to need. */
    memoryPerWorker: number;
    /** What there is for all workers. */
    memoryForWorkers: number;
    timestamp: number;
}
/** Name of an event of a {@link MemoryManager} → its arguments. */
export interface MemoryManagerEvents {
    /** A reading, every interval. */
    stats: [stats: {
        system: MemoryStats;
        workers: WorkerMemoryStats[];
        timestamp: number;
    }];
    /** A worker has reached the warning threshold. Told again only after it was below. */
    warning: [result: MemoryLimitResult];
    /** A worker has reached the critical threshold, or is above its limit. */
    critical: [result: MemoryLimitResult];
    /** A worker leaks. */
    leak: [evidence: MemoryLeak];
    /** A worker has collected its garbage, as it was asked to. */
    gc: [collection: GarbageCollection];
    /** A worker that was asked to collect its garbage did not. */
    error: [error: ClusterError];
}
/**
 * Knows the memory of workers: of those that it is asked of, and of all clusters in this process. It reads and judges
 * off the JavaScript thread, and never keeps the process alive.
 */
export declare class MemoryManager extends AudienceEmitter<MemoryManagerEvents> {
    #private;
    /** @throws {ConfigurationError} `ERR_CONFIGURATION`, with every problem in `details.problems`. */
    constructor(config?: MemoryConfig);
    /** Memory of the machine, or of the container that this process is in. */
    getSystemMemoryStats(): Promise<MemoryStats>;
    /**
     * Memory of the worker `workerId`, whose process is `pid`; the first call for a process takes a tenth of a second.
     * The worker is known from then on. Rejects with `ERR_PROCESS_NOT_FOUND` or `ERR_PROCESS_FORBIDDEN`.
     */
    getWorkerMemoryStats(workerId: string, pid: number): Promise<WorkerMemoryStats>;
    /** Where a worker with `currentMemory` bytes stands against its limit. */
    checkMemoryLimits(workerId: string, currentMemory: number): MemoryLimitResult;
    /**
     * Whether a worker leaks, told from the `currentMemory` of this and all earlier calls: call it at an even pace.
     * Monitoring looks for leaks by itself, and better, as it knows what garbage collections left.
     */
    detectMemoryLeak(workerId: string, currentMemory: number): boolean;
    /** What speaks for a leak in a worker; `null` when nothing does. */
    getLeakEvidence(workerId: string): MemoryLeak | null;
    /**
     * Have a worker of a cluster in this process collect its garbage; the event `gc` says how much came back. Its event
     * loop stands still meanwhile. Says whether it could be asked.
     */
    suggestGarbageCollection(workerId: string): boolean;
    /** How many workers to run: as many as there are processors, if memory suffices for them, but at least one. */
    calculateOptimalWorkerCount(systemStats?: MemoryStats): Promise<number>;
    /** What could be better, with the numbers and the reasons. */
    getMemoryOptimizationRecommendations(): Promise<MemoryOptimizationResult>;
    /**
     * Read and judge all workers at an interval. Another call changes the interval.
     *
     * @param interval In milliseconds, from 1 to a day. Default: `memoryCheckInterval`.
     */
    startMonitoring(interval?: number): void;
    /** Read nothing any more, until the next {@link startMonitoring}. */
    stopMonitoring(): void;
    /** Stop monitoring for good and give everything back. Calls that ask for something fail with `ERR_DESTROYED`. */
    destroy(): void;
    protected audienceChanged(): void;
}
