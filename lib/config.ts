/**
 * The configuration as users write it. What it means, its defaults and its checks live in the native core, and this
 * file is generated from its table: `XYPRISS_UPDATE=1 cargo test reference`. Durations are in milliseconds.
 */

/** Configuration of a cluster. Every field is optional. */
export interface ClusterConfig {
  /** `false` is refused: an app that does not want a cluster should not create one. Default: `true`. */
  enabled?: boolean
  /**
   * How many workers to run, or `'auto'`: one per processor that this process may use. A whole number, 1 to
   * 512, or `'auto'`. Default: `'auto'`.
   */
  workers?: number | 'auto'
  /** Short form of `processManagement.respawn`. Default: the long form. */
  autoRestart?: boolean
  /**
   * Short form of `processManagement.maxRestarts`. A whole number, 0 to 1 000 000. Default: the long form.
   */
  maxRestarts?: number
  /** Short form of `healthCheck.interval`. Milliseconds, 1 to 86 400 000. Default: the long form. */
  healthCheckInterval?: number
  /** What each worker runs. Default: what the master itself was started with. */
  exec?: ExecConfig
  /** Memory, processor time and priority of workers. */
  resources?: ResourceConfig
  /** Life of a worker's process. */
  processManagement?: ProcessManagementConfig
  /** Health checks. */
  healthCheck?: HealthCheckConfig
  /** How requests find their worker. */
  loadBalancing?: LoadBalancingConfig
  /** Messages between the master and its workers. */
  ipc?: IPCConfig
  /** Automatic scaling. */
  autoScaling?: AutoScalingConfig
  /** Metrics and logs. */
  monitoring?: MonitoringConfig
  /** What is done about errors of the app. */
  errorHandling?: ErrorHandlingConfig
  /** Isolation of workers. */
  security?: SecurityConfig
  /** What requests may cost when workers fail. */
  resilience?: ResilienceConfig
  /** What few need. */
  advanced?: AdvancedConfig
}

/** What each worker runs. */
export interface ExecConfig {
  /**
   * The script, absolute or relative to the master's working directory. A path. Default: the master's own.
   */
  script?: string
  /** Arguments after the script. Default: the master's own, or none when `script` is given. */
  args?: string[]
  /** Arguments of the runtime, before the script. Default: the master's own. */
  execArgv?: string[]
  /** Working directory. A path. Default: the master's. */
  cwd?: string
  /** Variables added to the master's environment. Default: none. */
  env?: Record<string, string>
}

/** Memory, processor time and priority of workers. */
export interface ResourceConfig {
  /**
   * Memory that a worker may have resident. Memory, such as `'512MB'`. Default: no limit. Accepted with a
   * warning: not acted on yet.
   */
  maxMemoryPerWorker?: string
  /**
   * Processor time that a worker may take, in per cent of one core. Per cent, 0 to 51 200. Default: no limit.
   * Accepted with a warning: not acted on yet.
   */
  maxCpuPerWorker?: number
  /**
   * How much workers matter to the operating system's scheduler. `'low'`, `'normal'`, `'high'`, `'critical'`.
   * Default: `'normal'`. Accepted with a warning: not acted on yet.
   */
  priorityLevel?: 'low' | 'normal' | 'high' | 'critical'
  /**
   * Files and sockets that a worker may have open. A whole number, 64 to 1 048 576. Default: the master's
   * own. Accepted with a warning: not acted on yet.
   */
  fileDescriptorLimit?: number
  /** Memory of all workers. */
  memoryManagement?: MemoryManagementConfig
  /** What is done about a worker that takes too much. */
  enforcement?: EnforcementConfig
  /** What workers are tuned for. */
  performanceOptimization?: PerformanceOptimizationConfig
}

