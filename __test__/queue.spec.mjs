/** Requests that come while no worker can take them. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { withCluster } from './helpers/cluster.mjs'
import { Connection, request } from './helpers/connection.mjs'
import { eventually, waitFor } from './helpers/wait.mjs'

/** A cluster whose only worker is dead, and comes back after `restartDelay`. */
function withoutWorker({ restartDelay, queue }, body) {
  const config = { workers: 1, processManagement: { restartDelay }, loadBalancing: { queue } }
  return withCluster(config, async cluster => {
    process.kill(cluster.getWorkerById('worker-1').pid, 'SIGKILL')
    await waitFor(cluster, 'worker:exit')
    await body(cluster)
  })
}

/** Longer than any test: nobody comes back by itself. */
const NEVER = 600_000

function assertUnavailable({ status, headers, json }) {
  assert.equal(status, 503)
  assert.equal(headers['retry-after'], '1')
  assert.equal(json().error, 'Service Unavailable')
}

test('requests wait for the worker that is being started', () =>
  withoutWorker({ restartDelay: 100 }, async cluster => {
    const answers = await Promise.all(Array.from({ length: 20 }, () => request(cluster.port)))
    const { pid } = cluster.getWorkerById('worker-1')
    for (const answer of answers) assert.deepEqual([answer.status, answer.json().pid], [200, pid])
  }))

test('a request that has waited for loadBalancing.queue.timeout is answered 503 with Retry-After', () =>
  withoutWorker({ restartDelay: NEVER, queue: { timeout: 100 } }, async cluster => {
    assertUnavailable(await request(cluster.port))
    assert.equal((await cluster.getMetrics()).rejectedRequests, 1)
  }))

test('a request that finds the queue full is answered 503 at once, and those in it are served', () =>
  withoutWorker({ restartDelay: NEVER, queue: { maxSize: 1, timeout: NEVER } }, async cluster => {
    const first = await Connection.open(cluster.port)
    first.sendHead('/')
    await eventually(async () => (await cluster.getMetrics()).queuedRequests === 1, 'a request in the queue')
    assertUnavailable(await request(cluster.port))
    await cluster.restartWorker('worker-1')
    assert.equal((await first.response()).status, 200)
    first.close()
  }))
