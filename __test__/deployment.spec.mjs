/** Deployments that go wrong: stopped, taken back, and the reason told. Deployments beside each other. */
import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { pidsOf, withCluster } from './helpers/cluster.mjs'
import { request } from './helpers/connection.mjs'
import { underLoad } from './helpers/under-load.mjs'
import { eventually, waitFor, within } from './helpers/wait.mjs'

const healthCheck = { endpoint: '/health', interval: 600, timeout: 500, maxFailures: 2, retryDelay: 20 }
/** Longer than a check may take, so that a release that hangs a moment after its first one is caught. */
const SOAK = 2_000
/** Long enough to see a canary fall ill, in milliseconds. */
const LONG_SOAK = 4_000

/** Run `body` with a cluster of release 1, whose release 2 goes wrong in the way of `FAULT` from start `FROM` on. */
async function withRelease({ FAULT, FROM = '1', workers = 3, deployment = {} }, body) {
  const directory = mkdtempSync(join(tmpdir(), 'xypriss-'))
  const STARTS = join(directory, 'starts')
  const advanced = { deployment: { healthCheckGracePeriod: SOAK, ...deployment } }
  const exec = { env: { RELEASE: '1', FAULT, FROM, STARTS } }
  try {
    await withCluster({ app: 'falters.mjs', workers, healthCheck, advanced, exec }, (cluster, context) =>
      body(cluster, { ...context, starts: STARTS }),
    )
  } finally {
    rmSync(directory, { recursive: true })
  }
}

const toRelease2 = cluster => cluster.updateConfig({ exec: { env: { RELEASE: '2' } } })

/** The release of each worker. */
async function releasesOf(cluster) {
  const releases = {}
  while (Object.keys(releases).length < cluster.getWorkers().length) {
    const { worker, release } = (await request(cluster.port)).json()
    releases[worker] = release
  }
  return Object.fromEntries(Object.entries(releases).sort())
}

const ALL = release => ({ 'worker-1': release, 'worker-2': release, 'worker-3': release })

const FAULTS = {
  boot: { code: 'ERR_WORKER_STARTUP_EXIT', reason: /release 2 cannot start/ },
  error: { code: 'ERR_WORKER_UNHEALTHY', reason: /its health endpoint answered 500/ },
  hangs: { code: 'ERR_WORKER_UNHEALTHY', reason: /its JavaScript did not answer within 500 ms/ },
}

for (const [FAULT, { code, reason }] of Object.entries(FAULTS)) {
  const deployment = { healthCheckGracePeriod: FAULT === 'hangs' ? SOAK : 0 }

  test(`a new release with the fault "${FAULT}" is stopped at its canary, and touches nobody`, () =>
    withRelease({ FAULT, deployment }, async (cluster, { events }) => {
      const [before, config] = [pidsOf(cluster), cluster.getConfig()]
      events.length = 0
      const { failed } = await underLoad([{ port: cluster.port, connections: 4, pause: 5 }], () =>
        assert.rejects(toRelease2(cluster), error => {
          const { workerId, phase, rolledBack, kept, cause } = error.details
          assert.equal(error.code, 'ERR_ROLLOUT_ABORTED')
          assert.deepEqual([workerId, phase, rolledBack, kept], ['worker-1', 'canary', [], []])
          assert.equal(cause.code, code)
          assert.match(error.message, reason)
          return true
        }),
      )
      assert.deepEqual(failed, [])
      assert.deepEqual([pidsOf(cluster), cluster.getConfig()], [before, config])
      assert.ok(events.every(({ name }) => name !== 'worker:restart' && name !== 'worker:started'))
      assert.deepEqual(await releasesOf(cluster), ALL('1'))
    }))

  test(`one with that fault from its third start on ("${FAULT}") is taken back`, () =>
    withRelease({ FAULT, FROM: '3', deployment }, async cluster => {
      const [before, config] = [pidsOf(cluster), cluster.getConfig()]
      const { failed } = await underLoad([{ port: cluster.port, connections: 4, pause: 5 }], () =>
        assert.rejects(toRelease2(cluster), error => {
          const { workerId, phase, rolledBack, kept, cause } = error.details
          assert.deepEqual([workerId, phase, cause.code], ['worker-3', 'rollout', code])
          assert.deepEqual([rolledBack, kept], [['worker-1', 'worker-2'], []])
          assert.match(error.message, reason)
          assert.match(error.message, /worker-1, worker-2 run again as before/)
          return true
        }),
      )
      assert.deepEqual(failed, [])
      assert.deepEqual(cluster.getConfig(), config)
      assert.deepEqual(await releasesOf(cluster), ALL('1'))
      assert.equal(pidsOf(cluster)['worker-3'], before['worker-3'])
    }))
}

test('a canary that falls ill under requests gives its place back to the process that had it', () =>
  withRelease(
    { FAULT: 'late', deployment: { healthCheckGracePeriod: LONG_SOAK } },
    async (cluster, { events }) => {
      const before = pidsOf(cluster)
      const { failed } = await underLoad([{ port: cluster.port, connections: 4, pause: 5 }], async () => {
        const deployed = assert.rejects(toRelease2(cluster), error => {
          assert.deepEqual([error.details.workerId, error.details.phase], ['worker-1', 'canary'])
          assert.match(error.message, /its health endpoint answered 500/)
          return true
        })
        const { pid } = await waitFor(cluster, 'worker:started', ({ workerId }) => workerId === 'worker-1')
        assert.notEqual(pid, before['worker-1'])
        process.kill(pid, 'SIGUSR2')
        await deployed
      })
      assert.deepEqual(failed, [])
      assert.deepEqual(pidsOf(cluster), before)
      const { reason } = events.findLast(({ name }) => name === 'worker:restart')
      assert.match(reason, /^rolled back: .*answered 500/)
      assert.deepEqual(await releasesOf(cluster), ALL('1'))
    },
  ))

