/** Processes that the user started: what `registerWorker` makes of them. */
import type { ChildProcess } from 'node:child_process'
import { lineCarrier } from './lines.js'
import { Link } from './link.js'
import { noWay } from './refusals.js'
import type { Settings } from './types.js'

/** What is used of Bun's `Subprocess`. */
interface BunSubprocess {
  pid: number
  stdin?: { write(text: string): unknown; flush?(): unknown; unref?(): void }
  stdout?: ReadableStream<Uint8Array>
  exited: Promise<number>
  exitCode: number | null
  signalCode: string | null
}

/** Have `link` fail with the cause when `subprocess` ends. */
export function followDeath(subprocess: unknown, link: Link): void {
  const child = subprocess as ChildProcess & BunSubprocess
  const ended = (exitCode: number | null, signal: string | null) => {
    const reason = signal === null ? `exited with code ${exitCode}` : `was killed by ${signal}`
    // What it wrote at the end is in the channel, and is read first.
    setImmediate(() => link.die(reason, { exitCode, signal }))
  }
  if (typeof child.once === 'function') {
    if (child.exitCode !== null || child.signalCode !== null) ended(child.exitCode, child.signalCode)
    else child.once(child.stdout ? 'close' : 'exit', (code, signal) => ended(code, signal))
    child.once('error', error => link.die(`could not be started: ${error.message}`))
  } else if (child.exited instanceof Promise) {
    child.exited.then(() => ended(child.signalCode === null ? child.exitCode : null, child.signalCode))
  }
}

/** A link that speaks lines over stdin and stdout of `subprocess`; `log` gets the lines that are no messages. */
export function overLines(
  workerId: string,
  subprocess: unknown,
  settings: Settings,
  log: (line: string) => void,
): Link {
  const { pid, stdin, stdout } = (subprocess ?? {}) as ChildProcess & BunSubprocess
  if (typeof pid !== 'number' || typeof stdin?.write !== 'function' || !stdout) {
    throw noWay(workerId)
  }
  return new Link(workerId, pid, settings, link => {
    const bun = 'getReader' in (stdout as object)
    const write = (text: string) => {
      ;(stdin as { write(text: string): unknown }).write(text)
      if (bun) (stdin as { flush?(): unknown }).flush?.()
    }
    const carrier = lineCarrier(link, write, log)
    const ended = () => {
      carrier.finish()
      link.lost()
    }
    if (bun) {
      void (async () => {
        for await (const chunk of stdout as unknown as AsyncIterable<Uint8Array>) carrier.feed(chunk)
      })().then(ended, ended)
    } else {
      const stream = stdout as NodeJS.ReadableStream
      stream.on('data', chunk => carrier.feed(typeof chunk === 'string' ? Buffer.from(chunk) : chunk))
      stream.once('end', ended)
      ;(stdin as NodeJS.WritableStream).on('error', () => link.lost())
    }
    const waiting = () => (stdin as { writableLength?: number }).writableLength ?? 0
    return { ...carrier, waiting }
  })
}
