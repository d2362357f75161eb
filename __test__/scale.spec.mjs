/** More workers, fewer workers, and single ones. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ClusterError, ConfigurationError } from 'xypriss-cluster'
import { pidsOf, withCluster } from './helpers/cluster.mjs'
import { request } from './helpers/connection.mjs'
import { alive } from './helpers/processes.mjs'

const ids = cluster => cluster.getWorkers().map(({ id }) => id)

test('scale() starts what is missing and stops the youngest of what is too many', () =>
  withCluster({ workers: 2 }, async (cluster, { events }) => {
    const { port } = cluster
    await cluster.scale(4)
    assert.deepEqual(ids(cluster), ['worker-1', 'worker-2', 'worker-3', 'worker-4'])
    const pids = pidsOf(cluster)
    await cluster.scale(1)
    assert.deepEqual(ids(cluster), ['worker-1'])
    for (const id of ['worker-2', 'worker-3', 'worker-4'])
      assert.equal(alive(pids[id]), false, `${id} is gone`)
    assert.equal((await request(port)).json().pid, pids['worker-1'])
    const scaled = events.filter(({ name }) => name === 'cluster:scaled')
    assert.deepEqual(
      scaled.map(({ oldCount, newCount }) => [oldCount, newCount]),
      [
        [2, 4],
        [4, 1],
      ],
    )
    assert.deepEqual(Object.keys(scaled[0]).sort(), ['name', 'newCount', 'oldCount', 'reason', 'timestamp'])
  }))

test('scaleUp() and scaleDown() change the number by one, or by what they are told', () =>
  withCluster({ workers: 1 }, async cluster => {
    await cluster.scaleUp()
    assert.equal(cluster.getWorkers().length, 2)
    await cluster.scaleUp(2)
    assert.equal(cluster.getWorkers().length, 4)
    await cluster.scaleDown()
    assert.equal(cluster.getWorkers().length, 3)
    await cluster.scaleDown(2)
    assert.equal(cluster.getWorkers().length, 1)
  }))

test('numbers that are no number of workers are refused and change nothing', () =>
  withCluster({ workers: 2 }, async (cluster, { events }) => {
    const pids = pidsOf(cluster)
    const refused = [
      () => cluster.scale(-1),
      () => cluster.scale(0),
      () => cluster.scale(1.5),
      () => cluster.scale(Number.NaN),
      () => cluster.scale(Number.POSITIVE_INFINITY),
      () => cluster.scale(513),
      () => cluster.scaleUp(-1),
      () => cluster.scaleUp(0.5),
      () => cluster.scaleDown(-1),
      () => cluster.scaleDown(Number.NaN),
    ]
    for (const call of refused) {
      await assert.rejects(call, error => {
        assert.ok(error instanceof ConfigurationError, `${call}: ${error}`)
        assert.equal(error.code, 'ERR_INVALID_WORKER_COUNT')
        return true
      })
    }
    assert.deepEqual(pidsOf(cluster), pids)
    assert.deepEqual(
      events.filter(({ name }) => name === 'cluster:scaled'),
      [],
    )
  }))

test('scaleDown() below one worker is refused', () =>
  withCluster({ workers: 2 }, async cluster => {
    await assert.rejects(cluster.scaleDown(2), { code: 'ERR_INVALID_WORKER_COUNT' })
    assert.equal(cluster.getWorkers().length, 2)
  }))

test('spawnWorker() adds a worker under the id that it is given', () =>
  withCluster({ workers: 1 }, async cluster => {
    const worker = await cluster.spawnWorker('reports')
    assert.deepEqual([worker.id, worker.status], ['reports', 'running'])
    assert.deepEqual(ids(cluster), ['worker-1', 'reports'])
    assert.equal((await cluster.spawnWorker()).id, 'worker-2')
  }))

test('spawnWorker() refuses an id that is taken', () =>
  withCluster({ workers: 1 }, async cluster => {
    const pids = pidsOf(cluster)
    await assert.rejects(cluster.spawnWorker('worker-1'), { code: 'ERR_WORKER_EXISTS' })
    assert.deepEqual(pidsOf(cluster), pids)
  }))

test('stopWorker() takes one worker away for good', () =>
  withCluster({ workers: 2 }, async cluster => {
    const { pid } = cluster.getWorkerById('worker-1')
    await cluster.stopWorker('worker-1')
    assert.equal(alive(pid), false)
    assert.deepEqual(ids(cluster), ['worker-2'])
    assert.equal((await request(cluster.port)).json().worker, 'worker-2')
  }))

test('restartWorker() replaces one process and keeps id and the others', () =>
  withCluster({ workers: 2 }, async cluster => {
    const before = pidsOf(cluster)
    await cluster.restartWorker('worker-1')
    const after = pidsOf(cluster)
    assert.notEqual(after['worker-1'], before['worker-1'])
    assert.equal(alive(before['worker-1']), false)
    assert.equal(after['worker-2'], before['worker-2'])
    assert.equal(cluster.getWorkerById('worker-1').restarts, 1)
  }))

test('an id that nobody has is refused with those that there are', () =>
  withCluster({ workers: 2 }, async cluster => {
    for (const call of [() => cluster.stopWorker('worker-7'), () => cluster.restartWorker('worker-7')]) {
      await assert.rejects(call, error => {
        assert.ok(error instanceof ClusterError)
        assert.equal(error.code, 'ERR_WORKER_NOT_FOUND')
        assert.deepEqual(error.details, { workerId: 'worker-7', known: ['worker-1', 'worker-2'] })
        return true
      })
    }
  }))
