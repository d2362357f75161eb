/** The errors of a link: what it refuses, and why it ends. */
import type { WorkerCommunicationError } from '../errors.js'
import { failure } from './failure.js'

/** Data that has `size` bytes, which is too much. */
export function tooLarge(type: string, size: number, limit: number): WorkerCommunicationError {
  return failure(
    'ERR_IPC_MESSAGE_TOO_LARGE',
    `the data of '${type}' has ${size} bytes, and ${limit} are allowed: send it in parts, or raise ipc.maxMessageSize`,
    { type, size, limit },
  )
}

/** A type that is none. */
export function noType(type: unknown): WorkerCommunicationError {
  const message = `the type of a message must be a text, not ${type === null ? 'null' : typeof type}`
  return failure('ERR_IPC_SERIALIZATION', message)
}

/** As much waits for `peer` as may; `what` says how much. */
export function queueFull(
  peer: string,
  what: string,
  details: Record<string, unknown>,
): WorkerCommunicationError {
  return failure(
    'ERR_IPC_QUEUE_FULL',
    `${peer} does not keep up, ${what} wait for it: await answers, or raise ipc.messageQueue.maxSize`,
    details,
  )
}

/** As many requests wait for a handler as may. */
export function handlerQueueFull(type: string): WorkerCommunicationError {
  return failure('ERR_IPC_QUEUE_FULL', `too many messages wait for a handler of '${type}'`, { type })
}

/** Nobody in this process took a request in time. */
export function noHandler(type: string): WorkerCommunicationError {
  const place = process.env.WORKER_ID ?? `process ${process.pid}`
  const message = `${place} has no handler for '${type}': call registerHandler('${type}', ...) there`
  return failure('ERR_IPC_NO_HANDLER', message, { type })
}

/** What came is no message. */
export function protocolError(
  peer: string,
  reason: string,
  options?: ErrorOptions,
): WorkerCommunicationError {
  return failure(
    'ERR_IPC_PROTOCOL',
    `the channel to ${peer} was closed, what arrived is no message: ${reason}`,
    { peer, reason },
    options,
  )
}

/** The peer takes no answers. */
export function slowPeer(peer: string): WorkerCommunicationError {
  const message = `the channel to ${peer} was closed: it asks and does not read the answers`
  return failure('ERR_IPC_SLOW_PEER', message, { peer })
}

/** There is nothing to speak to `workerId` over. */
export function noWay(workerId: string): WorkerCommunicationError {
  return failure(
    'ERR_IPC_NO_CHANNEL',
    `there is no way to reach ${workerId}: start it with connectionFor('${workerId}'), or with pipes for stdin and stdout`,
    { workerId },
  )
}

/** Nothing can be sent from or to a place. */
export function disabled(): WorkerCommunicationError {
  const message = 'there is no channel for messages: ipc.enabled is false, or no master started this worker'
  return failure('ERR_IPC_DISABLED', message)
}

/** One message is not to go to all workers. */
export function noBroadcast(type: string): WorkerCommunicationError {
  const message = `'${type}' was not sent to all workers: ipc.broadcast is false`
  return failure('ERR_IPC_DISABLED', message, { type })
}
