/** Workers that fail their health checks get no more requests and are replaced, successor first. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { HealthCheckError } from 'xypriss-cluster'
import { isBun, withCluster } from './helpers/cluster.mjs'
import { request } from './helpers/connection.mjs'
import { underLoad } from './helpers/under-load.mjs'
import { DEADLINE, eventually, waitFor } from './helpers/wait.mjs'

const healthCheck = {
  endpoint: '/health',
  interval: 600,
  timeout: 500,
  maxFailures: 2,
  retryDelay: 20,
  // Enough for a machine that is busy with other things.
  diagnosticTimeout: 15_000,
}

const HANGS = /^its JavaScript did not answer within 500 ms/

/**
 * How the worker falls ill, what is said of it, and how its process ends. Of one that hangs: what its main thread is at,
 * and the function that Node.js finds it in.
 */
const illnesses = [
  {
    illness: 'blocked',
    name: 'whose JavaScript waits for ever',
    reason: /^its JavaScript did not answer within 500 ms: its main thread sleeps/,
    hangs: { state: 'sleeping', in: 'waitForEver' },
  },
  {
    illness: 'loop',
    name: 'in an endless loop',
    reason: /^its JavaScript did not answer within 500 ms: its main thread runs without a pause$/,
    hangs: { state: 'running', in: 'loopForEver' },
  },
  {
    illness: 'stopped',
    name: 'that was stopped by SIGSTOP',
    reason: /^its JavaScript did not answer within 500 ms: it was stopped by a signal$/,
    hangs: { state: 'stopped', noStack: 'it was stopped by a signal' },
  },
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

/** Two that post 16 KiB, beside two that get. */
const loads = port => [
  { port, connections: 2, pause: 5 },
  { port, connections: 2, pause: 5, method: 'POST', bodySize: 16_384 },
]

for (const { illness, name, reason, hangs } of illnesses) {
  test(`a worker ${name} is replaced, and no request of another fails`, () =>
    withCluster(
      { app: 'sickly.mjs', exec: { env: { ILLNESS: illness } }, healthCheck },
      async (cluster, { events }) => {
        const old = cluster.getWorkerById('worker-1').pid
        let exit
        const { reports } = await underLoad(loads(cluster.port), async () => {
          events.length = 0
          const told = waitFor(cluster, 'worker:error', ofFirst)
          const replaced = waitFor(cluster, 'worker:started', ofFirst, 2 * DEADLINE)
          const ended = waitFor(cluster, 'worker:exit', ofFirst, 2 * DEADLINE)
          process.kill(old, illness === 'stopped' ? 'SIGSTOP' : 'SIGUSR2')
          const { error } = await told
          assert.ok(error instanceof HealthCheckError)
          assert.equal(error.code, 'ERR_WORKER_UNHEALTHY')
          assert.equal(error.details.workerId, 'worker-1')
          assert.equal(error.details.consecutiveFailures, 2)
          assert.match(error.details.reason, reason)
          await replaced
          exit = await ended
        })
        for (const { ok } of reports) assert.ok(ok > 0)
        const [gets, posts] = reports.map(({ failed }) => failed)
        assert.deepEqual(gets, [])
        if (hangs) {
          // A post that was in the hands of the one that was killed may have been done: it is not repeated. Each
          // sender has one request at a time.
          assert.ok(
            posts.every(({ reason }) => reason === 'status 502'),
            JSON.stringify(posts),
          )
          assert.ok(posts.reduce((sum, { count }) => sum + count, 0) <= 2, JSON.stringify(posts))
        } else {
          assert.deepEqual(posts, [])
        }
        // Killed where it could not leave, and before the next one is started; else it leaves when that has taken over.
        const names = events.filter(ofFirst).map(({ name }) => name)
        const order = ['worker:restart', 'worker:started']
        assert.deepEqual(
          names,
          hangs ? ['worker:error', 'worker:exit', ...order] : ['worker:error', ...order, 'worker:exit'],
        )
        assert.equal(exit.signal, hangs ? 'SIGKILL' : null)
        if (hangs) assertExplained(exit, hangs)
        else assert.equal(exit.diagnosis, null)
        const restart = events.find(({ name }) => name === 'worker:restart')
        assert.match(restart.reason, hangs ? /^hung: / : /^was unhealthy: /)
        const changes = events.filter(({ name }) => name === 'health:changed')
        const sick = changes.find(({ details }) => details['worker-1'].status === 'unhealthy')
        assert.match(sick.details['worker-1'].reason, reason)
        assert.notEqual(cluster.getWorkerById('worker-1').pid, old)
        await eventually(async () => (await cluster.getHealth()).healthy, 'a healthy cluster')
        const { lastHang } = (await cluster.getHealth()).details['worker-1']
        if (!hangs) return assert.equal(lastHang, null)
        assert.deepEqual([lastHang.pid, lastHang.reason], [old, exit.reason])
        assert.deepEqual(lastHang.diagnosis, exit.diagnosis)
      },
    ))
}

/** It is said where the worker hung: the function, on Node.js, and what the operating system sees, everywhere. */
function assertExplained({ reason, diagnosis }, hangs) {
  const { stack, noStack, thread } = diagnosis
  assert.equal(thread.state, hangs.state)
  if (hangs.in && !isBun) {
    // Above it Node.js may have a call of its own, made while the script was interrupted.
    const frame = stack.find(({ script }) => !script.startsWith('node:'))
    assert.equal(frame.function, hangs.in)
    assert.match(frame.script, /\/sickly\.mjs$/)
    assert.ok(frame.line > 0 && frame.column > 0)
    assert.equal(noStack, null)
    assert.ok(reason.includes(`; in ${hangs.in} (`), reason)
  } else {
    assert.deepEqual(stack, [])
    assert.equal(noStack, hangs.noStack ?? 'its runtime does not tell')
    if (thread.waitsIn) assert.ok(reason.endsWith(`; in ${thread.waitsIn} of the kernel`), reason)
  }
}

test('of one that hangs in native code the operating system tells, and it is killed all the same', () =>
  withCluster(
    {
      app: 'sickly.mjs',
      exec: { env: { ILLNESS: 'native' } },
      healthCheck,
    },
    async cluster => {
      const ended = waitFor(cluster, 'worker:exit', ofFirst)
      const replaced = waitFor(cluster, 'worker:started', ofFirst, 2 * DEADLINE)
      process.kill(cluster.getWorkerById('worker-1').pid, 'SIGUSR2')
      const { signal, diagnosis } = await ended
      assert.equal(signal, 'SIGKILL')
      assert.deepEqual(diagnosis.stack, [])
      assert.equal(diagnosis.thread.state, 'sleeping')
      assert.match(diagnosis.noStack, /in native code|its runtime does not tell/)
      await replaced
    },
  ))

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
