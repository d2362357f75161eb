/**
 * Signals of a clustered XyPriss app.
 *
 * When it is loaded, XyPriss 2 listens for SIGINT and SIGTERM, clears a cache and ends the process with code 1 at once.
 * In a cluster nobody could finish anything then: no request in a worker, no `stopCluster()` in a handler of the app.
 */
const SIGNALS = ['SIGINT', 'SIGTERM'] as const

type Listener = (...args: unknown[]) => void

/** Take XyPriss's listeners away; gives a function that puts them back. */
export function releaseSignals(): () => void {
  const taken: { signal: (typeof SIGNALS)[number]; listener: Listener }[] = []
  for (const signal of SIGNALS) {
    for (const listener of process.listeners(signal) as Listener[]) {
      if (!isXyPriss(listener)) continue
      process.off(signal, listener)
      taken.push({ signal, listener })
    }
  }
  return () => {
    for (const { signal, listener } of taken.splice(0)) process.prependListener(signal, listener)
  }
}

/** By name and words, as there is nothing else to know it by; a listener of the app must not be taken for it. */
function isXyPriss(listener: Listener): boolean {
  return listener.name === 'handleGracefulShutdown' && String(listener).includes('XyPrissSecurity CS')
}

/**
 * Notes whether this process was told to go by a signal. Listens only while the app does: a listener of ours alone
 * would keep the signal from ending the process.
 */
export class Notice {
  #given = false

  constructor() {
    for (const signal of SIGNALS) this.#follow(signal)
  }

  /** Whether there was a signal. */
  get given(): boolean {
    return this.#given
  }

  #follow(signal: (typeof SIGNALS)[number]): void {
    const note = () => {
      this.#given = true
    }
    const listening = () => process.listeners(signal).includes(note)
    process.on('newListener', (name, listener) => {
      // Ahead of the listener of the app, which is to find it noted.
      if (name === signal && listener !== note && !listening()) process.prependListener(signal, note)
    })
    process.on('removeListener', (name, listener) => {
      if (name !== signal || listener === note) return
      if (listening() && process.listenerCount(signal) === 1) process.off(signal, note)
    })
    if (process.listenerCount(signal) > 0) process.prependListener(signal, note)
  }
}
