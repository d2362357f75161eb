/** Whether a peer that has spoken still reads: it is asked now and then. */

/** Asks one peer. */
export class Heartbeat {
  readonly #interval: number
  readonly #ask: (question: number) => void
  readonly #silent: (missed: number) => void
  #timer: NodeJS.Timeout | undefined
  #unanswered = 0

  /**
   * @param interval Between two questions, in milliseconds; 0 asks none.
   * @param ask Asks one.
   * @param silent Called instead of nothing when so many in a row were not answered.
   */
  constructor(interval: number, ask: (question: number) => void, silent: (missed: number) => void) {
    this.#interval = interval
    this.#ask = ask
    this.#silent = silent
  }

  /** Ask from now on; it does not keep the process alive. */
  start(): void {
    if (this.#timer || this.#interval === 0) return
    this.#timer = setInterval(() => {
      if (this.#unanswered > 0) this.#silent(this.#unanswered)
      this.#unanswered += 1
      this.#ask(this.#unanswered)
    }, this.#interval)
    this.#timer.unref()
  }

  /** The peer reads. */
  answered(): void {
    this.#unanswered = 0
  }

  /** Ask no more. */
  stop(): void {
    clearInterval(this.#timer)
  }
}
