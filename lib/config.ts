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
  /** The script, absolute or relative to `cwd`. A path. Default: the master's own. */
  script?: string
  /** Arguments after the script. Default: the master's own, or none when `script` is given. */
  args?: string[]
  /** Arguments of the runtime, before the script. Default: the master's own. */
  execArgv?: string[]
  /** Working directory. A path. Default: the master's. */
  cwd?: string
  /** Variables added to the master's environment. Default: none. */
  env?: Record<string, string>
  /**
   * The port that the app itself asks for, where that is not the cluster's: the server that listens there is
   * the public one. See `docs/ports.md`. A whole number, 1 to 65 535. Default: the cluster's own, or `PORT`
   * of the worker's environment.
   */
  port?: number
  /**
   * Ports that are not balanced: each worker has one of its own, the port that the app asks for plus the
   * number of the worker less one, or the next that is free. For pages of metrics of each worker. A list of
   * whole numbers, 1 to 65 535. Default: none.
   */
  privatePorts?: number[]
}

/** Memory, processor time and priority of workers. */
export interface ResourceConfig {
  /**
   * Memory that a worker may have resident. One that has reached `memoryCriticalThreshold` of it is replaced.
   * Memory, such as `'512MB'`. Default: no limit.
   */
  maxMemoryPerWorker?: string
  /**
   * Processor time that a worker may take, in per cent of one core. One that takes more is replaced. Per
   * cent, 0 to 51 200. Default: no limit.
   */
  maxCpuPerWorker?: number
  /**
   * How much workers matter to the operating system's scheduler: a nice value of 10, the master's own, -5 or
   * -10. Those above `normal` need the right to it. `'low'`, `'normal'`, `'high'`, `'critical'`. Default:
   * `'normal'`.
   */
  priorityLevel?: 'low' | 'normal' | 'high' | 'critical'
  /**
   * Files and sockets that a worker may have open. More than the master may have needs the right to it. A
   * whole number, 64 to 1 048 576. Default: the master's own.
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
  /** Whether it is watched, and limits of it enforced. Default: `true`. */
  enabled?: boolean
  /**
   * What all workers may have together, shared pages counted once. At `memoryCriticalThreshold` of it the
   * largest worker is replaced. Memory, such as `'512MB'`. Default: what the machine or container has.
   */
  maxTotalMemory?: string
  /**
   * Between two readings, of memory and of processor time. Milliseconds, 1 to 86 400 000. Default: 30 000.
   */
  memoryCheckInterval?: number
  /**
   * From where on `memory:warning` is emitted, in per cent of the limit; below `memoryCriticalThreshold`. Per
   * cent, 0 to 100. Default: 80.
   */
  memoryWarningThreshold?: number
  /**
   * From where on `memory:critical` is emitted and something is done, in per cent of the limit. Per cent, 0
   * to 100. Default: 95.
   */
  memoryCriticalThreshold?: number
  /** Whether workers are watched for leaks. One that leaks is told by `memory:leak`. Default: `true`. */
  memoryLeakDetection?: boolean
  /** How leaks are looked for. At the default interval a judgement takes 42 minutes. */
  leakDetection?: LeakDetectionConfig
  /**
   * Whether workers near their limit are asked to collect garbage. It costs time that requests wait for.
   * Default: `false`.
   */
  garbageCollectionHint?: boolean
  /**
   * What workers must leave free for others. While less is, the largest worker is replaced. Memory, such as
   * `'512MB'`. Default: `'0B'`.
   */
  memoryReservation?: string
}

/** How leaks are looked for. At the default interval a judgement takes 42 minutes. */
export interface LeakDetectionConfig {
  /**
   * Readings of a new worker that say nothing of it: it loads modules and fills caches. A whole number, 0 to
   * 1 000 000. Default: 20.
   */
  warmUpSamples?: number
  /** Readings of which the lowest counts. A whole number, 1 to 1 000 000. Default: 4. */
  windowSamples?: number
  /** Such lowest ones that a judgement needs. A whole number, 8 to 1 000 000. Default: 16. */
  minima?: number
  /**
   * A leak that takes longer to reach the limit is not told. Milliseconds, 1 to 86 400 000. Default: 86 400
   * 000.
   */
  horizon?: number
  /**
   * Whether a worker that leaks is replaced when it reaches `memoryWarningThreshold`, rather than at its
   * limit. Default: `false`.
   */
  recycle?: boolean
}

/** What is done about a worker that takes too much. */
export interface EnforcementConfig {
  /** Both of the following, looked at ten times a second. Default: `false`. */
  enforceHardLimits?: boolean
  /**
   * Whether a worker above `maxMemoryPerWorker` is killed at once, requests and all. Looked at once a second.
   * Default: `false`.
   */
  killOnMemoryExceed?: boolean
  /**
   * Whether a worker above `maxCpuPerWorker` for a second is killed at once, requests and all. Default:
   * `false`.
   */
  killOnCpuExceed?: boolean
  /**
   * Readings in a row above a limit after which a worker is replaced. A whole number, 1 to 1 000. Default: 3.
   */
  consecutiveChecks?: number
}

