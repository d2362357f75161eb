/** What the demo shows, as data. */

/** Filled by the show, read by the frame and by the summary. */
export class Model {
  /** The line on top. */
  title
  /** `{ name, state: 'running' | 'done' | 'failed', result }`, in order. */
  steps = []
  /** The workers, as `getWorkers()` gives them. */
  workers = []
  /** The {@link Traffic}, once there is some. */
  traffic
  /** The lines that the master logged. */
  log = []
  /** Every process that was ever a worker: pid → port. */
  seen = new Map()
  #started = performance.now()

  constructor(title) {
    this.title = title
  }

  /** Seconds since the start. */
  get elapsed() {
    return (performance.now() - this.#started) / 1000
  }

  /** Requests so far. */
  get requests() {
    const { ok = 0, failed = 0 } = this.traffic?.totals ?? {}
    return { ok, failed, total: ok + failed }
  }

  /** Keep up with `master`. */
  follow(master) {
    master.on('table', workers => {
      this.workers = workers
      for (const worker of workers) if (worker.pid) this.seen.set(worker.pid, worker.port)
    })
    master.on('started', ({ pid, port }) => this.seen.set(pid, port))
    master.on('log', line => this.log.push(line))
  }
}
