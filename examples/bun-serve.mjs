/** A `Bun.serve` app. Runs by itself with `bun examples/bun-serve.mjs`; knows nothing of a cluster. */
const { PORT = '3000', WORKER_ID = 'a single process' } = process.env

Bun.serve({
  port: PORT,
  routes: {
    '/': () => new Response(`Hello from ${WORKER_ID}\n`),
    '/echo': { POST: async request => new Response(await request.text()) },
  },
  fetch: () => new Response('Not Found\n', { status: 404 }),
})
