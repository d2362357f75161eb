/** Unchanged apps, each on its usual port, become the workers of a cluster. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import net from 'node:net'
import { test } from 'node:test'
import { APP_PORT, isBun, withCluster } from './helpers/cluster.mjs'
import { request } from './helpers/connection.mjs'
import { isFree } from './helpers/processes.mjs'

const EVERYWHERE = ['express.mjs', 'fastify.mjs', 'hono-node.mjs', 'commonjs.cjs', 'worker-port.mjs']
const BUN_ONLY = ['bun-serve.mjs', 'bun-default-export.mjs', 'bun-typescript.ts', 'hono-bun.mjs']

for (const name of EVERYWHERE) {
  test(`${name} is balanced per request`, () => assertBalanced(name))
}
for (const name of BUN_ONLY) {
  test(`${name} is balanced per request`, { skip: !isBun && 'Bun only' }, () => assertBalanced(name))
}

async function assertBalanced(name) {
  // Somebody else on this machine may use it.
  const wasFree = await isFree(APP_PORT)
  // Fastify listens on the loopback interface, so that it has to be named.
  const exec = name === 'fastify.mjs' ? { port: APP_PORT } : {}
  await withCluster({ app: `servers/${name}`, workers: 2, exec }, async cluster => {
    const answers = []
    for (let sent = 0; sent < 4; sent += 1) answers.push(await request(cluster.port))
    const workers = answers.map(answer => answer.json().worker)
    assert.deepEqual([...new Set(workers)].sort(), ['worker-1', 'worker-2'])
    assert.equal(await isFree(APP_PORT), wasFree, 'no worker holds the port that the app asked for')
  })
}

test('a worker without a server that says ready counts as ready', () =>
  withCluster({ app: 'says-ready.mjs' }, cluster => {
    for (const { status } of cluster.getWorkers()) assert.equal(status, 'running')
  }))

test('the public port is opened on the address that the app asked for', () =>
  withCluster({ app: 'servers/localhost.mjs', workers: 1 }, async cluster => {
    assert.equal((await request(cluster.port)).status, 200)
    await assert.rejects(once(net.connect(cluster.port, '127.0.0.2'), 'connect'), { code: 'ECONNREFUSED' })
  }))

test('loadBalancing.host says better than the app where the public port is opened', () =>
  withCluster(
    { app: 'servers/localhost.mjs', workers: 1, loadBalancing: { host: '127.0.0.2' } },
    async cluster => {
      await assert.rejects(request(cluster.port), { code: 'ECONNREFUSED' })
      const socket = net.connect(cluster.port, '127.0.0.2')
      await once(socket, 'connect')
      socket.destroy()
    },
  ))