/** Memory of all workers. */
export interface MemoryManagementConfig {
  /** Whether it is watched. Default: `true`. Accepted with a warning: not acted on yet. */
  enabled?: boolean
  /**
   * What all workers may have together. Memory, such as `'512MB'`. Default: what the machine or container
   * has. Accepted with a warning: not acted on yet.
   */
  maxTotalMemory?: string
  /**
   * Between two readings. Milliseconds, 1 to 86 400 000. Default: 30 000. Accepted with a warning: not acted
   * on yet.
   */
  memoryCheckInterval?: number
  /**
   * From where on a warning is given, in per cent of the limit; below `memoryCriticalThreshold`. Per cent, 0
   * to 100. Default: 80. Accepted with a warning: not acted on yet.
   */
  memoryWarningThreshold?: number
  /**
   * From where on something is done, in per cent of the limit. Per cent, 0 to 100. Default: 95. Accepted with
   * a warning: not acted on yet.
   */
  memoryCriticalThreshold?: number
  /** Whether workers are watched for leaks. Default: `true`. Accepted with a warning: not acted on yet. */
  memoryLeakDetection?: boolean
  /**
   * Whether workers near their limit are asked to collect garbage. It costs time that requests wait for.
   * Default: `false`. Accepted with a warning: not acted on yet.
   */
  garbageCollectionHint?: boolean
  /**
   * What workers must leave free for others. Memory, such as `'512MB'`. Default: `'0B'`. Accepted with a
   * warning: not acted on yet.
   */
  memoryReservation?: string
}

/** What is done about a worker that takes too much. */
export interface EnforcementConfig {
  /**
   * Whether the operating system enforces the limits as well. Default: `false`. Accepted with a warning: not
   * acted on yet.
   */
  enforceHardLimits?: boolean
  /**
   * Whether a worker above its memory limit is killed at once rather than replaced. Default: `false`.
   * Accepted with a warning: not acted on yet.
   */
  killOnMemoryExceed?: boolean
  /**
   * Whether a worker above its processor limit is killed at once rather than replaced. Default: `false`.
   * Accepted with a warning: not acted on yet.
   */
  killOnCpuExceed?: boolean
}

/** What workers are tuned for. */
export interface PerformanceOptimizationConfig {
  /**
   * Smaller heaps, for more collections of garbage. Default: `false`. Accepted with a warning: not acted on
   * yet.
   */
  lowMemoryMode?: boolean
  /**
   * Workers are kept on processors of their own. Default: `false`. Accepted with a warning: not acted on yet.
   */
  cpuOptimization?: boolean
  /** Workers' files come first. Default: `false`. Accepted with a warning: not acted on yet. */
  ioOptimization?: boolean
}

/** Life of a worker's process. */
export interface ProcessManagementConfig {
  /** Whether a dead worker is started again. Default: `true`. */
  respawn?: boolean
  /** Restarts in a streak before a worker is given up. A whole number, 0 to 1 000 000. Default: 3. */
  maxRestarts?: number
  /**
   * Wait before the first restart of a streak; later ones wait longer. Milliseconds, 0 to 86 400 000.
   * Default: 2 000.
   */
  restartDelay?: number
  /** How long a worker may take to become ready. Milliseconds, 1 to 86 400 000. Default: 60 000. */
  startupTimeout?: number
  /**
   * How long a worker may take to finish its requests and leave. Milliseconds, 0 to 86 400 000. Default: 30
   * 000.
   */
  gracefulShutdownTimeout?: number
  /**
   * From SIGTERM to SIGKILL. Three times what PM2 gives, whose 1.6 s users find too short. Milliseconds, 0 to
   * 86 400 000. Default: 5 000.
   */
  killTimeout?: number
  /** Whether SIGINT and SIGTERM of the master stop the cluster gracefully. Default: `true`. */
  handleSignals?: boolean
  /**
   * Whether workers that are defunct or do not respond are looked for. Default: `true`. Accepted with a
   * warning: not acted on yet.
   */
  zombieDetection?: boolean
  /**
   * Resident memory from which on a worker is replaced. Memory, such as `'512MB'`. Default: no threshold.
   * Accepted with a warning: not acted on yet.
   */
  memoryThreshold?: string
  /**
   * Processor time from which on a worker is replaced, in per cent of one core. Per cent, 0 to 51 200.
   * Default: no threshold. Accepted with a warning: not acted on yet.
   */
  cpuThreshold?: number
}

