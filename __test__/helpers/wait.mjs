/** Waiting in tests: for an event where there is one, with a deadline always, and never for time to pass. */

/** How long anything may take that a test waits for, in milliseconds; generous, as it only ends hanging tests. */
export const DEADLINE = 20_000

/** What `promise` gives; rejects when it has not settled within `deadline`, naming `what` was waited for. */
export async function within(promise, what, deadline = DEADLINE) {
  let timer
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what} did not come within ${deadline} ms`)), deadline)
  })
  try {
    return await Promise.race([promise, late])
  } finally {
    clearTimeout(timer)
  }
}

/** The payload of the next `event` of `emitter` that satisfies `predicate`. */
export async function waitFor(emitter, event, predicate = () => true, deadline = DEADLINE) {
  let listener
  const arrival = new Promise(resolve => {
    listener = payload => predicate(payload) && resolve(payload)
    emitter.on(event, listener)
  })
  try {
    return await within(arrival, `an event ${String(event)} that fits`, deadline)
  } finally {
    emitter.off(event, listener)
  }
}

/**
 * What `probe` gives as soon as that is truthy. For states of the outside world that tell nobody of their change,
 * such as /proc; anything that has an event is waited for with {@link waitFor}.
 */
export async function eventually(probe, what, deadline = DEADLINE) {
  const end = Date.now() + deadline
  for (;;) {
    const value = await probe()
    if (value) return value
    if (Date.now() > end) throw new Error(`${what} did not come within ${deadline} ms`)
    await new Promise(resolve => setTimeout(resolve, 10))
  }
}
