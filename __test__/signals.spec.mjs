/** What SIGINT and SIGTERM do to a master. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { withCluster } from './helpers/cluster.mjs'
import { request } from './helpers/connection.mjs'
import { alive, isFree } from './helpers/processes.mjs'
import { beginRequest } from './helpers/slow-request.mjs'
import { eventually } from './helpers/wait.mjs'
import { withMaster } from './helpers/with-master.mjs'

/** The cluster accepts nothing any more: it has begun to stop. */
const portCloses = port => eventually(() => isFree(port), `the end of port ${port}`)

for (const signal of ['SIGTERM', 'SIGINT']) {
  test(`${signal} finishes the requests in flight and then does what it always does`, () =>
    withMaster('masters/runs.mjs', {}, async (master, { port }) => {
      const slow = await beginRequest(port)
      master.kill(signal)
      await portCloses(port)
      assert.equal(await slow.finish(), 'goodbye')
      assert.deepEqual(await master.end(), { code: null, signal })
    }))
}

test('a second SIGINT does not wait for requests in flight', () =>
  withMaster('masters/runs.mjs', {}, async (master, { port }) => {
    const slow = await beginRequest(port)
    master.kill('SIGINT')
    await portCloses(port)
    master.kill('SIGINT')
    // Well before the 30 s that the request might have taken.
    assert.deepEqual(await master.end(), { code: null, signal: 'SIGINT' })
    slow.connection.close()
  }))

test('one signal stops all clusters of a process', () =>
  withMaster('masters/two.mjs', {}, async master => {
    const second = await master.line(line => line.name === 'started' && line !== master.lines[0])
    master.kill('SIGTERM')
    assert.deepEqual(await master.end(), { code: null, signal: 'SIGTERM' })
    assert.equal(await isFree(second.port), true)
  }))

test('with handleSignals off the handler of the app decides alone', () =>
  withMaster(
    'masters/own-signals.mjs',
    { processManagement: { handleSignals: false } },
    async (master, { port }) => {
      master.kill('SIGTERM')
      await master.report('signal')
      assert.equal((await request(port)).status, 200)
      assert.equal(alive(master.pid), true)
    },
  ))

test('with a handler of the app beside ours the cluster stops and the app decides what follows', () =>
  withMaster('masters/own-signals.mjs', {}, async (master, { port, workers }) => {
    master.kill('SIGTERM')
    await master.report('signal')
    await portCloses(port)
    await eventually(() => workers.every(({ pid }) => !alive(pid)), 'the end of the workers')
    // Nothing keeps it, and nobody ended it.
    assert.deepEqual(await master.end(), { code: 0, signal: null })
  }))

test('handleSignals can be changed while the cluster runs', () =>
  withCluster({ workers: 1 }, async cluster => {
    const listeners = () => process.listenerCount('SIGTERM')
    const before = listeners()
    await cluster.updateConfig({ processManagement: { handleSignals: false } })
    assert.equal(listeners(), before - 1)
    await cluster.updateConfig({ processManagement: { handleSignals: true } })
    assert.equal(listeners(), before)
  }))
