/** What workers tell of themselves by shared memory, and what the proxy counts of them. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ProcessMonitor } from 'xypriss-cluster'
import { isBun, withCluster } from './helpers/cluster.mjs'
import { Connection, request } from './helpers/connection.mjs'
import { eventually, waitFor } from './helpers/wait.mjs'

const MB = 1024 * 1024

/** The metrics of a worker, as soon as they satisfy `predicate`. */
function metricsOf(cluster, id, predicate, what) {
  return eventually(async () => {
    const { workers } = await cluster.getMetrics()
    const worker = workers.find(one => one.id === id)
    return predicate(worker) ? worker : undefined
  }, what)
}

const told = worker => worker.heap !== null

test('workers tell of their heap, their collections and their event loop', () =>
  withCluster({ app: 'memory.mjs' }, async cluster => {
    for (const id of ['worker-1', 'worker-2']) {
      const { heap, garbageCollection, eventLoop } = await metricsOf(cluster, id, told, `the heap of ${id}`)
      assert.ok(heap.heapUsed > MB / 10 && heap.heapTotal > MB / 10, JSON.stringify(heap))
      assert.ok(heap.external > 0 && heap.arrayBuffers >= 0)
      assert.ok(garbageCollection.count >= 0)
      if (isBun) assert.ok(garbageCollection.time === null || garbageCollection.time === 0)
      else assert.ok(garbageCollection.time >= 0)
      assert.ok(eventLoop.utilization >= 0 && eventLoop.utilization <= 1)
    }
  }))

test('a page that a worker filled with garbage gives absent values, and metrics stay what JSON can hold', () =>
  withCluster({ app: 'garbage-page.mjs', workers: 1 }, async cluster => {
    await metricsOf(cluster, 'worker-1', told, 'the heap')
    const garbage = await eventually(async () => {
      await request(cluster.port)
      const metrics = await cluster.getMetrics()
      JSON.stringify(metrics)
      const [worker] = metrics.workers
      return worker.heap === null && worker
    }, 'metrics without a heap')
    assert.deepEqual([garbage.garbageCollection, garbage.eventLoop], [null, null])
    assert.equal((await cluster.getHealth()).status, 'healthy')
  }))

test('the heap that is told is the heap that there is', () =>
  withCluster({ app: 'memory.mjs', workers: 1 }, async cluster => {
    await metricsOf(cluster, 'worker-1', told, 'the heap')
    const before = (await request(cluster.port, '/')).json().memory
    await request(cluster.port, '/hold?mb=64')
    await request(cluster.port, '/leak?objects=500000')
    const grown = ({ heap }) =>
      heap.external > before.external + 60 * MB && heap.heapUsed > before.heapUsed + 4 * MB
    const { heap } = await metricsOf(cluster, 'worker-1', grown, 'a heap that has grown')
    if (!isBun) assert.ok(heap.heapTotal >= heap.heapUsed)
    if (!isBun) assert.ok(heap.arrayBuffers >= 60 * MB)
  }))

test('ProcessMonitor knows the heap of a worker of this process', () =>
  withCluster({ app: 'memory.mjs', workers: 1 }, async cluster => {
    const { pid } = await metricsOf(cluster, 'worker-1', told, 'the heap')
    const monitor = new ProcessMonitor()
    const { memory } = await monitor.getProcessStats(pid)
    monitor.destroy()
    for (const name of ['heapTotal', 'heapUsed', 'external']) {
      assert.ok(memory[name] > 0, `${name} is ${memory[name]}`)
    }
  }))

test('collections are counted', () =>
  withCluster({ app: 'memory.mjs', workers: 1 }, async cluster => {
    const { garbageCollection: before } = await metricsOf(cluster, 'worker-1', told, 'the heap')
    for (let round = 0; round < 10; round += 1) {
      await request(cluster.port, '/leak?objects=300000')
      await request(cluster.port, '/forget')
    }
    const more = ({ garbageCollection }) => garbageCollection.count > before.count
    const { garbageCollection } = await metricsOf(cluster, 'worker-1', more, 'a collection')
    if (!isBun) assert.ok(garbageCollection.time > before.time)
  }))

