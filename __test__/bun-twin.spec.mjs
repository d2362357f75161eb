/** On Bun, requests come to a second server by a unix socket. The app sees only the one that it holds. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import { isBun, withCluster } from './helpers/cluster.mjs'
import { request } from './helpers/connection.mjs'
import { within } from './helpers/wait.mjs'

const onBun = (name, body) =>
  test(name, { skip: !isBun && 'Bun only' }, () =>
    withCluster({ app: 'servers/bun-held.mjs', workers: 1 }, cluster =>
      body(async path => (await request(cluster.port, path)).json(), cluster),
    ),
  )

onBun('a request comes by the unix socket, and has the address of its client', async get => {
  const [address, port] = await get('/address')
  assert.match(address.address, /^(::ffff:)?127\.0\.0\.1$/)
  assert.ok(address.port > 0)
  assert.equal(port, 3000)
})

onBun('handlers get the server that the app holds, and are called on it', async get => {
  assert.deepEqual(await get('/server'), { argument: true, self: true })
  assert.equal(await get('/route'), true)
  assert.equal(await get('/method'), true)
  assert.deepEqual(await get('/throw'), { message: 'thrown', self: true })
})

onBun('routes answer, whether they are responses or handlers', async (_get, { port }) => {
  assert.equal((await request(port, '/fixed')).body.toString(), 'fixed')
  assert.equal((await request(port, '/param/name')).body.toString(), 'name')
})

onBun('a request has the address that the client asked for', async (_get, { port }) => {
  const { body } = await request(port, '/url', { headers: { host: 'example.test:8080' } })
  assert.equal(body.toString(), 'http://example.test:8080/url')
})

onBun('the server counts the request that it is asked in', async get => {
  assert.equal(await get('/pending'), 1)
})

onBun('the server reloads for whatever way requests come', async (_get, { port }) => {
  await request(port, '/reload')
  assert.equal((await request(port, '/anything')).body.toString(), 'reloaded')
})

onBun(
  'a WebSocket is upgraded by the server that the app holds, and hears what it publishes',
  async (get, { port }) => {
    const socket = new WebSocket(`ws://127.0.0.1:${port}/websocket`)
    const next = async () => (await within(once(socket, 'message'), 'a message'))[0].data
    assert.equal(await next(), 'subscribed')
    const published = next()
    assert.ok((await get('/publish')) > 0)
    assert.equal(await published, 'published')
    socket.close()
  },
)
