/** MemoryManager: figures, limits, leaks and garbage of real workers. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { ClusterError, ConfigurationError, MemoryManager } from 'xypriss-cluster'
import { withBehaving } from './helpers/behaving.mjs'
import { withCluster } from './helpers/cluster.mjs'
import { request } from './helpers/connection.mjs'
import { eventually, waitFor } from './helpers/wait.mjs'

const MB = 1024 * 1024

async function withManager(config, body) {
  const manager = new MemoryManager(config)
  try {
    await body(manager)
  } finally {
    manager.destroy()
  }
}

/** Resolves when every worker has told of its heap, which it does soon after it serves. */
function heapsTold(cluster) {
  const told = async () => (await cluster.getMetrics()).workers.every(({ heap }) => heap)
  return eventually(told, 'the heap of every worker')
}

test('getSystemMemoryStats() says what the machine has', () =>
  withManager({}, async manager => {
    const stats = await manager.getSystemMemoryStats()
    const meminfo = readFileSync('/proc/meminfo', 'utf8')
    const total = Number(meminfo.match(/^MemTotal:\s+(\d+) kB$/m)[1]) * 1024
    assert.ok(stats.totalMemory > 0 && stats.totalMemory <= total)
    assert.equal(stats.usedMemory, stats.totalMemory - stats.availableMemory)
    assert.ok(stats.freeMemory >= 0 && stats.freeMemory <= stats.totalMemory)
    assert.ok(Math.abs(stats.usagePercentage - (100 * stats.usedMemory) / stats.totalMemory) < 0.01)
    assert.ok(stats.swapFree <= stats.swapTotal && stats.swapPercentage >= 0)
  }))

test('getWorkerMemoryStats() of any process; its heap is absent, not 0', () =>
  withManager({}, manager =>
    withBehaving(async child => {
      const before = await manager.getWorkerMemoryStats('worker-1', child.pid)
      assert.deepEqual([before.workerId, before.pid], ['worker-1', child.pid])
      assert.deepEqual(Object.keys(before.memoryUsage), ['rss'])
      await child.tell('allocate', 200)
      const after = await manager.getWorkerMemoryStats('worker-1', child.pid)
      const grown = (after.memoryUsage.rss - before.memoryUsage.rss) / MB
      assert.ok(grown > 190 && grown < 240, `it has grown by ${grown} MB`)
      assert.ok(after.cpuUsage > 0 && after.uptime > 0 && after.timestamp >= before.timestamp)
      await child.kill()
      await assert.rejects(
        manager.getWorkerMemoryStats('worker-1', child.pid),
        error => error instanceof ClusterError && error.code === 'ERR_PROCESS_NOT_FOUND',
      )
    }),
  ))

test('getWorkerMemoryStats() of a worker of a cluster has its heap', () =>
  withCluster({ app: 'memory.mjs', workers: 1 }, cluster =>
    withManager({}, async manager => {
      await heapsTold(cluster)
      const { id, pid } = cluster.getWorkers()[0]
      const { memoryUsage } = await manager.getWorkerMemoryStats(id, pid)
      for (const name of ['rss', 'heapTotal', 'heapUsed', 'external']) {
        assert.ok(memoryUsage[name] > 0, `${name} is ${memoryUsage[name]}`)
      }
      assert.ok(memoryUsage.arrayBuffers >= 0)
    }),
  ))

test('checkMemoryLimits() tells each level from its threshold on', () =>
  withManager(
    { maxMemoryPerWorker: '100MB', memoryWarningThreshold: 70, memoryCriticalThreshold: 90 },
    async manager => {
      for (const [megabytes, level, withinLimits] of [
        [0, 'ok', true],
        [69, 'ok', true],
        [70, 'warning', true],
        [90, 'critical', true],
        [100, 'critical', true],
        [101, 'exceeded', false],
      ]) {
        const result = manager.checkMemoryLimits('worker-1', megabytes * MB)
        assert.deepEqual([result.level, result.withinLimits], [level, withinLimits], `${megabytes} MB`)
        assert.equal(result.limit, 100 * MB)
        assert.ok(Math.abs(result.usagePercentage - megabytes) < 1e-9)
      }
      for (const bytes of [Number.NaN, -1, Number.POSITIVE_INFINITY, 'x', undefined]) {
        assert.throws(() => manager.checkMemoryLimits('worker-1', bytes), ConfigurationError, `${bytes}`)
      }
    },
  ))

