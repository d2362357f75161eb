/** Where a worker hangs is asked of Node.js by its inspector, which nobody else gets to see. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isBun, withCluster } from './helpers/cluster.mjs'
import { DEADLINE, eventually, waitFor } from './helpers/wait.mjs'
import { withMaster } from './helpers/with-master.mjs'

const healthCheck = { interval: 600, timeout: 500, maxFailures: 2, retryDelay: 20, diagnosticTimeout: 15_000 }

/** How a worker ends that hangs, started like this. */
async function hang({ app = 'sickly.mjs', execArgv = [], env = {}, ...health }) {
  const exec = { execArgv, env: { ILLNESS: 'loop', ...env } }
  const config = { app, workers: 1, exec, healthCheck: { ...healthCheck, ...health } }
  let exit
  await withCluster(config, async cluster => {
    const ended = waitFor(cluster, 'worker:exit', () => true, 2 * DEADLINE)
    const replaced = waitFor(cluster, 'worker:started', () => true, 2 * DEADLINE)
    process.kill(cluster.getWorkerById('worker-1').pid, 'SIGUSR2')
    exit = await ended
    await replaced
  })
  assert.equal(exit.signal, 'SIGKILL')
  return exit
}

const isFound = ({ stack }) => stack.some(call => call.function === 'loopForEver')

test('one that a worker has from its start is used', { skip: isBun }, async () => {
  assert.ok(isFound((await hang({ execArgv: ['--inspect=127.0.0.1:0'] })).diagnosis))
})

test('it is never opened to other machines', { skip: isBun }, async () => {
  for (const where of [
    { execArgv: ['--inspect-port=0.0.0.0:0'] },
    { env: { NODE_OPTIONS: '--inspect-port=0.0.0.0:0' } },
  ]) {
    const { diagnosis } = await hang(where)
    assert.deepEqual(diagnosis.stack, [])
    assert.equal(diagnosis.noStack, 'its --inspect-port would open its inspector to other machines')
  }
})

test('an app that uses SIGUSR1 itself is killed all the same, and in time', async () => {
  const { diagnosis } = await hang({ app: 'own-sigusr1.mjs', diagnosticTimeout: 300 })
  assert.deepEqual([diagnosis.stack, diagnosis.thread.state], [[], 'running'])
  assert.match(diagnosis.noStack, /^its runtime did not tell within \d+ ms/)
})

test('diagnosticTimeout: 0 kills at once and finds out nothing', async () => {
  const { diagnosis, reason } = await hang({ diagnosticTimeout: 0 })
  assert.equal(diagnosis, null)
  assert.match(
    reason,
    /^hung: its JavaScript did not answer within 500 ms: its main thread runs without a pause$/,
  )
})

test('what Node.js writes of it is not passed on', { skip: isBun }, () =>
  withMaster(
    'masters/tells-exits.mjs',
    { app: 'sickly.mjs', workers: 1, env: { ILLNESS: 'loop' }, healthCheck },
    async (master, { workers }) => {
      await master.report('listening')
      process.kill(workers[0].pid, 'SIGUSR2')
      const { diagnosis } = await master.report('worker:exit')
      assert.ok(isFound(diagnosis))
      await eventually(() => master.errors.includes('a worker has ended'), 'what the master writes')
      assert.deepEqual(
        master.errors.filter(line => /debugger|inspector/i.test(line)),
        [],
      )
    },
  ),
)
