/** What becomes of a worker that dies. */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { WorkerStartupError } from 'xypriss-cluster'
import { withCluster } from './helpers/cluster.mjs'
import { request } from './helpers/connection.mjs'
import { eventually, waitFor } from './helpers/wait.mjs'

const quick = { restartDelay: 20, maxRestarts: 2 }

/** Everything that was emitted about one worker, without the times. */
const told = (events, workerId) =>
  events.filter(event => event.workerId === workerId).map(({ timestamp, ...event }) => event)

test('a worker that is killed comes back under its id and on its port', () =>
  withCluster({ processManagement: quick }, async (cluster, { events }) => {
    const before = cluster.getWorkerById('worker-1')
    events.length = 0
    process.kill(before.pid, 'SIGKILL')
    const { pid } = await waitFor(cluster, 'worker:started')
    const workerId = 'worker-1'
    const reason = 'was killed by SIGKILL'
    assert.deepEqual(told(events, workerId), [
      {
        name: 'worker:exit',
        workerId,
        pid: before.pid,
        exitCode: null,
        signal: 'SIGKILL',
        reason,
        diagnosis: null,
      },
      { name: 'worker:restart', workerId, reason },
      { name: 'worker:started', workerId, port: before.port, pid },
    ])
    assert.notEqual(pid, before.pid)
    const after = cluster.getWorkerById(workerId)
    assert.deepEqual([after.pid, after.port, after.status, after.restarts], [pid, before.port, 'running', 1])
    assert.equal((await cluster.getMetrics()).restartCount, 1)
  }))

test('a worker that exits tells its code', () =>
  withCluster({ workers: 1, processManagement: quick }, async cluster => {
    const exited = waitFor(cluster, 'worker:exit')
    await request(cluster.port, '/exit?code=3', { method: 'POST' })
    const { exitCode, signal, reason } = await exited
    assert.deepEqual(
      { exitCode, signal, reason },
      { exitCode: 3, signal: null, reason: 'exited with code 3' },
    )
    assert.equal((await request(cluster.port)).status, 200)
  }))

test('a worker that exits with code 0 without being asked comes back as well', () =>
  withCluster({ workers: 1, processManagement: quick }, async cluster => {
    const started = waitFor(cluster, 'worker:started')
    await request(cluster.port, '/exit?code=0', { method: 'POST' })
    await started
    assert.equal((await request(cluster.port)).status, 200)
  }))

test('a worker that keeps crashing is given up while the others serve, and restartWorker() revives it', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'xypriss-'))
  const BROKEN = join(directory, 'broken')
  try {
    await withCluster(
      { app: 'breakable.mjs', exec: { env: { BROKEN } }, processManagement: quick },
      async cluster => {
        writeFileSync(BROKEN, 'worker-1')
        const givenUp = waitFor(
          cluster,
          'worker:error',
          ({ error }) => error.code === 'ERR_WORKER_CRASH_LOOP',
        )
        process.kill(cluster.getWorkerById('worker-1').pid, 'SIGKILL')
        const { workerId, error } = await givenUp
        assert.equal(workerId, 'worker-1')
        assert.ok(error instanceof WorkerStartupError)
        assert.equal(error.details.restarts, 2)
        assert.match(error.details.stderr.join('\n'), /this release is broken/)

        await eventually(() => cluster.getWorkerById('worker-1').status === 'error', 'the status error')
        const { healthy, status, details } = await cluster.getHealth()
        assert.deepEqual([healthy, status], [false, 'degraded'])
        assert.match(details['worker-1'].reason, /given up/)
        for (let sent = 0; sent < 4; sent += 1)
          assert.equal((await request(cluster.port)).json().worker, 'worker-2')

        rmSync(BROKEN)
        await cluster.restartWorker('worker-1')
        assert.equal(cluster.getWorkerById('worker-1').status, 'running')
        assert.equal((await cluster.getHealth()).healthy, true)
      },
    )
  } finally {
    rmSync(directory, { recursive: true })
  }
})

test('with autoRestart off a dead worker stays dead', () =>
  withCluster({ autoRestart: false }, async (cluster, { events }) => {
    process.kill(cluster.getWorkerById('worker-1').pid, 'SIGKILL')
    await waitFor(cluster, 'worker:exit')
    // Final: from here no state leads to another process.
    await eventually(() => cluster.getWorkerById('worker-1').status === 'stopped', 'the status stopped')
    assert.equal((await request(cluster.port)).json().worker, 'worker-2')
    await cluster.stop()
    assert.deepEqual(
      told(events, 'worker-1').map(({ name }) => name),
      ['worker:started', 'worker:exit', 'worker:stopped'],
    )
  }))
