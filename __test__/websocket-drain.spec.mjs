/** A worker that goes says goodbye to its WebSockets: none is cut. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import net from 'node:net'
import { test } from 'node:test'
import WebSocket from 'ws'
import { isBun, withCluster } from './helpers/cluster.mjs'
import { within } from './helpers/wait.mjs'

const SOCKETS = 60
const SERVERS = { ws: {}, 'bun-websocket': { skip: !isBun && 'Bun only' } }
const spread = drainWindow => ({ advanced: { deployment: { drainWindow } } })

for (const [name, options] of Object.entries(SERVERS)) {
  const app = `servers/${name}.mjs`

  test(`${SOCKETS} WebSockets of ${name} get a close frame when their workers are replaced`, options, () =>
    withCluster({ app, workers: 2, ...spread(500) }, async cluster => {
      const sockets = await connectAll(cluster.port)
      const chatter = sockets.map(keepTalking)
      const closed = Promise.all(sockets.map(({ closed }) => closed))
      await cluster.restart()
      const ends = await within(closed, 'the end of every WebSocket')
      assert.deepEqual(count(ends), { '1012 service restart': SOCKETS })
      for (const said of await Promise.all(chatter)) assert.ok(said > 0)
    }),
  )

  test(`WebSockets of ${name} get a close frame when one worker or all of them stop`, options, () =>
    withCluster({ app, workers: 2, ...spread(0) }, async cluster => {
      const sockets = await connectAll(cluster.port)
      await cluster.stopWorker('worker-1')
      const first = sockets.filter(({ socket }) => socket.readyState !== WebSocket.OPEN)
      const rest = sockets.filter(socket => !first.includes(socket))
      await cluster.stop()
      const ended = which =>
        within(Promise.all(which.map(({ closed }) => closed)), 'the end of the WebSockets')
      assert.deepEqual(count(await ended(first)), { '1012 service restart': first.length })
      assert.deepEqual(count(await ended(rest)), { '1001 server shutdown': rest.length })
      assert.ok(first.length > 0 && rest.length > 0)
    }),
  )
}

test('the worker sees an ordinary close', () =>
  withCluster({ app: 'servers/ws-closes.mjs', workers: 1, ...spread(0) }, async (cluster, { events }) => {
    const { closed } = await connect(cluster.port)
    await cluster.restart()
    assert.equal(await within(closed, 'the end of the WebSocket'), '1012 service restart')
    // It leaves with the code that its WebSocket was closed with.
    const { exitCode } = events.find(({ name }) => name === 'worker:exit')
    assert.equal(exitCode, 12)
  }))

test('a client that does not answer the close frame does not hold up the restart', () =>
  withCluster({ app: 'servers/ws.mjs', workers: 1, ...spread(0) }, async cluster => {
    const socket = net.connect(cluster.port, '127.0.0.1')
    socket.write(
      'GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n' +
        'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n',
    )
    let bytes = Buffer.alloc(0)
    const arrived = once(socket, 'data')
    socket.on('data', more => {
      bytes = Buffer.concat([bytes, more])
    })
    const ended = once(socket, 'end')
    await within(arrived, 'the answer to the upgrade')
    await within(cluster.restart(), 'the end of the restart')
    await within(ended, 'the end of the connection')
    const frames = bytes.subarray(bytes.indexOf('\r\n\r\n') + 4)
    // One close frame, unmasked, and nothing after it.
    assert.deepEqual([frames[0], frames.readUInt16BE(2), frames.length], [0x88, 1012, 2 + frames[1]])
    socket.destroy()
  }))

async function connectAll(port) {
  const sockets = []
  for (let opened = 0; opened < SOCKETS; opened += 1) sockets.push(await connect(port))
  return sockets
}

/** A WebSocket, and how it will have been closed. */
async function connect(port) {
  const socket = new WebSocket(`ws://127.0.0.1:${port}/`)
  const closed = new Promise((resolve, reject) => {
    socket.on('close', (code, reason) => resolve(`${code} ${reason}`))
    socket.on('error', reject)
  })
  await within(Promise.race([once(socket, 'open'), closed]), 'the WebSocket')
  return { socket, closed }
}

/** Have it echo messages until it is closed; how many it echoed. */
async function keepTalking({ socket, closed }) {
  let echoed = 0
  const text = 'x'.repeat(300)
  socket.on('message', () => {
    echoed += 1
    setTimeout(() => socket.readyState === WebSocket.OPEN && socket.send(text), 5)
  })
  socket.send(text)
  await closed
  return echoed
}

function count(ends) {
  const counts = {}
  for (const end of ends) counts[end] = (counts[end] ?? 0) + 1
  return counts
}
