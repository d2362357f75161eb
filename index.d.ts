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
    /**
     * Send `message`, JSON values, to listeners of `process.on('message')` in the worker, as with `node:cluster`.
     * `false` when the worker is slow to read. Throws a `WorkerCommunicationError`, or gives it to `callback`.
     */
    send(message: unknown, callback?: (error: Error | null) => void): boolean;
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
        pid: number | null;
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
    /** How long an answer may take, in milliseconds. Default 30 000. */
    timeout?: number;
    /** Between two questions whether a worker still reads, in milliseconds; 0 asks none. Default 30 000. */
    heartbeatInterval?: number;
    /** The largest message, `'1KB'` to `'256MB'`, or bytes. Default `'1MB'`. */
    maxMessageSize?: string | number;
    /** Whether larger messages are compressed. Default `false`. */
    compression?: boolean;
    /** How often a message that was not accepted is tried again. Default 0. */
    retryAttempts?: number;
    /** Wait before each of these, in milliseconds. Default 100. */
    retryDelay?: number;
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
    /** From a request to its answer, in milliseconds, within a tenth. */
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

/** The IPC manager: who is reached by which link, who answers what. */
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
    /** Send to all workers; resolves with an answer of each when all have answered or failed. Never rejects for one. */
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
