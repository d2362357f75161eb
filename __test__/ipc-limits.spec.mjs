/** What cannot be sent, what should not have arrived, and peers that do not keep up: typed errors, bounded memory. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { test } from 'node:test'
import { BunIPCManager, ConfigurationError, WorkerCommunicationError } from 'xypriss-cluster'
import { fixture } from './helpers/cluster.mjs'
import { codeOf, withIPC } from './helpers/ipc.mjs'

const MIB = 2 ** 20

test('data that cannot be sent is an error of that call, and the channel stays', () =>
  withIPC({ workers: 1 }, async ipc => {
    const cycle = {}
    cycle.cycle = cycle
    for (const data of [cycle, { big: 1n }, 1n]) {
      await assert.rejects(ipc.sendToWorker('worker-1', 'echo', data), error => {
        assert.ok(error instanceof WorkerCommunicationError)
        assert.equal(error.code, 'ERR_IPC_SERIALIZATION')
        assert.equal(error.details.type, 'echo')
        return true
      })
      const [answer] = await ipc.broadcastToWorkers('echo', data)
      assert.equal(answer.code, 'ERR_IPC_SERIALIZATION')
    }
    for (const data of ['x'.repeat(100 * MIB), new Uint8Array(100 * MIB), 'ä'.repeat(MIB / 2 + 1)]) {
      await assert.rejects(ipc.sendToWorker('worker-1', 'echo', data), { code: 'ERR_IPC_MESSAGE_TOO_LARGE' })
    }
    assert.equal((await ipc.sendToWorker('worker-1', 'echo', 'ä'.repeat(MIB / 2 - 2))).length, MIB / 2 - 2)
    assert.equal(await ipc.sendToWorker('worker-1', 'echo', 1), 1)
  }))

test('the size of messages is as configured', () =>
  withIPC({ workers: 1, ipc: { maxMessageSize: '20MB' } }, async ipc => {
    const text = await ipc.sendToWorker('worker-1', 'echo', 'x'.repeat(15 * MIB))
    assert.equal(text.length, 15 * MIB)
    const bytes = await ipc.sendToWorker('worker-1', 'echo', new Uint8Array(20 * MIB).fill(3))
    assert.equal(bytes.length, 20 * MIB)
    assert.ok(bytes.every(byte => byte === 3))
    assert.equal(
      await codeOf(ipc.sendToWorker('worker-1', 'echo', new Uint8Array(20 * MIB + 1))),
      'ERR_IPC_MESSAGE_TOO_LARGE',
    )
  }))

test('compressed messages are the same messages', () =>
  withIPC({ workers: 1, ipc: { compression: true } }, async ipc => {
    const records = Array(10_000).fill({ a: 'long' })
    for (const data of ['short', records, 'long '.repeat(100_000), new Uint8Array(500_000).fill(9)]) {
      assert.deepEqual(await ipc.sendToWorker('worker-1', 'echo', data), data)
    }
    // A million bytes were sent and came back; far fewer were on their way.
    assert.ok(ipc.getStats().bytes.received < 100_000)
  }))

test('more than may wait is refused, and taken again when there is room', () =>
  withIPC({ workers: 1, ipc: { messageQueue: { maxSize: 10 } } }, async ipc => {
    const blocked = ipc.sendToWorker('worker-1', 'block', 300)
    const outcomes = await Promise.allSettled([
      blocked,
      ...Array.from({ length: 20 }, (_, number) => ipc.sendToWorker('worker-1', 'echo', number)),
    ])
    const refused = outcomes.filter(({ status }) => status === 'rejected')
    assert.equal(refused.length, 11)
    assert.ok(refused.every(({ reason }) => reason.code === 'ERR_IPC_QUEUE_FULL'))
    assert.equal(await ipc.sendToWorker('worker-1', 'echo', 1), 1)
  }))

test('a message that was refused is tried again as often as configured', () => {
  const ipc = { messageQueue: { maxSize: 1 }, retryAttempts: 50, retryDelay: 50 }
  return withIPC({ workers: 1, ipc }, async ipc => {
    const first = ipc.sendToWorker('worker-1', 'block', 300)
    assert.equal(await ipc.sendToWorker('worker-1', 'echo', 1), 1)
    await first
  })
})

test('a broadcast that was refused is tried again, too', () => {
  const ipc = { messageQueue: { maxSize: 1 }, retryAttempts: 50, retryDelay: 50 }
  return withIPC({ workers: 2, ipc }, async ipc => {
    const first = ipc.sendToWorker('worker-1', 'block', 300)
    const answers = await ipc.broadcastToWorkers('echo', 1)
    assert.deepEqual(answers.map(({ workerId, success, data }) => [workerId, success, data]).sort(), [
      ['worker-1', true, 1],
      ['worker-2', true, 1],
    ])
    await first
  })
})

test('time that this process is busy before a request goes out is not taken from it', () =>
  withIPC({ workers: 1, ipc: { timeout: 500 } }, async ipc => {
    await ipc.sendToWorker('worker-1', 'echo', 0)
    const answer = ipc.sendToWorker('worker-1', 'echo', 1)
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1_000)
    assert.equal(await answer, 1)
  }))

test('a type that is no text is refused, and nothing waits for its answer', () =>
  withIPC({ workers: 1 }, async ipc => {
    for (const type of [null, undefined, 7, 7n, Symbol('s'), {}]) {
      const refused = { code: 'ERR_IPC_SERIALIZATION', message: /must be a text/ }
      await assert.rejects(ipc.sendToWorker('worker-1', type, 1), refused)
    }
    assert.equal(ipc.getStats().queue.requests, 0)
    assert.equal(await ipc.sendToWorker('worker-1', 'echo', 1), 1)
  }))

test('a worker that sends to an id that is no text loses that message only', () =>
  withIPC({ workers: 1 }, async ipc => {
    for (const to of [2, null, undefined]) {
      const call = ipc.sendToWorker('worker-1', 'call-worker', { to, type: 'echo', data: 1 })
      assert.equal(await codeOf(call), 'ERR_WORKER_NOT_FOUND')
    }
    assert.equal(await ipc.sendToWorker('worker-1', 'echo', 1), 1)
  }))

test('what waits for a handler fails when the cluster stops', () =>
  withIPC({ workers: 1 }, async (ipc, cluster) => {
    const waiting = Array.from({ length: 5 }, () => codeOf(ipc.sendToWorker('worker-1', 'nobody', 1)))
    await cluster.stop(false)
    assert.deepEqual(new Set(await Promise.all(waiting)), new Set(['ERR_IPC_PEER_GONE']))
  }))

test('a configuration that cannot be used is refused with every problem', () => {
  assert.throws(
    () => new BunIPCManager({ timeout: 0, maxMessageSize: '300MB', messageQueue: { maxSize: 'all' } }),
    error => {
      assert.ok(error instanceof ConfigurationError)
      assert.equal(error.code, 'ERR_CONFIGURATION')
      assert.equal(error.details.problems.length, 3)
      return true
    },
  )
})

/** Run `body` with a process that misbehaves in `way`, beside a worker that does not. */
function withBadPeer(way, body, ipc = {}) {
  return withIPC({ workers: 1, ipc }, async ipc => {
    const { env, stdio } = ipc.connectionFor('bad')
    const child = spawn(process.execPath, [fixture('bad-peer.mjs'), way], {
      env: { ...process.env, ...env },
      stdio,
    })
    const exited = once(child, 'exit')
    ipc.registerWorker('bad', child)
    try {
      await body(ipc)
      assert.equal(await ipc.sendToWorker('worker-1', 'echo', 'untouched'), 'untouched')
    } finally {
      child.kill('SIGKILL')
      await exited
    }
  })
}

