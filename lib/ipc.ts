/** Messages between master and workers: the types. The class is in `ipc-manager.ts`. */
import type { ClusterError } from './errors.js'
import type { BunWorker } from './worker.js'

/** Told which workers there are, so that it can reach them; a `BunIPCManager` is one. */
export interface IPCWorkerRegistry {
  /** A worker is ready. Called again with the same id when its process was replaced. */
  registerWorker(workerId: string, worker: BunWorker): void
  /** A worker is gone. */
  unregisterWorker(workerId: string): void
}

/** A message, as a handler gets it. */
export interface IPCMessage {
  /** Unique among the messages of its sender. */
  id: string
  /** What it is about; decides which handler gets it. */
  type: string
  /** What was sent: JSON values, or a `Uint8Array`. */
  // biome-ignore lint/suspicious/noExplicitAny: whatever the app sends
  data: any
  /** When it was sent, in milliseconds since the epoch. */
  timestamp: number
  /** Which side sent it. */
  from: 'master' | 'worker'
  /** The worker that it was sent to. */
  to?: string
  /** The id that the answer will carry. */
  correlationId?: string
  /** The worker that sent it, where one did. */
  workerId?: string
}

/** The answer of one worker to a broadcast. */
export interface IPCResponse {
  /** Unique among the answers. */
  id: string
  /** The id of the message that it answers. */
  correlationId: string
  /** Whether the handler of the worker succeeded. */
  success: boolean
  /** What it returned. */
  // biome-ignore lint/suspicious/noExplicitAny: whatever the app sends
  data?: any
  /** Why it failed. */
  error?: string
  /** When it came, in milliseconds since the epoch. */
  timestamp: number
  /** Which worker it is from. */
  workerId?: string
  /** The `code` of the error. */
  code?: string
}

/** Settings of a manager. Those of a cluster's workers come from `ipc` of the cluster's configuration. */
export interface IPCOptions {
  /** Whether one message may go to all workers. Default `true`. */
  broadcast?: boolean
  /** How long an answer may take, in milliseconds. Default 30 000. */
  timeout?: number
  /** Between two questions whether a worker still reads, in milliseconds; 0 asks none. Default 30 000. */
  heartbeatInterval?: number
  /** The largest message, `'1KB'` to `'256MB'`. Default `'1MB'`. */
  maxMessageSize?: string
  /** Whether larger messages are compressed. Default `false`. */
  compression?: boolean
  /** How often a message that was not accepted is tried again. Default 0. */
  retryAttempts?: number
  /** Wait before each of these, in milliseconds. Default 100. */
  retryDelay?: number
  /** For how long to look for an answer before sleeping until it comes, in microseconds; 0 to 1 000. Default 100. */
  busyPoll?: number
  /** What may wait. */
  messageQueue?: {
    /** Requests to one process that wait for an answer, and requests that wait for a handler. Default 10 000. */
    maxSize?: number
    /** How long a message may wait for a handler, in milliseconds. Default 30 000. */
    timeout?: number
  }
}

/** Figures of a manager since it was made, over all processes that it has spoken to. */
export interface IPCStats {
  messages: { sent: number; received: number }
  /** Payload and framing as written; what arrives is counted as it is read. */
  bytes: { sent: number; received: number }
  /** Requests that were not answered or answered with an error, timeouts included. */
  failures: number
  /** Requests that were not answered in time. */
  timeouts: number
  /** What waits now. */
  queue: { requests: number; bytes: number; parked: number }
  /** From when a request is sent to its answer, in milliseconds, within a tenth. */
  latency: { p50: number; p95: number; p99: number; max: number }
}

/** How a process is to be started so that a manager can reach it, see `BunIPCManager.connectionFor`. */
export interface IPCConnection {
  /** To be added to its environment. */
  env: Record<string, string>
  /** For `spawn` of Node.js and of Bun. */
  stdio: ('pipe' | 'inherit' | number)[]
}

/** Events of a manager. */
export interface IPCEvents {
  /** A request came, before its handler is called. */
  message: (message: IPCMessage) => void
  /** A worker can be reached. */
  'worker:connected': (data: { workerId: string; timestamp: number }) => void
  /** A worker cannot be reached any more. */
  'worker:disconnected': (data: { workerId: string; error: ClusterError | null; timestamp: number }) => void
  /** A worker did not answer in time; `missed` counts heartbeats in a row. */
  'worker:timeout': (data: {
    workerId: string
    missed: number
    error: ClusterError | null
    timestamp: number
  }) => void
  /** A line on stdout of a process that speaks lines, and no message. Without a listener it goes to our stdout. */
  log: (data: { workerId: string; line: string }) => void
  /** A channel broke. Without a listener, who waits is told all the same, and nothing is thrown. */
  error: (error: ClusterError, workerId: string) => void
}

/** {@link IPCEvents} in the form in which `EventEmitter` wants it. */
export type IPCEventMap = { [Name in keyof IPCEvents]: Parameters<IPCEvents[Name]> }
