/**
 * The app of the benchmark, at the port in PORT, made by `createServer` of the name in the argument. Says in a line of
 * JSON who serves it.
 */
import { createServerBy } from './framework.mjs'

const createServer = await createServerBy(process.argv[2])
const app = createServer({
  server: { port: Number(process.env.PORT), host: '127.0.0.1' },
  logging: { level: 'error' },
  security: { enabled: false },
  cluster: { enabled: process.argv[2] !== 'plain', config: { workers: 2 } },
})
app.get('/', (_request, response) => response.send('Hello, world\n'))
app.get('/4k', (_request, response) => response.send('x'.repeat(4096)))
app.post('/', (_request, response) => response.send('Hello, world\n'))
await app.start()

if (!process.env.WORKER_ID) {
  const workers = app.getAllWorkers?.().map(({ pid }) => pid)
  console.log(JSON.stringify({ pid: process.pid, workers }))
}
