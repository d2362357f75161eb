/** The master's JavaScript stands still; the cluster does not. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { request } from './helpers/connection.mjs'
import { freePort } from './helpers/processes.mjs'
import { underLoad } from './helpers/under-load.mjs'
import { eventually } from './helpers/wait.mjs'
import { withMaster } from './helpers/with-master.mjs'

const SECOND = 1000

test('while the master is blocked for 5 seconds requests go on, and a killed worker is healed', async () => {
  // Not any free port: the connections of the load would be given those that the workers want.
  const config = { port: await freePort(), processManagement: { restartDelay: 100 } }
  await withMaster('masters/blocks.mjs', config, async (master, { port, workers }) => {
    let block
    const { failed, timeline } = await underLoad([{ port, connections: 16, pause: 5 }], async () => {
      master.kill('SIGUSR2')
      await master.report('blocked')

      const [victim] = workers
      process.kill(victim.pid, 'SIGKILL')
      await eventually(async () => {
        const { worker, pid } = (await request(port)).json()
        return worker === victim.id && pid !== victim.pid
      }, 'an answer of the healed worker')
      const unblocked = master.lines.some(({ name }) => name === 'unblocked')
      assert.equal(unblocked, false, 'it was healed while the master was blocked')

      block = await master.report('unblocked')
    })
    assert.deepEqual(failed, [])
    const seconds = []
    for (let from = block.from; from + SECOND <= block.to; from += SECOND) {
      const answered = timeline.filter(([time]) => time >= from && time < from + SECOND)
      seconds.push(answered.reduce((sum, [, number]) => sum + number, 0))
    }
    // How many is up to the machine and to who else uses it; that they never stop is up to us.
    assert.ok(
      seconds.every(count => count > 0),
      `requests in each second of the block: ${seconds}`,
    )
    assert.ok(
      seconds.reduce((sum, count) => sum + count, 0) > 100 * seconds.length,
      `requests in each second of the block: ${seconds}`,
    )
  })
})