test('detectMemoryLeak() tells a leak from a sawtooth, a plateau and a load step', () =>
  withManager({ maxMemoryPerWorker: '4GB' }, async manager => {
    const judge = (worker, memory) => {
      let found = false
      for (let sample = 0; sample < 240; sample += 1) {
        found = manager.detectMemoryLeak(worker, memory(sample) * MB) || found
      }
      return found
    }
    assert.equal(
      judge('sawtooth', sample => 100 + 5 * (sample % 13)),
      false,
    )
    assert.equal(
      judge('plateau', sample => 100 + 200 * (1 - Math.exp(-sample / 8))),
      false,
    )
    assert.equal(
      judge('step', sample => (sample < 130 ? 100 : 180)),
      false,
    )
    assert.equal(manager.getLeakEvidence('step'), null)
    const told = waitFor(manager, 'leak')
    await Promise.resolve()
    assert.equal(
      judge('leak', sample => 100 + sample + 3 * (sample % 5)),
      true,
    )
    const evidence = await told
    assert.equal(evidence.workerId, 'leak')
    assert.ok(evidence.growthPerHour > 0 && evidence.confidence >= 0.8 && evidence.minima >= 16)
    assert.ok(evidence.currentMemory > evidence.baseline && evidence.exhaustedIn > 0)
    assert.ok(manager.getLeakEvidence('leak').growthPerHour > 0)
  }))

test('suggestGarbageCollection() collects, and says how much came back', () =>
  withCluster({ app: 'memory.mjs', workers: 1 }, cluster =>
    withManager({}, async manager => {
      await heapsTold(cluster)
      const collected = async () => {
        await request(cluster.port, '/leak?objects=1000000')
        await request(cluster.port, '/forget')
        const told = waitFor(manager, 'gc')
        // Whoever listens is known with the next turn.
        await new Promise(resolve => setImmediate(resolve))
        assert.equal(manager.suggestGarbageCollection('worker-1'), true)
        const gc = await told
        assert.equal(gc.freed, Math.max(0, gc.before - gc.after))
        return gc.freed > MB ? gc : undefined
      }
      // The engine may have collected all of it by itself just before.
      const gc = await eventually(collected, 'a collection that brings something')
      assert.deepEqual([gc.workerId, gc.pid], ['worker-1', cluster.getWorkers()[0].pid])
      assert.ok(gc.duration > 0)
    }),
  ))

test('suggestGarbageCollection() of nobody is refused, without an error', () =>
  withManager({}, async manager => {
    assert.equal(manager.suggestGarbageCollection('nobody'), false)
  }))

test('monitoring warns of a worker near its limit, asks it to collect, and tells of all', () =>
  withCluster({ app: 'memory.mjs', workers: 1 }, cluster =>
    withManager({ maxMemoryPerWorker: '20MB', garbageCollectionHint: true }, async manager => {
      await heapsTold(cluster)
      const [stats, critical, gc] = [
        waitFor(manager, 'stats'),
        waitFor(manager, 'critical'),
        waitFor(manager, 'gc'),
      ]
      manager.startMonitoring(50)
      const { system, workers } = await stats
      assert.ok(system.totalMemory > 0)
      assert.deepEqual(
        workers.map(({ workerId }) => workerId),
        ['worker-1'],
      )
      const { workerId, level, limit } = await critical
      assert.deepEqual([workerId, level, limit], ['worker-1', 'exceeded', 20 * MB])
      assert.equal((await gc).workerId, 'worker-1')
      manager.stopMonitoring()
    }),
  ))