/** Health checks: a ping that the worker's JavaScript must answer, and a request where an endpoint is given. */
export interface HealthCheckConfig {
  /** Whether workers are checked. One that fails gets no more requests and is replaced. Default: `true`. */
  enabled?: boolean
  /**
   * Between two checks; each varies by a tenth, so that workers are not checked together. Milliseconds, 1 to
   * 86 400 000. Default: 30 000.
   */
  interval?: number
  /** How long an answer may take; less than `interval`. Milliseconds, 1 to 86 400 000. Default: 10 000. */
  timeout?: number
  /**
   * Failures in a row that make a worker unhealthy. Two checks passed in a row make it healthy again. A whole
   * number, 1 to 1 000 000. Default: 3.
   */
  maxFailures?: number
  /**
   * A path of the app that is asked for besides, such as `'/health'`; it must answer 200 to 399. A path such
   * as `'/health'`. Default: no request is made.
   */
  endpoint?: string
  /**
   * Before a failed check is repeated; never longer than `interval`. Milliseconds, 0 to 86 400 000. Default:
   * 1 000.
   */
  retryDelay?: number
  /**
   * After a worker is ready, before it is checked; the first check comes within an `interval` after it.
   * Milliseconds, 0 to 86 400 000. Default: 0.
   */
  gracePeriod?: number
}

/** How requests find their worker. */
export interface LoadBalancingConfig {
  /**
   * Which worker takes a request. The fullest worker is never the right one to give more work.
   * `'round-robin'`, `'least-connections'`. Default: `'least-connections'`.
   */
  strategy?: 'round-robin' | 'least-connections'
  /**
   * The IP address that the public port is opened on, or `'localhost'`. An IP address, or `'localhost'`.
   * Default: the one that the app asked for, else all.
   */
  host?: string
  /** Requests that wait because no worker is ready. */
  queue?: QueueConfig
  /**
   * The share of each worker, first to last. A list of numbers, 0 to 1 000 000. Default: all the same.
   * Accepted with a warning: not acted on yet.
   */
  weights?: number[]
  /** Whether a client keeps its worker. Default: `false`. Accepted with a warning: not acted on yet. */
  stickySession?: boolean
  /**
   * The cookie or header that tells clients apart. 1 to 256 characters. Default: the client's address.
   * Accepted with a warning: not acted on yet.
   */
  sessionAffinityKey?: string
  /**
   * Failures in a row after which a worker is left alone. A whole number, 1 to 1 000 000. Default: 5.
   * Accepted with a warning: not acted on yet.
   */
  circuitBreakerThreshold?: number
  /**
   * How long it is left alone. Milliseconds, 1 to 86 400 000. Default: 30 000. Accepted with a warning: not
   * acted on yet.
   */
  circuitBreakerTimeout?: number
  /**
   * Whether unhealthy workers get no requests while there are others. Default: `true`. Accepted with a
   * warning: not acted on yet.
   */
  healthyOnly?: boolean
}

/** Requests that wait because no worker is ready. */
export interface QueueConfig {
  /**
   * How many may wait; more are answered 503. Waiting requests hold memory and their clients' patience. A
   * whole number, 0 to 1 000 000. Default: 1 024.
   */
  maxSize?: number
  /**
   * How long one may wait; then it is answered 503. Longer than a warm start, shorter than most clients'
   * patience. Milliseconds, 0 to 86 400 000. Default: 10 000.
   */
  timeout?: number
}

