/** WebSockets through the balancer. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import WebSocket from 'ws'
import { isBun, withCluster } from './helpers/cluster.mjs'
import { within } from './helpers/wait.mjs'

const SERVERS = { ws: {}, 'bun-websocket': { skip: !isBun && 'Bun only' } }

/** In milliseconds: more than a restart takes, and far less than gracefulShutdownTimeout, which is 30 s. */
const SOON = 8000

for (const [name, options] of Object.entries(SERVERS)) {
  const app = `servers/${name}.mjs`

  test(`a WebSocket of ${name} stays with its worker`, options, () =>
    withCluster({ app }, async cluster => {
      const sockets = [await connect(cluster.port), await connect(cluster.port)]
      const workers = []
      for (const socket of sockets) {
        const [worker] = (await echo(socket, 'hello')).split(': ')
        assert.equal(await echo(socket, 'again'), `${worker}: again`)
        workers.push(worker)
      }
      assert.deepEqual(workers.sort(), ['worker-1', 'worker-2'])
      for (const socket of sockets) socket.close()
    }),
  )

  test(`an open WebSocket of ${name} does not hold up a restart`, options, () =>
    withCluster({ app, workers: 1 }, async cluster => {
      const socket = await connect(cluster.port)
      const closed = once(socket, 'close')
      await within(cluster.restart(), 'the end of the restart', SOON)
      await within(closed, 'the end of the WebSocket')
    }),
  )

  test(`an open WebSocket of ${name} does not hold up stop()`, options, () =>
    withCluster({ app, workers: 1 }, async cluster => {
      const socket = await connect(cluster.port)
      const closed = once(socket, 'close')
      await within(cluster.stop(), 'the end of the cluster', SOON)
      await within(closed, 'the end of the WebSocket')
    }),
  )
}

async function connect(port) {
  const socket = new WebSocket(`ws://127.0.0.1:${port}/`)
  // It ends with its worker; how is not what is tested here.
  socket.on('error', () => {})
  await within(once(socket, 'open'), 'the WebSocket')
  return socket
}

async function echo(socket, message) {
  const answered = once(socket, 'message')
  socket.send(message)
  const [answer] = await within(answered, 'the echo')
  return answer.toString()
}
