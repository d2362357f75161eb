/** Health of a cluster follows that of its workers. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { withCluster } from './helpers/cluster.mjs'
import { waitFor } from './helpers/wait.mjs'

const becomes = (cluster, status) => waitFor(cluster, 'health:changed', payload => payload.status === status)

test('getHealth() is healthy when every worker serves', () =>
  withCluster({}, async cluster => {
    const { healthy, status, details } = await cluster.getHealth()
    assert.deepEqual({ healthy, status }, { healthy: true, status: 'healthy' })
    assert.deepEqual(Object.keys(details), ['worker-1', 'worker-2'])
    for (const { lastCheck, ...worker } of Object.values(details)) {
      assert.ok(lastCheck > 0)
      assert.deepEqual(worker, {
        status: 'healthy',
        state: 'running',
        consecutiveFailures: 0,
        reason: null,
        lastHang: null,
      })
    }
  }))

test('a worker that dies makes the cluster degraded until it is back', () =>
  withCluster({ processManagement: { restartDelay: 20 } }, async (cluster, { events }) => {
    const [degraded, healthy] = [becomes(cluster, 'degraded'), becomes(cluster, 'healthy')]
    process.kill(cluster.getWorkerById('worker-1').pid, 'SIGKILL')
    const { details, timestamp, ...rest } = await degraded
    assert.deepEqual(rest, { status: 'degraded' })
    assert.deepEqual([details['worker-1'].status, details['worker-2'].status], ['unhealthy', 'healthy'])
    assert.match(details['worker-1'].reason, /^is starting$/)
    await healthy
    assert.equal((await cluster.getHealth()).healthy, true)
    // Once per change.
    const changes = events.filter(({ name }) => name === 'health:changed')
    assert.deepEqual(
      changes.map(({ status }) => status),
      ['degraded', 'healthy'],
    )
  }))

test('a cluster without a worker that serves is critical', () =>
  withCluster({ workers: 1, autoRestart: false }, async cluster => {
    const critical = becomes(cluster, 'critical')
    process.kill(cluster.getWorkerById('worker-1').pid, 'SIGKILL')
    await critical
    const { healthy, status, details } = await cluster.getHealth()
    assert.deepEqual([healthy, status], [false, 'critical'])
    assert.deepEqual(details['worker-1'].reason, 'ended, and respawn is off')
  }))
