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
    get state(): 'stopped' | 'starting' | 'running' | 'stopping';
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
     * Resolves when it is in effect.
     */
    updateConfig(config: Partial<ClusterConfig>): Promise<void>;
    /** The configuration in effect, every default filled in; in a worker, what its constructor was given. */
    getConfig(): ClusterConfig;
    /** Keep `ipcManager` told which workers there are, beginning with those that run now. */
    setIPCManager(ipcManager: IPCWorkerRegistry): void;
    protected audienceChanged(): void;
}

/**
 * The configuration as users write it. What it means, its defaults and its checks live in the native core; this
 * only names the fields. Durations are in milliseconds.
 */
/** Configuration of a cluster. Every field is optional. */
export interface ClusterConfig {
    /** `false` makes the constructor refuse: an app that does not want a cluster should not create one. */
    enabled?: boolean;
    /** How many workers to run, 1 to 512, or `'auto'`: one per processor that this process may use. Default `'auto'`. */
    workers?: number | 'auto';
    /** Short form of `processManagement.respawn`. */
    autoRestart?: boolean;
    /** Short form of `processManagement.maxRestarts`. */
    maxRestarts?: number;
    /** Short form of `healthCheck.interval`. */
    healthCheckInterval?: number;
    /** What each worker runs. Default: what the master itself was started with. */
    exec?: ExecConfig;
    /** Life of a worker's process. */
    processManagement?: ProcessManagementConfig;
    /** Health checks. */
    healthCheck?: HealthCheckConfig;
    /** How requests find their worker. */
    loadBalancing?: LoadBalancingConfig;
    /** Metrics. */
    monitoring?: MonitoringConfig;
    /** Accepted with a warning: not acted on yet. */
    resources?: ResourceConfig;
    /** Accepted with a warning: not acted on yet. */
    ipc?: IPCConfig;
    /** Accepted with a warning: not acted on yet. */
    autoScaling?: AutoScalingConfig;
    /** Accepted with a warning: not acted on yet. */
    errorHandling?: ErrorHandlingConfig;
    /** Accepted with a warning: not acted on yet. */
    security?: SecurityConfig;
}
/** What each worker runs. */
export interface ExecConfig {
    /** The script, absolute or relative to the master's working directory. Default: the master's own. */
    script?: string;
    /** Arguments after the script. Default: the master's own, or none when `script` is given. */
    args?: string[];
    /** Arguments of the runtime, before the script. Default: the master's own. */
    execArgv?: string[];
    /** Working directory. Default: the master's. */
    cwd?: string;
    /** Variables added to the master's environment. */
    env?: Record<string, string>;
}
/** Life of a worker's process. */
export interface ProcessManagementConfig {
    /** Whether a dead worker is started again. Default `true`. */
    respawn?: boolean;
    /** Restarts in a streak before a worker is given up. Default 3. */
    maxRestarts?: number;
    /** Wait before the first restart of a streak; later ones wait longer. Default 2 000. */
    restartDelay?: number;
    /** How long a worker may take to become ready. Default 60 000. */
    startupTimeout?: number;
    /** How long a worker may take to finish its requests and leave. Default 30 000. */
    gracefulShutdownTimeout?: number;
    /** From SIGTERM to SIGKILL. Default 5 000. */
    killTimeout?: number;
    /** Whether SIGINT and SIGTERM of the master stop the cluster gracefully. Default `true`. */
    handleSignals?: boolean;
    /** Accepted with a warning: not acted on yet. */
    zombieDetection?: boolean;
    /** Accepted with a warning: not acted on yet. */
    memoryThreshold?: string;
    /** Accepted with a warning: not acted on yet. */
    cpuThreshold?: number;
}
/** Health checks: a ping that the worker's JavaScript must answer. */
export interface HealthCheckConfig {
    /** Whether workers are checked. Default `true`. */
    enabled?: boolean;
    /** Between two checks. Default 30 000. */
    interval?: number;
    /** How long an answer may take; less than `interval`. Default 10 000. */
    timeout?: number;
    /** Failures in a row that make a worker unhealthy. Default 3. */
    maxFailures?: number;
    /** Accepted with a warning: not acted on yet. */
    endpoint?: string;
    /** Accepted with a warning: not acted on yet. */
    retryDelay?: number;
    /** Accepted with a warning: not acted on yet. */
    gracePeriod?: number;
}
/** How requests find their worker. */
export interface LoadBalancingConfig {
    /** Which worker takes a request. Default `'least-connections'`. */
    strategy?: 'least-connections' | 'round-robin';
    /** The IP address that the public port is opened on. Default: the one that the app asked for, else all. */
    host?: string;
    /** Requests that wait because no worker is ready. */
    queue?: QueueConfig;
}
/** Requests that wait because no worker is ready. */
export interface QueueConfig {
    /** How many may wait; more are answered 503. Default 1 024. */
    maxSize?: number;
    /** How long one may wait; then it is answered 503. Default 10 000. */
    timeout?: number;
}
/** Metrics. */
export interface MonitoringConfig {
    /** Whether `metrics:updated` is emitted. Default `true`. */
    enabled?: boolean;
    /** Between two `metrics:updated`. Default 60 000. */
    metricsInterval?: number;
    /** Accepted with a warning: not acted on yet. */
    collectMetrics?: boolean;
    /** Accepted with a warning: not acted on yet. */
    logLevel?: string;
}
/** Resource limits. Sizes are strings such as `'512MB'`. */
export interface ResourceConfig {
    maxMemoryPerWorker?: string;
    maxCpuPerWorker?: number;
    priorityLevel?: 'low' | 'normal' | 'high';
    memoryManagement?: {
        enabled?: boolean;
        maxTotalMemory?: string;
        memoryCheckInterval?: number;
        memoryWarningThreshold?: number;
        memoryCriticalThreshold?: number;
        memoryLeakDetection?: boolean;
        garbageCollectionHint?: boolean;
        memoryReservation?: string;
    };
    enforcement?: {
        enforceHardLimits?: boolean;
        killOnMemoryExceed?: boolean;
        killOnCpuExceed?: boolean;
    };
    performanceOptimization?: {
        lowMemoryMode?: boolean;
        cpuOptimization?: boolean;
        ioOptimization?: boolean;
    };
}
/** Automatic scaling. */
export interface AutoScalingConfig {
    enabled?: boolean;
    minWorkers?: number;
    maxWorkers?: number;
    cooldownPeriod?: number;
    scaleStep?: number;
    evaluationInterval?: number;
    scaleUpThreshold?: {
        cpu?: number;
        memory?: number;
        responseTime?: number;
        queueLength?: number;
        consecutiveChecks?: number;
    };
    scaleDownThreshold?: {
        cpu?: number;
        memory?: number;
        idleTime?: number;
        consecutiveChecks?: number;
    };
}
/** Messages between master and workers. */
export type IPCConfig = Record<string, unknown>;
/** What is done about failures. */
export type ErrorHandlingConfig = Record<string, unknown>;
/** Isolation of workers. */
export type SecurityConfig = Record<string, unknown>;

/** A worker as users see it. */
/** A worker, as it was at the moment of the call that gave it; ask again to see what became of it. */
export interface BunWorker extends NativeWorker {
}

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
    /** Client connections that are open now. */
    openConnections: number;
    /** Memory of all workers, in bytes. Pages that they share are counted once where the kernel tells of them. */
    memoryUsage: number;
    /** Processor time of all workers, in percent of one core. */
    cpuUsage: number;
    /** How often workers were replaced. */
    restartCount: number;
    /** Since the cluster was started, in milliseconds. */
    uptime: number;
    /** When this was read, in milliseconds since the epoch. */
    timestamp: number;
    /** Each worker. */
    workers: BunWorkerMetrics[];
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
        /** Part of the last second that it was busy, 0 to 1; on Bun the part that it was on a processor. */
        utilization: number;
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
    /** The number of workers was changed. */
    'cluster:scaled': (data: {
        oldCount: number;
        newCount: number;
        timestamp: number;
    }) => void;
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
    /** All of `pids` at once, in that order and much cheaper than one by one; those that cannot be read are left out. */
    getProcessesStats(pids: number[]): Promise<ProcessStats[]>;
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
        /** A leak that takes longer to reach the limit is not told, in milliseconds. Default 24 hours. */
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
