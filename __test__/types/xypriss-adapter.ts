/** The adapter for XyPriss gives XyPriss's app, with the cluster. */
import { createServer as own } from 'xypriss'
import { createServer, type WorkerInfo, withCluster } from 'xypriss-cluster/xypriss'

const options = {
  cluster: { enabled: true, config: { workers: 2, autoRestart: true, maxRestarts: 5, fallback: true } },
  logging: { enabled: true, types: { debug: true }, components: { cluster: true } },
}

async function use(app: ReturnType<typeof createServer>): Promise<void> {
  // XyPriss's own.
  app.get('/', async (_request, response) => response.json({}))
  await app.start()
  // The cluster's.
  await app.scaleUp(2)
  await app.scaleDown()
  const metrics = await app.getClusterMetrics()
  const total: number = metrics.totalWorkers
  const workers: WorkerInfo[] = app.getAllWorkers()
  const status: string | undefined = workers[0]?.health.status
  app.on('worker:exit', ({ exitCode, reason }) => {
    const code: number | null = exitCode
    const why: string = reason
    void [code, why]
  })
  const { action } = await app.autoScale()
  const answers = await app.broadcastToWorkers({ type: 'reload' })
  void [total, status, action, answers[0]?.success]
  // @ts-expect-error: there is no such method
  app.scaleSideways()
  // @ts-expect-error: there is no such event
  app.on('worker:vanished', () => {})
}

void use(createServer(options))
void use(withCluster(own)(options))
// @ts-expect-error: not a number of workers
createServer({ cluster: { enabled: true, config: { workers: 'two' } } })
// @ts-expect-error: not an option of this XyPriss
createServer({ clusters: {} })
