/**
 * Serves a script by xypriss-cluster, with a configuration: `scaling.mjs <script> <port> <configuration as JSON>`. Each
 * line of its output is JSON: `{ workers }`, their number, when it serves and whenever that has changed.
 */
import { BunClusterManager } from 'xypriss-cluster'

const [script, port, config] = process.argv.slice(2)
const cluster = new BunClusterManager(
  { ...JSON.parse(config), exec: { script, env: { PORT: port } } },
  Number(port),
)
const tell = workers => console.log(JSON.stringify({ workers }))
cluster.on('cluster:scaled', ({ newCount }) => tell(newCount))
await cluster.start()
tell(cluster.getWorkers().length)
