/** Calls at the wrong time, twice, or at the same time as others. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ClusterError } from 'xypriss-cluster'
import { withCluster, withManager } from './helpers/cluster.mjs'
import { request } from './helpers/connection.mjs'
import { waitFor, within } from './helpers/wait.mjs'

/** The calls that need a running cluster. */
const CALLS = {
  restart: cluster => cluster.restart(),
  spawnWorker: cluster => cluster.spawnWorker(),
  stopWorker: cluster => cluster.stopWorker('worker-1'),
  restartWorker: cluster => cluster.restartWorker('worker-1'),
  scale: cluster => cluster.scale(2),
  scaleUp: cluster => cluster.scaleUp(),
  scaleDown: cluster => cluster.scaleDown(),
  getMetrics: cluster => cluster.getMetrics(),
}

async function assertNotRunning(cluster) {
  for (const [call, make] of Object.entries(CALLS)) {
    await assert.rejects(make(cluster), error => {
      assert.ok(error instanceof ClusterError)
      assert.equal(error.code, 'ERR_CLUSTER_NOT_RUNNING')
      assert.deepEqual(error.details, { state: 'stopped', call })
      assert.match(error.stack, /calls\.spec\.mjs/, 'the stack leads to the caller')
      return true
    })
  }
}

test('calls before start() reject with ERR_CLUSTER_NOT_RUNNING', () =>
  withManager({}, async cluster => {
    await assertNotRunning(cluster)
    assert.deepEqual(cluster.getWorkers(), [])
  }))

test('calls after stop() reject with ERR_CLUSTER_NOT_RUNNING', () =>
  withCluster({ workers: 1 }, async cluster => {
    await cluster.stop()
    await assertNotRunning(cluster)
  }))

test('start() twice is one start', () =>
  withManager({ workers: 1 }, async (cluster, { events }) => {
    const first = cluster.start()
    assert.equal(cluster.start(), first)
    await first
    assert.equal(cluster.start(), first)
    assert.equal(events.filter(({ name }) => name === 'worker:started').length, 1)
  }))

test('stop() twice is one stop', () =>
  withCluster({ workers: 1 }, async (cluster, { events }) => {
    const first = cluster.stop()
    assert.equal(cluster.stop(), first)
    await first
    await cluster.stop()
    assert.equal(events.filter(({ name }) => name === 'cluster:stopped').length, 1)
  }))

test('stop() before start() has nothing to do', () =>
  withManager({}, async (cluster, { events }) => {
    await cluster.stop()
    assert.deepEqual(events, [])
  }))

test('stop() during start() ends both', () =>
  withManager({ app: 'never-listens.mjs' }, async cluster => {
    const starting = assert.rejects(cluster.start(), { code: 'ERR_CLUSTER_STOPPED' })
    await within(cluster.stop(), 'the end of stop()')
    await within(starting, 'the end of start()')
  }))

test('start() after stop() starts the cluster again', () =>
  withCluster({ workers: 1 }, async cluster => {
    const [{ pid }] = cluster.getWorkers()
    await cluster.stop()
    await cluster.start()
    const answer = (await request(cluster.port)).json()
    assert.equal(answer.worker, 'worker-1')
    assert.notEqual(answer.pid, pid)
  }))

test('start() during stop() starts when the stop is done', () =>
  withCluster({ workers: 1 }, async (cluster, { events }) => {
    const stopping = cluster.stop()
    await Promise.all([stopping, cluster.start()])
    assert.deepEqual(
      events.filter(({ name }) => name.startsWith('cluster:')).map(({ name }) => name),
      ['cluster:started', 'cluster:stopped', 'cluster:started'],
    )
    assert.equal((await request(cluster.port)).status, 200)
  }))

test('stop() takes back a start() that waits for a stop()', () =>
  withCluster({}, async cluster => {
    const stopped = cluster.stop()
    const [started, again] = [cluster.start(), cluster.start()]
    assert.equal(started, again)
    assert.equal(cluster.stop(), stopped)
    await assert.rejects(started, { code: 'ERR_CLUSTER_STOPPED' })
    assert.equal(cluster.state, 'stopped')
  }))

test('stop() takes back a start() even when the stop that it waits for has just ended', () =>
  withCluster({ workers: 1 }, async cluster => {
    const again = cluster.stop().then(() => cluster.stop())
    const started = cluster.start()
    await assert.rejects(started, { code: 'ERR_CLUSTER_STOPPED' })
    await again
    assert.equal(cluster.state, 'stopped')
  }))

test('stop() works from inside a listener', () =>
  withManager({ workers: 1 }, async cluster => {
    const stopped = waitFor(cluster, 'cluster:stopped')
    cluster.on('cluster:started', () => cluster.stop())
    await cluster.start()
    await stopped
  }))

test('two clusters in one process do not know each other', () =>
  withCluster({ workers: 2 }, first =>
    withCluster({ workers: 2 }, async second => {
      const ports = [first, second].flatMap(cluster => [
        cluster.port,
        ...cluster.getWorkers().map(({ port }) => port),
      ])
      assert.equal(new Set(ports).size, 6, `each of ${ports} is used once`)
      await first.stop()
      assert.equal((await request(second.port)).status, 200)
    }),
  ))
