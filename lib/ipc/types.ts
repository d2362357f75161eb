/** What a link is made of and speaks with: its settings, what carries its batches, who takes its requests. */
import type { Link } from './link.js'

/** Section `ipc` of the configuration, as the core resolves it. */
export interface Settings {
  enabled: boolean
  broadcast: boolean
  timeout: number
  heartbeatInterval: number
  maxMessageSize: number
  compression: boolean
  retryAttempts: number
  retryDelay: number
  queueSize: number
  queueTimeout: number
  busyPoll: number
}

/** What carries batches. */
export interface Carrier {
  /** Put an entry into the batch, its data as JSON. Gives the bytes that it has then. */
  add(
    operation: number,
    id: number | string,
    type: string | undefined,
    address: string | undefined,
    data: string | undefined,
  ): number
  /** Send the batch; bytes that wait then, -1: not taken, too many wait; -2: not taken, closed. */
  send(): number
  /** Send an entry, which is in JSON, with bytes for data, UTF-8 if it is text; they may be gone afterwards. */
  sendRaw(envelope: string, bytes: Uint8Array, isText: boolean): number
  /** Bytes that wait. */
  waiting(): number
  /** Wait until they are handed over, at most `patience` ms. */
  flush(patience: number): boolean
  /** Whether it keeps the process alive. */
  hold(alive: boolean): void
  close(): void
}

/** A request of the peer, on its way through this process. */
export interface Incoming {
  link: Link
  /** The peer's number for it; text with peers that speak lines. */
  id: number | string
  time: number
  type: string
  data: unknown
  /** The worker that sent it, when it came through the master. */
  from: string | undefined
  /** The worker that it is for, when it is not for this process. */
  to: string | undefined
}

/** Who takes requests. */
export interface Receiver {
  /** Take `request` and answer it some time; `false` leaves it to others. */
  receive(request: Incoming): boolean
  /** A heartbeat was not answered. */
  silent(link: Link, missed: number): void
  /** An answer did not come in time. */
  late(link: Link, error: Error): void
  /** The peer is gone. */
  gone(link: Link, error: Error): void
}

/** Data, ready to travel. */
export type Encoded =
  | { text: string | undefined; bytes?: never; long?: never }
  | { bytes: Uint8Array; text?: never; long?: never }
  | { long: string; text?: never; bytes?: never }
