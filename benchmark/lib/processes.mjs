/** The processes of a benchmark. Each is ended by its pid, whatever way the benchmark itself ends. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'

/** From SIGTERM to SIGKILL. */
const KILL_AFTER = 10_000

const running = new Set()

// SIGTERM rather than SIGKILL: nginx and clusters take their own workers along.
process.on('exit', () => {
  for (const child of running) child.kill()
})
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(1))

/** Start `command`; `env` is added to our own environment. */
export function launch(command, args, env = {}) {
  const child = spawn(command, args, {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  child.once('spawn', () => running.add(child))
  child.once('exit', () => running.delete(child))
  return child
}

/** What `child` says in its first line of JSON; its other lines are read and dropped. */
export function report(child) {
  return new Promise((resolve, reject) => {
    const lines = createInterface(child.stdout)
    lines.on('line', line => {
      if (line.startsWith('{')) resolve(JSON.parse(line))
    })
    child.once('error', reject)
    lines.once('close', () => reject(new Error(`${child.spawnargs.join(' ')} ended without a report`)))
  })
}

/** End all of `children`; resolves when they are gone. */
export async function end(children) {
  await Promise.all(children.map(endOne))
}

/** End everything that still runs. */
export function endAll() {
  return end([...running])
}

async function endOne(child) {
  if (!running.has(child)) return
  const exited = once(child, 'exit')
  child.kill()
  const deadline = setTimeout(() => child.kill('SIGKILL'), KILL_AFTER)
  await exited
  clearTimeout(deadline)
}
