/** How a manager sends: once more when it was not accepted, to one or to many. */
import type { ClusterError } from '../errors.js'
import type { IPCResponse } from '../ipc.js'
import { REQUEST } from './entry.js'
import type { Link } from './link.js'
import { noBroadcast } from './refusals.js'
import type { Encoded, Settings } from './types.js'

/** Not accepted, so they may be tried again without being done twice. */
const NOT_ACCEPTED = new Set(['ERR_IPC_QUEUE_FULL', 'ERR_WORKER_NOT_FOUND'])

/** Sends, as the settings given say. */
export class Sending {
  readonly #check: () => void
  #responses = 0

  /** `check` throws when nothing may be sent. */
  constructor(check: () => void) {
    this.#check = check
  }

  /** Send, and try again when it was not accepted. Rejects, never throws. */
  one({ retryAttempts, retryDelay }: Settings, send: () => Promise<unknown>): Promise<unknown> {
    try {
      if (retryAttempts > 0) return this.#retry(retryAttempts, retryDelay, send)
      this.#check()
      return send()
    } catch (error) {
      return Promise.reject(error)
    }
  }

  /** Ask all `workers`; resolves with an answer of each, rejects when that is not allowed. `from` is who asks. */
  many(
    settings: Settings,
    workers: [string, Link][],
    type: string,
    data: unknown,
    from?: string,
  ): Promise<IPCResponse[]> {
    return new Promise(resolve => {
      this.#check()
      // That of the workers is their cluster's.
      if (!settings.broadcast || workers.some(([, link]) => !link.settings.broadcast)) throw noBroadcast(type)
      const responses = new Array<IPCResponse>(workers.length)
      let left = workers.length
      if (left === 0) resolve(responses)
      const encoded = new Once(type, data)
      workers.forEach(([workerId, link], index) => {
        this.#responses += 1
        const id = String(this.#responses)
        const settle = (response: IPCResponse) => {
          if (responses[index]) return
          responses[index] = response
          left -= 1
          if (left === 0) resolve(responses)
        }
        const answered = (data: unknown) =>
          settle({ id, correlationId: id, workerId, success: true, data, timestamp: Date.now() })
        const failed = (error: unknown) => settle(failureOf(error as ClusterError, id, workerId))
        if (settings.retryAttempts > 0) {
          this.one(settings, () => link.ask(REQUEST, type, from, encoded.for(link))).then(answered, failed)
          return
        }
        try {
          link.call(REQUEST, type, from, encoded.for(link), answered, failed)
        } catch (error) {
          failed(error)
        }
      })
    })
  }

  async #retry(attempts: number, delay: number, send: () => Promise<unknown>): Promise<unknown> {
    for (let left = attempts; ; left -= 1) {
      try {
        this.#check()
        return await send()
      } catch (error) {
        const { code = '' } = error as ClusterError
        if (left <= 0 || !NOT_ACCEPTED.has(code)) throw error
        await new Promise(resolve => setTimeout(resolve, delay))
      }
    }
  }
}

/** Data that are encoded once for all links, unless what they take differs. */
class Once {
  readonly #type: string
  readonly #data: unknown
  #encoded: Encoded | undefined
  #size: number | undefined

  constructor(type: string, data: unknown) {
    this.#type = type
    this.#data = data
  }

  /** Throws when `link` cannot take it. */
  for(link: Link): Encoded {
    const { maxMessageSize } = link.settings
    if (!this.#encoded || this.#size !== maxMessageSize) {
      this.#encoded = link.encode(this.#type, this.#data)
      this.#size = maxMessageSize
    }
    return this.#encoded
  }
}

function failureOf({ message, code }: ClusterError, id: string, workerId: string): IPCResponse {
  const response = {
    id,
    correlationId: id,
    workerId,
    success: false,
    error: message,
    timestamp: Date.now(),
  }
  return code === undefined ? response : { ...response, code }
}
