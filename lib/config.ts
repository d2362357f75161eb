/**
 * The configuration as users write it. What it means, its defaults and its checks live in the native core; this
 * only names the fields. Durations are in milliseconds.
 */

/** Configuration of a cluster. Every field is optional. */
export interface ClusterConfig {
  /** `false` makes the constructor refuse: an app that does not want a cluster should not create one. */
  enabled?: boolean
  /** How many workers to run, 1 to 512, or `'auto'`: one per processor that this process may use. Default `'auto'`. */
  workers?: number | 'auto'
  /** Short form of `processManagement.respawn`. */
  autoRestart?: boolean
  /** Short form of `processManagement.maxRestarts`. */
  maxRestarts?: number
  /** Short form of `healthCheck.interval`. */
  healthCheckInterval?: number
  /** What each worker runs. Default: what the master itself was started with. */
  exec?: ExecConfig
  /** Life of a worker's process. */
  processManagement?: ProcessManagementConfig
  /** Health checks. */
  healthCheck?: HealthCheckConfig
  /** How requests find their worker. */
  loadBalancing?: LoadBalancingConfig
  /** Metrics. */
  monitoring?: MonitoringConfig
  /** Accepted with a warning: not acted on yet. */
  resources?: ResourceConfig
  /** Accepted with a warning: not acted on yet. */
  ipc?: IPCConfig
  /** Accepted with a warning: not acted on yet. */
  autoScaling?: AutoScalingConfig
  /** Accepted with a warning: not acted on yet. */
  errorHandling?: ErrorHandlingConfig
  /** Accepted with a warning: not acted on yet. */
  security?: SecurityConfig
}

/** What each worker runs. */
export interface ExecConfig {
  /** The script, absolute or relative to the master's working directory. Default: the master's own. */
  script?: string
  /** Arguments after the script. Default: the master's own, or none when `script` is given. */
  args?: string[]
  /** Arguments of the runtime, before the script. Default: the master's own. */
  execArgv?: string[]
  /** Working directory. Default: the master's. */
  cwd?: string
  /** Variables added to the master's environment. */
  env?: Record<string, string>
}

/** Life of a worker's process. */
export interface ProcessManagementConfig {
  /** Whether a dead worker is started again. Default `true`. */
  respawn?: boolean
  /** Restarts in a streak before a worker is given up. Default 3. */
  maxRestarts?: number
  /** Wait before the first restart of a streak; later ones wait longer. Default 2 000. */
  restartDelay?: number
  /** How long a worker may take to become ready. Default 60 000. */
  startupTimeout?: number
  /** How long a worker may take to finish its requests and leave. Default 30 000. */
  gracefulShutdownTimeout?: number
  /** From SIGTERM to SIGKILL. Default 5 000. */
  killTimeout?: number
  /** Whether SIGINT and SIGTERM of the master stop the cluster gracefully. Default `true`. */
  handleSignals?: boolean
  /** Accepted with a warning: not acted on yet. */
  zombieDetection?: boolean
  /** Accepted with a warning: not acted on yet. */
  memoryThreshold?: string
  /** Accepted with a warning: not acted on yet. */
  cpuThreshold?: number
}

/** Health checks: a ping that the worker's JavaScript must answer. */
export interface HealthCheckConfig {
  /** Whether workers are checked. Default `true`. */
  enabled?: boolean
  /** Between two checks. Default 30 000. */
  interval?: number
  /** How long an answer may take; less than `interval`. Default 10 000. */
  timeout?: number
  /** Failures in a row that make a worker unhealthy. Default 3. */
  maxFailures?: number
  /** Accepted with a warning: not acted on yet. */
  endpoint?: string
  /** Accepted with a warning: not acted on yet. */
  retryDelay?: number
  /** Accepted with a warning: not acted on yet. */
  gracePeriod?: number
}

/** How requests find their worker. */
export interface LoadBalancingConfig {
  /** Which worker takes a request. Default `'least-connections'`. */
  strategy?: 'least-connections' | 'round-robin'
  /** The IP address that the public port is opened on. Default: the one that the app asked for, else all. */
  host?: string
  /** Requests that wait because no worker is ready. */
  queue?: QueueConfig
}

/** Requests that wait because no worker is ready. */
export interface QueueConfig {
  /** How many may wait; more are answered 503. Default 1 024. */
  maxSize?: number
  /** How long one may wait; then it is answered 503. Default 10 000. */
  timeout?: number
}

/** Metrics. */
export interface MonitoringConfig {
  /** Whether `metrics:updated` is emitted. Default `true`. */
  enabled?: boolean
  /** Between two `metrics:updated`. Default 60 000. */
  metricsInterval?: number
  /** Accepted with a warning: not acted on yet. */
  collectMetrics?: boolean
  /** Accepted with a warning: not acted on yet. */
  logLevel?: string
}

/** Resource limits. Sizes are strings such as `'512MB'`. */
export interface ResourceConfig {
  maxMemoryPerWorker?: string
  maxCpuPerWorker?: number
  priorityLevel?: 'low' | 'normal' | 'high'
  memoryManagement?: {
    enabled?: boolean
    maxTotalMemory?: string
    memoryCheckInterval?: number
    memoryWarningThreshold?: number
    memoryCriticalThreshold?: number
    memoryLeakDetection?: boolean
    garbageCollectionHint?: boolean
    memoryReservation?: string
  }
  enforcement?: {
    enforceHardLimits?: boolean
    killOnMemoryExceed?: boolean
    killOnCpuExceed?: boolean
  }
  performanceOptimization?: {
    lowMemoryMode?: boolean
    cpuOptimization?: boolean
    ioOptimization?: boolean
  }
}

/** Automatic scaling. */
export interface AutoScalingConfig {
  enabled?: boolean
  minWorkers?: number
  maxWorkers?: number
  cooldownPeriod?: number
  scaleStep?: number
  evaluationInterval?: number
  scaleUpThreshold?: {
    cpu?: number
    memory?: number
    responseTime?: number
    queueLength?: number
    consecutiveChecks?: number
  }
  scaleDownThreshold?: {
    cpu?: number
    memory?: number
    idleTime?: number
    consecutiveChecks?: number
  }
}

/** Messages between master and workers. */
export type IPCConfig = Record<string, unknown>

/** What is done about failures. */
export type ErrorHandlingConfig = Record<string, unknown>

/** Isolation of workers. */
export type SecurityConfig = Record<string, unknown>
