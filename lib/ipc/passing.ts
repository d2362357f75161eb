/** The end of a peer, which has two signs: its channel ends, and its process does. Either may come first. */

/** How long the second sign may take, in milliseconds. */
const PATIENCE = 2_000

/** What is known of the death of a process. */
export interface Cause {
  reason: string
  details: Record<string, unknown>
}

/** Waits for both signs. */
export class Passing {
  readonly #bury: (cause: Cause | undefined) => void
  #atEnd = false
  #cause: Cause | undefined
  #patience: NodeJS.Timeout | undefined

  /** `bury` is called with the cause once both signs are there, or the second is long in coming. */
  constructor(bury: (cause: Cause | undefined) => void) {
    this.#bury = bury
  }

  /** Whether there was a sign already. */
  get begun(): boolean {
    return this.#atEnd || this.#cause !== undefined
  }

  /**
   * The channel gave its last byte.
   *
   * @param alone No other sign will come.
   * @param wanted Somebody waits for the outcome: the process stays alive for it.
   */
  channelEnded(alone: boolean, wanted: boolean): void {
    if (this.#atEnd) return
    this.#atEnd = true
    if (this.#cause || alone) this.#bury(this.#cause)
    else this.#wait(wanted)
  }

  /** The process is dead. What it wrote before that is still in the channel. */
  processDied(cause: Cause, wanted: boolean): void {
    if (this.#cause) return
    this.#cause = cause
    if (this.#atEnd) this.#bury(cause)
    else this.#wait(wanted)
  }

  /** Wait no more. */
  stop(): void {
    clearTimeout(this.#patience)
  }

  #wait(wanted: boolean): void {
    this.#patience = setTimeout(() => this.#bury(this.#cause), PATIENCE)
    if (!wanted) this.#patience.unref()
  }
}
