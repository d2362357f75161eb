/** A plain JavaScript reverse proxy: `js-proxy.mjs <worker port>...`, at the port in `PORT`. */
import http from 'node:http'

const agent = new http.Agent({ keepAlive: true, maxSockets: 64 })
const ports = process.argv.slice(2).map(Number)
let turn = 0

http
  .createServer((request, response) => {
    turn = (turn + 1) % ports.length
    const { method, url: path, headers, socket } = request
    const forwarded = {
      ...headers,
      'x-forwarded-for': socket.remoteAddress,
      'x-forwarded-proto': 'http',
      'x-forwarded-host': headers.host,
    }
    const upstream = http.request(
      { agent, host: '127.0.0.1', port: ports[turn], method, path, headers: forwarded },
      answer => {
        response.writeHead(answer.statusCode, answer.headers)
        answer.pipe(response)
      },
    )
    upstream.on('error', () => response.writeHead(502).end())
    request.pipe(upstream)
  })
  .listen(Number(process.env.PORT), '127.0.0.1', () => {
    console.log(JSON.stringify({ pid: process.pid }))
  })
