/** The demo's end of the master: a child process that is called and listened to. */
import { spawn } from 'node:child_process'
import { EventEmitter } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { ROOT } from '../run.mjs'

/** How long an orderly stop may take before the master is killed, in milliseconds. */
const STOP_DEADLINE = 10_000

/**
 * A master under `runtime` that serves `app`. Emits `started` with what `worker:started` says, `table` with the
 * workers, and `log` with each line that it writes.
 */
export class RemoteMaster extends EventEmitter {
  /** Resolves with how the process ended: `code 0`, or a signal's name. */
  #exited
  #child
  /** Rejects when the process ends. */
  #gone
  #calls = new Map()
  #lastId = 0

  constructor({ runtime, app, port, workers }) {
    super()
    const options = ['--port', String(port), '--workers', String(workers)]
    this.#child = spawn(runtime, [join(ROOT, 'scripts/demo/master.mjs'), app, ...options], {
      cwd: ROOT,
      stdio: ['pipe', 'pipe', 'pipe'],
      // Ctrl-C is for the demo, which then stops the master in its own order.
      detached: true,
    })
    this.#exited = new Promise(resolve => {
      this.#child.once('error', error => resolve(error.message))
      // Everything that it wrote has been read then.
      this.#child.once('close', (code, signal) => resolve(signal ?? `code ${code}`))
    })
    this.#gone = this.#exited.then(how => {
      throw new Error(`the master ended with ${how}`)
    })
    // Whoever waits for something hears of it.
    this.#gone.catch(() => {})
    // Writing to a master that has just ended is reported by its end.
    this.#child.stdin.on('error', () => {})
    createInterface({ input: this.#child.stdout }).on('line', line => this.#read(line))
    createInterface({ input: this.#child.stderr }).on('line', line => this.emit('log', line))
  }

  /** Call a method of the cluster manager; settles as it does. */
  call(method, ...args) {
    const answer = new Promise((resolve, reject) => {
      const id = ++this.#lastId
      this.#calls.set(id, { resolve, reject })
      this.#child.stdin.write(`${JSON.stringify({ id, method, args })}\n`)
    })
    return Promise.race([answer, this.#gone])
  }

  /** Resolves when the next process of worker `workerId` is ready. */
  nextStart(workerId) {
    const start = new Promise(resolve => {
      const listener = started => {
        if (started.workerId !== workerId) return
        this.off('started', listener)
        resolve()
      }
      this.on('started', listener)
    })
    return Promise.race([start, this.#gone])
  }

  /** Stop the cluster and the process, whatever it is doing; resolves with `code 0` or how else it ended. */
  async end() {
    const deadline = setTimeout(() => this.#child.kill('SIGKILL'), STOP_DEADLINE)
    this.#child.stdin.end()
    const how = await this.#exited
    clearTimeout(deadline)
    return how
  }

  #read(line) {
    if (!line.startsWith('{')) {
      this.emit('log', line)
      return
    }
    const { id, error, started, workers } = JSON.parse(line)
    if (workers) this.emit('table', workers)
    else if (started) this.emit('started', started)
    else this.#answer(id, error)
  }

  #answer(id, error) {
    const { resolve, reject } = this.#calls.get(id)
    this.#calls.delete(id)
    if (error === undefined) resolve()
    else reject(new Error(error))
  }
}
