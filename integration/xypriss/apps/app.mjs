/** A XyPriss app that a test drives. Its options come as an argument. */
import { describe, drive, report } from '../../../__test__/fixtures/xypriss/drive.mjs'
import { createServerBy } from './framework.mjs'

const { options, way, stopsBy = [] } = JSON.parse(process.argv[2])
const createServer = await createServerBy(way)
const app = createServer(options)
drive(app)
app.get('/', (_request, response) => response.json({ pid: process.pid }))

for (const signal of stopsBy) {
  process.on(signal, async () => {
    await app.stopCluster(true)
    process.exit(0)
  })
}

const master = !process.env.WORKER_ID
let callbacks = 0
try {
  await app.start(undefined, () => {
    callbacks += 1
  })
  if (master) report('started', { callbacks, pid: process.pid })
} catch (error) {
  if (master) report('failed', { ...describe(error), callbacks })
}
