/** A Hono app. Runs by itself with `bun` or `node examples/hono.mjs`; knows nothing of a cluster. */
import { Hono } from 'hono'

const { PORT = '3000', WORKER_ID = 'a single process' } = process.env

const app = new Hono()

app.get('/', context => context.text(`Hello from ${WORKER_ID}\n`))

app.post('/echo', async context => context.text(await context.req.text()))

const server = { port: Number(PORT), fetch: app.fetch }

// Bun serves what its main module exports. Node needs Hono's adapter for it.
if (!process.versions.bun) {
  const { serve } = await import('@hono/node-server')
  serve(server)
}

export default server
