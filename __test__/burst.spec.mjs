/** More clients at once than the backlog of a worker holds. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import net from 'node:net'
import { test } from 'node:test'
import { withCluster } from './helpers/cluster.mjs'
import { within } from './helpers/wait.mjs'

const CLIENTS = 1_200
/** Connections that are opened at a time: the public port has a backlog too. */
const OPENED = 200

async function connect(port) {
  const socket = net.connect(port, '127.0.0.1')
  await once(socket, 'connect')
  return socket
}

/** The status that `socket` is answered. */
async function ask(socket) {
  socket.write('GET / HTTP/1.1\r\nHost: a.test\r\n\r\n')
  const [chunk] = await once(socket, 'data')
  return Number(String(chunk).split(' ')[1])
}

test('a burst is answered whole, by a worker that stays in rotation', () =>
  withCluster({ workers: 1 }, async (cluster, { events }) => {
    const sockets = []
    while (sockets.length < CLIENTS) {
      sockets.push(...(await Promise.all(Array.from({ length: OPENED }, () => connect(cluster.port)))))
    }
    try {
      const statuses = await within(Promise.all(sockets.map(ask)), 'an answer to every client')
      assert.deepEqual([...new Set(statuses)], [200])
      const { failedRequests, queuedRequests } = await cluster.getMetrics()
      assert.deepEqual([failedRequests, queuedRequests], [0, 0])
      assert.equal(events.filter(({ name }) => name === 'worker:error').length, 0)
    } finally {
      for (const socket of sockets) socket.destroy()
    }
  }))
