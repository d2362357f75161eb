/** Apps whose server closes while the worker lives. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { withCluster } from './helpers/cluster.mjs'
import { request } from './helpers/connection.mjs'
import { beginRequest } from './helpers/slow-request.mjs'
import { eventually } from './helpers/wait.mjs'

const CONFIG = { app: 'servers/moves.mjs', workers: 1 }

test('a server that takes the place of another gets its requests', () =>
  withCluster(CONFIG, async cluster => {
    assert.equal((await request(cluster.port)).text, 'first')
    await request(cluster.port, '/swap')
    await eventually(async () => (await request(cluster.port)).text === 'second', 'the second server')
    const { totalRequests } = await cluster.getMetrics()
    assert.ok(totalRequests >= 3, 'what the first server was asked still counts')
  }))

// No check may find the worker without a server before the test has had its time.
test('requests wait while the app has no server', () =>
  withCluster({ ...CONFIG, healthCheck: { enabled: false } }, async cluster => {
    await request(cluster.port, '/close')
    const [{ pid }] = cluster.getWorkers()
    await eventually(
      async () => (await cluster.getMetrics()).workers[0].requests === 0,
      'the end of the server',
    )
    const waiting = request(cluster.port)
    await eventually(async () => (await cluster.getMetrics()).queuedRequests === 1, 'a request that waits')
    process.kill(pid, 'SIGUSR2')
    assert.equal((await waiting).text, 'second')
  }))

test('a server is replaced while it still answers a request', () =>
  withCluster(CONFIG, async cluster => {
    const slow = await beginRequest(cluster.port)
    await eventually(async () => (await request(cluster.port)).text === 'second', 'the second server')
    assert.equal(await slow.finish(), 'goodbye')
    slow.connection.close()
  }))

test('a server that closes and listens anew gets the requests again', () =>
  withCluster(CONFIG, async cluster => {
    await request(cluster.port, '/again')
    await eventually(async () => (await request(cluster.port)).text === 'again', 'the server')
    assert.equal((await request(cluster.port)).text, 'again')
  }))
