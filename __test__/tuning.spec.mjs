/** What workers are given by the operating system, as `/proc` shows it. */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { test } from 'node:test'
import { isBun, pidsOf, withCluster } from './helpers/cluster.mjs'
import { request } from './helpers/connection.mjs'
import { eventually } from './helpers/wait.mjs'

const read = (pid, file) => readFileSync(`/proc/${pid}/${file}`, 'utf8')
const threads = pid => readdirSync(`/proc/${pid}/task`)
const field = (text, name) => text.match(new RegExp(`^${name}:\\s+(.*)$`, 'm'))[1]

/** The nice value of a thread: the 19th field of `stat`, the 17th behind the name. */
function nice(pid, thread) {
  const stat = read(pid, `task/${thread}/stat`)
  return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[16])
}

/** The processors that a process may use. */
function processors(pid) {
  return field(read(pid, 'status'), 'Cpus_allowed_list')
    .split(',')
    .flatMap(part => {
      const [first, last = first] = part.split('-').map(Number)
      return Array.from({ length: last - first + 1 }, (_, index) => first + index)
    })
}

/** What `seen` gives of every thread of a worker that serves. A thread may end while it is looked at. */
function ofEachThread(pid, seen) {
  return threads(pid).flatMap(thread => {
    try {
      return [seen(thread)]
    } catch (error) {
      if (['ENOENT', 'ESRCH'].includes(error.code)) return []
      throw error
    }
  })
}

test('priorityLevel is the nice value of every thread, and changes with the configuration', () =>
  withCluster({ resources: { priorityLevel: 'low' } }, async cluster => {
    const own = nice(process.pid, process.pid)
    for (const pid of Object.values(pidsOf(cluster))) {
      const found = ofEachThread(pid, thread => nice(pid, thread))
      assert.ok(found.length > 1 && found.every(value => value === 10), found.join())
    }
    await cluster.updateConfig({ resources: { priorityLevel: 'normal' } })
    for (const pid of Object.values(pidsOf(cluster))) {
      assert.ok(ofEachThread(pid, thread => nice(pid, thread)).every(value => value === own))
    }
  }))

test('a priority above normal is had, or its refusal is told and the worker serves', () =>
  withCluster({ workers: 1, resources: { priorityLevel: 'critical' } }, async (cluster, { events }) => {
    const { pid } = cluster.getWorkers()[0]
    const refused = events.filter(({ name }) => name === 'worker:error')
    if (refused.length > 0) {
      assert.equal(refused.length, 1)
      assert.equal(refused[0].error.code, 'ERR_SETTING_REFUSED')
      assert.equal(refused[0].error.details.setting, 'resources.priorityLevel')
    } else {
      assert.ok(ofEachThread(pid, thread => nice(pid, thread)).every(value => value === -10))
    }
    assert.equal((await request(cluster.port)).status, 200)
  }))

test('cpuOptimization gives each worker a processor of its own', () =>
  withCluster(
    { workers: 2, resources: { performanceOptimization: { cpuOptimization: true } } },
    async cluster => {
      const own = processors(process.pid)
      const found = Object.values(pidsOf(cluster)).map(processors)
      for (const list of found) {
        assert.equal(list.length, 1)
        assert.ok(own.includes(list[0]))
      }
      assert.equal(new Set(found.flat()).size, Math.min(2, own.length))
    },
  ))

test('ioOptimization puts every thread first in its class', { skip: !existsSync('/usr/bin/ionice') }, () =>
  withCluster({ workers: 1, resources: { performanceOptimization: { ioOptimization: true } } }, cluster => {
    const { pid } = cluster.getWorkers()[0]
    const place = execFileSync('/usr/bin/ionice', ['-p', String(pid)], { encoding: 'utf8' })
    assert.equal(place.trim(), 'best-effort: prio 0')
  }),
)

test('fileDescriptorLimit is the limit of the process', () =>
  withCluster({ workers: 1, resources: { fileDescriptorLimit: 300 } }, async cluster => {
    const { pid } = cluster.getWorkers()[0]
    const limits = read(pid, 'limits').match(/^Max open files\s+(\d+)\s+(\d+)/m)
    assert.deepEqual(limits.slice(1), ['300', '300'])
    assert.equal((await request(cluster.port)).status, 200)
  }))

test('lowMemoryMode starts the runtime with smaller heaps', () =>
  withCluster(
    { workers: 1, resources: { performanceOptimization: { lowMemoryMode: true } } },
    async cluster => {
      const { pid } = cluster.getWorkers()[0]
      const line = await eventually(() => read(pid, 'cmdline'), 'its command line')
      const flags = isBun ? ['--smol'] : ['--optimize-for-size', '--max-semi-space-size=2']
      assert.deepEqual(line.split('\0').slice(1, 1 + flags.length), flags)
      assert.equal((await request(cluster.port)).status, 200)
    },
  ))
