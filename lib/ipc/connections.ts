/** Processes that the user starts: what they are started with, and the links to them. */
import { binding } from '../binding.js'
import type { IPCConnection } from '../ipc.js'
import type { Link } from './link.js'
import { VARIABLE } from './places.js'
import { noWay } from './refusals.js'
import type { Settings } from './types.js'

/** The descriptor that such a child finds its channel at. */
const CHILD_FD = 3

/** Those of a manager. */
export class Connections {
  readonly #settings: Settings
  /** Connections whose process has not been registered yet, by worker id. */
  readonly #prepared = new Map<string, { readFd: number; writeFd: number; childFd: number }>()
  /** Links that were opened here. */
  readonly #opened = new WeakSet<Link>()

  constructor(settings: Settings) {
    this.#settings = settings
  }

  /** How to start the process of `workerId`. */
  prepare(workerId: string, transport: 'fd' | 'stdio'): IPCConnection {
    this.forget(workerId)
    const settings = this.#settings
    if (transport === 'stdio') {
      const env = { [VARIABLE]: JSON.stringify({ workerId, settings }) }
      return { env, stdio: ['pipe', 'pipe', 'inherit'] }
    }
    const pair = binding.NativeLink.pair()
    this.#prepared.set(workerId, pair)
    const env = { [VARIABLE]: JSON.stringify({ fd: CHILD_FD, workerId, settings }) }
    return { env, stdio: ['inherit', 'inherit', 'inherit', pair.childFd] }
  }

  /**
   * The link to `subprocess`, which was started; `log` gets its lines that are no messages. `undefined` for a worker of
   * a cluster whose messages are switched off. Throws when there is no way to reach it.
   */
  open(workerId: string, subprocess: unknown, log: (line: string) => void): Link | undefined {
    // Loaded here: most have the workers of a cluster only.
    const { followDeath, overLines } = require('./foreign.js') as typeof import('./foreign.js')
    const prepared = this.#prepared.get(workerId)
    const { pid, stdin, stdout } = (subprocess ?? {}) as { pid?: number; stdin?: unknown; stdout?: unknown }
    let link: Link
    if (prepared) {
      this.#prepared.delete(workerId)
      // The process has it by now; in ours it would keep the channel open when that one is gone.
      binding.NativeLink.closeFd(prepared.childFd)
      const { openLink } = require('./over-socket.js') as typeof import('./over-socket.js')
      link = openLink(workerId, pid ?? -1, this.#settings, prepared)
    } else if (stdin || stdout) {
      link = overLines(workerId, subprocess, this.#settings, log)
    } else if (isWorkerView(subprocess)) {
      return undefined
    } else {
      throw noWay(workerId)
    }
    followDeath(subprocess, link)
    this.#opened.add(link)
    return link
  }

  /** Whether `link` was opened here, and is ours to close. */
  owns(link: Link): boolean {
    return this.#opened.has(link)
  }

  /** Close the connection of a process that was not registered; without an id, all of them. */
  forget(workerId?: string): void {
    for (const [id, { readFd, writeFd, childFd }] of this.#prepared) {
      if (workerId !== undefined && id !== workerId) continue
      this.#prepared.delete(id)
      for (const fd of [readFd, writeFd, childFd]) binding.NativeLink.closeFd(fd)
    }
  }
}

function isWorkerView(subprocess: unknown): boolean {
  if (typeof subprocess !== 'object' || subprocess === null) return false
  return 'id' in subprocess && typeof subprocess.id === 'string' && 'port' in subprocess
}
