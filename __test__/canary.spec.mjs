/** A release that starts and is not well is stopped at its first worker. */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { HealthCheckError, WorkerStartupError } from 'xypriss-cluster'
import { pidsOf, withCluster } from './helpers/cluster.mjs'
import { underLoad } from './helpers/under-load.mjs'
import { eventually } from './helpers/wait.mjs'

const healthCheck = { endpoint: '/health', interval: 600, timeout: 500, maxFailures: 2, retryDelay: 20 }
/** Longer than a check may take, so that a release that hangs a moment after its first one is caught. */
const advanced = { deployment: { healthCheckGracePeriod: 2_000 } }

const faults = [
  {
    fault: 'error',
    name: 'answers its health endpoint with 500',
    reason: /^its health endpoint answered 500$/,
  },
  { fault: 'hangs', name: 'hangs', reason: /^its JavaScript did not answer within 500 ms/ },
]

for (const { fault, name, reason } of faults) {
  test(`a release that starts and ${name} never takes over`, async () => {
    const directory = mkdtempSync(join(tmpdir(), 'xypriss-'))
    const RELEASE = join(directory, 'release')
    writeFileSync(RELEASE, 'good')
    try {
      await withCluster(
        { app: 'release.mjs', exec: { env: { RELEASE } }, healthCheck, advanced },
        async (cluster, { events }) => {
          const before = pidsOf(cluster)
          events.length = 0
          const { failed } = await underLoad([{ port: cluster.port, connections: 4, pause: 5 }], async () => {
            writeFileSync(RELEASE, fault)
            await assert.rejects(cluster.restart(), error => {
              assert.ok(error instanceof WorkerStartupError)
              assert.equal(error.code, 'ERR_ROLLOUT_ABORTED')
              assert.equal(error.details.workerId, 'worker-1')
              assert.equal(error.details.cause.code, 'ERR_WORKER_UNHEALTHY')
              assert.match(error.details.cause.details.reason, reason)
              assert.ok(error.message.includes(error.details.cause.details.reason))
              return true
            })
            assert.deepEqual(pidsOf(cluster), before)
            const { error } = events.find(({ name }) => name === 'worker:error')
            assert.ok(error instanceof HealthCheckError)
            assert.ok(events.every(({ name }) => name !== 'worker:restart' && name !== 'worker:started'))

            writeFileSync(RELEASE, 'good')
            await cluster.restart()
            for (const [id, pid] of Object.entries(pidsOf(cluster))) assert.notEqual(pid, before[id])
          })
          assert.deepEqual(failed, [])
          await eventually(async () => (await cluster.getHealth()).healthy, 'a healthy cluster')
        },
      )
    } finally {
      rmSync(directory, { recursive: true })
    }
  })
}
