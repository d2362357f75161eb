/** An app whose types are those of XyPriss itself. */
import type { ServerOptions } from 'xypriss'
import { createServer as own } from 'xypriss'
import { createServer, type WorkerInfo, withCluster } from 'xypriss-cluster/xypriss'

const server: ServerOptions['server'] = { port: 8085, trustProxy: true }
const app = createServer({ server, cluster: { enabled: true, config: { workers: 'auto', autoRestart: true } } })
app.get('/', (request, response) => {
  const address: string | undefined = request.ip
  response.json({ address })
})
app.post('/upload', app.uploadSingle?.('file'), (_request, response) => response.send('taken'))
const workers: WorkerInfo[] = app.getAllWorkers()
const total: number = (await app.getClusterMetrics()).totalWorkers
app.on('worker:exit', ({ workerId }) => workerId.toUpperCase())
await app.start(8085, () => {})
await withCluster(own)({ cluster: { enabled: false } }).stopCluster(true)
void [workers, total]

// @ts-expect-error: not an option of XyPriss
createServer({ servers: {} })
// @ts-expect-error: not a number of workers
createServer({ cluster: { enabled: true, config: { workers: 'two' } } })
