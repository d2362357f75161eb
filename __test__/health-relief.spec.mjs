/** Workers that fail their health checks get no more requests and are replaced, successor first. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { HealthCheckError } from 'xypriss-cluster'
import { withCluster } from './helpers/cluster.mjs'
import { request } from './helpers/connection.mjs'
import { underLoad } from './helpers/under-load.mjs'
import { eventually, waitFor } from './helpers/wait.mjs'

const healthCheck = { endpoint: '/health', interval: 600, timeout: 500, maxFailures: 2, retryDelay: 20 }

const HANGS = /^its JavaScript did not answer within 500 ms$/

/** How the worker falls ill, what is said of it, and how its process ends. */
const illnesses = [
  { illness: 'blocked', name: 'whose JavaScript waits for ever', reason: HANGS, hangs: true },
  { illness: 'loop', name: 'in an endless loop', reason: HANGS, hangs: true },
  { illness: 'stopped', name: 'that was stopped by SIGSTOP', reason: HANGS, hangs: true },
  {
    illness: 'error',
    name: 'whose health endpoint answers 500',
    reason: /^its health endpoint answered 500$/,
  },
  {
    illness: 'slow',
    name: 'whose health endpoint is slow',
    reason: /^its health endpoint did not answer within 500 ms$/,
  },
]

const ofFirst = ({ workerId }) => workerId === 'worker-1'

for (const { illness, name, reason, hangs = false } of illnesses) {
  test(`a worker ${name} is replaced, and no request fails`, () =>
    withCluster(
      { app: 'sickly.mjs', exec: { env: { ILLNESS: illness } }, healthCheck },
      async (cluster, { events }) => {
        const old = cluster.getWorkerById('worker-1').pid
        const { ok, failed } = await underLoad(
          [{ port: cluster.port, connections: 4, pause: 5 }],
          async () => {
            events.length = 0
            const told = waitFor(cluster, 'worker:error', ofFirst)
            const replaced = waitFor(cluster, 'worker:restart', ofFirst)
            const ended = waitFor(cluster, 'worker:exit', ofFirst)
            process.kill(old, illness === 'stopped' ? 'SIGSTOP' : 'SIGUSR2')
            const { error } = await told
            assert.ok(error instanceof HealthCheckError)
            assert.equal(error.code, 'ERR_WORKER_UNHEALTHY')
            assert.equal(error.details.workerId, 'worker-1')
            assert.equal(error.details.consecutiveFailures, 2)
            assert.match(error.details.reason, reason)
            assert.equal((await replaced).reason, `was unhealthy: ${error.details.reason}`)
            // Killed where it could not leave, else it went by itself.
            assert.equal((await ended).signal, hangs ? 'SIGKILL' : null)
          },
        )
        assert.deepEqual(failed, [])
        assert.ok(ok > 0)
        const names = events.filter(ofFirst).map(({ name }) => name)
        assert.deepEqual(names, ['worker:error', 'worker:restart', 'worker:started', 'worker:exit'])
        const changes = events.filter(({ name }) => name === 'health:changed')
        const sick = changes.find(({ details }) => details['worker-1'].status === 'unhealthy')
        assert.match(sick.details['worker-1'].reason, reason)
        assert.notEqual(cluster.getWorkerById('worker-1').pid, old)
        await eventually(async () => (await cluster.getHealth()).healthy, 'a healthy cluster')
      },
    ))
}

test('with respawn off an unhealthy worker gets no requests, is not replaced, and may recover', () =>
  withCluster(
    { healthCheck: { ...healthCheck, endpoint: undefined }, processManagement: { respawn: false } },
    async (cluster, { events }) => {
      const { pid } = cluster.getWorkerById('worker-1')
      const [degraded, healthy] = ['degraded', 'healthy'].map(status =>
        waitFor(cluster, 'health:changed', change => change.status === status),
      )
      process.kill(pid, 'SIGSTOP')
      await degraded
      const { status, details } = await cluster.getHealth()
      assert.equal(status, 'degraded')
      assert.match(details['worker-1'].reason, HANGS)
      for (let sent = 0; sent < 6; sent += 1)
        assert.equal((await request(cluster.port)).json().worker, 'worker-2')
      process.kill(pid, 'SIGCONT')
      await healthy
      assert.equal(cluster.getWorkerById('worker-1').pid, pid)
      assert.ok(events.every(({ name }) => name !== 'worker:restart'))
    },
  ))

test('an endpoint that does not exist takes no requests from workers that have nobody better', () =>
  withCluster(
    { healthCheck: { ...healthCheck, endpoint: '/nowhere' }, processManagement: { respawn: false } },
    async cluster => {
      await waitFor(cluster, 'health:changed', ({ status }) => status === 'critical')
      const { healthy, details } = await cluster.getHealth()
      assert.equal(healthy, false)
      for (const worker of Object.values(details)) {
        assert.match(worker.reason, /^its health endpoint answered 404$/)
      }
      assert.equal((await request(cluster.port)).status, 200)
    },
  ))
