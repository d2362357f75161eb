/** How a manager sends: once more when it was not accepted, to one or to many. */
import type { ClusterError, WorkerCommunicationError } from '../errors.js'
import type { IPCResponse } from '../ipc.js'
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

  /** Ask all `workers`; resolves with an answer of each, rejects when that is not allowed. `from`, JSON, is who asks. */
  async many(
    settings: Settings,
    workers: [string, Link][],
    type: string,
    data: unknown,
    from: string,
  ): Promise<IPCResponse[]> {
    this.#check()
    // That of the workers is their cluster's.
    if (!settings.broadcast || workers.some(([, link]) => !link.settings.broadcast)) throw noBroadcast(type)
    let encoded: Encoded | undefined
    let encodedFor: number | undefined
    const ask = (link: Link) => {
      // For one as for all, unless what they take differs.
      const { maxMessageSize } = link.settings
      if (!encoded || maxMessageSize !== encodedFor) {
        encoded = link.encode(type, data)
        encodedFor = maxMessageSize
      }
      return link.ask(0, type, from, encoded)
    }
    return Promise.all(
      workers.map(async ([workerId, link]) => {
        this.#responses += 1
        const id = String(this.#responses)
        const about = { id, correlationId: id, workerId }
        try {
          const answer = await this.one(settings, () => ask(link))
          return { ...about, success: true, data: answer, timestamp: Date.now() }
        } catch (error) {
          const { message, code } = error as WorkerCommunicationError
          const response = { ...about, success: false, error: message, timestamp: Date.now() }
          return code === undefined ? response : { ...response, code }
        }
      }),
    )
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
