/** Limits of workers: soft ones replace a worker and cost no request, hard ones kill it and say why. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { ConfigurationError } from 'xypriss-cluster'
import { pidsOf, withCluster } from './helpers/cluster.mjs'
import { request } from './helpers/connection.mjs'
import { alive, freePort } from './helpers/processes.mjs'
import { underLoad } from './helpers/under-load.mjs'
import { eventually, waitFor } from './helpers/wait.mjs'

/** Readings ten times a second. */
const often = { memoryCheckInterval: 100 }
/** Per cent of a core that a busy worker takes however little the machine has left for it, and an idle one never. */
const LITTLE = 4
/** Longer than anything takes here. */
const LONG = 40_000

/** Ask one worker in particular, past the balancer. */
const ask = (cluster, id, path) => request(cluster.getWorkerById(id).port, path)

/** Have worker `id` hold `megabytes` more. */
async function hold(cluster, id, megabytes) {
  for (let left = megabytes; left > 0; left -= 20) await ask(cluster, id, '/hold?mb=20')
}

/** All memory of the machine. */
const totalKilobytes = () => Number(readFileSync('/proc/meminfo', 'utf8').match(/^MemTotal:\s+(\d+) kB$/m)[1])

const named = (events, ...names) => events.filter(({ name }) => names.includes(name))
const of = id => data => data.workerId === id

/** Replacements and exits, in order, as `worker-1 worker:restart`. */
const steps = events =>
  named(events, 'worker:restart', 'worker:exit').map(({ name, workerId }) => `${workerId} ${name}`)

/** That no replacement began before the process of the one before it was gone. */
function assertOneAtATime(events) {
  const found = steps(events)
  for (let at = 0; at + 1 < found.length; at += 2) {
    const id = found[at].split(' ')[0]
    assert.deepEqual(found.slice(at, at + 2), [`${id} worker:restart`, `${id} worker:exit`], found.join())
  }
}

test('a worker that grows to its limit is replaced under load, and no request fails', async () => {
  const port = await freePort()
  const resources = { maxMemoryPerWorker: '400MB', memoryManagement: often }
  await withCluster({ app: 'memory.mjs', port, resources }, async (cluster, { events }) => {
    const before = pidsOf(cluster)
    const { ok, failed } = await underLoad([{ port, connections: 8, pause: 5 }], async () => {
      const restarted = waitFor(cluster, 'worker:restart', of('worker-1'), LONG)
      const gone = waitFor(cluster, 'worker:exit', ({ pid }) => pid === before['worker-1'], LONG)
      await hold(cluster, 'worker-1', 400)
      const { reason } = await restarted
      assert.match(
        reason,
        /^\d+ MB of memory, resources\.maxMemoryPerWorker is 400 MB \(\d+ readings in a row\)$/,
      )
      assert.equal((await gone).reason, 'was asked to stop')
    })
    assert.deepEqual(failed, [])
    assert.ok(ok > 100, `only ${ok} requests: that is no load`)
    assert.equal(pidsOf(cluster)['worker-2'], before['worker-2'])
    assert.equal(alive(before['worker-1']), false)
    const told = named(events, 'memory:warning', 'memory:critical')
    assert.ok(told.length > 0)
    for (const { workerId, limit, level, currentMemory } of told) {
      assert.deepEqual([workerId, limit], ['worker-1', 400 * 2 ** 20])
      assert.ok(level !== 'ok' && currentMemory > 0)
    }
  })
})

