/**
 * Serves a script by xypriss-cluster: `cluster.mjs <script> <workers> <port>`. Says the workers' pids in one line of
 * JSON when all of them are ready. METRICS_INTERVAL is in milliseconds, and metrics are listened to if it is set;
 * EXEC_ARGV is a list of arguments for the runtime of the workers.
 */
import { BunClusterManager } from 'xypriss-cluster'

const [script, workers, port] = process.argv.slice(2)
const metricsInterval = Number(process.env.METRICS_INTERVAL)
const monitoring = metricsInterval ? { metricsInterval } : {}
const execArgv = JSON.parse(process.env.EXEC_ARGV ?? '[]')
const config = { workers: Number(workers), exec: { script, execArgv, env: { PORT: port } }, monitoring }
const cluster = new BunClusterManager(config, Number(port))
if (metricsInterval) cluster.on('metrics:updated', () => {})
await cluster.start()
console.log(JSON.stringify({ workers: cluster.getWorkers().map(({ pid }) => pid) }))
