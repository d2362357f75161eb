/** Processes that the user started: over a descriptor of their own, and over stdin and stdout. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { test } from 'node:test'
import { BunIPCManager } from 'xypriss-cluster'
import { fixture, isBun } from './helpers/cluster.mjs'
import { codeOf } from './helpers/ipc.mjs'
import { eventually } from './helpers/wait.mjs'

/** How a process can be started, by name. */
const SPAWNS = {
  'node:child_process': (file, { env = {}, stdio }) =>
    spawn(process.execPath, [fixture(file)], { env: { ...process.env, ...env }, stdio }),
  ...(isBun && {
    'Bun.spawn': (file, { env = {}, stdio }) =>
      Bun.spawn([process.execPath, fixture(file)], { env: { ...process.env, ...env }, stdio }),
  }),
}

/** Run `body` with a manager, and nothing of it or of what `start` started left behind. */
async function withManager(body, options = {}) {
  const ipc = new BunIPCManager({ timeout: 15_000, ...options })
  const lines = []
  ipc.on('log', ({ workerId, line }) => lines.push(`${workerId}: ${line}`))
  const children = []
  const start = (id, spawning, file, connection) => {
    const child = spawning(file, connection)
    children.push(child)
    ipc.registerWorker(id, child)
    return child
  }
  try {
    await body(ipc, start, lines)
  } finally {
    ipc.destroy()
    for (const child of children) child.kill('SIGKILL')
  }
}

for (const [name, spawning] of Object.entries(SPAWNS)) {
  for (const transport of ['fd', 'stdio']) {
    test(`a process of ${name} with a manager of its own is reached by ${transport}`, () =>
      withManager(async (ipc, start, lines) => {
        start('mine', spawning, 'foreign.mjs', ipc.connectionFor('mine', transport))
        for (const data of [{ a: ['ä', 1, null] }, 'x'.repeat(200_000), new Uint8Array([1, 2, 255])]) {
          assert.deepEqual(await ipc.sendToWorker('mine', 'echo', data), data)
        }
        ipc.registerHandler('who', async ({ from, workerId, data }) => ({ from, workerId, data }))
        assert.deepEqual(await ipc.sendToWorker('mine', 'call-master', { type: 'who', data: 7 }), {
          from: 'worker',
          workerId: 'mine',
          data: 7,
        })
        await assert.rejects(ipc.sendToWorker('mine', 'throws', 1), { message: 'foreign', code: 'ERR_X' })
        assert.equal(await ipc.sendToWorker('mine', 'ping'), 'pong')

        start('other', spawning, 'foreign.mjs', ipc.connectionFor('other', transport))
        const call = { to: 'other', type: 'echo', data: 'by way of the master' }
        assert.equal(await ipc.sendToWorker('mine', 'call-worker', call), call.data)
        const answers = await ipc.broadcastToWorkers('echo', 3)
        assert.deepEqual(answers.map(({ workerId, data }) => [workerId, data]).sort(), [
          ['mine', 3],
          ['other', 3],
        ])

        if (transport === 'stdio') {
          await ipc.sendToWorker('mine', 'log', 'first\nsec')
          await ipc.sendToWorker('mine', 'log', 'ond\n')
          await eventually(() => lines.includes('mine: second'), 'the second line of the log')
          assert.ok(lines.includes('mine: first'))
          assert.ok(lines.includes('mine: an ordinary line'))
        }
        await assert.rejects(ipc.sendToWorker('mine', 'exit', 4), error => {
          assert.equal(error.code, 'ERR_IPC_PEER_GONE')
          assert.match(error.message, /mine exited with code 4/)
          return true
        })
        assert.deepEqual(ipc.getWorkerStats(), { total: 2, alive: 1, dead: 1 })
        ipc.unregisterWorker('mine')
        assert.equal(await codeOf(ipc.sendToWorker('mine', 'echo', 1)), 'ERR_WORKER_NOT_FOUND')
      }))
  }

  test(`a process of ${name} that knows nothing of us speaks lines among its log`, () =>
    withManager(async (ipc, start, lines) => {
      const child = start('lines', spawning, 'speaks-lines.mjs', { stdio: ['pipe', 'pipe', 'inherit'] })
      assert.equal(await ipc.sendToWorker('lines', 'double', 21), 42)
      await assert.rejects(ipc.sendToWorker('lines', 'triple', 1), { message: 'no triple here' })
      assert.deepEqual(lines, [
        'lines: {"level":"info","message":"a log line that is JSON"}',
        'lines: starting up',
        'lines: got double',
        'lines: got triple',
      ])
      child.kill('SIGKILL')
      await eventually(() => ipc.getWorkerStats().dead === 1, 'the end of the process')
    }))

  test(`a process of ${name} that is killed rejects what waits for it`, () =>
    withManager(async (ipc, start) => {
      const child = start('mine', spawning, 'foreign.mjs', ipc.connectionFor('mine'))
      await ipc.sendToWorker('mine', 'echo', 1)
      const waiting = ipc.sendToWorker('mine', 'never', 1)
      child.kill('SIGKILL')
      await assert.rejects(waiting, /mine was killed by SIGKILL/)
    }))
}

test('a heartbeat in lines is a request, and its answer is no answer to another', () =>
  withManager(
    async (ipc, start) => {
      const late = []
      ipc.on('worker:timeout', event => late.push(event))
      const beaten = new Promise(resolve => {
        ipc.registerHandler('beaten', async ({ data }) => resolve(data))
      })
      start('mine', SPAWNS['node:child_process'], 'foreign.mjs', ipc.connectionFor('mine', 'stdio'))
      const waiting = ipc.sendToWorker('mine', 'never', 1)
      waiting.catch(() => {})
      // Heartbeats begin when the process has said something.
      ipc.registerHandler('hello', async () => null)
      await ipc.sendToWorker('mine', 'count-heartbeats', 5)
      await ipc.sendToWorker('mine', 'call-master', { type: 'hello' })
      assert.equal(await beaten, 5)
      assert.equal(ipc.getStats().queue.requests, 1, 'the first request still waits')
      assert.ok(late.length < 4, 'heartbeats were answered')
    },
    { heartbeatInterval: 200 },
  ))

test('a process that cannot be reached is refused', () =>
  withManager(async (ipc, start) => {
    const stdio = ['ignore', 'ignore', 'inherit']
    assert.throws(() => start('mute', SPAWNS['node:child_process'], 'foreign.mjs', { stdio }), {
      code: 'ERR_IPC_NO_CHANNEL',
    })
    assert.equal(await codeOf(ipc.sendToMaster('echo', 1)), 'ERR_IPC_NO_CHANNEL')
  }))