/** Messages between the master and its workers. */
export interface IPCConfig {
  /** Whether there are any. Default: `true`. */
  enabled?: boolean
  /**
   * A name that keeps the messages of this cluster apart from others. 1 to 256 characters. Default: none:
   * each worker has a channel of its own. Accepted with a warning: not acted on yet.
   */
  channel?: string
  /** Whether one message can go to all workers; if not, `broadcastToWorkers()` rejects. Default: `true`. */
  broadcast?: boolean
  /** How long an answer may take. Milliseconds, 1 to 86 400 000. Default: 30 000. */
  timeout?: number
  /**
   * Between two questions whether the other side still reads; 0 asks none. Milliseconds, 0 to 86 400 000.
   * Default: 30 000.
   */
  heartbeatInterval?: number
  /** The largest message. A size, `'1KB'` to `'256MB'`. Default: `'1MB'`. */
  maxMessageSize?: string
  /** Whether large messages are compressed. Default: `false`. */
  compression?: boolean
  /**
   * Whether messages are encrypted. Channels are inherited and nobody else's in any case. Default: `false`.
   * Accepted with a warning: not acted on yet.
   */
  encryption?: boolean
  /** How often a message that could not be sent is tried again. A whole number, 0 to 100. Default: 0. */
  retryAttempts?: number
  /** Before it is tried again. Milliseconds, 0 to 86 400 000. Default: 100. */
  retryDelay?: number
  /** Messages that wait to be sent. */
  messageQueue?: MessageQueueConfig
}

/** Messages that wait to be sent. */
export interface MessageQueueConfig {
  /** How many may wait, for each worker. A whole number, 1 to 10 000 000. Default: 10 000. */
  maxSize?: number
  /** How long one may wait. Milliseconds, 1 to 86 400 000. Default: 30 000. */
  timeout?: number
}

/** Automatic scaling. */
export interface AutoScalingConfig {
  /** Whether the number of workers follows the load. Default: `false`. */
  enabled?: boolean
  /** The fewest. A whole number, 1 to 512. Default: 1. */
  minWorkers?: number
  /**
   * The most; not below `minWorkers`. A whole number, 1 to 512. Default: one per processor, not below
   * `minWorkers` and `workers`.
   */
  maxWorkers?: number
  /**
   * After a change, before the next. Counts from when the workers are there, or gone. Milliseconds, 0 to 86
   * 400 000. Default: 60 000.
   */
  cooldownPeriod?: number
  /** The most workers that are added or removed at once. A whole number, 1 to 512. Default: 1. */
  scaleStep?: number
  /** Between two looks at the load. Milliseconds, 1 to 86 400 000. Default: 10 000. */
  evaluationInterval?: number
  /** When there are too few workers. One of these is enough. */
  scaleUpThreshold?: ScaleUpThresholdConfig
  /** When there are too many workers. All of these are needed. */
  scaleDownThreshold?: ScaleDownThresholdConfig
}

/** When there are too few workers. One of these is enough. */
export interface ScaleUpThresholdConfig {
  /** Processor time of the workers, in per cent of one core each. Per cent, 0 to 100. Default: 75. */
  cpu?: number
  /**
   * Memory of the workers, in per cent of `resources.maxMemoryPerWorker`; not looked at without that. Per
   * cent, 0 to 100. Default: 80.
   */
  memory?: number
  /** Mean time of a request. Milliseconds, 1 to 86 400 000. Default: 1 000. */
  responseTime?: number
  /**
   * Requests that wait for a worker, or on a worker behind another request. A whole number, 1 to 1 000 000.
   * Default: 100.
   */
  queueLength?: number
  /** Looks in a row that must agree. A whole number, 1 to 1 000. Default: 2. */
  consecutiveChecks?: number
}

/** When there are too many workers. All of these are needed. */
export interface ScaleDownThresholdConfig {
  /**
   * Processor time of the workers, in per cent of one core each; below that of `scaleUpThreshold`. Per cent,
   * 0 to 100. Default: 30.
   */
  cpu?: number
  /**
   * Memory of the workers, in per cent of `resources.maxMemoryPerWorker`, if there is that; below that of
   * `scaleUpThreshold`. Per cent, 0 to 100. Default: 50.
   */
  memory?: number
  /**
   * How long at least one worker must have had nothing to do. Milliseconds, 0 to 86 400 000. Default: 60 000.
   */
  idleTime?: number
  /**
   * Looks in a row that must agree. More than for scaling up: a worker too many costs less than one too few.
   * A whole number, 1 to 1 000. Default: 5.
   */
  consecutiveChecks?: number
}