test('a worker that burns processor time is replaced under load, and no request fails', async () => {
  const port = await freePort()
  const resources = { memoryManagement: often }
  await withCluster({ app: 'memory.mjs', port, resources }, async cluster => {
    const before = pidsOf(cluster)
    const { ok, failed } = await underLoad([{ port, connections: 4, pause: 50 }], async () => {
      const restarted = waitFor(cluster, 'worker:restart', of('worker-2'), LONG)
      const gone = waitFor(cluster, 'worker:exit', ({ pid }) => pid === before['worker-2'], LONG)
      await ask(cluster, 'worker-2', '/burn')
      await cluster.updateConfig({ resources: { maxCpuPerWorker: LITTLE } })
      const { reason } = await restarted
      assert.match(
        reason,
        /^took \d+ % of a core, resources\.maxCpuPerWorker is 4 % of a core \(\d+ readings/,
      )
      await gone
    })
    assert.deepEqual(failed, [])
    assert.ok(ok > 5, `only ${ok} requests: that is no load`)
  })
})

test('processManagement.memoryThreshold and cpuThreshold replace a worker as well', () =>
  withCluster(
    {
      app: 'memory.mjs',
      resources: { memoryManagement: often },
      processManagement: { memoryThreshold: '300MB' },
    },
    async cluster => {
      const grown = waitFor(cluster, 'worker:restart', of('worker-1'), LONG)
      await hold(cluster, 'worker-1', 300)
      assert.match((await grown).reason, /processManagement\.memoryThreshold is 300 MB/)
      const busy = waitFor(cluster, 'worker:restart', of('worker-2'), LONG)
      await ask(cluster, 'worker-2', '/burn')
      // Only now: to grow takes processor time as well.
      await cluster.updateConfig({ processManagement: { cpuThreshold: LITTLE } })
      assert.match((await busy).reason, /processManagement\.cpuThreshold is 4 % of a core/)
    },
  ))

test('a worker above a hard limit of memory is killed, and its death names limit and reading', () =>
  withCluster(
    {
      app: 'memory.mjs',
      resources: { maxMemoryPerWorker: '300MB', enforcement: { killOnMemoryExceed: true } },
      processManagement: { restartDelay: 0 },
    },
    async (cluster, { events }) => {
      const before = pidsOf(cluster)
      const died = waitFor(cluster, 'worker:exit', of('worker-1'), LONG)
      const back = waitFor(cluster, 'worker:started', of('worker-1'), LONG)
      // The last of these may find nobody.
      await hold(cluster, 'worker-1', 400).catch(() => {})
      const { pid, signal, exitCode, reason } = await died
      assert.deepEqual([pid, signal, exitCode], [before['worker-1'], 'SIGKILL', null])
      const [, had] = reason.match(
        /^was killed at a hard limit: (\d+) MB of memory, resources\.maxMemoryPerWorker is 300 MB$/,
      )
      assert.ok(Number(had) >= 300, reason)
      await back
      assert.equal(pidsOf(cluster)['worker-2'], before['worker-2'])
      assert.equal(named(events, 'worker:restart')[0].reason, reason)
      assert.equal((await request(cluster.port)).status, 200)
    },
  ))

test('a worker above a hard limit of processor time is killed', () =>
  withCluster(
    {
      app: 'memory.mjs',
      processManagement: { restartDelay: 0 },
    },
    async cluster => {
      const died = waitFor(cluster, 'worker:exit', of('worker-1'), LONG)
      await ask(cluster, 'worker-1', '/burn')
      const enforcement = { enforceHardLimits: true }
      await cluster.updateConfig({ resources: { maxCpuPerWorker: LITTLE, enforcement } })
      const { signal, reason } = await died
      assert.equal(signal, 'SIGKILL')
      assert.match(
        reason,
        /^was killed at a hard limit: took \d+ % of a core, resources\.maxCpuPerWorker is 4 % of a core$/,
      )
    },
  ))

test('above maxTotalMemory the largest is replaced first, and then the next', async () => {
  await withCluster(
    { app: 'memory.mjs', workers: 3, resources: { memoryManagement: often } },
    async (cluster, { events }) => {
      const before = pidsOf(cluster)
      // Both, whatever the runtime itself takes: without the largest it is still too much.
      const last = waitFor(cluster, 'worker:exit', ({ pid }) => pid === before['worker-2'], LONG)
      const ports = Object.fromEntries(cluster.getWorkers().map(({ id, port }) => [id, port]))
      await Promise.all([
        request(ports['worker-2'], '/hold?mb=580'),
        request(ports['worker-3'], '/hold?mb=800'),
      ])
      // Only now, so that both are there.
      await cluster.updateConfig({ resources: { memoryManagement: { maxTotalMemory: '600MB' } } })
      await last
      assertOneAtATime(events)
      assert.deepEqual(
        named(events, 'worker:restart').map(({ workerId }) => workerId),
        ['worker-3', 'worker-2'],
      )
      for (const { reason } of named(events, 'worker:restart')) {
        assert.match(reason, /^all workers have \d+ MB of memory, \S+maxTotalMemory is 600 MB \(\d+ readings/)
      }
      assert.equal(pidsOf(cluster)['worker-1'], before['worker-1'])
    },
  )
})

test('where hard limits are enforced, the largest is killed above maxTotalMemory', () =>
  withCluster(
    { app: 'memory.mjs', resources: { memoryManagement: often }, processManagement: { restartDelay: 0 } },
    async cluster => {
      const before = pidsOf(cluster)
      await hold(cluster, 'worker-2', 600)
      const died = waitFor(cluster, 'worker:exit', () => true, LONG)
      const enforcement = { enforceHardLimits: true }
      await cluster.updateConfig({
        resources: { memoryManagement: { maxTotalMemory: '500MB' }, enforcement },
      })
      const { workerId, signal, reason } = await died
      assert.deepEqual([workerId, signal], ['worker-2', 'SIGKILL'])
      assert.match(
        reason,
        /^was killed at a hard limit: all workers have \d+ MB of memory, \S+maxTotalMemory is 500 MB$/,
      )
      assert.equal(pidsOf(cluster)['worker-1'], before['worker-1'])
    },
  ))

test('memoryReservation: while others have less than that, the largest that has grown is replaced', () =>
  withCluster(
    {
      app: 'memory.mjs',
      // All there is, so never free.
      resources: { memoryManagement: { ...often, memoryReservation: `${totalKilobytes()}KB` } },
    },
    async cluster => {
      const restarted = waitFor(cluster, 'worker:restart', of('worker-1'), LONG)
      await hold(cluster, 'worker-1', 200)
      assert.match((await restarted).reason, /memory are free, \S+memoryReservation is/)
    },
  ))

for (const enforcement of [{}, { enforceHardLimits: true }]) {
  test(`a limit below what a fresh worker needs is told once, and nobody is touched: ${JSON.stringify(enforcement)}`, () =>
    withCluster(
      {
        resources: { maxMemoryPerWorker: '10MB', memoryManagement: often, enforcement },
        monitoring: { metricsInterval: 100 },
      },
      async (cluster, { events }) => {
        const before = pidsOf(cluster)
        const errors = () => named(events, 'worker:error')
        await eventually(() => errors().length >= 2, 'the word of both workers')
        // Many readings later.
        for (let metrics = 0; metrics < 15; metrics += 1) await waitFor(cluster, 'metrics:updated')
        assert.deepEqual(
          errors()
            .map(({ workerId, error }) => [workerId, error.code])
            .sort(),
          [
            ['worker-1', 'ERR_LIMIT_TOO_LOW'],
            ['worker-2', 'ERR_LIMIT_TOO_LOW'],
          ],
        )
        const { error } = errors()[0]
        assert.ok(error instanceof ConfigurationError)
        const { details, message } = error
        assert.equal(details.limit, 'resources.maxMemoryPerWorker')
        assert.ok(details.reading > details.allowed && details.baseline > details.allowed)
        assert.match(message, /too low for this app.*raise resources\.maxMemoryPerWorker/)
        assert.deepEqual(pidsOf(cluster), before)
        assert.deepEqual(steps(events), [])
      },
    ))
}

test('a limit that updateConfig() lowers holds for workers that run', () =>
  withCluster({ app: 'memory.mjs', resources: { memoryManagement: often } }, async cluster => {
    await hold(cluster, 'worker-1', 300)
    const restarted = waitFor(cluster, 'worker:restart', of('worker-1'), LONG)
    await cluster.updateConfig({ resources: { maxMemoryPerWorker: '300MB' } })
    assert.match((await restarted).reason, /maxMemoryPerWorker is 300 MB/)
  }))

test('a worker that leaks is told of with the evidence, and replaced before it reaches its limit', () =>
  withCluster(
    {
      app: 'memory.mjs',
      resources: {
        maxMemoryPerWorker: '3000MB',
        memoryManagement: {
          ...often,
          memoryWarningThreshold: 5,
          leakDetection: { warmUpSamples: 0, windowSamples: 2, minima: 8, recycle: true },
        },
      },
    },
    async cluster => {
      let done = false
      const told = waitFor(cluster, 'memory:leak', of('worker-1'), LONG)
      const restarted = waitFor(cluster, 'worker:restart', of('worker-1'), LONG).finally(() => {
        done = true
      })
      const { port } = cluster.getWorkerById('worker-1')
      // Evenly, whatever the machine is busy with: it may be slow, and never pauses.
      const leaking = (async () => {
        for (let held = 0; !done && held < 2500; held += 4) {
          await request(port, '/hold?mb=4')
          await new Promise(resolve => setTimeout(resolve, 25))
        }
      })().catch(() => {})
      const evidence = await told
      assert.ok(evidence.growthPerHour > 0 && evidence.confidence >= 0.8 && evidence.minima >= 8)
      const [, had] = (await restarted).reason.match(
        /^leaks memory and has ([\d.]+) MB, its limit is 3000 MB$/,
      )
      assert.ok(Number(had) < 3000)
      await leaking
    },
  ))

test('a worker near its limit is asked to collect its garbage where that is wanted', () =>
  withCluster(
    {
      app: 'memory.mjs',
      workers: 1,
      resources: {
        maxMemoryPerWorker: '1000MB',
        memoryManagement: { ...often, memoryWarningThreshold: 1, garbageCollectionHint: true },
      },
    },
    async cluster => {
      const { workerId, before, after, freed } = await waitFor(cluster, 'memory:gc', () => true, LONG)
      assert.equal(workerId, 'worker-1')
      assert.ok(before > 0 && after > 0 && freed >= 0)
    },
  ))