/** What workers are tuned for. */
export interface PerformanceOptimizationConfig {
  /**
   * Smaller heaps, for more collections of garbage: `--smol` on Bun, `--optimize-for-size` and small new
   * spaces on Node.js. Default: `false`.
   */
  lowMemoryMode?: boolean
  /**
   * Each worker is kept on one processor of its own, as far as there are enough. Linux only. Default:
   * `false`.
   */
  cpuOptimization?: boolean
  /** Workers' files come before those of other processes of the same kind. Linux only. Default: `false`. */
  ioOptimization?: boolean
}

/** Life of a worker's process. */
export interface ProcessManagementConfig {
  /** Whether a dead worker is started again. Default: `true`. */
  respawn?: boolean
  /**
   * Restarts in a row of a worker that does not become ready, or dies within `minUptime`, before it is given
   * up. One that served is brought back without end. A whole number, 0 to 1 000 000. Default: 3.
   */
  maxRestarts?: number
  /**
   * Wait before the first restart; later ones wait longer, up to five minutes, and half a minute of uptime
   * takes one step back. Milliseconds, 0 to 86 400 000. Default: 2 000.
   */
  restartDelay?: number
  /**
   * A worker that dies sooner after it was ready has not started well, unless a request of a client was in
   * its hands. Milliseconds, 0 to 86 400 000. Default: 1 000.
   */
  minUptime?: number
  /**
   * What happens when every worker is given up: `'error'` emits the event `error`, which ends a master that
   * does not listen to it, as with any `EventEmitter`; `'stay'` keeps the port open and answers 503.
   * `'error'`, `'stay'`. Default: `'error'`.
   */
  onAllFailed?: 'error' | 'stay'
  /** How long a worker may take to become ready. Milliseconds, 1 to 86 400 000. Default: 60 000. */
  startupTimeout?: number
  /**
   * Whether `process.send('ready')` alone makes a worker ready, as with `wait_ready` of PM2. Otherwise the
   * first of that and a server that listens does. Default: `false`.
   */
  waitReady?: boolean
  /**
   * How long a worker may take to finish its requests and leave. Milliseconds, 0 to 86 400 000. Default: 30
   * 000.
   */
  gracefulShutdownTimeout?: number
  /**
   * The signal by which the app is asked to end: `'SIGINT'` for apps written for PM2. `'SIGTERM'`,
   * `'SIGINT'`, `'SIGQUIT'`, `'SIGHUP'`, `'SIGUSR2'`. Default: `'SIGTERM'`.
   */
  killSignal?: 'SIGTERM' | 'SIGINT' | 'SIGQUIT' | 'SIGHUP' | 'SIGUSR2'
  /**
   * Whether the app is asked to end by the message `'shutdown'` instead, as with `shutdown_with_message` of
   * PM2. An app that does not listen to messages gets the signal. Default: `false`.
   */
  shutdownWithMessage?: boolean
  /**
   * From the signal to SIGKILL. Three times what PM2 gives, whose 1.6 s users find too short. Milliseconds, 0
   * to 86 400 000. Default: 5 000.
   */
  killTimeout?: number
  /** Whether SIGINT and SIGTERM of the master stop the cluster gracefully. Default: `true`. */
  handleSignals?: boolean
  /**
   * Whether workers that are defunct, stopped or blocked are looked for by their beats, without a question;
   * see `healthCheck.aliveTimeout` and `responsiveTimeout`. Default: `true`.
   */
  zombieDetection?: boolean
  /** Resident memory from which on a worker is replaced. Memory, such as `'512MB'`. Default: no threshold. */
  memoryThreshold?: string
  /**
   * Processor time from which on a worker is replaced, in per cent of one core. Per cent, 0 to 51 200.
   * Default: no threshold.
   */
  cpuThreshold?: number
  /**
   * Requests after which a worker is replaced, up to a tenth earlier so that workers are not all due at once.
   * A whole number, 1 to 1 000 000 000. Default: no limit.
   */
  maxRequestsPerWorker?: number
  /**
   * Age at which a worker is replaced, up to a tenth earlier so that workers are not all due at once.
   * Milliseconds, 1 000 to 86 400 000. Default: no limit.
   */
  maxWorkerLifetime?: number
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
  /**
   * How long a native thread of a worker, which beats once a second, may be silent: then the process is
   * stopped or defunct. Milliseconds, 3 000 to 86 400 000. Default: 10 000.
   */
  aliveTimeout?: number
  /**
   * How long the JavaScript of a worker, which beats twice a second, may be silent: then its event loop is
   * blocked. Milliseconds, 3 000 to 86 400 000. Default: 30 000.
   */
  responsiveTimeout?: number
  /** Pages of the cluster as a whole, for a platform that probes it. */
  aggregate?: AggregateConfig
  /**
   * How long it may take to find out where a worker hangs, before it is killed; 0 kills it at once.
   * Milliseconds, 0 to 86 400 000. Default: 1 000.
   */
  diagnosticTimeout?: number
}