/** A cluster of one worker under a memory manager that learns fast. */
async function underWatch(body) {
  const leakDetection = { warmUpSamples: 4, windowSamples: 2, minima: 24 }
  await withCluster({ app: 'memory.mjs', workers: 1 }, cluster =>
    withManager({ maxMemoryPerWorker: '2GB', leakDetection }, async manager => {
      await heapsTold(cluster)
      const leaks = []
      manager.on('leak', evidence => leaks.push(evidence))
      manager.startMonitoring(50)
      const collect = async () => {
        const done = waitFor(manager, 'gc')
        await new Promise(resolve => setImmediate(resolve))
        manager.suggestGarbageCollection('worker-1')
        await done
      }
      await body({ cluster, manager, leaks, collect, get: path => request(cluster.port, path) })
    }),
  )
}

test('a real worker that leaks is found', () =>
  underWatch(async ({ leaks, get, collect }) => {
    for (let round = 0; leaks.length === 0 && round < 200; round += 1) {
      await get('/leak?objects=40000')
      await collect()
    }
    assert.equal(leaks[0]?.workerId, 'worker-1')
    assert.ok(leaks[0].growthPerHour > MB && leaks[0].growthPerThousandRequests > 0)
  }))

test('a real worker that makes garbage, and one that grew once, do not leak', () =>
  underWatch(async ({ manager, leaks, get, collect }) => {
    let samples = 0
    manager.on('stats', () => {
      samples += 1
    })
    for (let round = 0; samples < 120; round += 1) {
      if (round === 5) await get('/hold?mb=64')
      await get('/leak?objects=100000')
      await get('/forget')
      await collect()
    }
    assert.deepEqual(leaks, [])
    const { recommendations } = await manager.getMemoryOptimizationRecommendations()
    assert.ok(recommendations.every(({ kind }) => kind !== 'repair-leak'))
  }))

test('calculateOptimalWorkerCount() is bound by memory, and by processors', () =>
  withManager({ maxMemoryPerWorker: '100MB' }, async manager => {
    const stats = await manager.getSystemMemoryStats()
    const with_ = availableMemory => ({ ...stats, totalMemory: 2 ** 40, availableMemory })
    const few = await manager.calculateOptimalWorkerCount(with_(10 * MB))
    const most = await manager.calculateOptimalWorkerCount(with_(2 ** 40))
    assert.equal(few, 1)
    assert.ok(most >= 1 && Number.isInteger(most))
    const now = await manager.calculateOptimalWorkerCount()
    assert.ok(now >= 1 && now <= most)
  }))

test('recommendations name the number and the reason', () =>
  withCluster({ app: 'memory.mjs', workers: 2 }, () =>
    withManager({ maxMemoryPerWorker: '20MB', maxTotalMemory: '64MB' }, async manager => {
      const result = await manager.getMemoryOptimizationRecommendations()
      assert.deepEqual([result.currentWorkerCount, result.optimalWorkerCount], [2, 1])
      const kinds = result.recommendations.map(({ kind }) => kind)
      assert.deepEqual(kinds, ['raise-worker-limit', 'raise-worker-limit', 'reduce-workers'])
      const [limit, , workers] = result.recommendations
      assert.match(limit.message, /^raise maxMemoryPerWorker to \d+ MB: worker-1 has \d+ MB/)
      assert.match(workers.message, /^run 1 workers instead of 2: there are 64 MB for workers/)
      assert.equal(workers.value, 1)
    }),
  ))

test('a configuration that cannot be used says everything that is wrong with it', () => {
  const wrong = { maxMemoryPerWorker: 'much', memoryCheckInterval: 0, unknown: 1 }
  assert.throws(
    () => new MemoryManager(wrong),
    error => {
      assert.ok(error instanceof ConfigurationError)
      assert.equal(error.code, 'ERR_CONFIGURATION')
      assert.equal(error.details.problems.length, 3)
      return true
    },
  )
  new MemoryManager().destroy()
})

test('what was destroyed says so', () =>
  withManager({}, async manager => {
    manager.startMonitoring(10)
    manager.destroy()
    const destroyed = error => error instanceof ClusterError && error.code === 'ERR_DESTROYED'
    await assert.rejects(manager.getSystemMemoryStats(), destroyed)
    await assert.rejects(manager.getWorkerMemoryStats('worker-1', process.pid), destroyed)
    assert.throws(() => manager.checkMemoryLimits('worker-1', 1), destroyed)
    assert.throws(() => manager.startMonitoring(), destroyed)
    manager.stopMonitoring()
  }))
