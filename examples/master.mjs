/**
 * Serves any web app, unchanged, with N workers behind one port:
 *
 *     node examples/master.mjs examples/express.mjs
 *     bun examples/master.mjs examples/bun-serve.mjs --port 8080 --workers 2
 *
 * SIGHUP replaces all workers without losing a request. SIGINT and SIGTERM stop gracefully.
 */
import { parseArgs } from 'node:util'
import { BunClusterManager } from 'xypriss-cluster'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    port: { type: 'string', short: 'p', default: '8085' },
    workers: { type: 'string', short: 'w', default: 'auto' },
  },
})
const [script] = positionals

if (script === undefined) {
  console.error('usage: master.mjs <app script> [--port 8085] [--workers auto]')
  process.exit(2)
}

export const cluster = new BunClusterManager(
  {
    workers: values.workers === 'auto' ? 'auto' : Number(values.workers),
    // An app that takes its port from PORT asks for the cluster's, so its server is the public one.
    exec: { script, env: { PORT: values.port } },
    loadBalancing: { strategy: 'least-connections' },
    processManagement: { maxRestarts: 5, restartDelay: 1_000, gracefulShutdownTimeout: 10_000 },
  },
  Number(values.port),
)

cluster.on('cluster:started', ({ workerCount }) => {
  console.log(`${workerCount} workers serve http://localhost:${cluster.port}`)
})
cluster.on('cluster:scaled', ({ oldCount, newCount }) =>
  console.log(`scaled from ${oldCount} to ${newCount} workers`),
)
cluster.on('cluster:stopped', () => console.log('the cluster has stopped'))
cluster.on('worker:started', ({ workerId, pid, port }) =>
  console.log(`${workerId} (${pid}) is ready on port ${port}`),
)
cluster.on('worker:exit', ({ workerId, reason }) => console.log(`${workerId} ${reason}`))
cluster.on('worker:restart', ({ workerId, reason }) => console.log(`${workerId} is replaced: ${reason}`))
cluster.on('worker:error', ({ error }) => console.error(error.message))
cluster.on('health:changed', ({ status }) => console.log(`the cluster is ${status}`))

process.on('SIGHUP', () => cluster.restart().catch(fail))
cluster.start().catch(fail)

function fail(error) {
  console.error(error.message)
  process.exitCode = 1
}
