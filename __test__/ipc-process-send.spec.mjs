/** `process.send` and its kin in workers, as code for `node:cluster` and PM2 uses them. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { BunIPCManager } from 'xypriss-cluster'
import { withCluster, withManager } from './helpers/cluster.mjs'
import { codeOf, withIPC } from './helpers/ipc.mjs'
import { eventually, within } from './helpers/wait.mjs'

test('messages without an answer go both ways, in order', () =>
  withIPC({ workers: 2 }, async (ipc, cluster) => {
    const seen = []
    cluster.on('message', (worker, message) => seen.push([worker.id, message]))
    for (let number = 0; number < 100; number += 1) await ipc.sendToWorker('worker-2', 'post', { number })
    await eventually(() => seen.length === 100, 'every message')
    assert.deepEqual(
      seen,
      Array.from({ length: 100 }, (_, number) => ['worker-2', { number }]),
    )
    const worker = cluster.getWorkerById('worker-1')
    for (let number = 0; number < 100; number += 1) worker.send({ number })
    assert.deepEqual(
      await ipc.sendToWorker('worker-1', 'posts'),
      Array.from({ length: 100 }, (_, number) => ({ number })),
    )
    assert.deepEqual(await ipc.sendToWorker('worker-2', 'posts'), [])
  }))

test('a message of the master finds a listener that comes later', () =>
  withCluster({ app: 'ipc.mjs', workers: 1 }, async cluster => {
    const first = cluster.getWorkers()[0]
    await within(
      new Promise((resolve, reject) => first.send({ a: 1 }, error => (error ? reject(error) : resolve()))),
      'the callback',
    )
    assert.deepEqual(Object.keys(first).includes('send'), false, 'a worker is data')
  }))

test('messages of workers wait for a listener of the master that comes late', () =>
  withCluster({ app: 'posts-at-boot.mjs', workers: 2 }, async cluster => {
    const seen = { 'worker-1': [], 'worker-2': [] }
    cluster.on('message', (worker, message) => seen[worker.id].push(message))
    for (const worker of cluster.getWorkers()) worker.send('late')
    const complete = messages => messages.length === 101
    await eventually(() => Object.values(seen).every(complete), 'every message')
    const numbers = Array.from({ length: 100 }, (_, number) => ({ number }))
    for (const messages of Object.values(seen)) assert.deepEqual(messages, [...numbers, { echo: 'late' }])
  }))

test('a worker that nobody listens to is answered by what is built in', () =>
  withCluster({ app: 'ipc.mjs', workers: 1 }, async cluster => {
    // One that is not told of the cluster: it reaches the worker by what `getWorkers()` gives.
    const ipc = new BunIPCManager()
    const [worker] = cluster.getWorkers()
    ipc.registerWorker('mine', worker)
    const asked = { type: 'ping', data: null }
    assert.equal(await ipc.sendToWorker('mine', 'call-master', asked), 'pong')
    ipc.destroy()
  }))

test('everything that was sent before process.exit() arrives', () =>
  withIPC({ workers: 1, processManagement: { respawn: false } }, async (ipc, cluster) => {
    const count = 2_000
    const seen = []
    const all = new Promise(resolve => {
      cluster.on('message', (_worker, message) => {
        seen.push(message.number)
        if (seen.length === count) resolve()
      })
    })
    // More than the buffers of the kernel take at once.
    const code = codeOf(ipc.sendToWorker('worker-1', 'say-and-exit', { count, size: 5_000 }))
    await within(all, 'the last message')
    assert.deepEqual(
      seen,
      Array.from({ length: count }, (_, number) => number),
    )
    assert.equal(await code, 'ERR_IPC_PEER_GONE')
  }))

test('what cannot be sent is told to the caller', () =>
  withCluster({ app: 'ipc.mjs', workers: 1 }, async cluster => {
    const worker = cluster.getWorkers()[0]
    const cycle = {}
    cycle.cycle = cycle
    assert.throws(() => worker.send(cycle), { code: 'ERR_IPC_SERIALIZATION' })
    const error = await within(
      new Promise(resolve => worker.send('x'.repeat(2 ** 21), resolve)),
      'the callback',
    )
    assert.equal(error.code, 'ERR_IPC_MESSAGE_TOO_LARGE')
  }))

test('process.disconnect() closes the channel, and the worker serves on', () =>
  withIPC({ workers: 1 }, async (ipc, cluster) => {
    assert.equal(await codeOf(ipc.sendToWorker('worker-1', 'disconnect')), 'ERR_IPC_PEER_GONE')
    const response = await fetch(`http://127.0.0.1:${cluster.port}/`)
    assert.equal(await response.text(), 'worker-1')
  }))

test('the word of PM2 makes a worker ready', () =>
  withManager({ app: 'says-ready.mjs', workers: 1 }, async cluster => {
    await cluster.start()
    assert.equal(cluster.getWorkers()[0].status, 'running')
  }))
