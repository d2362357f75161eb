/** Workers that close their server and live on. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { withCluster } from './helpers/cluster.mjs'
import { request } from './helpers/connection.mjs'
import { eventually, waitFor } from './helpers/wait.mjs'

const CONFIG = {
  app: 'servers/moves.mjs',
  workers: 1,
  // The first check after the server was closed does not wait for this.
  healthCheck: { interval: 600_000, timeout: 5_000, retryDelay: 20, maxFailures: 2 },
}

test('a worker without a server is unhealthy, told and replaced, and requests wait for its successor', () =>
  withCluster(CONFIG, async cluster => {
    const [{ pid }] = cluster.getWorkers()
    const told = waitFor(cluster, 'worker:error')
    const critical = waitFor(cluster, 'health:changed', ({ status }) => status === 'critical')
    const replaced = waitFor(cluster, 'worker:started')
    await request(cluster.port, '/close')
    const { details } = await critical
    assert.match(details['worker-1'].reason, /closed its server/)
    const { workerId, error } = await told
    assert.deepEqual([workerId, error.code], ['worker-1', 'ERR_WORKER_UNHEALTHY'])
    assert.match(error.message, /closed its server.*let the process end/)
    assert.equal((await request(cluster.port)).text, 'first')
    assert.notEqual((await replaced).pid, pid)
    await eventually(
      async () => (await cluster.getHealth()).status === 'healthy',
      'the health of the cluster',
    )
  }))

test('one of two that closes its server is replaced while the other serves', () =>
  withCluster({ ...CONFIG, workers: 2 }, async cluster => {
    const before = cluster.getWorkers().map(({ pid }) => pid)
    const replaced = waitFor(cluster, 'worker:started')
    await request(cluster.port, '/close')
    while (!(await Promise.race([replaced.then(() => true), request(cluster.port).then(() => false)])));
    const after = cluster.getWorkers().map(({ pid }) => pid)
    assert.equal(after.filter(pid => before.includes(pid)).length, 1)
    assert.equal((await request(cluster.port)).status, 200)
  }))
