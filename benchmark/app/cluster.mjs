/**
 * Serves a script by xypriss-cluster: `cluster.mjs <script> <workers>`. Says in one line of JSON when all workers
 * are ready, at which port, and what their pids are.
 */
import { BunClusterManager } from 'xypriss-cluster'

const [script, workers] = process.argv.slice(2)
const cluster = new BunClusterManager({ workers: Number(workers), exec: { script } }, 0)
await cluster.start()
console.log(JSON.stringify({ port: cluster.port, workers: cluster.getWorkers().map(({ pid }) => pid) }))
