/** `processManagement.waitReady`: a worker is ready when it says so, and not before. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { WorkerStartupError } from 'xypriss-cluster'
import { pidsOf, withCluster, withManager } from './helpers/cluster.mjs'
import { request } from './helpers/connection.mjs'
import { freePort } from './helpers/processes.mjs'
import { underLoad } from './helpers/under-load.mjs'
import { waitFor } from './helpers/wait.mjs'

/** How long the app of these tests warms up once it listens, in milliseconds. */
const WARM_UP = 2_000

/** Workers of such an app. */
const warming = ({ env, ...config } = {}) => ({
  app: 'warms-up.mjs',
  workers: 2,
  ...config,
  exec: { env: { WARM_UP: String(WARM_UP), ...env } },
  processManagement: { waitReady: true, ...config.processManagement },
})

test('a restart under load of an app that warms up once it listens: no request fails', async () => {
  const port = await freePort()
  await withCluster(warming({ port }), async cluster => {
    const before = Object.values(pidsOf(cluster))
    const { ok, failed } = await underLoad([{ port, connections: 8, pause: 10 }], () => cluster.restart())
    assert.deepEqual(failed, [])
    assert.ok(ok > 100, `only ${ok} requests: that is no load`)
    for (const pid of Object.values(pidsOf(cluster))) assert.equal(before.includes(pid), false)
  })
})

test('a worker that is started again after a crash gets no request before it is ready', async () => {
  const port = await freePort()
  await withCluster(warming({ port, processManagement: { restartDelay: 0 } }), async cluster => {
    const again = waitFor(cluster, 'worker:started')
    const { pid } = cluster.getWorkerById('worker-1')
    const { failed } = await underLoad([{ port, connections: 4, pause: 10 }], async () => {
      process.kill(pid, 'SIGKILL')
      await again
    })
    // The request that it was killed in has no answer; all others have one, and none of them is a 503.
    assert.deepEqual(
      failed.filter(({ reason }) => /503/.test(reason)),
      [],
    )
  })
})

test('requests wait for the word where there is no other worker', () =>
  withCluster(warming({ workers: 1, processManagement: { restartDelay: 0 } }), async cluster => {
    const [{ pid }] = cluster.getWorkers()
    const gone = waitFor(cluster, 'worker:exit')
    process.kill(pid, 'SIGKILL')
    await gone
    const answer = await request(cluster.port)
    assert.deepEqual([answer.status, answer.json().warm], [200, true])
    assert.notEqual(answer.json().pid, pid)
  }))

test('a worker may say ready before it listens', () =>
  withCluster(warming({ env: { ORDER: 'ready first' } }), async cluster => {
    assert.equal((await request(cluster.port)).status, 200)
    await cluster.restart()
    assert.equal((await request(cluster.port)).status, 200)
  }))

test('a worker that listens and never says ready is a WorkerStartupError that tells both', async () => {
  const config = warming({ env: { SAYS: '' }, port: await freePort() })
  config.processManagement.startupTimeout = 2_000
  await withManager(config, async cluster => {
    await assert.rejects(cluster.start(), error => {
      assert.ok(error instanceof WorkerStartupError)
      assert.equal(error.code, 'ERR_WORKER_STARTUP_TIMEOUT')
      assert.match(error.message, /listened on port 3000, served at 127\.0\.0\.1:\d+, but did not call/)
      assert.match(error.message, /process\.send\('ready'\), which processManagement\.waitReady waits for/)
      assert.match(error.details.listened, /^port 3000, served at 127\.0\.0\.1:\d+$/)
      return true
    })
  })
})

test('a worker that opens no server and never says ready is told from that', async () => {
  const processManagement = { waitReady: true, startupTimeout: 1_000 }
  await withManager(
    { app: 'never-listens.mjs', port: await freePort(), processManagement },
    async cluster => {
      await assert.rejects(cluster.start(), error => {
        assert.match(error.message, /opened no server and did not call process\.send\('ready'\)/)
        assert.equal(error.details.listened, null)
        return true
      })
    },
  )
})

test('a release that never says ready aborts the restart, and the old workers serve on', () =>
  withCluster(warming({ env: { WARM_UP: '0' } }), async cluster => {
    const before = pidsOf(cluster)
    const patch = { exec: { env: { SAYS: '' } }, processManagement: { startupTimeout: 1_500 } }
    await assert.rejects(cluster.updateConfig(patch), error => {
      assert.equal(error.details.cause.code, 'ERR_WORKER_STARTUP_TIMEOUT')
      assert.match(error.message, /waitReady/)
      return true
    })
    assert.deepEqual(pidsOf(cluster), before)
    assert.equal((await request(cluster.port)).status, 200)
  }))

test('without waitReady, a server that listens is enough', () =>
  withCluster(
    { ...warming({ workers: 1, env: { SAYS: '', WARM_UP: '600000' } }), processManagement: {} },
    async cluster => {
      assert.equal((await request(cluster.port)).status, 503)
    },
  ))
