/** `setIPCManager()`: an IPC manager is kept told which workers there are. */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { test } from 'node:test'
import { promisify } from 'node:util'
import { ConfigurationError } from 'xypriss-cluster'
import { fixture, withCluster, withManager } from './helpers/cluster.mjs'
import { waitFor } from './helpers/wait.mjs'

/** Keeps what it was told: the pid of each worker that is registered, and the order of the calls. */
class Registry {
  workers = new Map()
  calls = []

  registerWorker(id, worker) {
    this.workers.set(id, worker.pid)
    this.calls.push(`register ${id}`)
  }

  unregisterWorker(id) {
    this.workers.delete(id)
    this.calls.push(`unregister ${id}`)
  }
}

const running = cluster => new Map(cluster.getWorkers().map(({ id, pid }) => [id, pid]))

test('it hears of the workers that start, and of the end of each', () =>
  withManager({}, async cluster => {
    const registry = new Registry()
    cluster.setIPCManager(registry)
    await cluster.start()
    assert.deepEqual([...registry.workers].sort(), [...running(cluster)])
    await cluster.stop()
    assert.equal(registry.workers.size, 0)
    assert.equal(registry.calls.length, 4)
  }))

test('it hears of the workers that run already', () =>
  withCluster({}, cluster => {
    const registry = new Registry()
    cluster.setIPCManager(registry)
    assert.deepEqual(registry.workers, running(cluster))
  }))

test('it hears that a worker died and that another took its place', () =>
  withCluster({ workers: 1, processManagement: { restartDelay: 1 } }, async cluster => {
    const registry = new Registry()
    cluster.setIPCManager(registry)
    const started = waitFor(cluster, 'worker:started')
    process.kill(cluster.getWorkerById('worker-1').pid, 'SIGKILL')
    await started
    assert.deepEqual(registry.calls, ['register worker-1', 'unregister worker-1', 'register worker-1'])
    assert.deepEqual(registry.workers, running(cluster))
  }))

test('a replaced worker is registered anew and never missing', () =>
  withCluster({ workers: 1 }, async cluster => {
    const registry = new Registry()
    cluster.setIPCManager(registry)
    await cluster.restart()
    assert.deepEqual(registry.calls, ['register worker-1', 'register worker-1'])
    assert.deepEqual(registry.workers, running(cluster))
  }))

test('something that is no IPC manager is refused', () =>
  withManager({}, cluster => {
    for (const manager of [undefined, {}, { registerWorker() {} }]) {
      assert.throws(() => cluster.setIPCManager(manager), ConfigurationError)
    }
  }))

test('one that throws costs nobody an event', async () => {
  // In a process of its own: what nobody catches is the end of a test run.
  const code = `
    const { BunClusterManager } = require('xypriss-cluster')
    process.on('uncaughtException', error => console.log(error.message))
    const cluster = new BunClusterManager({ workers: 1, exec: { script: process.env.APP } }, 0)
    const registerWorker = () => {
      throw new Error('no room')
    }
    cluster.setIPCManager({ registerWorker, unregisterWorker() {} })
    cluster.on('worker:started', ({ workerId }) => console.log(workerId))
    cluster.start().then(() => cluster.stop())`
  const env = { ...process.env, APP: fixture('app.mjs') }
  const { stdout } = await promisify(execFile)(process.execPath, ['-e', code], {
    env,
    cwd: import.meta.dirname,
  })
  assert.match(stdout, /no room/)
  assert.match(stdout, /worker-1/)
})
