/** nginx and HAProxy, each with a configuration and a folder of its own; nothing of the system's is touched. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { get } from './get.mjs'
import { launch } from './processes.mjs'

/** How long a peer may take until it answers, in milliseconds. */
const STARTUP = 10_000

/** Start nginx in front of the workers at `ports`; resolves to its process when it answers. */
export function nginx(program, port, ports) {
  const workers = ports.map(worker => `    server 127.0.0.1:${worker};`)
  return start(port, 'nginx.conf', { WORKERS: workers.join('\n') }, file => {
    return launch(program, ['-p', join(file, '..'), '-c', file, '-e', 'stderr'])
  })
}

/** Start HAProxy in front of the workers at `ports`; resolves to its process when it answers. */
export function haproxy(program, port, ports) {
  const workers = ports.map((worker, index) => `  server worker-${index + 1} 127.0.0.1:${worker}`)
  const values = { WORKERS: workers.join('\n'), THREADS: availableParallelism() }
  return start(port, 'haproxy.cfg', values, file => launch(program, ['-db', '-f', file]))
}

async function start(port, template, values, run) {
  const folder = mkdtempSync(join(tmpdir(), 'xypriss-benchmark-'))
  const file = join(folder, template)
  const text = readFileSync(new URL(`../peers/${template}`, import.meta.url), 'utf8')
  const all = { ...values, PORT: port }
  writeFileSync(
    file,
    text.replace(/@(\w+)@/g, (placeholder, name) => all[name] ?? placeholder),
  )
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }))
  const child = run(file)
  await answers(port, child)
  return child
}

/** Neither says when it is ready, so it is asked until it answers. */
async function answers(port, child) {
  const deadline = Date.now() + STARTUP
  while (!(await get(port).then(yes, no))) {
    if (child.exitCode !== null) throw new Error(`${child.spawnfile} ended with code ${child.exitCode}`)
    if (Date.now() > deadline) throw new Error(`${child.spawnfile} did not answer within ${STARTUP} ms`)
    await pause(20)
  }
}

const yes = () => true
const no = () => false
