/** Workers die under constant traffic, and no client notices. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { withCluster } from './helpers/cluster.mjs'
import { freePort } from './helpers/processes.mjs'
import { underLoad } from './helpers/under-load.mjs'

const KILLS = 20
/** Between two kills, in milliseconds: the scenario, not a wait for something. */
const RHYTHM = 1000

test('kill -9 of a random worker every second for 20 seconds: no request fails', async () => {
  // Not any free port: the connections of the load would be given those that the workers want.
  const config = {
    port: await freePort(),
    workers: 3,
    processManagement: { restartDelay: 10, maxRestarts: 1000 },
  }
  await withCluster(config, async (cluster, { events }) => {
    const { ok, failed } = await underLoad([{ port: cluster.port, connections: 16, pause: 5 }], async () => {
      for (let kill = 0; kill < KILLS; kill += 1) {
        const running = cluster.getWorkers().filter(({ status }) => status === 'running')
        const victim = running[Math.floor(Math.random() * running.length)]
        process.kill(victim.pid, 'SIGKILL')
        await pause(RHYTHM)
      }
    })
    assert.deepEqual(failed, [])
    assert.ok(ok > 1000, `only ${ok} requests: that is no load`)
    const deaths = events.filter(({ name, signal }) => name === 'worker:exit' && signal === 'SIGKILL')
    assert.equal(deaths.length, KILLS)
  })
})