test('a blocked event loop is seen, told from a process that is gone, and forgotten when it turns', () =>
  withCluster({ app: 'memory.mjs', workers: 1 }, async cluster => {
    await metricsOf(cluster, 'worker-1', ({ eventLoop }) => eventLoop?.responsive === true, 'a turning loop')
    const connection = await Connection.open(cluster.port)
    connection.sendHead('/block?ms=6000')
    const blocked = ({ eventLoop }) => eventLoop?.responsive === false
    await metricsOf(cluster, 'worker-1', blocked, 'a blocked loop')
    const late = ({ eventLoop }) => eventLoop?.delay.max >= 5000
    const { eventLoop } = await metricsOf(cluster, 'worker-1', late, 'how late the loop came round')
    assert.equal(eventLoop.responsive, true)
    assert.ok(eventLoop.delay.mean <= eventLoop.delay.max && eventLoop.delay.p99 <= eventLoop.delay.max)
    assert.equal((await connection.response()).status, 200)
    connection.close()
  }))

test('a busy event loop is told from an idle one', () =>
  withCluster({ app: 'memory.mjs', workers: 1 }, async cluster => {
    await metricsOf(cluster, 'worker-1', told, 'the heap')
    const connection = await Connection.open(cluster.port)
    const busy = ({ eventLoop }) => eventLoop.utilization > 0.2
    let done = false
    const keepBusy = (async () => {
      while (!done) await connection.request('/block?ms=50')
    })()
    try {
      await metricsOf(cluster, 'worker-1', busy, 'a busy loop')
    } finally {
      done = true
      await keepBusy
      connection.close()
    }
  }))

test('requests and their times are counted, for the cluster and for each worker', () =>
  withCluster({ app: 'memory.mjs' }, async cluster => {
    const none = await cluster.getMetrics()
    assert.deepEqual(none.responseTimes, { p50: null, p95: null, p99: null })
    const connection = await Connection.open(cluster.port)
    for (let index = 0; index < 95; index += 1) await connection.request('/')
    // One in twenty takes 200 ms.
    for (let index = 0; index < 10; index += 1) await connection.request('/block?ms=200')
    connection.close()
    const metrics = await cluster.getMetrics()
    const { p50, p95, p99 } = metrics.responseTimes
    assert.equal(metrics.totalRequests, 105)
    assert.ok(p50 > 0 && p50 < 200 && p50 <= p95, JSON.stringify(metrics.responseTimes))
    assert.ok(p95 >= 196 && p99 >= p95, JSON.stringify(metrics.responseTimes))
    assert.equal(
      metrics.workers.reduce((sum, { requests }) => sum + requests, 0),
      105,
    )
    assert.ok(metrics.requestsPerSecond > 0)
    for (const worker of metrics.workers.filter(({ requests }) => requests > 0)) {
      assert.ok(worker.responseTimes.p50 > 0)
      assert.ok(worker.responseTimes.p50 <= worker.responseTimes.p95)
      assert.ok(worker.responseTimes.p95 <= worker.responseTimes.p99)
      assert.ok(worker.requestsPerSecond > 0)
    }
  }))

test('memory of the cluster counts shared pages once', () =>
  withCluster({}, async cluster => {
    const { memoryUsage, workers } = await cluster.getMetrics()
    for (const worker of workers) {
      assert.ok(worker.sharedMemoryUsage > 0 && worker.sharedMemoryUsage < worker.memoryUsage * 1.1)
    }
    assert.equal(
      memoryUsage,
      workers.reduce((sum, { sharedMemoryUsage }) => sum + sharedMemoryUsage, 0),
    )
  }))

test('metrics:updated carries all of it', () =>
  withCluster({ workers: 1, monitoring: { metricsInterval: 100 } }, async cluster => {
    const complete = ({ metrics }) => metrics.workers[0]?.heap && metrics.workers[0].eventLoop
    const { metrics } = await waitFor(cluster, 'metrics:updated', complete)
    const whole = await cluster.getMetrics()
    assert.deepEqual(Object.keys(metrics).sort(), Object.keys(whole).sort())
    assert.deepEqual(Object.keys(metrics.workers[0]).sort(), Object.keys(whole.workers[0]).sort())
  }))

test('a worker finds nothing of the page in its environment', () =>
  withCluster({ workers: 1 }, async cluster => {
    const env = (await request(cluster.port, '/env')).json()
    assert.deepEqual(
      Object.keys(env).filter(name => name.startsWith('XYPRISS_CLUSTER')),
      [],
    )
  }))