/** Metrics and logs. */
export interface MonitoringConfig {
  /** Whether `metrics:updated` is emitted. Default: `true`. */
  enabled?: boolean
  /** Whether metrics are collected. Default: `true`. Accepted with a warning: not acted on yet. */
  collectMetrics?: boolean
  /** Between two `metrics:updated`. Milliseconds, 1 to 86 400 000. Default: 60 000. */
  metricsInterval?: number
  /**
   * How much is logged. `'error'`, `'warn'`, `'info'`, `'debug'`, `'trace'`. Default: `'info'`. Accepted with
   * a warning: not acted on yet.
   */
  logLevel?: 'error' | 'warn' | 'info' | 'debug' | 'trace'
  /**
   * Whether starts and ends of workers are logged. Default: `false`. Accepted with a warning: not acted on
   * yet.
   */
  logWorkerEvents?: boolean
  /** Whether metrics are logged. Default: `false`. Accepted with a warning: not acted on yet. */
  logPerformance?: boolean
}

/** What is done about errors of the app. */
export interface ErrorHandlingConfig {
  /**
   * About an exception that nobody caught. `'restart'`, `'log'`, `'ignore'`. Default: `'restart'`. Accepted
   * with a warning: not acted on yet.
   */
  uncaughtException?: 'restart' | 'log' | 'ignore'
  /**
   * About a promise whose rejection nobody handled. `'restart'`, `'log'`, `'ignore'`. Default: `'restart'`.
   * Accepted with a warning: not acted on yet.
   */
  unhandledRejection?: 'restart' | 'log' | 'ignore'
  /**
   * Errors in a minute after which a worker is replaced. A whole number, 1 to 1 000 000. Default: no
   * threshold. Accepted with a warning: not acted on yet.
   */
  errorThreshold?: number
  /** What a worker leaves to its successor. */
  crashRecovery?: CrashRecoveryConfig
}

/** What a worker leaves to its successor. */
export interface CrashRecoveryConfig {
  /** Whether anything is left. Default: `false`. Accepted with a warning: not acted on yet. */
  enabled?: boolean
  /**
   * Whether the state that the app hands over is kept. Default: `false`. Accepted with a warning: not acted
   * on yet.
   */
  saveState?: boolean
  /**
   * Where it is kept: `'memory'`, or a directory. A path. Default: `'memory'`. Accepted with a warning: not
   * acted on yet.
   */
  stateStorage?: string
}

/** Isolation of workers. */
export interface SecurityConfig {
  /**
   * Whether workers see nothing of each other. Default: `false`. Accepted with a warning: not acted on yet.
   */
  isolateWorkers?: boolean
  /**
   * Whether workers may touch only what they need. Default: `false`. Accepted with a warning: not acted on
   * yet.
   */
  sandboxMode?: boolean
  /**
   * Whether the limits of `resources` are set in the operating system. Default: `false`. Accepted with a
   * warning: not acted on yet.
   */
  resourceLimits?: boolean
  /**
   * Whether the number of processes that a worker can start is limited. Default: `false`. Accepted with a
   * warning: not acted on yet.
   */
  preventForkBombs?: boolean
  /** Whether workers prove who they are. Default: `false`. Accepted with a warning: not acted on yet. */
  workerAuthentication?: boolean
  /** As `ipc.encryption`. Default: `false`. Accepted with a warning: not acted on yet. */
  encryptIPC?: boolean
}

/** What requests may cost when workers fail. */
export interface ResilienceConfig {
  /** Workers that fail are left alone for a while. */
  circuitBreaker?: CircuitBreakerConfig
  /** How many requests may be under way. */
  bulkhead?: BulkheadConfig
  /** How long things may take. */
  timeout?: TimeoutConfig
  /** Requests that are sent again. */
  retryPolicy?: RetryPolicyConfig
}

