/** The links of a cluster's workers, by their processes. */
import type { NativeChannel } from '../../binding'
import { answerBuiltIn } from './built-in.js'
import { failure } from './failure.js'
import type { Link } from './link.js'
import { openLink } from './over-socket.js'
import type { Settings } from './types.js'

/** What is told of a process that ended. */
export interface Death {
  workerId: string
  pid: number | null
  reason: string
  exitCode: number | null
  signal: string | null
}

/** Opens and finds them. */
export class Links {
  readonly #byPid = new Map<number, Link>()
  readonly #onPost: (link: Link, data: unknown) => boolean

  /** `onPost` gets what workers send by `process.send`; `false` when nobody wants it yet. */
  constructor(onPost: (link: Link, data: unknown) => boolean) {
    this.#onPost = onPost
  }

  /** Take over `channels`; gives the links. */
  open(channels: NativeChannel[]): Link[] {
    // One that was opened when its process had ended already is not told of its death.
    for (const [pid, link] of this.#byPid) if (!link.open) this.#byPid.delete(pid)
    return channels.map(({ workerId, pid, readFd, writeFd, settings }) => {
      const link = openLink(workerId, pid, settings as Settings, { readFd, writeFd })
      link.fallback = answerBuiltIn
      link.onPost = data => this.#onPost(link, data)
      this.#byPid.set(pid, link)
      return link
    })
  }

  /** All that there are. */
  all(): Link[] {
    return [...this.#byPid.values()]
  }

  /** A process ended: who waits for it is told why. */
  died({ workerId, pid, reason, exitCode, signal }: Death): void {
    const link = this.#byPid.get(pid ?? 0)
    if (!link) return
    this.#byPid.delete(link.pid)
    link.die(reason, { workerId, exitCode, signal })
  }

  /** That of process `pid`. */
  of(pid: number): Link | undefined {
    return this.#byPid.get(pid)
  }
}

/** `send` of a worker, as workers of `node:cluster` have it. */
export function send(workerId: string, link: Link | undefined, message: unknown, rest: unknown[]): boolean {
  const callback = rest.findLast(argument => typeof argument === 'function') as
    | ((error: Error | null) => void)
    | undefined
  try {
    if (!link) {
      const message = `${workerId} has no channel for messages: its process has ended, or ipc.enabled is false`
      throw failure('ERR_IPC_NO_CHANNEL', message, { workerId })
    }
    const fast = link.post(message)
    if (callback) process.nextTick(callback, null)
    return fast
  } catch (error) {
    if (!callback) throw error
    process.nextTick(callback, error as Error)
    return false
  }
}
