/** The errors of messages: made here, sent to the other side, and made again there. */
import { WorkerCommunicationError } from '../errors.js'

/** An error of this side. */
export function failure(
  code: string,
  message: string,
  details?: Record<string, unknown>,
  options?: ErrorOptions,
): WorkerCommunicationError {
  return new WorkerCommunicationError(message, code, details, options)
}

/** An error as it travels. */
export interface Remote {
  name?: string
  message?: string
  code?: string
  stack?: string
  details?: unknown
}

/** What a handler threw, ready to travel. */
export function pack(thrown: unknown): Remote {
  if (typeof thrown !== 'object' || thrown === null) return { message: String(thrown) }
  const { name, message, code, stack, details } = thrown as Record<string, unknown>
  return {
    ...(typeof name === 'string' && { name }),
    message: typeof message === 'string' ? message : 'an object was thrown',
    ...((typeof code === 'string' || typeof code === 'number') && { code: String(code) }),
    ...(typeof stack === 'string' && { stack }),
    ...(isPlain(details) && { details }),
  }
}

function isPlain(value: unknown): boolean {
  try {
    return value !== undefined && JSON.stringify(value) !== undefined
  } catch {
    return false
  }
}

/** What the handler of `peer` for `type` threw, as an error of this side. */
export function unpack(remote: Remote, type: string, peer: string): WorkerCommunicationError {
  const { message = 'no message', code = 'ERR_IPC_HANDLER', stack } = remote
  const error = failure(code, message, { type, peer, remote })
  if (stack !== undefined)
    error.stack = `${error.stack}\n    -- in ${peer}, handler of '${type}' --\n${stack}`
  return error
}
