/** Constant load, made by a process of its own so that a test that blocks or is busy does not slow it down. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { runtimePath } from '../../scripts/runtimes.mjs'
import { within } from './wait.mjs'

/**
 * Send requests to `port` on `connections` senders, one after the other on each, until stopped. Every other sender
 * keeps its connection, the rest open a new one for each request. Nothing is retried. `body` of that `type` is sent in
 * place of `bodySize` bytes; `generator` is the script that does the sending.
 *
 * Resolves when the first request was answered.
 */
export async function loadGenerator({
  port,
  connections = 8,
  method = 'GET',
  path = '/',
  bodySize = 0,
  pause = 0,
  type,
  body,
  secure = false,
  generator = 'load-generator.mjs',
}) {
  const options = { port, connections, method, path, bodySize, pause, type, body, secure }
  const script = fileURLToPath(new URL(generator, import.meta.url))
  const child = spawn(runtimePath('node22'), [script, JSON.stringify(options)], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  const lines = createInterface({ input: child.stdout })
  let report
  lines.on('line', line => {
    if (line.startsWith('{')) report = JSON.parse(line)
  })
  const closed = once(lines, 'close')
  await within(Promise.race([once(lines, 'line'), closed]), 'the first response to the load')
  return {
    /**
     * Let what is under way finish. Gives `ok`, the number of good responses; `failed`, `{ reason, count }` of each
     * kind of failure; and `timeline`, pairs of a time in milliseconds and the good responses since.
     */
    async stop() {
      child.stdin.end()
      await within(closed, 'the report of the load generator')
      if (!report) throw new Error('the load generator ended without a report')
      return report
    },
  }
}
