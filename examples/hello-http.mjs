import { createServer } from 'node:http'
import { BunClusterManager } from 'xypriss-cluster'

const cluster = new BunClusterManager({ workers: 4 }, 8085)
await cluster.start()

if (cluster.isMaster) console.log(`4 workers serve http://localhost:${cluster.port}`)
else createServer((_, response) => response.end(`Hello from ${process.env.WORKER_ID}\n`)).listen(8085)
