/** Readings of ProcessMonitor, against /proc, ps, and processes of known behaviour. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import os from 'node:os'
import { test } from 'node:test'
import { ClusterError, ConfigurationError, ProcessMonitor } from 'xypriss-cluster'
import { withBehaving } from './helpers/behaving.mjs'
import { startMaster } from './helpers/master.mjs'
import { waitFor, within } from './helpers/wait.mjs'

const MB = 1024 * 1024
/** Larger than any process id that Linux gives. */
const NOBODY = 2 ** 30

async function withMonitor(body) {
  const monitor = new ProcessMonitor()
  try {
    await body(monitor)
  } finally {
    monitor.destroy()
  }
}

test('getSystemStats() says what /proc and the runtime say', () =>
  withMonitor(async monitor => {
    const before = Date.now()
    const { cpu, memory, swap, uptime, timestamp } = await monitor.getSystemStats()
    // A quota may allow fewer.
    assert.ok(cpu.cores >= 1 && cpu.cores <= os.availableParallelism())
    assert.ok(cpu.usage >= 0 && cpu.usage <= 100, `${cpu.usage} % of the machine`)
    assert.equal(cpu.loadAverage.length, 3)
    for (const load of cpu.loadAverage) assert.ok(load >= 0)
    const meminfo = readFileSync('/proc/meminfo', 'utf8')
    const bytes = name => Number(meminfo.match(new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm'))[1]) * 1024
    assert.ok(memory.total > 0 && memory.total <= bytes('MemTotal'))
    assert.equal(memory.used, memory.total - memory.available)
    assert.ok(memory.free <= memory.total && memory.available <= memory.total)
    assert.ok(Math.abs(memory.usagePercentage - (100 * memory.used) / memory.total) < 0.01)
    assert.equal(swap.total, bytes('SwapTotal'))
    assert.equal(swap.used, swap.total - swap.free)
    assert.ok(swap.usagePercentage >= 0 && swap.usagePercentage <= 100)
    assert.ok(uptime > 0 && uptime <= os.uptime() * 1000 + 1000)
    assert.ok(timestamp >= before && timestamp <= Date.now())
  }))

test('the use of processors is never 0 while a core is busy', () =>
  withMonitor(monitor =>
    withBehaving(async child => {
      const busy = child.tell('burn', 1500)
      const { cpu } = await monitor.getSystemStats()
      assert.ok(cpu.usage > 0, `${cpu.usage} % of the machine`)
      await busy
    }),
  ))

test('getProcessStats() of this very process is complete', () =>
  withMonitor(async monitor => {
    const stats = await monitor.getProcessStats(process.pid)
    assert.equal(stats.pid, process.pid)
    for (const name of ['rss', 'vms', 'heapTotal', 'heapUsed', 'external']) {
      assert.ok(stats.memory[name] > 0, `${name} is ${stats.memory[name]}`)
    }
    assert.ok(stats.memory.vms >= stats.memory.rss)
    assert.ok(stats.cpu.totalTime > 0 && stats.uptime > 0)
    assert.ok(stats.threads > 1 && stats.fileDescriptors > 3)
  }))

test('memory: 200 MB more are 200 MB more', () =>
  withMonitor(monitor =>
    withBehaving(async child => {
      const before = await monitor.getProcessStats(child.pid)
      assert.equal(before.memory.heapUsed, undefined, 'nothing is known of the heap of a foreign process')
      assert.ok(!('heapTotal' in before.memory) && !('external' in before.memory))
      await child.tell('allocate', 200)
      const after = await monitor.getProcessStats(child.pid)
      const grown = (after.memory.rss - before.memory.rss) / MB
      assert.ok(grown > 190 && grown < 240, `it has grown by ${grown} MB`)
      assert.ok(after.memory.vms >= after.memory.rss)
    }),
  ))

test('descriptors: 100 more are 100 more, as /proc counts them', () =>
  withMonitor(monitor =>
    withBehaving(async child => {
      const before = await monitor.getProcessStats(child.pid)
      await child.tell('open', 100)
      const after = await monitor.getProcessStats(child.pid)
      assert.equal(after.fileDescriptors - before.fileDescriptors, 100)
      assert.equal(after.fileDescriptors, readdirSync(`/proc/${child.pid}/fd`).length)
    }),
  ))

test('processor time: what was burnt between two readings is in them', () =>
  withMonitor(monitor =>
    withBehaving(async child => {
      const begin = performance.now()
      const before = await monitor.getProcessStats(child.pid)
      await child.tell('burn', 600)
      const after = await monitor.getProcessStats(child.pid)
      const elapsed = performance.now() - begin
      const spent = after.cpu.totalTime - before.cpu.totalTime
      assert.ok(spent >= 590, `${spent} ms were counted`)
      // Others take the processor away for as long as they like, which makes the share smaller, not 0.
      assert.ok(after.cpu.usage > 0)
      assert.ok(after.cpu.usage >= (100 * 590) / elapsed - 1, `${after.cpu.usage} % in ${elapsed} ms`)
    }),
  ))

test('a first reading of a busy process is a measured one', () =>
  withMonitor(monitor =>
    withBehaving(async child => {
      const busy = child.tell('burn', 1500)
      const { cpu } = await monitor.getProcessStats(child.pid)
      assert.ok(cpu.usage > 0, `${cpu.usage} %`)
      await busy
    }),
  ))

test('threads, address space and age are those of ps', () =>
  withMonitor(monitor =>
    withBehaving(async child => {
      const { stdout } = spawnSync('ps', ['-o', 'nlwp=,vsz=,rss=,etimes=', '-p', String(child.pid)], {
        encoding: 'utf8',
      })
      const stats = await monitor.getProcessStats(child.pid)
      const [threads, vsz, rss, age] = stdout.trim().split(/\s+/).map(Number)
      assert.ok(Math.abs(stats.threads - threads) <= 4, `${stats.threads} threads, ${threads} to ps`)
      assert.ok(Math.abs(stats.memory.vms / 1024 / vsz - 1) < 0.2, `${stats.memory.vms} to ${vsz} kB`)
      assert.ok(Math.abs(stats.memory.rss / 1024 / rss - 1) < 0.2, `${stats.memory.rss} to ${rss} kB`)
      assert.ok(stats.uptime >= (age - 1) * 1000, `${stats.uptime} ms to ${age} s`)
    }),
  ))

test('getProcessesStats() reads many at once and leaves out who cannot be read', () =>
  withMonitor(monitor =>
    withBehaving(async child => {
      const all = await monitor.getProcessesStats([child.pid, NOBODY, process.pid])
      assert.deepEqual(
        all.map(({ pid }) => pid),
        [child.pid, process.pid],
      )
      assert.ok(all.every(({ memory }) => memory.rss > 0))
      assert.deepEqual(await monitor.getProcessesStats([]), [])
      // The first reading has waited for its second half; this one is made at once.
      const [brief] = await monitor.getProcessesStats([child.pid], { brief: true })
      assert.deepEqual(Object.keys(brief).sort(), ['cpu', 'memory', 'pid', 'timestamp', 'uptime'])
      assert.ok(brief.memory.rss > 0 && brief.uptime >= all[0].uptime)
    }),
  ))

test('a process that does not exist, or has ended, is a typed error', () =>
  withMonitor(monitor =>
    withBehaving(async child => {
      const gone = pid => error => {
        assert.ok(error instanceof ClusterError)
        assert.deepEqual([error.code, error.details], ['ERR_PROCESS_NOT_FOUND', { pid }])
        return true
      }
      await assert.rejects(monitor.getProcessStats(NOBODY), gone(NOBODY))
      assert.throws(() => monitor.watch(NOBODY), gone(NOBODY))
      await monitor.getProcessStats(child.pid)
      await child.kill()
      await assert.rejects(monitor.getProcessStats(child.pid), gone(child.pid))
    }),
  ))

test('what is no process id, or no interval, is refused', () =>
  withMonitor(async monitor => {
    const refused = error => error instanceof ConfigurationError && error.code === 'ERR_INVALID_ARGUMENT'
    for (const pid of [0, -1, 1.5, Number.NaN, 2 ** 40, 'x', undefined, null]) {
      await assert.rejects(monitor.getProcessStats(pid), refused, `${pid}`)
      assert.throws(() => monitor.watch(pid), refused, `${pid}`)
    }
    for (const interval of [0, -5, Number.NaN, Number.POSITIVE_INFINITY, 1e12, 'x', null]) {
      assert.throws(() => monitor.startMonitoring(interval), refused, `${interval}`)
    }
  }))

test('monitoring tells of the machine and of the processes that are watched', () =>
  withMonitor(monitor =>
    withBehaving(async child => {
      monitor.watch(child.pid)
      monitor.startMonitoring(20)
      const stats = await waitFor(monitor, 'stats')
      assert.ok(stats.memory.total > 0 && stats.timestamp > 0)
      assert.deepEqual(
        stats.processes.map(({ pid }) => pid),
        [child.pid],
      )
      const lost = waitFor(monitor, 'error')
      await child.kill()
      assert.equal((await lost).code, 'ERR_PROCESS_NOT_FOUND')
      await waitFor(monitor, 'stats', ({ processes }) => processes.length === 0)
      assert.equal(monitor.unwatch(child.pid), false)
    }),
  ))

test('a watched process that ends is nothing to throw about', () =>
  withMonitor(monitor =>
    withBehaving(async child => {
      monitor.watch(child.pid)
      monitor.startMonitoring(10)
      const seen = waitFor(monitor, 'stats', ({ processes }) => processes.length === 0)
      await child.kill()
      await seen
    }),
  ))

test('it is silent before it is started, after it is stopped, and works again', () =>
  withMonitor(async monitor => {
    let told = 0
    monitor.on('stats', () => {
      told += 1
    })
    await monitor.getSystemStats()
    assert.equal(told, 0)
    monitor.startMonitoring(10)
    await waitFor(monitor, 'stats')
    monitor.stopMonitoring()
    const before = told
    // Long enough for ten more, on the clock of the thread that would send them.
    await monitor.getProcessStats(process.pid)
    assert.equal(told, before)
    monitor.removeAllListeners()
    monitor.startMonitoring(10)
    await waitFor(monitor, 'stats')
  }))

test('what was destroyed says so', () =>
  withMonitor(async monitor => {
    monitor.startMonitoring(10)
    monitor.destroy()
    const destroyed = error => error instanceof ClusterError && error.code === 'ERR_DESTROYED'
    await assert.rejects(monitor.getSystemStats(), destroyed)
    await assert.rejects(monitor.getProcessStats(process.pid), destroyed)
    assert.throws(() => monitor.startMonitoring(), destroyed)
    assert.throws(() => monitor.watch(process.pid), destroyed)
    monitor.stopMonitoring()
    monitor.destroy()
  }))

test('a process that monitors with a listener ends when it has nothing else to do', async () => {
  const master = startMaster('monitors.mjs')
  const { code, signal } = await within(master.exit, 'the end of the process')
  assert.deepEqual([code, signal], [0, null], master.output.join('\n'))
  assert.deepEqual(master.lines, ['started'])
})
