/**
 * How long the same processes take when they are started by hand, all at once: `start-by-hand.mjs <script> <port>...`.
 * Prints the milliseconds in one line of JSON.
 *
 * Each is ready when it has said that it listens, and then answers. Nothing is polled, so this is as fast as it gets.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { get } from './get.mjs'

const [script, ...ports] = process.argv.slice(2)
const children = []

async function start(port) {
  const child = spawn(process.execPath, [script], {
    env: { ...process.env, PORT: port },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  children.push(child)
  await once(child.stdout, 'data')
  await get(port)
}

const begin = performance.now()
await Promise.all(ports.map(start))
const milliseconds = performance.now() - begin

for (const child of children) {
  child.kill()
  await once(child, 'exit')
}
console.log(JSON.stringify({ milliseconds }))
