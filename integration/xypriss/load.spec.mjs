/** XyPriss under load: no request fails, whatever becomes of the workers. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { underLoad } from '../../__test__/helpers/under-load.mjs'
import { eventually } from '../../__test__/helpers/wait.mjs'
import { clustered } from '../../__test__/helpers/xypriss.mjs'
import { PATIENCE, QUIET, withXypriss } from './helpers.mjs'

/** Soon, so that the test is. */
const restarts = { processManagement: { restartDelay: 100 } }

test('a worker is killed, the cluster scaled and restarted, and no request fails', () =>
  withXypriss({ options: clustered(restarts, QUIET) }, async app => {
    const workers = async () => (await app.tell('call', { method: 'getAllWorkers' })).result
    const running = count =>
      eventually(
        async () => {
          const now = await workers()
          return now.length === count && now.every(({ status }) => status === 'running') && now
        },
        `${count} workers`,
        PATIENCE,
      )
    const call = async (method, ...args) => {
      const { error } = await app.ask('call', { method, args })
      assert.equal(error, undefined, method)
    }
    const before = await running(2)
    const load = { port: app.port, path: '/', connections: 4, pause: 2 }
    const { ok, failed } = await underLoad([load], async () => {
      process.kill(before[0].pid, 'SIGKILL')
      await eventually(
        async () => (await workers()).some(({ restarts, status }) => restarts === 1 && status === 'running'),
        'the successor of the killed worker',
        PATIENCE,
      )
      // Asked by workers, of which some go.
      await call('scaleUp', 1)
      await running(3)
      await call('scaleDown', 1)
      const old = (await running(2)).map(({ pid }) => pid)
      await call('restartCluster')
      await eventually(
        async () => (await running(2)).every(({ pid }) => !old.includes(pid)),
        'successors of all workers',
        PATIENCE,
      )
    })
    assert.deepEqual(failed, [])
    assert.ok(ok > 0)
  }))
