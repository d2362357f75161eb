/** Events tell of what is: a listener that asks the cluster gets an answer that agrees with the event. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { withManager } from './helpers/cluster.mjs'
import { waitFor } from './helpers/wait.mjs'

/** Started and killed several times, so that an order that is left to chance is found out. */
const KILLS = 5
/** Long enough for a listener that is late to hear of a death before the worker is back; in milliseconds. */
const DELAY = 50

test('a listener sees the state that its event tells of', () =>
  withManager(
    { workers: 2, processManagement: { restartDelay: DELAY, maxRestarts: KILLS } },
    async cluster => {
      const disagreements = []
      const check = (event, agrees, seen) => {
        if (!agrees) disagreements.push(`${event}: ${JSON.stringify(seen)}`)
      }
      const dead = new Set()
      cluster.on('worker:started', ({ workerId, pid }) => {
        const worker = cluster.getWorkerById(workerId)
        check('worker:started', worker.status === 'running' && worker.pid === pid, worker)
      })
      cluster.on('worker:exit', ({ workerId }) => {
        const worker = cluster.getWorkerById(workerId)
        check('worker:exit', !dead.has(worker?.pid), worker)
      })
      cluster.on('worker:restart', ({ workerId }) => {
        const { restarts } = cluster.getWorkerById(workerId)
        check('worker:restart', restarts === dead.size, { restarts, expected: dead.size })
      })
      cluster.on('cluster:started', () =>
        check('cluster:started', cluster.state === 'running', cluster.state),
      )
      // Asked in the listener, answered later: the worker may be back by then, but only as another process.
      cluster.on('health:changed', async ({ status }) => {
        const seen = await cluster.getHealth()
        const isBack = seen.status === 'healthy' && !dead.has(cluster.getWorkerById('worker-1').pid)
        check('health:changed', seen.status === status || (status !== 'healthy' && isBack), seen)
        cluster.emit('test:checked', status)
      })

      await cluster.start()
      for (let kill = 0; kill < KILLS; kill += 1) {
        const { pid } = cluster.getWorkerById('worker-1')
        dead.add(pid)
        // The next one is killed when this one's return has been looked at, else it would be its death that is seen.
        const checked = waitFor(cluster, 'test:checked', status => status === 'healthy')
        const started = waitFor(cluster, 'worker:started')
        process.kill(pid, 'SIGKILL')
        await Promise.all([started, checked])
      }
      assert.deepEqual(disagreements, [])
    },
  ))
