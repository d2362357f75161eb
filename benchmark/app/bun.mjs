/** The app that every contender serves, on Bun. Says so in one line of JSON when it listens. */
const small = 'Hello, world!'
const large = 'x'.repeat(4096)

Bun.serve({
  port: Number(process.env.PORT ?? 3000),
  hostname: '127.0.0.1',
  reusePort: process.env.REUSE_PORT === 'true',
  async fetch(request) {
    if (request.method !== 'GET') await request.arrayBuffer()
    return new Response(request.url.endsWith('/4k') ? large : small)
  },
})
console.log(JSON.stringify({ pid: process.pid }))
