/** Rolling restarts: every worker is replaced, and no client notices. */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { WorkerStartupError } from 'xypriss-cluster'
import { isBun, pidsOf, withCluster } from './helpers/cluster.mjs'
import { request } from './helpers/connection.mjs'
import { alive, freePort } from './helpers/processes.mjs'
import { underLoad } from './helpers/under-load.mjs'

/** Of two workers each. On one version of Node.js, as each takes most of a second; `npm run soak:restarts` on all. */
const MANY = isBun || process.versions.node.startsWith('24.')
const RESTARTS = Number(process.env.XYPRISS_RESTARTS ?? (MANY ? 100 : 20))

test(`${RESTARTS} rolling restarts under constant load: no request fails`, { timeout: 240_000 }, async () => {
  // Not any free port: the connections of the load would be given those that the workers want.
  const port = await freePort()
  await withCluster({ workers: 2, port }, async cluster => {
    const gets = { port, connections: 8, pause: 20 }
    const posts = { port, connections: 8, pause: 20, method: 'POST', path: '/upload', bodySize: 16 * 1024 }
    const used = new Set()
    const { ok, failed } = await underLoad([gets, posts], async () => {
      for (let round = 0; round < RESTARTS; round += 1) {
        for (const pid of Object.values(pidsOf(cluster))) used.add(pid)
        await cluster.restart()
      }
    })
    assert.deepEqual(failed, [])
    assert.ok(ok > 1000, `only ${ok} requests: that is no load`)
    const now = Object.values(pidsOf(cluster))
    assert.equal(used.size, 2 * RESTARTS, 'every round had processes of its own')
    for (const pid of now) assert.equal(used.has(pid), false, `${pid} is not of this round`)
    for (const pid of used) assert.equal(alive(pid), false, `${pid} is still there`)
  })
})

test('a successor is ready before its predecessor ends, one worker after the other', () =>
  withCluster({ workers: 2 }, async (cluster, { events }) => {
    events.length = 0
    await cluster.restart()
    const steps = events
      .filter(({ name }) => name.startsWith('worker:'))
      .map(({ name, workerId }) => `${workerId} ${name}`)
    assert.deepEqual(
      steps,
      ['worker-1', 'worker-2'].flatMap(id => [
        `${id} worker:restart`,
        `${id} worker:started`,
        `${id} worker:exit`,
      ]),
    )
    const exits = events.filter(({ name }) => name === 'worker:exit')
    assert.deepEqual(
      exits.map(({ exitCode, reason }) => [exitCode, reason]),
      [
        [0, 'was asked to stop'],
        [0, 'was asked to stop'],
      ],
    )
  }))

test('a release that cannot start aborts the restart, and the old workers serve on', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'xypriss-'))
  const BROKEN = join(directory, 'broken')
  try {
    await withCluster({ app: 'breakable.mjs', exec: { env: { BROKEN } } }, async cluster => {
      const before = pidsOf(cluster)
      writeFileSync(BROKEN, '')
      await assert.rejects(cluster.restart(), error => {
        assert.ok(error instanceof WorkerStartupError)
        assert.equal(error.code, 'ERR_ROLLOUT_ABORTED')
        assert.equal(error.details.workerId, 'worker-1')
        assert.equal(error.details.cause.code, 'ERR_WORKER_STARTUP_EXIT')
        assert.match(error.message, /this release is broken/)
        return true
      })
      assert.deepEqual(pidsOf(cluster), before)
      const answers = [await request(cluster.port), await request(cluster.port)]
      assert.deepEqual(answers.map(answer => answer.json().pid).sort(), Object.values(before).sort())

      rmSync(BROKEN)
      await cluster.restart()
      for (const [id, pid] of Object.entries(pidsOf(cluster))) assert.notEqual(pid, before[id])
    })
  } finally {
    rmSync(directory, { recursive: true })
  }
})
