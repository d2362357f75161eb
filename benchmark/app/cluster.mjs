/**
 * Serves a script by xypriss-cluster: `cluster.mjs <script> <workers> <port>`. Says the workers' pids in one line of
 * JSON when all of them are ready.
 */
import { BunClusterManager } from 'xypriss-cluster'

const [script, workers, port] = process.argv.slice(2)
const cluster = new BunClusterManager({ workers: Number(workers), exec: { script } }, Number(port))
await cluster.start()
console.log(JSON.stringify({ workers: cluster.getWorkers().map(({ pid }) => pid) }))
