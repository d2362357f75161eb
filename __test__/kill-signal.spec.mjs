/** How an app is asked to end: by which signal, or by PM2's message. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { BunClusterManager, ConfigurationError } from 'xypriss-cluster'
import { withCluster } from './helpers/cluster.mjs'
import { beginRequest } from './helpers/slow-request.mjs'
import { within } from './helpers/wait.mjs'

/** Stop a cluster of one worker of an app that listens to `signals` and `message`; gives how the worker ended. */
async function endOf({ listens = '', messages = '', processManagement }, before = async () => {}) {
  let end
  const exec = { env: { LISTENS: listens, MESSAGES: messages } }
  const config = { app: 'own-signal.mjs', workers: 1, exec, processManagement }
  await withCluster(config, async (cluster, { events }) => {
    await before(cluster)
    await within(cluster.stop(), 'the end of the cluster')
    const { exitCode, signal, reason } = events.find(({ name }) => name === 'worker:exit')
    assert.equal(reason, 'was asked to stop')
    end = exitCode ?? signal
  })
  return end
}

for (const killSignal of ['SIGTERM', 'SIGINT', 'SIGQUIT', 'SIGHUP', 'SIGUSR2']) {
  test(`killSignal: '${killSignal}' is the signal that the app learns by`, async () => {
    assert.equal(await endOf({ listens: killSignal, processManagement: { killSignal } }), 40)
  })
}

test('SIGTERM is the default', async () => {
  assert.equal(await endOf({ listens: 'SIGINT,SIGTERM' }), 41)
})

test('an app that listens to another signal is ended by closing its servers', async () => {
  assert.equal(await endOf({ listens: 'SIGTERM', processManagement: { killSignal: 'SIGINT' } }), 0)
})

test('a worker that outstays gracefulShutdownTimeout gets the same signal from its master', async () => {
  const processManagement = { killSignal: 'SIGINT', gracefulShutdownTimeout: 100 }
  let slow
  const end = await endOf({ listens: 'SIGTERM,SIGINT', processManagement }, async cluster => {
    slow = await beginRequest(cluster.port)
  })
  assert.equal(end, 41)
  slow.connection.close()
})

test('updateConfig() changes the signal of workers that run', async () => {
  const end = await endOf({ listens: 'SIGTERM,SIGINT' }, cluster =>
    cluster.updateConfig({ processManagement: { killSignal: 'SIGINT' } }),
  )
  assert.equal(end, 41)
})

for (const killSignal of ['SIGKILL', 'SIGUSR1', 'SIGTERMINATE', 'INT', 'sigint', '', 15]) {
  test(`killSignal: ${JSON.stringify(killSignal)} is a problem of the configuration`, () => {
    assert.throws(
      () => new BunClusterManager({ processManagement: { killSignal } }, 0),
      error => {
        assert.ok(error instanceof ConfigurationError)
        assert.match(error.message, /processManagement\.killSignal: .* none of "SIGTERM", "SIGINT"/)
        return true
      },
    )
  })
}

test("shutdownWithMessage: the app learns by the message 'shutdown' instead", async () => {
  const processManagement = { shutdownWithMessage: true }
  assert.equal(await endOf({ listens: 'SIGTERM', messages: 'shutdown', processManagement }), 50)
})

test('an app that does not listen to messages gets the signal all the same', async () => {
  assert.equal(await endOf({ listens: 'SIGTERM', processManagement: { shutdownWithMessage: true } }), 40)
})

test('without shutdownWithMessage there is no such message', async () => {
  assert.equal(await endOf({ listens: 'SIGTERM', messages: 'shutdown' }), 40)
})
