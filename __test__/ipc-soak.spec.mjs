/** Floods: in order, with nothing lost, and every message accounted for while workers are killed. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isBun } from './helpers/cluster.mjs'
import { withIPC } from './helpers/ipc.mjs'

const MILLION = 1_000_000
const WINDOW = 256
const MIB = 2 ** 20

const options = { timeout: 120_000 }

/** Memory of this process after a collection. */
function memory() {
  globalThis.gc?.()
  if (isBun) Bun.gc(true)
  return process.memoryUsage.rss()
}

/** Send `count` numbers from `first` on, `WINDOW` at a time. */
async function flood(ipc, first, count) {
  const answers = []
  for (let number = first; number < first + count; number += 1) {
    answers.push(ipc.sendToWorker('worker-1', 'order', number))
    if (answers.length < WINDOW) continue
    const expected = number - answers.length + 1
    for (const [index, answer] of (await Promise.all(answers)).entries())
      assert.equal(answer, expected + index)
    answers.length = 0
  }
  await Promise.all(answers)
}

test('a million messages to a worker and a million from it, in order, with flat memory', options, () =>
  withIPC({ workers: 1, exec: { execArgv: isBun ? [] : ['--expose-gc'] } }, async ipc => {
    let last = -1
    let disordered = 0
    ipc.registerHandler('order', ({ data }) => {
      if (data !== last + 1) disordered += 1
      last = data
      return data
    })
    const round = async (first, count) => {
      await flood(ipc, first, count)
      last = -1
      assert.equal(await ipc.sendToWorker('worker-1', 'flood-master', { type: 'order', count }), count)
    }
    // Long enough for heaps and buffers to have their size.
    const warm = MILLION / 5
    await round(0, warm)
    const before = { here: memory(), there: await ipc.sendToWorker('worker-1', 'memory') }
    await round(warm, MILLION - warm)
    const after = { here: memory(), there: await ipc.sendToWorker('worker-1', 'memory') }
    assert.equal(last, MILLION - warm - 1)
    assert.equal(disordered, 0)
    const report = await ipc.sendToWorker('worker-1', 'report')
    assert.equal(report.received, MILLION)
    assert.equal(report.last, MILLION - 1)
    assert.equal(report.disordered, 0)
    // A message that was kept, even by a few bytes, would show as 20 MiB and more.
    for (const side of ['here', 'there']) {
      const growth = (after[side] - before[side]) / MIB
      assert.ok(growth < 48, `${growth} MiB more ${side}`)
    }
    assert.deepEqual(ipc.getStats().queue, { requests: 0, bytes: 0, parked: 0 })
  }),
)

test(
  'workers are killed in a flood, and every message is answered, failed, or was not accepted',
  options,
  () =>
    withIPC(
      { workers: 4, processManagement: { restartDelay: 10, maxRestarts: 1_000 } },
      async (ipc, cluster) => {
        const total = 60_000
        const kills = 12
        const outcomes = new Map()
        let sent = 0
        const killed = new Set()
        // Seeded: what fails once fails again.
        let state = 7
        const random = below => {
          state = (state * 1_103_515_245 + 12_345) & 0x7fff_ffff
          return (state >> 8) % below
        }
        const lane = async () => {
          while (sent < total) {
            const number = sent
            sent += 1
            if (number % (total / kills) === 100) {
              const alive = cluster
                .getWorkers()
                .filter(({ status, pid }) => status === 'running' && pid && !killed.has(pid))
              const victim = alive[random(alive.length)]
              if (victim) {
                process.kill(victim.pid, 'SIGKILL')
                killed.add(victim.pid)
              }
            }
            try {
              assert.equal(await ipc.sendToWorker(`worker-${1 + random(4)}`, 'echo', number), number)
              count('answered')
            } catch (error) {
              count(error.code ?? error)
            }
          }
        }
        const count = outcome => outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1)
        await Promise.all(Array.from({ length: WINDOW }, lane))
        const accounted = [...outcomes.values()].reduce((sum, value) => sum + value, 0)
        assert.equal(accounted, total)
        assert.ok(killed.size > 0)
        const known = ['answered', 'ERR_IPC_PEER_GONE', 'ERR_WORKER_NOT_FOUND']
        assert.deepEqual(
          [...outcomes.keys()].filter(outcome => !known.includes(outcome)),
          [],
        )
        assert.equal(ipc.getStats().queue.requests, 0)
      },
    ),
)
