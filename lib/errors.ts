/** The error classes of the package, and the way of a native failure into one of them. */

/**
 * The base of every error that this package makes. Branch on `code`, never on `message`: codes are stable,
 * messages may be improved.
 */
export class ClusterError extends Error {
  /** What went wrong, in Node's form, such as `ERR_WORKER_NOT_FOUND`. */
  readonly code?: string
  /** The facts behind the message, such as `workerId`, `exitCode` or `stderr`; which ones depends on `code`. */
  // biome-ignore lint/suspicious/noExplicitAny: its shape depends on `code`, and users read it without a cast
  readonly details?: any
  /** When it was made, in milliseconds since the epoch. */
  readonly timestamp = Date.now()

  // biome-ignore lint/suspicious/noExplicitAny: as the field
  constructor(message: string, code?: string, details?: any, options?: ErrorOptions) {
    super(message, options)
    if (code !== undefined) this.code = code
    if (details !== undefined) this.details = details
  }
}

/** A worker could not be started, ended or stayed silent before it was ready, or was given up. */
export class WorkerStartupError extends ClusterError {}

/** The channel between the master and a worker failed, or was asked for what it cannot carry. */
export class WorkerCommunicationError extends ClusterError {}

/** The machine refused a resource: a port, a process, a descriptor. */
export class ResourceExhaustionError extends ClusterError {}

/** A configuration or an argument cannot be used. `details.problems` lists every problem of a configuration. */
export class ConfigurationError extends ClusterError {}

/** A worker failed its health checks. */
export class HealthCheckError extends ClusterError {}

// On the prototypes, as the language's own errors have it: Bun writes the stack before a constructor could set it.
for (const ErrorClass of [
  ClusterError,
  WorkerStartupError,
  WorkerCommunicationError,
  ResourceExhaustionError,
  ConfigurationError,
  HealthCheckError,
]) {
  Object.defineProperty(ErrorClass.prototype, 'name', {
    value: ErrorClass.name,
    configurable: true,
    writable: true,
  })
}

/** Which class a code belongs to; codes that are not listed are plain {@link ClusterError}s. */
const CLASSES: Readonly<Record<string, typeof ClusterError>> = {
  ERR_ALL_WORKERS_FAILED: WorkerStartupError,
  ERR_CONFIGURATION: ConfigurationError,
  ERR_INVALID_ARGUMENT: ConfigurationError,
  ERR_INVALID_WORKER_COUNT: ConfigurationError,
  ERR_LIMIT_TOO_LOW: ConfigurationError,
  ERR_NO_WORKER_PORT: ResourceExhaustionError,
  ERR_ROLLOUT_ABORTED: WorkerStartupError,
  ERR_SETTING_REFUSED: ResourceExhaustionError,
  ERR_SYSTEM: ResourceExhaustionError,
  ERR_WORKER_ANSWERS_BADLY: HealthCheckError,
  ERR_WORKER_CHANNEL: WorkerCommunicationError,
  ERR_WORKER_CRASH_LOOP: WorkerStartupError,
  ERR_WORKER_PUBLIC_SERVER: WorkerStartupError,
  ERR_WORKER_SPAWN: WorkerStartupError,
  ERR_WORKER_STARTUP_EXIT: WorkerStartupError,
  ERR_WORKER_STARTUP_TIMEOUT: WorkerStartupError,
  ERR_WORKER_UNHEALTHY: HealthCheckError,
}

/** A failure as the addon describes it. */
interface NativeFailure {
  code: string
  message: string
  details?: unknown
}

/** The error of the right class for a native failure. */
export function toClusterError(
  { code, message, details }: NativeFailure,
  options?: ErrorOptions,
): ClusterError {
  const ErrorClass = CLASSES[code] ?? (/^ERR_IPC_/.test(code) ? WorkerCommunicationError : ClusterError)
  return new ErrorClass(message, code, details, options)
}

/**
 * Rethrow what the addon threw or rejected with as the class that users know, and with a JavaScript stack: a
 * promise that is settled from Rust carries none. Anything else passes through.
 */
export function rethrow(cause: unknown): never {
  if (!(cause instanceof Error) || !('code' in cause) || cause instanceof ClusterError) throw cause
  const code = String(cause.code)
  if (code.startsWith('ERR_')) throw toClusterError(cause as Error & NativeFailure, { cause })
  // What Node-API says of a value of the wrong type, such as `StringExpected`.
  if (/^InvalidArg$|Expected$/.test(code)) {
    throw new ConfigurationError(cause.message, 'ERR_INVALID_ARGUMENT', undefined, { cause })
  }
  throw cause
}
