/** Requests and answers between a master and its workers, in both directions. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { BunIPCManager, WorkerCommunicationError } from 'xypriss-cluster'
import { codeOf, withIPC } from './helpers/ipc.mjs'
import { eventually } from './helpers/wait.mjs'

const VALUES = [
  null,
  0,
  -1.5,
  true,
  '',
  'text with "quotes", \n, \u2028, ä, € and 😀',
  [],
  {},
  { nested: { list: [1, 'two', null], empty: '' } },
  'x'.repeat(300_000),
  'ä€😀'.repeat(20_000),
  `half a pair: ${'\ud83d'.repeat(20_000)}`,
  new Uint8Array(0),
  new Uint8Array([0, 1, 254, 255]),
  new Uint8Array(700_000).fill(200),
]

test('what is sent comes back as it was, to the master and to a worker', () =>
  withIPC({ workers: 1 }, async ipc => {
    ipc.registerHandler('echo', async message => message.data)
    for (const value of VALUES) {
      assert.deepEqual(await ipc.sendToWorker('worker-1', 'echo', value), value)
      if (value instanceof Uint8Array) continue
      const call = { type: 'echo', data: value }
      assert.deepEqual(await ipc.sendToWorker('worker-1', 'call-master', call), value)
    }
    assert.equal(await ipc.sendToWorker('worker-1', 'echo', undefined), undefined)
  }))

test('a handler is told who asks what, and when', () =>
  withIPC({ workers: 2 }, async ipc => {
    const before = Date.now()
    const seen = await ipc.sendToWorker('worker-1', 'describe', 1)
    assert.ok(seen.timestamp >= before && seen.timestamp <= Date.now())
    const { id, correlationId, timestamp, ...rest } = seen
    assert.equal(typeof id, 'string')
    assert.equal(correlationId, id)
    assert.deepEqual(rest, { type: 'describe', from: 'master', to: 'worker-1' })

    ipc.registerHandler('who', async message => message)
    const asked = await ipc.sendToWorker('worker-2', 'call-master', { type: 'who', data: 'x' })
    assert.equal(asked.from, 'worker')
    assert.equal(asked.workerId, 'worker-2')
    assert.equal(asked.data, 'x')

    const call = { to: 'worker-2', type: 'describe', data: 1 }
    const other = await ipc.sendToWorker('worker-1', 'call-worker', call)
    assert.equal(other.from, 'worker')
    assert.equal(other.workerId, 'worker-1')
    assert.equal(other.to, 'worker-2')
  }))

test('all workers are asked at once, and each says how it went', () =>
  withIPC({ workers: 3 }, async ipc => {
    const good = await ipc.broadcastToWorkers('echo', { a: 1 })
    assert.deepEqual(good.map(answer => answer.workerId).sort(), ['worker-1', 'worker-2', 'worker-3'])
    for (const { success, data, timestamp, id, correlationId } of good) {
      assert.deepEqual([success, data], [true, { a: 1 }])
      assert.equal(typeof timestamp, 'number')
      assert.equal(typeof id, 'string')
      assert.equal(typeof correlationId, 'string')
    }
    await ipc.sendToWorker('worker-2', 'drop-handler', 'throws')
    await ipc.sendToWorker('worker-2', 'late-handler', 'throws')
    const mixed = await ipc.broadcastToWorkers('throws', 1)
    const failed = mixed.filter(answer => !answer.success)
    assert.deepEqual(failed.map(answer => answer.workerId).sort(), ['worker-1', 'worker-3'])
    assert.ok(failed.every(answer => answer.error === 'out of cheese' && answer.code === 'ERR_CHEESE'))
    const others = await ipc.sendToWorker('worker-1', 'call-all', { type: 'echo', data: 5 })
    assert.deepEqual(others.map(answer => answer.workerId).sort(), ['worker-2', 'worker-3'])
    assert.equal(await ipc.sendToRandomWorker('echo', 6), 6)
  }))

test('the error of a handler comes with message, code and stack of the other side', () =>
  withIPC({ workers: 1 }, async ipc => {
    await assert.rejects(ipc.sendToWorker('worker-1', 'throws', 1), error => {
      assert.ok(error instanceof WorkerCommunicationError)
      assert.equal(error.message, 'out of cheese')
      assert.equal(error.code, 'ERR_CHEESE')
      assert.equal(error.details.remote.name, 'RangeError')
      assert.deepEqual(error.details.remote.details, { left: 0 })
      assert.match(error.details.remote.stack, /fixtures\/ipc\.mjs/)
      assert.match(error.stack, /in worker-1, handler of 'throws'.*fixtures\/ipc\.mjs/s)
      return true
    })
    await assert.rejects(ipc.sendToWorker('worker-1', 'throws-text', 1), {
      message: 'just text',
      code: 'ERR_IPC_HANDLER',
    })
    assert.equal(await codeOf(ipc.sendToWorker('worker-1', 'returns-cycle', 1)), 'ERR_IPC_SERIALIZATION')
    ipc.registerHandler('fails', async () => Promise.reject(new TypeError('in the master')))
    await assert.rejects(ipc.sendToWorker('worker-1', 'call-master', { type: 'fails' }), {
      message: 'in the master',
    })
  }))

test('a message waits for its handler, and not for ever', () =>
  withIPC({ workers: 1, ipc: { messageQueue: { timeout: 300 } } }, async ipc => {
    const early = [1, 2, 3].map(number => ipc.sendToWorker('worker-1', 'later', number))
    await ipc.sendToWorker('worker-1', 'late-handler', 'later')
    assert.deepEqual(await Promise.all(early), [1, 2, 3])
    await assert.rejects(ipc.sendToWorker('worker-1', 'nobody-ever', 1), { code: 'ERR_IPC_NO_HANDLER' })
    assert.equal((await ipc.sendToWorker('worker-1', 'report')).stats.queue.parked, 0)
  }))

test('an answer that does not come is a timeout, counted, and nothing is kept of it', () =>
  withIPC({ workers: 2, ipc: { timeout: 300 } }, async ipc => {
    const late = []
    ipc.on('worker:timeout', event => late.push(event))
    await assert.rejects(ipc.sendToWorker('worker-1', 'never', 1), error => {
      assert.equal(error.code, 'ERR_IPC_TIMEOUT')
      assert.match(error.message, /worker-1 did not answer 'never' within 300 ms/)
      return true
    })
    assert.equal(late[0].workerId, 'worker-1')
    const stats = ipc.getStats()
    assert.equal(stats.timeouts, 1)
    assert.equal(stats.queue.requests, 0)
    assert.equal(await ipc.sendToWorker('worker-2', 'echo', 1), 1)
  }))

test('a worker that dies rejects all that waits for it, with the cause of its death', () =>
  withIPC({ workers: 2, processManagement: { respawn: false } }, async (ipc, cluster) => {
    const gone = []
    ipc.on('worker:disconnected', event => gone.push(event))
    const waiting = Array.from({ length: 5 }, () => ipc.sendToWorker('worker-1', 'never', 1))
    await ipc.sendToWorker('worker-1', 'echo', 1)
    process.kill(cluster.getWorkerById('worker-1').pid, 'SIGKILL')
    for (const outcome of await Promise.allSettled(waiting)) {
      assert.equal(outcome.reason?.code, 'ERR_IPC_PEER_GONE')
      assert.match(outcome.reason.message, /worker-1 was killed by SIGKILL/)
      assert.equal(outcome.reason.details.signal, 'SIGKILL')
    }
    await assert.rejects(ipc.sendToWorker('worker-2', 'exit', 3), /worker-2 exited with code 3/)
    assert.equal(await codeOf(ipc.sendToWorker('worker-1', 'echo', 1)), 'ERR_WORKER_NOT_FOUND')
    assert.ok(gone.some(({ workerId, error }) => workerId === 'worker-1' && /SIGKILL/.test(error?.message)))
  }))

test('workers that come later are reached, and those that were replaced', () =>
  withIPC({ workers: 1 }, async (ipc, cluster) => {
    const connected = []
    ipc.on('worker:connected', ({ workerId }) => connected.push(workerId))
    await cluster.scaleUp(1)
    assert.equal(await ipc.sendToWorker('worker-2', 'echo', 2), 2)
    await cluster.restart()
    assert.equal(await ipc.sendToWorker('worker-1', 'echo', 1), 1)
    assert.equal(await ipc.sendToWorker('worker-2', 'echo', 2), 2)
    assert.deepEqual(ipc.getWorkerStats(), { total: 2, alive: 2, dead: 0 })
    await cluster.scaleDown(1)
    await eventually(() => ipc.getWorkerStats().total === 1, 'the end of the second worker')
    assert.ok(connected.filter(id => id === 'worker-1').length === 1)
  }))

test('ping, heartbeat, app_message and shutdown are built in', () =>
  withIPC({ workers: 1, processManagement: { respawn: false } }, async (ipc, cluster) => {
    assert.equal(await ipc.sendToWorker('worker-1', 'ping'), 'pong')
    const { pid } = await ipc.sendToWorker('worker-1', 'heartbeat')
    assert.equal(pid, cluster.getWorkerById('worker-1').pid)
    await ipc.sendToWorker('worker-1', 'app_message', { hello: 'app' })
    assert.deepEqual(await ipc.sendToWorker('worker-1', 'posts'), [{ hello: 'app' }])
    assert.equal(await ipc.sendToWorker('worker-1', 'call-master', { type: 'ping' }), 'pong')
    const exit = new Promise(resolve => cluster.once('worker:exit', resolve))
    assert.equal(await ipc.sendToWorker('worker-1', 'shutdown'), true)
    assert.equal((await exit).exitCode, 0)
  }))

test('a worker that never heard of messages answers the built-in ones', () =>
  withIPC({ workers: 1, app: 'app.mjs' }, async ipc => {
    assert.equal(await ipc.sendToWorker('worker-1', 'ping'), 'pong')
  }))

test('figures tell what happened', () =>
  withIPC({ workers: 1 }, async ipc => {
    for (let number = 0; number < 10; number += 1) await ipc.sendToWorker('worker-1', 'echo', number)
    await codeOf(ipc.sendToWorker('worker-1', 'throws', 1))
    const { messages, bytes, failures, latency, queue } = ipc.getStats()
    assert.equal(messages.sent, 11)
    assert.equal(messages.received, 11)
    assert.ok(bytes.sent > 100 && bytes.received > 100)
    assert.equal(failures, 1)
    assert.ok(latency.p50 > 0 && latency.p50 <= latency.p99 && latency.p99 <= latency.max)
    assert.deepEqual(queue, { requests: 0, bytes: 0, parked: 0 })
  }))

test('a heartbeat that is not answered is told of', () =>
  withIPC({ workers: 1, ipc: { heartbeatInterval: 50 } }, async ipc => {
    const silent = new Promise(resolve => {
      ipc.on('worker:timeout', event => {
        if (event.missed >= 2) resolve(event)
      })
    })
    ipc.registerHandler('hello', async () => {})
    await ipc.sendToWorker('worker-1', 'call-master', { type: 'hello' })
    const blocked = ipc.sendToWorker('worker-1', 'block', 1_000)
    assert.equal((await silent).workerId, 'worker-1')
    await blocked
  }))

test('a manager that was destroyed refuses, and the others go on', () =>
  withIPC({ workers: 1 }, async (ipc, cluster) => {
    const second = new BunIPCManager()
    for (const worker of cluster.getWorkers()) second.registerWorker(worker.id, worker)
    assert.equal(await second.sendToWorker('worker-1', 'echo', 1), 1)
    second.destroy()
    second.destroy()
    assert.equal(await codeOf(second.sendToWorker('worker-1', 'echo', 1)), 'ERR_IPC_DESTROYED')
    assert.throws(() => second.registerHandler('x', async () => {}), { code: 'ERR_IPC_DESTROYED' })
    assert.equal(await ipc.sendToWorker('worker-1', 'echo', 2), 2)
  }))

test('messages to all workers can be switched off', () =>
  withIPC({ workers: 2, ipc: { broadcast: false } }, async ipc => {
    assert.equal(await codeOf(ipc.broadcastToWorkers('echo', 1)), 'ERR_IPC_DISABLED')
    const asked = { type: 'echo', data: 1 }
    assert.equal(await codeOf(ipc.sendToWorker('worker-1', 'call-all', asked)), 'ERR_IPC_DISABLED')
    assert.equal(await ipc.sendToWorker('worker-2', 'echo', 1), 1)
  }))

test('messages can be switched off, and supervision goes on', () =>
  withIPC({ workers: 1, ipc: { enabled: false } }, async (ipc, cluster) => {
    assert.equal(await codeOf(ipc.sendToWorker('worker-1', 'echo', 1)), 'ERR_IPC_DISABLED')
    await cluster.restart()
    assert.equal(cluster.getWorkerById('worker-1').status, 'running')
  }))