for (const [way, reason] of [
  ['oversized', /is the most/],
  ['version', /version 9/],
  ['flags', /unknown flags/],
  ['kind', /unknown kind 200/],
  ['utf8', /text of a frame/],
  ['json', /JSON|Expected|end/i],
  ['no list', /list/],
  ['no heads', /without heads/],
  ['half a head', /24 bytes of heads/],
  ['too few heads', /for 2 messages/],
  ['too many heads', /more messages than are sent at once/],
  ['nothing for a head', /0 values for 1/],
  ['no head for it', /1 values for 0/],
  ['operation', /unknown kind/],
  ['no type', /without a type/],
  ['no address', /for nobody/],
  ['unknown type', /without a type/],
  ['type without a name', /without a name/],
  ['type with a wrong number', /without a name or number/],
  ['type with a long name', /without a name or number/],
  ['envelope that is none', /without a number or time/],
  ['envelope without a number', /without a number or time/],
  ['compressed', /is the most/],
  ['random', /./],
]) {
  test(`a peer whose frames are bad (${way}) loses its channel, and nobody else does`, () =>
    withBadPeer(way, async ipc => {
      const errors = []
      ipc.on('error', (error, workerId) => errors.push([error, workerId]))
      await assert.rejects(ipc.sendToWorker('bad', 'echo', 1), error => {
        assert.ok(error instanceof WorkerCommunicationError)
        assert.equal(error.code, 'ERR_IPC_PROTOCOL')
        assert.match(error.message, reason)
        return true
      })
      assert.deepEqual(ipc.getWorkerStats(), { total: 2, alive: 1, dead: 1 })
      assert.ok(errors.length <= 1)
    }))
}

