/** The demo's end of the master: a child process that is called and listened to. */
import { spawn } from 'node:child_process'
import { EventEmitter } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { ROOT } from '../run.mjs'

/** How long an orderly stop may take before the master is killed, in milliseconds. */
const STOP_DEADLINE = 10_000

/**
 * A master under `runtime` that serves `app`. Emits the cluster's events under their names, `table` with the
 * workers, and `log` with each line that it writes.
 */
export class RemoteMaster extends EventEmitter {
  /** Resolves with a description of how the process ended: `code 0`, or a signal's name. */
  exited
  #child
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
    this.exited = new Promise(resolve => {
      this.#child.once('error', error => resolve(error.message))
      this.#child.once('exit', (code, signal) => resolve(signal ?? `code ${code}`))
    })
    this.exited.then(how => {
      for (const { reject } of this.#calls.values()) reject(new Error(`the master ended with ${how}`))
      this.#calls.clear()
    })
    // Writing to a master that has just ended is reported by `exited`.
    this.#child.stdin.on('error', () => {})
    createInterface({ input: this.#child.stdout }).on('line', line => this.#read(line))
    createInterface({ input: this.#child.stderr }).on('line', line => this.emit('log', line))
  }

  /** Call a method of the cluster manager; settles as it does. */
  call(method, ...args) {
    return new Promise((resolve, reject) => {
      const id = ++this.#lastId
      this.#calls.set(id, { resolve, reject })
      this.#child.stdin.write(`${JSON.stringify({ id, method, args })}\n`)
    })
  }

  /** The data of the next event `name` about `workerId`. */
  next(name, workerId) {
    return new Promise(resolve => {
      const listener = data => {
        if (data.workerId !== workerId) return
        this.off(name, listener)
        resolve(data)
      }
      this.on(name, listener)
    })
  }

  /** Stop the cluster and the process, whatever it is doing; resolves like {@link exited}. */
  async end() {
    const deadline = setTimeout(() => this.#child.kill('SIGKILL'), STOP_DEADLINE)
    this.#child.stdin.end()
    const how = await this.exited
    clearTimeout(deadline)
    return how
  }

  #read(line) {
    if (!line.startsWith('{')) {
      this.emit('log', line)
      return
    }
    const { id, error, event, data, workers } = JSON.parse(line)
    if (workers) this.emit('table', workers)
    else if (event) this.emit(event, data)
    else this.#answer(id, error)
  }

  #answer(id, error) {
    const { resolve, reject } = this.#calls.get(id)
    this.#calls.delete(id)
    if (error === undefined) resolve()
    else reject(new Error(error))
  }
}
