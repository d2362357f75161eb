/** Workers that are blocked, stopped or defunct are found by their beats alone: no check asks them anything. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isBun, withCluster } from './helpers/cluster.mjs'
import { eventually, waitFor } from './helpers/wait.mjs'

/** Without checks. */
const healthCheck = {
  enabled: false,
  aliveTimeout: 3_000,
  responsiveTimeout: 3_000,
  diagnosticTimeout: 15_000,
}

const ofFirst = ({ workerId }) => workerId === 'worker-1'
const DEADLINE = 60_000

const illnesses = [
  {
    illness: 'blocked',
    name: 'whose JavaScript waits for ever',
    reason:
      /^its event loop has not turned for \d+ ms: its main thread sleeps in a call that does not return$/,
    found: 'waitForEver',
  },
  {
    illness: 'loop',
    name: 'in an endless loop',
    reason: /^its event loop has not turned for \d+ ms: its main thread runs without a pause$/,
    found: 'loopForEver',
  },
  {
    illness: 'stopped',
    name: 'that was stopped by SIGSTOP',
    reason: /^its process has shown no sign of life for \d+ ms: it was stopped by a signal$/,
  },
]

/** Beats are listened for from the first on; before it nothing is known of a worker. */
async function beating(cluster) {
  const turns = async () => {
    const { workers } = await cluster.getMetrics()
    return workers.every(({ eventLoop }) => eventLoop?.responsive)
  }
  await eventually(turns, 'the first beats')
}

for (const { illness, name, reason, found } of illnesses) {
  test(`a worker ${name} is found without a check, told apart, and replaced`, () =>
    withCluster(
      { app: 'sickly.mjs', exec: { env: { ILLNESS: illness } }, healthCheck },
      async (cluster, { events }) => {
        await beating(cluster)
        events.length = 0
        const old = cluster.getWorkerById('worker-1').pid
        const told = waitFor(cluster, 'worker:error', ofFirst, DEADLINE)
        const ended = waitFor(cluster, 'worker:exit', ofFirst, DEADLINE)
        const healthy = waitFor(cluster, 'health:changed', ({ status }) => status === 'healthy', DEADLINE)
        process.kill(old, illness === 'stopped' ? 'SIGSTOP' : 'SIGUSR2')
        const { error } = await told
        assert.equal(error.code, 'ERR_WORKER_UNHEALTHY')
        assert.match(error.details.reason, reason)
        const { signal, pid, diagnosis } = await ended
        assert.deepEqual([signal, pid], ['SIGKILL', old])
        if (found && !isBun) assert.ok(diagnosis.stack.some(call => call.function === found))
        await healthy
        assert.equal((await cluster.getHealth()).healthy, true)
        const changes = events.filter(({ name }) => name === 'health:changed')
        assert.deepEqual(
          changes.map(({ status }) => status),
          ['degraded', 'healthy'],
        )
        assert.match(changes[0].details['worker-1'].reason, reason)
      },
    ))
}

test('zombieDetection: false listens for nothing, and updateConfig() switches it on', () =>
  withCluster({ healthCheck, processManagement: { zombieDetection: false } }, async (cluster, { events }) => {
    await beating(cluster)
    events.length = 0
    const told = waitFor(cluster, 'worker:error', ofFirst, DEADLINE)
    process.kill(cluster.getWorkerById('worker-1').pid, 'SIGSTOP')
    // The cluster itself sees that nothing beats any more.
    const still = async () => {
      const { workers } = await cluster.getMetrics()
      return workers[0].eventLoop?.responsive === false
    }
    await eventually(still, 'a worker that does not respond')
    assert.deepEqual(events, [])
    const replaced = waitFor(cluster, 'worker:started', ofFirst, DEADLINE)
    await cluster.updateConfig({ processManagement: { zombieDetection: true } })
    assert.match((await told).error.details.reason, /it was stopped by a signal$/)
    await replaced
  }))

test('with respawn off one that goes on after a stop is healthy again', () =>
  withCluster({ healthCheck, processManagement: { respawn: false } }, async cluster => {
    await beating(cluster)
    const { pid } = cluster.getWorkerById('worker-1')
    const [degraded, healthy] = ['degraded', 'healthy'].map(status =>
      waitFor(cluster, 'health:changed', change => change.status === status, DEADLINE),
    )
    process.kill(pid, 'SIGSTOP')
    await degraded
    process.kill(pid, 'SIGCONT')
    await healthy
    assert.equal(cluster.getWorkerById('worker-1').pid, pid)
  }))