test('a canary that clients get errors from gives its place back, though its checks pass', () =>
  withRelease({ FAULT: 'wrong' }, async cluster => {
    const before = pidsOf(cluster)
    const { failed } = await underLoad([{ port: cluster.port, connections: 4, pause: 5 }], () =>
      assert.rejects(toRelease2(cluster), error => {
        assert.deepEqual([error.details.workerId, error.details.phase], ['worker-1', 'canary'])
        const { code, details } = error.details.cause
        assert.equal(code, 'ERR_WORKER_ANSWERS_BADLY')
        assert.ok(details.errors >= 5 && details.errors <= details.requests)
        return true
      }),
    )
    // What the canary is for: these, and none after it.
    assert.deepEqual(
      failed.map(({ reason }) => reason),
      ['status 500'],
    )
    assert.deepEqual(pidsOf(cluster), before)
    assert.deepEqual(await releasesOf(cluster), ALL('1'))
  }))

test('a worker that was replaced and dies ends the deployment, and all is taken back', () =>
  withRelease({ FAULT: 'dies' }, async cluster => {
    const deployed = assert.rejects(toRelease2(cluster), error => {
      assert.deepEqual([error.details.workerId, error.details.phase], ['worker-1', 'rollout'])
      assert.equal(error.details.cause.code, 'ERR_WORKER_DIED')
      assert.match(error.message, /exited with code 9/)
      assert.deepEqual(error.details.rolledBack, ['worker-1'])
      return true
    })
    const { pid } = await waitFor(cluster, 'worker:started', ({ workerId }) => workerId === 'worker-1')
    // Its predecessor is gone when the next one starts to be replaced.
    await waitFor(cluster, 'worker:exit', ({ workerId }) => workerId === 'worker-1')
    process.kill(pid, 'SIGUSR2')
    await within(deployed, 'the end of the deployment')
    assert.deepEqual(await releasesOf(cluster), ALL('1'))
  }))

test('all at once: no mixture, and with a bad one nothing at all', () =>
  withRelease(
    { FAULT: 'boot', FROM: '3', deployment: { rollingUpdates: false } },
    async (cluster, { events }) => {
      const before = pidsOf(cluster)
      events.length = 0
      await assert.rejects(cluster.updateConfig({ exec: { env: { RELEASE: '2' } } }), error => {
        const { phase, rolledBack, kept } = error.details
        assert.deepEqual([phase, rolledBack, kept], ['at-once', [], []])
        return true
      })
      assert.deepEqual(pidsOf(cluster), before)
      assert.equal(events.filter(({ name }) => name === 'worker:restart').length, 0)

      const { failed } = await underLoad([{ port: cluster.port, connections: 4, pause: 5 }], () =>
        cluster.updateConfig({ exec: { env: { RELEASE: '2', FROM: '99' } } }),
      )
      assert.deepEqual(failed, [])
      assert.deepEqual(await releasesOf(cluster), ALL('2'))
      const order = events.filter(({ name }) => name === 'worker:started' || name === 'worker:exit')
      // The three that did not make it, three that start, and only then three that go.
      assert.deepEqual(
        order.slice(-6).map(({ name }) => name),
        [...Array(3).fill('worker:started'), ...Array(3).fill('worker:exit')],
      )
    },
  ))

test('maxUnavailable without maxSurge: one goes before the next comes', () => {
  const deployment = { maxSurge: 0, maxUnavailable: 1, healthCheckGracePeriod: 0 }
  return withRelease({ FAULT: 'none', deployment }, async (cluster, { events }) => {
    events.length = 0
    const { failed } = await underLoad([{ port: cluster.port, connections: 4, pause: 5 }], () =>
      toRelease2(cluster),
    )
    assert.deepEqual(failed, [])
    const order = events.filter(({ name }) => name === 'worker:started' || name === 'worker:exit')
    assert.deepEqual(
      order.map(({ name, workerId }) => `${workerId} ${name}`),
      ['worker-1', 'worker-2', 'worker-3'].flatMap(id => [`${id} worker:exit`, `${id} worker:started`]),
    )
    assert.deepEqual(await releasesOf(cluster), ALL('2'))
  })
})

test('a second deployment waits for the first', () =>
  withCluster({ workers: 2 }, async (cluster, { events }) => {
    events.length = 0
    await Promise.all([
      cluster.restart(),
      cluster.updateConfig({ exec: { env: { A: 'b' } } }),
      cluster.restart(),
    ])
    const order = events.filter(({ name }) => name === 'worker:restart')
    assert.deepEqual(
      order.map(({ workerId, reason }) => `${workerId} ${reason}`),
      ['rolling restart', 'new configuration', 'rolling restart'].flatMap(reason => [
        `worker-1 ${reason}`,
        `worker-2 ${reason}`,
      ]),
    )
  }))

test('stop() during a deployment ends it at once', () =>
  withRelease(
    { FAULT: 'none', deployment: { healthCheckGracePeriod: 600_000 } },
    async (cluster, { starts }) => {
      const deployed = assert.rejects(toRelease2(cluster), { code: 'ERR_CLUSTER_STOPPED' })
      await eventually(() => existsSync(starts), 'the start of the canary')
      await within(cluster.stop(), 'the end of the cluster')
      await within(deployed, 'the end of the deployment')
    },
  ))
