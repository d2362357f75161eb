/** Unchanged apps, each on its usual port, become the workers of a cluster. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isBun, withCluster } from './helpers/cluster.mjs'
import { request } from './helpers/connection.mjs'
import { isFree } from './helpers/processes.mjs'

const EVERYWHERE = ['express', 'fastify', 'hono-node']
const BUN_ONLY = ['bun-serve', 'bun-default-export', 'hono-bun']

for (const name of EVERYWHERE) {
  test(`${name} is balanced per request`, () => assertBalanced(name))
}
for (const name of BUN_ONLY) {
  test(`${name} is balanced per request`, { skip: !isBun && 'Bun only' }, () => assertBalanced(name))
}

function assertBalanced(name) {
  return withCluster({ app: `servers/${name}.mjs`, workers: 2 }, async cluster => {
    const answers = []
    for (let sent = 0; sent < 4; sent += 1) answers.push(await request(cluster.port))
    const workers = answers.map(answer => answer.json().worker)
    assert.deepEqual([...new Set(workers)].sort(), ['worker-1', 'worker-2'])
    // The port that the app asked for is for the master, or for nobody.
    assert.equal(await isFree(3000), true)
  })
}

test('a worker without a server that says ready counts as ready', () =>
  withCluster({ app: 'says-ready.mjs' }, cluster => {
    for (const { status } of cluster.getWorkers()) assert.equal(status, 'running')
  }))
