/** The app that every contender serves, on Node.js. Says so in one line of JSON when it listens. */
import http from 'node:http'

const small = 'Hello, world!'
const large = 'x'.repeat(4096)

const server = http.createServer((request, response) => {
  const body = request.url === '/4k' ? large : small
  const reply = () => {
    response.writeHead(200, { 'content-type': 'text/plain', 'content-length': body.length })
    response.end(body)
  }
  if (request.method === 'GET') return reply()
  request.on('end', reply).resume()
})
// As xypriss-cluster sets it in its workers: no contender is to pay for connections that the app gives up.
server.keepAliveTimeout = 65_000
server.listen(Number(process.env.PORT ?? 3000), '127.0.0.1', () => {
  console.log(JSON.stringify({ pid: process.pid }))
})
