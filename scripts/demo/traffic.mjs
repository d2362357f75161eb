/** The demo's end of the load generator. */
import { fork } from 'node:child_process'
import { EventEmitter, once } from 'node:events'
import { fileURLToPath } from 'node:url'

const LOAD = fileURLToPath(new URL('load.mjs', import.meta.url))
/** Reports that the rate is taken over: one second. */
const WINDOW = 5

/** Traffic to `port`, from now on. Emits `totals` whenever there are new ones. */
export class Traffic extends EventEmitter {
  /** What was sent so far: `reasons` counts the failures by what happened, `slowest` is in milliseconds. */
  totals = { ok: 0, failed: 0, slowest: 0, reasons: {} }
  /** Requests per second, lately and at its best. */
  rate = 0
  peak = 0
  #child
  /** Rejects when the generator ends. */
  #gone
  #stopped
  #reports = []

  constructor(port) {
    super()
    // Detached, as Ctrl-C is for the demo. It ends with its channel to us.
    this.#child = fork(LOAD, [String(port)], { detached: true })
    this.#child.on('message', message => {
      if (message.done) this.emit(message.done)
      else this.#take(message)
    })
    this.#gone = once(this.#child, 'exit').then(([code, signal]) => {
      const how = `the load generator ended with ${signal ?? `code ${code}`}`
      if (code !== 0) this.#fail(how)
      throw new Error(how)
    })
    // Whoever waits for something hears of it.
    this.#gone.catch(() => {})
  }

  /** Resolves when the first request was answered. */
  async flows() {
    while (this.totals.ok === 0) await this.#next('totals')
  }

  /** Send no POST; resolves when none is under way. */
  pausePosts() {
    return this.#command('pause posts')
  }

  /** Send POSTs again. */
  resumePosts() {
    return this.#command('resume posts')
  }

  /** Send nothing more; resolves when the last answer is in. */
  stop() {
    // Once, as the generator leaves when it has answered. One that broke sends nothing either.
    this.#stopped ??= this.#command('stop')
      .catch(() => {})
      .finally(() => {
        this.rate = 0
      })
    return this.#stopped
  }

  async #command(command) {
    const done = this.#next(command)
    // Without a callback, a closed channel would be thrown at whoever listens for `error`.
    this.#child.send(command, () => {})
    await done
  }

  #next(event) {
    return Promise.race([once(this, event), this.#gone])
  }

  #fail(reason) {
    const { failed, reasons } = this.totals
    this.totals = { ...this.totals, failed: failed + 1, reasons: { ...reasons, [reason]: 1 } }
  }

  #take({ at, ...totals }) {
    this.totals = totals
    this.#reports = [...this.#reports, { at, count: totals.ok + totals.failed }].slice(-WINDOW - 1)
    const [first, last] = [this.#reports[0], this.#reports.at(-1)]
    this.rate = last === first ? 0 : (1000 * (last.count - first.count)) / (last.at - first.at)
    this.peak = Math.max(this.peak, this.rate)
    this.emit('totals')
  }
}
