/**
 * How long the same processes take when they are started by hand, all at once: `start-by-hand.mjs <script> <port>...`.
 * Prints the milliseconds in one line of JSON.
 *
 * Each is ready when it has said that it listens, and then answers. Nothing is polled, so this is as fast as it gets.
 */
import { get } from '../lib/get.mjs'
import { endAll, launch, report } from '../lib/processes.mjs'

const [script, ...ports] = process.argv.slice(2)

async function start(port) {
  await report(launch(process.execPath, [script], { PORT: port }))
  await get(port)
}

const begin = performance.now()
await Promise.all(ports.map(start))
const milliseconds = performance.now() - begin

await endAll()
console.log(JSON.stringify({ milliseconds }))
