/** What a cluster says and shows of itself, from start to stop. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { withCluster } from './helpers/cluster.mjs'
import { Connection, request } from './helpers/connection.mjs'
import { freePort, isFree } from './helpers/processes.mjs'
import { waitFor } from './helpers/wait.mjs'

const MEGABYTE = 1024 * 1024

test('start() announces each worker and then the cluster', () =>
  withCluster({ workers: 3 }, (cluster, { events }) => {
    const started = events.slice(0, 3)
    for (const event of started) {
      assert.deepEqual(Object.keys(event).sort(), ['name', 'pid', 'port', 'timestamp', 'workerId'])
      const worker = cluster.getWorkerById(event.workerId)
      assert.deepEqual([event.name, event.port, event.pid], ['worker:started', worker.port, worker.pid])
    }
    assert.deepEqual(started.map(event => event.workerId).sort(), ['worker-1', 'worker-2', 'worker-3'])
    const { timestamp, ...last } = events[3]
    assert.deepEqual(last, { name: 'cluster:started', workerCount: 3 })
    assert.ok(Math.abs(Date.now() - timestamp) < 60_000, 'a timestamp is in milliseconds since the epoch')
  }))

test('getWorkers() shows each worker with the fields of the reference', () =>
  withCluster({}, cluster => {
    const workers = cluster.getWorkers()
    assert.deepEqual(
      workers.map(({ id }) => id),
      ['worker-1', 'worker-2'],
    )
    for (const worker of workers) {
      const { pid, port, status, health, startTime, restarts } = worker
      assert.ok(Number.isInteger(pid) && Number.isInteger(port))
      assert.deepEqual({ status, restarts }, { status: 'running', restarts: 0 })
      const { lastCheck, ...rest } = health
      assert.deepEqual(rest, { status: 'healthy', consecutiveFailures: 0 })
      assert.ok(startTime > 0 && startTime <= lastCheck && lastCheck <= Date.now())
      assert.equal(cluster.getWorkerById(worker.id).pid, pid)
    }
    assert.equal(cluster.getWorkerById('worker-9'), undefined)
  }))

test('workers get the ports that follow the public one', async () => {
  const port = await freePort(3)
  await withCluster({ port }, cluster => {
    assert.equal(cluster.port, port)
    assert.deepEqual(
      cluster.getWorkers().map(worker => worker.port),
      [port + 1, port + 2],
    )
  })
})

for (const strategy of ['round-robin', 'least-connections']) {
  test(`${strategy} balances each request of one connection`, () =>
    withCluster({ workers: 3, loadBalancing: { strategy } }, async cluster => {
      const connection = await Connection.open(cluster.port)
      const answers = []
      for (let sent = 0; sent < 12; sent += 1) answers.push((await connection.request()).json().worker)
      connection.close()
      for (const { id } of cluster.getWorkers()) {
        assert.equal(answers.filter(worker => worker === id).length, 4, `${id} of ${answers}`)
      }
    }))
}

test('getMetrics() counts every request and measures every worker', () =>
  withCluster({}, async cluster => {
    for (let sent = 0; sent < 10; sent += 1) await request(cluster.port)
    const metrics = await cluster.getMetrics()
    assert.equal(metrics.totalRequests, 10)
    assert.equal(metrics.failedRequests, 0)
    assert.equal(metrics.totalWorkers, 2)
    assert.equal(metrics.activeWorkers, 2)
    assert.ok(metrics.averageResponseTime > 0)
    assert.equal(
      metrics.workers.reduce((sum, worker) => sum + worker.requests, 0),
      10,
    )
    for (const { id, pid, memoryUsage } of metrics.workers) {
      assert.equal(pid, cluster.getWorkerById(id).pid)
      assert.ok(memoryUsage > 10 * MEGABYTE, `${id} uses ${memoryUsage} bytes`)
    }
  }))

test('metrics:updated brings what getMetrics() gives, every interval', () =>
  withCluster({ workers: 1, monitoring: { metricsInterval: 50 } }, async cluster => {
    const { metrics, timestamp } = await waitFor(cluster, 'metrics:updated')
    assert.deepEqual(Object.keys(metrics).sort(), Object.keys(await cluster.getMetrics()).sort())
    assert.ok(timestamp >= metrics.timestamp)
  }))

test('stop() announces each worker and then the cluster, and frees the port', () =>
  withCluster({}, async (cluster, { events }) => {
    const { port } = cluster
    events.length = 0
    await cluster.stop()
    assert.equal(await isFree(port), true)
    assert.deepEqual([cluster.state, cluster.port, cluster.getWorkers()], ['stopped', null, []])
    for (const workerId of ['worker-1', 'worker-2']) {
      const ownEvents = events.filter(event => event.workerId === workerId)
      assert.deepEqual(
        ownEvents.map(({ name }) => name),
        ['worker:exit', 'worker:stopped'],
      )
      const { timestamp, pid, ...exit } = ownEvents[0]
      assert.ok(Number.isInteger(pid))
      assert.deepEqual(exit, {
        name: 'worker:exit',
        workerId,
        exitCode: 0,
        signal: null,
        reason: 'was asked to stop',
        diagnosis: null,
      })
      assert.deepEqual(Object.keys(ownEvents[1]).sort(), ['name', 'timestamp', 'workerId'])
    }
    const { timestamp, ...last } = events.at(-1)
    assert.deepEqual(last, { name: 'cluster:stopped' })
    assert.equal(events.length, 5)
  }))