/** Pages of the cluster as a whole, for a platform that probes it. They have a port of their own, so that no route of the app is ever hidden. */
export interface AggregateConfig {
  /** Their port. A whole number, 1 to 65 535. Default: there are none. */
  port?: number
  /**
   * The address that they are served on. An IP address, or `'localhost'`. Default: every address of the
   * machine.
   */
  host?: string
  /**
   * The path that is answered 200 while the data plane turns, else 503. A path such as `'/health'`. Default:
   * `'/health/live'`.
   */
  live?: string
  /**
   * The path that is answered 200 while at least one worker takes requests, else 503. A path such as
   * `'/health'`. Default: `'/health/ready'`.
   */
  ready?: string
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
   * The peers whose word on a client counts: those that end TLS, or spread requests over machines. From any
   * other peer, `X-Forwarded-*`, `Forwarded` and `X-Real-IP` are replaced by what the connection itself says.
   * `'none'`, `'loopback'`, `'private'`, an IP address, a block such as `'10.0.0.0/8'`, or a list of these.
   * Default: `'loopback'`.
   */
  trustedProxies?: string | string[]
  /** How long the heads of requests and of answers may be. More is answered 431, or 502. */
  limits?: HeadLimitsConfig
  /**
   * How long clients and workers may be silent. Streams of events and WebSockets may be as long as they like.
   */
  timeouts?: TrafficTimeoutsConfig
  /** Protocols that a connection may change to by an `Upgrade`; HTTP/2 never. Default: `websocket`. */
  upgrades?: string[]
  /**
   * Whether `TRACE` reaches the app, whose answer repeats what proxies added to the request. Else it is
   * answered 405. Default: `false`.
   */
  allowTrace?: boolean
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

/** How long the heads of requests and of answers may be. */
export interface HeadLimitsConfig {
  /** Most header fields of a request. A whole number, 1 to 10 000. Default: 1 000. */
  requestHeaders?: number
  /**
   * Longest head of a request: its first line and all its headers. Node.js itself takes 16 KB. A size,
   * `'1KB'` to `'256MB'`. Default: `'64KB'`.
   */
  requestHeadSize?: string
  /** Most header fields of an answer. A whole number, 1 to 10 000. Default: 1 000. */
  responseHeaders?: number
  /** Longest head of an answer. A size, `'1KB'` to `'256MB'`. Default: `'256KB'`. */
  responseHeadSize?: string
}

/** How long clients and workers may be silent; 0 is without end. */
export interface TrafficTimeoutsConfig {
  /**
   * A client that owes the head of a request, also between two requests. Its connection is closed. Load
   * balancers in front of the cluster have to give up idle connections first. Milliseconds, 0 to 86 400 000.
   * Default: 75 000.
   */
  requestHead?: number
  /**
   * A client that owes the next part of a body. It is answered 408. Milliseconds, 0 to 86 400 000. Default:
   * 60 000.
   */
  requestBody?: number
  /**
   * A worker that has a request and does not answer. The client is answered 504. Long polls, which say that
   * they wait, may. Milliseconds, 0 to 86 400 000. Default: 60 000.
   */
  responseHead?: number
  /**
   * A worker that owes the next part of an answer. The answer is cut. Milliseconds, 0 to 86 400 000. Default:
   * 60 000.
   */
  responseBody?: number
  /**
   * A client that does not read its answer. Its connection is closed. Milliseconds, 0 to 86 400 000. Default:
   * 60 000.
   */
  clientRead?: number
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
  /**
   * For how many microseconds to look for an answer before sleeping until it comes, where answers tend to
   * come at once; 0: not at all. A whole number, 0 to 1 000. Default: 100.
   */
  busyPoll?: number
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
   * Whether they are replaced some at a time. Else all successors start at once, and take over together or
   * not at all: with twice the memory, nothing is mixed, and all is taken back. Default: `true`.
   */
  rollingUpdates?: boolean
  /**
   * How many workers may be missing meanwhile; those are stopped before the new ones start. A share is
   * rounded down. A whole number, 0 to 512, or a share such as `'25%'`. Default: 0.
   */
  maxUnavailable?: number | `${number}%`
  /**
   * How many processes more than workers there may be meanwhile, those that finish their requests included. A
   * share is rounded up. A whole number, 0 to 512, or a share such as `'25%'`. Default: 1.
   */
  maxSurge?: number | `${number}%`
  /**
   * How long a successor must have been well before it takes over, and the first one again after that; with
   * 0, for one health check. Milliseconds, 0 to 86 400 000. Default: 0.
   */
  healthCheckGracePeriod?: number
  /**
   * The time over which the WebSockets of a worker that goes are closed, each at a moment of its own.
   * Milliseconds, 0 to 86 400 000. Default: 2 000.
   */
  drainWindow?: number
}
