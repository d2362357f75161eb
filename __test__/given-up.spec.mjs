/** Workers that cannot stay up: which are given up, and what becomes of a cluster without any. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { fixture, withCluster } from './helpers/cluster.mjs'
import { request } from './helpers/connection.mjs'
import { eventually, waitFor } from './helpers/wait.mjs'

/** Run `body` with the path of a file whose existence, and the id in it, break a worker of `breakable.mjs` at boot. */
async function withSwitch(body) {
  const directory = mkdtempSync(join(tmpdir(), 'xypriss-'))
  try {
    return await body(join(directory, 'broken'))
  } finally {
    rmSync(directory, { recursive: true })
  }
}

test('a GET that ends its worker ends two of them at most, and none of them is given up', () =>
  withCluster(
    { workers: 4, processManagement: { restartDelay: 20, maxRestarts: 1 } },
    async (cluster, { events }) => {
      const exits = () => events.filter(({ name }) => name === 'worker:exit').length
      for (let round = 1; round <= 5; round += 1) {
        const { status } = await request(cluster.port, '/exit?code=1')
        assert.equal(status, 502)
        await eventually(() => exits() === 2 * round, `${2 * round} deaths`)
        await eventually(
          () => cluster.getWorkers().every(worker => worker.status === 'running'),
          'every worker running again',
        )
      }
      assert.equal(events.filter(({ name }) => name === 'worker:error').length, 0)
      assert.equal((await request(cluster.port)).status, 200)
    },
  ))

test('when every worker is given up, requests are answered 503 at once and `error` is emitted', () =>
  withSwitch(BROKEN =>
    withCluster(
      {
        app: 'breakable.mjs',
        exec: { env: { BROKEN } },
        workers: 1,
        processManagement: { restartDelay: 20, maxRestarts: 1 },
        // Longer than the test may take: a request that waits for it fails the test.
        loadBalancing: { queue: { timeout: 3_600_000 } },
      },
      async cluster => {
        writeFileSync(BROKEN, 'worker-1')
        const failed = once(cluster, 'error')
        process.kill(cluster.getWorkerById('worker-1').pid, 'SIGKILL')
        const waiting = request(cluster.port)
        const [error] = await failed
        assert.equal(error.code, 'ERR_ALL_WORKERS_FAILED')
        assert.deepEqual(error.details.workerIds, ['worker-1'])
        assert.match(error.message, /restart\(\)/)
        assert.equal((await waiting).status, 503)
        assert.equal((await request(cluster.port)).status, 503)
        assert.equal(cluster.state, 'error')

        rmSync(BROKEN)
        await cluster.restart()
        assert.equal((await request(cluster.port)).status, 200)
        assert.equal(cluster.state, 'running')
      },
    ),
  ))

test('with onAllFailed: "stay" nothing is emitted', () =>
  withSwitch(BROKEN =>
    withCluster(
      {
        app: 'breakable.mjs',
        exec: { env: { BROKEN } },
        workers: 1,
        processManagement: { restartDelay: 20, maxRestarts: 0, onAllFailed: 'stay' },
      },
      async cluster => {
        const errors = []
        cluster.on('error', error => errors.push(error))
        writeFileSync(BROKEN, 'worker-1')
        const givenUp = waitFor(
          cluster,
          'worker:error',
          ({ error }) => error.code === 'ERR_WORKER_CRASH_LOOP',
        )
        process.kill(cluster.getWorkerById('worker-1').pid, 'SIGKILL')
        await givenUp
        await eventually(() => cluster.state === 'error', 'the state error')
        assert.equal((await request(cluster.port)).status, 503)
        assert.deepEqual(errors, [])
      },
    ),
  ))

test('a master that does not listen to `error` ends with it, and nothing is left', async () => {
  const master = spawn(process.execPath, [fixture('masters/all-fail.mjs')], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const chunks = []
  master.stderr.on('data', chunk => chunks.push(chunk))
  const [code] = await once(master, 'close')
  assert.notEqual(code, 0)
  assert.match(Buffer.concat(chunks).toString(), /ERR_ALL_WORKERS_FAILED/)
})
