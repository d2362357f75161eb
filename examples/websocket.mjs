/** A WebSocket server with `ws`. Runs by itself with `node examples/websocket.mjs`; knows nothing of a cluster. */
import { createServer } from 'node:http'
import { WebSocketServer } from 'ws'

const { PORT = '3000', WORKER_ID = 'a single process' } = process.env

const server = createServer((request, response) => {
  if (request.method === 'POST') request.pipe(response)
  else response.end(`Hello from ${WORKER_ID}\n`)
})

new WebSocketServer({ server }).on('connection', socket => {
  socket.send(`Hello from ${WORKER_ID}`)
  socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary }))
})

server.listen(PORT)
