/** Workers that have served for long enough are replaced: one at a time, and no request fails. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { pidsOf, withCluster } from './helpers/cluster.mjs'
import { alive, freePort } from './helpers/processes.mjs'
import { underLoad } from './helpers/under-load.mjs'
import { eventually } from './helpers/wait.mjs'

/** Longer than anything takes here. */
const LONG = 50_000

const restarts = events => events.filter(({ name }) => name === 'worker:restart')

/** That no replacement began before the process of the one before it was gone. */
function assertOneAtATime(events) {
  const steps = events
    .filter(({ name }) => name === 'worker:restart' || name === 'worker:exit')
    .map(({ name, workerId }) => `${workerId} ${name}`)
  for (let at = 0; at + 1 < steps.length; at += 2) {
    const id = steps[at].split(' ')[0]
    assert.deepEqual(steps.slice(at, at + 2), [`${id} worker:restart`, `${id} worker:exit`], steps.join())
  }
}

test('after maxRequestsPerWorker requests, under load: no request fails, never two at once', async () => {
  const port = await freePort()
  const processManagement = { maxRequestsPerWorker: 200 }
  await withCluster({ port, processManagement }, async (cluster, { events }) => {
    const before = Object.values(pidsOf(cluster))
    const gets = { port, connections: 8, pause: 5 }
    const posts = { port, connections: 4, pause: 5, method: 'POST', path: '/upload', bodySize: 16 * 1024 }
    const { ok, failed } = await underLoad([gets, posts], () =>
      eventually(() => restarts(events).length >= 5, 'five replacements', LONG),
    )
    assert.deepEqual(failed, [])
    assert.ok(ok >= 5 * 180, `${ok} requests are too few for five replacements`)
    assertOneAtATime(events)
    assert.equal(new Set(restarts(events).map(({ workerId }) => workerId)).size, 2)
    for (const { reason } of restarts(events)) {
      const [, given] = reason.match(
        /^was given (\d+) requests, processManagement\.maxRequestsPerWorker is 200 requests$/,
      )
      assert.ok(Number(given) >= 180, reason)
    }
    await eventually(() => !before.some(alive), 'the end of the first processes')
  })
})

test('at maxWorkerLifetime, one after the other', () =>
  withCluster(
    { workers: 3, processManagement: { maxWorkerLifetime: 1_500 } },
    async (cluster, { events }) => {
      const before = pidsOf(cluster)
      await eventually(() => restarts(events).length >= 3, 'three replacements', LONG)
      assertOneAtATime(events)
      for (const { reason } of restarts(events)) {
        const [, age] = reason.match(/^is ([\d.]+) s old, processManagement\.maxWorkerLifetime is 1\.5 s$/)
        assert.ok(Number(age) >= 1.3, reason)
      }
      await eventually(() => !Object.values(before).some(alive), 'the end of the first processes')
    },
  ))

test('nobody is replaced where no limit is set', () =>
  withCluster({ monitoring: { metricsInterval: 100 } }, async (cluster, { events }) => {
    const before = pidsOf(cluster)
    for (let metrics = 0; metrics < 10; metrics += 1) {
      await new Promise(resolve => cluster.once('metrics:updated', resolve))
    }
    assert.deepEqual(pidsOf(cluster), before)
    assert.equal(restarts(events).length, 0)
  }))
