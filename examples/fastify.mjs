/** A Fastify app. Runs by itself with `node examples/fastify.mjs`; knows nothing of a cluster. */
import Fastify from 'fastify'

const { PORT = '3000', WORKER_ID = 'a single process' } = process.env

const app = Fastify()

app.get('/', async () => `Hello from ${WORKER_ID}\n`)

app.post('/echo', async request => request.body)

await app.listen({ port: Number(PORT) })
