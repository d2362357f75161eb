/** Workers that are told to go finish what they have begun, within limits. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { withCluster } from './helpers/cluster.mjs'
import { Connection, request } from './helpers/connection.mjs'
import { isFree } from './helpers/processes.mjs'
import { beginRequest } from './helpers/slow-request.mjs'
import { eventually, waitFor, within } from './helpers/wait.mjs'

/** How the process of a worker ended, of everything that was emitted. */
const exitOf = (events, workerId) => {
  const { exitCode, signal, reason } = events.find(
    event => event.name === 'worker:exit' && event.workerId === workerId,
  )
  return { exitCode, signal, reason }
}

/** Shorter than any test waits, and longer than anything here takes. */
const impatient = { gracefulShutdownTimeout: 100, killTimeout: 100 }

test('stopWorker() lets the request in flight finish and gives the worker no other', () =>
  withCluster({ workers: 2 }, async (cluster, { events }) => {
    const slow = await beginRequest(cluster.port)
    let stopped = false
    const stopping = cluster.stopWorker(slow.worker).then(() => {
      stopped = true
    })
    await eventually(() => cluster.getWorkerById(slow.worker).status === 'stopping', 'the status stopping')
    for (let sent = 0; sent < 6; sent += 1)
      assert.notEqual((await request(cluster.port)).json().worker, slow.worker)
    assert.equal(stopped, false)

    assert.equal(await slow.finish(), 'goodbye')
    await within(stopping, 'the end of the worker')
    assert.deepEqual(exitOf(events, slow.worker), { exitCode: 0, signal: null, reason: 'was asked to stop' })
    // The connection of the client outlives the worker.
    assert.notEqual((await slow.connection.request()).json().worker, slow.worker)
    slow.connection.close()
  }))

test('stop() lets requests in flight finish and then closes their connections', () =>
  withCluster({ workers: 2 }, async cluster => {
    const idle = await Connection.open(cluster.port)
    await idle.request()
    const slow = [await beginRequest(cluster.port), await beginRequest(cluster.port)]
    const stopping = cluster.stop()
    await within(idle.closed(), 'the end of the idle connection')
    for (const request of slow) assert.equal(await request.finish(), 'goodbye')
    await within(stopping, 'the end of the cluster')
    for (const { connection } of slow) await connection.closed()
  }))

test('stop(false) does not wait for requests in flight', () =>
  withCluster({ workers: 1 }, async cluster => {
    const slow = await beginRequest(cluster.port)
    // Well before the 30 s that the request might have taken.
    await within(cluster.stop(false), 'the end of the cluster')
    await assert.rejects(slow.finish())
  }))

test('stop(false) hastens a stop that waits', () =>
  withCluster({ workers: 1 }, async cluster => {
    const slow = await beginRequest(cluster.port)
    const stopping = cluster.stop()
    await eventually(() => cluster.state === 'stopping', 'the state stopping')
    cluster.stop(false)
    await within(stopping, 'the end of the cluster')
    slow.connection.close()
  }))

test('a request that outlasts gracefulShutdownTimeout is cut off', () =>
  withCluster({ workers: 1, processManagement: impatient }, async cluster => {
    const slow = await beginRequest(cluster.port)
    await within(cluster.stop(), 'the end of the cluster')
    await assert.rejects(slow.finish())
  }))

test('an app that closes its server by itself finishes what is in flight', () =>
  withCluster({ app: 'closes-itself.mjs', workers: 1, autoRestart: false }, async (cluster, { events }) => {
    const slow = await beginRequest(cluster.port)
    const exit = waitFor(cluster, 'worker:exit')
    const [{ pid, port }] = cluster.getWorkers()
    process.kill(pid, 'SIGUSR2')
    await eventually(() => isFree(port), 'the end of the server')
    assert.equal(await slow.finish(), 'goodbye')
    await exit
    assert.equal(exitOf(events, 'worker-1').exitCode, 0)
  }))

test('the SIGTERM handler of an app is its graceful end', () =>
  withCluster({ app: 'own-sigterm.mjs', workers: 1 }, async (cluster, { events }) => {
    // By its own handler, long before the SIGTERM that is sent to those that stay.
    await within(cluster.stop(), 'the end of the cluster')
    assert.deepEqual(exitOf(events, 'worker-1'), { exitCode: 42, signal: null, reason: 'was asked to stop' })
  }))

test('a worker that does not go is killed with everything it started', () =>
  withCluster(
    { app: 'stubborn.mjs', workers: 1, processManagement: impatient },
    async (cluster, { events }) => {
      await within(cluster.stop(), 'the end of the cluster')
      assert.deepEqual(exitOf(events, 'worker-1'), {
        exitCode: null,
        signal: 'SIGKILL',
        reason: 'was asked to stop',
      })
    },
  ))
