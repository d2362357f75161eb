/**
 * SIGINT, SIGTERM and the end of the host, for all clusters of the process: one listener each, however many
 * clusters there are, and none while no cluster runs.
 */
import { constants } from 'node:os'

/** A running cluster. */
export interface Run {
  /** Whether signals of the host stop it. */
  handlesSignals(): boolean
  /** Stop it, and settle when it has stopped. A second call with `false` hastens the first. */
  stop(graceful: boolean): Promise<void>
  /** SIGKILL to every worker, at once. */
  killAll(): void
}

const SIGNALS = ['SIGINT', 'SIGTERM'] as const

/** Whose workers are killed when the host exits. */
const running = new Set<Run>()
/** Of these, who is stopped by signals. */
const signalled = new Set<Run>()
/** Who was asked to stop by a signal already. */
const asked = new WeakSet<Run>()

/**
 * Have `run` stopped by the signals of the host, if it wants that, and its workers killed when the host exits. To be
 * called again when what it wants has changed.
 */
export function watch(run: Run): void {
  if (running.size === 0) process.on('exit', onExit)
  running.add(run)
  listen(run, run.handlesSignals())
}

/** `run` has ended. */
export function unwatch(run: Run): void {
  if (running.delete(run) && running.size === 0) process.off('exit', onExit)
  listen(run, false)
}

function listen(run: Run, wanted: boolean): void {
  if (wanted === signalled.has(run)) return
  if (wanted) signalled.add(run)
  else signalled.delete(run)
  // The first one brings the listeners, the last one takes them away.
  if (signalled.size !== (wanted ? 1 : 0)) return
  for (const signal of SIGNALS) {
    if (wanted) process.on(signal, onSignal)
    else process.off(signal, onSignal)
  }
}

async function onSignal(signal: (typeof SIGNALS)[number]): Promise<void> {
  const concerned = [...signalled]
  const first = concerned.filter(run => !asked.has(run))
  for (const run of first) asked.add(run)
  // A second signal comes from somebody who does not want to wait.
  await Promise.allSettled(concerned.map(run => run.stop(first.includes(run))))
  for (const run of concerned) unwatch(run)
  // Whoever else listens decides what becomes of the process.
  if (first.length > 0 && process.listenerCount(signal) === 0) takeDefaultAction(signal)
}

/** What the signal does to a process that does not listen for it. */
function takeDefaultAction(signal: (typeof SIGNALS)[number]): void {
  // The kernel does not deliver a signal without a listener to the first process of a container.
  if (process.pid === 1) process.exit(128 + constants.signals[signal])
  process.kill(process.pid, signal)
}

function onExit(): void {
  for (const run of running) run.killAll()
}