/** Workers that fail are left alone for a while. */
export interface CircuitBreakerConfig {
  /** Whether they are. Default: `false`. Accepted with a warning: not acted on yet. */
  enabled?: boolean
  /**
   * Failures in a row that open the circuit. A whole number, 1 to 1 000 000. Default: 5. Accepted with a
   * warning: not acted on yet.
   */
  failureThreshold?: number
  /**
   * From there until a request is let through to see. Milliseconds, 1 to 86 400 000. Default: 30 000.
   * Accepted with a warning: not acted on yet.
   */
  recoveryTimeout?: number
  /**
   * Requests that are let through to see. A whole number, 1 to 1 000 000. Default: 1. Accepted with a
   * warning: not acted on yet.
   */
  halfOpenRequests?: number
}

/** How many requests may be under way. */
export interface BulkheadConfig {
  /** Whether there is a limit. Default: `false`. Accepted with a warning: not acted on yet. */
  enabled?: boolean
  /**
   * At once, for each worker. A whole number, 1 to 1 000 000. Default: 1 000. Accepted with a warning: not
   * acted on yet.
   */
  maxConcurrentRequests?: number
  /**
   * How many more may wait. A whole number, 0 to 1 000 000. Default: 1 024. Accepted with a warning: not
   * acted on yet.
   */
  queueSize?: number
}

/** How long things may take. */
export interface TimeoutConfig {
  /** Whether these hold. Default: `false`. Accepted with a warning: not acted on yet. */
  enabled?: boolean
  /**
   * From a request to the head of its response. Milliseconds, 1 to 86 400 000. Default: 60 000. Accepted with
   * a warning: not acted on yet.
   */
  requestTimeout?: number
  /**
   * One health check. Milliseconds, 1 to 86 400 000. Default: 10 000. Accepted with a warning: not acted on
   * yet.
   */
  healthCheckTimeout?: number
}

/** Requests that are sent again. */
export interface RetryPolicyConfig {
  /**
   * Whether waits between tries follow these rules. Default: `false`. Accepted with a warning: not acted on
   * yet.
   */
  enabled?: boolean
  /**
   * Tries after the first. A whole number, 0 to 100. Default: 2. Accepted with a warning: not acted on yet.
   */
  maxRetries?: number
  /**
   * How the waits grow. `'linear'`, `'exponential'`, `'constant'`. Default: `'exponential'`. Accepted with a
   * warning: not acted on yet.
   */
  backoffStrategy?: 'linear' | 'exponential' | 'constant'
  /**
   * The first wait. Milliseconds, 0 to 86 400 000. Default: 100. Accepted with a warning: not acted on yet.
   */
  baseDelay?: number
  /**
   * The longest; not below `baseDelay`. Milliseconds, 0 to 86 400 000. Default: 5 000. Accepted with a
   * warning: not acted on yet.
   */
  maxDelay?: number
}

/** What few need. */
export interface AdvancedConfig {
  /** How workers are replaced. */
  deployment?: DeploymentConfig
}

/** How workers are replaced. */
export interface DeploymentConfig {
  /**
   * Whether they are replaced one after the other rather than all at once. Default: `true`. Accepted with a
   * warning: not acted on yet.
   */
  rollingUpdates?: boolean
  /**
   * How many may be missing meanwhile. A whole number, 0 to 512. Default: 0. Accepted with a warning: not
   * acted on yet.
   */
  maxUnavailable?: number
  /**
   * How many may be there too many meanwhile. A whole number, 0 to 512. Default: 1. Accepted with a warning:
   * not acted on yet.
   */
  maxSurge?: number
  /**
   * How long a successor must have been well before it takes over; with 0, for one health check.
   * Milliseconds, 0 to 86 400 000. Default: 0.
   */
  healthCheckGracePeriod?: number
}
