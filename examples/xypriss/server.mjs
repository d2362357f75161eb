/**
 * A XyPriss app as a cluster. This script runs in the master and in every worker; what differs from an app without a
 * cluster is the line that imports `createServer`.
 *
 *     npm install xypriss-cluster xypriss@2.3.3 nehonix-uri-processor
 *     node server.mjs          # or: bun server.mjs
 *     curl localhost:8085/cluster/status
 */
import { createServer } from 'xypriss-cluster/xypriss'

const app = createServer({
  server: { port: Number(process.env.PORT ?? 8085) },
  // By default XyPriss takes 100 requests an hour from one address.
  security: { rateLimit: { max: 1_000_000 }, slowDown: false },
  cluster: {
    enabled: true,
    config: { workers: 2, autoRestart: true, maxRestarts: 5, healthCheckInterval: 30_000 },
  },
})

app.get('/', (_request, response) => {
  response.json({ worker: process.env.WORKER_ID, pid: process.pid })
})

// A handler runs in a worker. What it asks of the cluster is answered by the master.
app.get('/cluster/status', async (_request, response) => {
  const metrics = await app.getClusterMetrics()
  const health = await app.getClusterHealth()
  const workers = app.getAllWorkers()

  response.json({
    cluster: {
      runtime: process.versions.bun ? 'Bun' : 'Node.js',
      metrics,
      health,
      workers: workers.map(worker => ({
        id: worker.id,
        pid: worker.pid,
        port: worker.port,
        status: worker.status,
        health: worker.health.status,
        uptime: Date.now() - worker.startTime,
        restarts: worker.restarts,
        requests: worker.requests,
      })),
    },
  })
})

process.on('SIGINT', async () => {
  await app.stopCluster(true)
  process.exit(0)
})

await app.start()

// From here on, what only the master is to do.
if (!process.env.WORKER_ID) {
  app.on('worker:exit', ({ workerId, reason }) => console.log(`${workerId} ${reason}`))
  console.log(`${app.getAllWorkers().length} workers are ready`)
}
