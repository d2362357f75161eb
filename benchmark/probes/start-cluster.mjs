/** How long `start()` takes: `start-cluster.mjs <script> <workers> <port>`. Prints the milliseconds in one line of JSON. */
import { BunClusterManager } from 'xypriss-cluster'
import { get } from '../lib/get.mjs'

const [script, workers, port] = process.argv.slice(2)
const cluster = new BunClusterManager(
  { workers: Number(workers), exec: { script, env: { PORT: port } } },
  Number(port),
)

const begin = performance.now()
await cluster.start()
await get(cluster.port)
const milliseconds = performance.now() - begin

await cluster.stop()
console.log(JSON.stringify({ milliseconds }))