test('a peer that leaves in the middle of a frame', () =>
  withBadPeer('truncated', async ipc => {
    assert.equal(await codeOf(ipc.sendToWorker('bad', 'echo', 1)), 'ERR_IPC_PROTOCOL')
  }))

test('answers that nobody asked for are nothing', () =>
  withBadPeer('unasked', async ipc => {
    for (let number = 0; number < 5; number += 1) assert.equal(await ipc.sendToWorker('bad', 'echo', 5), 1)
  }))

test('two requests with one id are two requests, and of two answers the first counts', () =>
  withBadPeer('duplicates', async ipc => {
    const seen = []
    const both = new Promise(resolve => {
      ipc.registerHandler('count', async ({ data }) => {
        seen.push(data)
        if (seen.length === 2) resolve()
      })
    })
    await both
    assert.deepEqual(seen, [1, 2])
    for (let number = 0; number < 5; number += 1) assert.equal(await ipc.sendToWorker('bad', 'echo', 5), 1)
  }))

test('a peer that reads nothing is refused more, with bounded memory', () =>
  withBadPeer('reads nothing', async ipc => {
    const data = new Uint8Array(MIB)
    const waiting = []
    let refused
    while (!refused && waiting.length < 1_000) {
      const answer = ipc.sendToWorker('bad', 'echo', data)
      waiting.push(answer.catch(error => error.code))
      refused = await Promise.race([
        answer.catch(error => error),
        new Promise(resolve => setImmediate(resolve)),
      ])
    }
    assert.equal(refused?.code, 'ERR_IPC_QUEUE_FULL')
    const { bytes } = ipc.getStats().queue
    assert.ok(bytes > 0 && bytes < 70 * MIB, `${bytes} bytes wait`)
  }))

test('what waits for a handler is bounded', () =>
  withBadPeer(
    'flood',
    async ipc => {
      const refused = new Promise(resolve =>
        ipc.registerHandler('refused', async ({ data }) => resolve(data)),
      )
      assert.equal(await refused, 40)
      assert.equal(ipc.getStats().queue.parked, 10)
    },
    { messageQueue: { maxSize: 10 } },
  ))

test('a peer that asks and reads no answers loses its channel', () =>
  withBadPeer('reads no answers', async ipc => {
    const broken = new Promise(resolve =>
      ipc.on('error', (error, workerId) => resolve([error.code, workerId])),
    )
    const big = new Uint8Array(MIB)
    ipc.registerHandler('big', async () => big)
    assert.deepEqual(await broken, ['ERR_IPC_SLOW_PEER', 'bad'])
    assert.equal(ipc.getStats().queue.bytes, 0)
  }))
