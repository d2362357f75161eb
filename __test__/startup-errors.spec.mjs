/** A start that cannot succeed says why, and leaves nothing behind. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import net from 'node:net'
import { test } from 'node:test'
import { ClusterError, ConfigurationError, WorkerStartupError } from 'xypriss-cluster'
import { isBun, withManager } from './helpers/cluster.mjs'
import { freePort } from './helpers/processes.mjs'

/** Listen on `port`; gives the function that ends it. */
async function occupy(port, host) {
  const server = net.createServer().listen(port, host)
  await once(server, 'listening')
  return () => new Promise(resolve => server.close(resolve))
}

/** The error of a start that fails. */
async function failedStart(cluster) {
  const error = await cluster.start().then(
    () => assert.fail('it started'),
    error => error,
  )
  assert.ok(error instanceof ClusterError, String(error))
  assert.equal(cluster.state, 'error')
  return error
}

for (const host of ['0.0.0.0', '127.0.0.1']) {
  test(`a public port that is taken on ${host} is named with the process that holds it`, async () => {
    const port = await freePort()
    const release = await occupy(port, host)
    try {
      // Nothing to assert about the port at the end: it is still ours.
      await withManager({ port }, async cluster => {
        const error = await failedStart(cluster)
        assert.equal(error.code, 'ERR_PORT_IN_USE')
        assert.deepEqual(error.details, { port, pid: process.pid })
        assert.match(error.message, new RegExp(`port ${port}\\b.*process ${process.pid}\\b`))
        await release()
      })
    } finally {
      await release()
    }
  })
}

test('a script that does not exist is a ConfigurationError', async () =>
  withManager({ app: 'no-such-file.mjs', port: await freePort() }, async cluster => {
    const error = await failedStart(cluster)
    assert.ok(error instanceof ConfigurationError)
    assert.match(error.details.problems[0], /^exec\.script: .*no-such-file\.mjs/)
  }))

test('a worker that exits at boot is a WorkerStartupError with its last lines', async () =>
  withManager({ app: 'exits-at-boot.mjs', port: await freePort() }, async cluster => {
    const error = await failedStart(cluster)
    assert.ok(error instanceof WorkerStartupError)
    assert.equal(error.code, 'ERR_WORKER_STARTUP_EXIT')
    const { workerId, exitCode, signal, stderr } = error.details
    assert.match(workerId, /^worker-[12]$/)
    assert.deepEqual({ exitCode, signal }, { exitCode: 7, signal: null })
    assert.deepEqual(stderr, ['cannot read the configuration', 'database: connection refused'])
    assert.match(error.message, /exited with code 7.*database: connection refused/s)
  }))

test('a worker that never listens is a WorkerStartupError when startupTimeout is over', async () => {
  const config = { app: 'never-listens.mjs', processManagement: { startupTimeout: 500 } }
  await withManager({ ...config, port: await freePort() }, async cluster => {
    const error = await failedStart(cluster)
    assert.ok(error instanceof WorkerStartupError)
    assert.equal(error.code, 'ERR_WORKER_STARTUP_TIMEOUT')
    assert.deepEqual([error.details.timeout, error.details.stderr], [500, ['still thinking']])
  })
})

test('of a worker that hangs before it is ready it is told where', () => {
  const config = {
    workers: 1,
    app: 'loops-at-boot.mjs',
    processManagement: { startupTimeout: 6_000 },
    healthCheck: { diagnosticTimeout: 15_000 },
  }
  return withManager(config, async cluster => {
    const error = await failedStart(cluster)
    assert.equal(error.code, 'ERR_WORKER_STARTUP_TIMEOUT')
    const { stack, noStack, thread } = error.details.diagnosis
    assert.equal(thread.state, 'running')
    if (isBun) {
      assert.deepEqual([stack, noStack], [[], 'its runtime does not tell'])
    } else {
      assert.ok(
        stack.some(call => call.function === 'loopAtBoot'),
        JSON.stringify(stack),
      )
      assert.match(error.message, /; in loopAtBoot \(/)
    }
  })
})

test('a manager whose start failed can be started when the reason is gone', async () => {
  const port = await freePort()
  const release = await occupy(port, '127.0.0.1')
  await withManager({ workers: 1, port }, async cluster => {
    await failedStart(cluster)
    await release()
    await cluster.start()
    assert.equal(cluster.state, 'running')
  })
})
