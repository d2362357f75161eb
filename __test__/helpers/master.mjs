/** A master in a process of its own, for everything that ends or blocks the process that a cluster lives in. */
import { spawn } from 'node:child_process'
import { EventEmitter } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { DEADLINE, waitFor } from './wait.mjs'

/**
 * Run `fixture`, a file of `__test__/fixtures`, with the runtime of this test.
 *
 * What it writes to stdout as JSON, a value a line, is kept in `lines`; other output is kept in `output`, and the part
 * of it that came from stderr also in `errors`.
 */
export function startMaster(fixture, { args = [], env = {}, execPath = process.execPath } = {}) {
  const script = fileURLToPath(new URL(`../fixtures/${fixture}`, import.meta.url))
  const child = spawn(execPath, [script, ...args], {
    env: { ...process.env, ...env },
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  const lines = []
  const output = []
  const errors = []
  const arrivals = new EventEmitter()
  createInterface({ input: child.stdout }).on('line', text => {
    const line = parse(text)
    if (line === undefined) return output.push(text)
    lines.push(line)
    arrivals.emit('line', line)
  })
  createInterface({ input: child.stderr }).on('line', text => {
    output.push(text)
    errors.push(text)
  })
  const exit = new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('exit', (code, signal) => resolve({ code, signal }))
  })

  return {
    pid: child.pid,
    lines,
    output,
    errors,
    /** Resolves with `{ code, signal }` when it has ended. */
    exit,
    /** The first line, past or future, that satisfies `predicate`; rejects when it ends before that. */
    async line(predicate, deadline = DEADLINE) {
      const past = lines.find(predicate)
      if (past !== undefined) return past
      const ended = exit.then(({ code, signal }) => {
        throw new Error(
          `the master ended with ${signal ?? code} before that line came:\n${output.join('\n')}`,
        )
      })
      return Promise.race([waitFor(arrivals, 'line', predicate, deadline), ended])
    },
    /** Write one JSON line to its stdin. */
    send: value => child.stdin.write(`${JSON.stringify(value)}\n`),
    kill: signal => child.kill(signal),
  }
}

function parse(text) {
  if (!/^[[{"]/.test(text)) return undefined
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
