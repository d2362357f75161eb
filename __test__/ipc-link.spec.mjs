/** A link over a carrier that fails in all the ways it may: every promise settles, and nothing is left behind. */
import assert from 'node:assert/strict'
import { createRequire } from 'node:module'
import { test } from 'node:test'
import { codeOf } from './helpers/ipc.mjs'

const { Link } = createRequire(import.meta.url)('../dist/ipc/link.js')

const SETTINGS = {
  enabled: true,
  broadcast: true,
  timeout: 100,
  heartbeatInterval: 0,
  maxMessageSize: 1024 * 1024,
  compression: false,
  retryAttempts: 0,
  retryDelay: 0,
  queueSize: 100,
  queueTimeout: 1_000,
  busyPoll: 0,
}

/** More than may wait. */
const TOO_MUCH = 100 * 1024 * 1024

/** A link, its carrier, and how many hold the process alive for it. */
function withCarrier(changes) {
  const state = { holds: 0, entries: [] }
  const carrier = {
    add: (...entry) => state.entries.push(entry),
    send: () => 0,
    sendRaw: () => 0,
    waiting: () => 0,
    flush: () => true,
    hold(alive) {
      state.holds += alive ? 1 : -1
    },
    close() {},
    ...changes,
  }
  return { link: new Link('worker-1', 1, SETTINGS, () => carrier), carrier, state }
}

/** A turn of the event loop later. */
const turn = () => new Promise(resolve => setImmediate(resolve))

test('a link that ends while it looks whether there is room refuses with the reason', async () => {
  const { link, carrier } = withCarrier({ send: () => TOO_MUCH, waiting: () => TOO_MUCH })
  const first = codeOf(link.request('a', 1))
  await turn()
  assert.equal(await codeOf(link.request('a', 2)), 'ERR_IPC_QUEUE_FULL')
  // The peer asked, and does not read the answers.
  Object.assign(carrier, { send: () => -1, waiting: () => 0 })
  link.answer({ link, id: 1, type: 'a' }, 'an answer')
  assert.equal(await codeOf(link.request('a', 3)), 'ERR_IPC_SLOW_PEER')
  assert.equal(await first, 'ERR_IPC_SLOW_PEER')
  assert.equal(link.open, false)
})

for (const [name, data] of [
  ['add', 1],
  ['sendRaw', new Uint8Array(1)],
]) {
  test(`what ${name} of the carrier throws is an error of that request, which waits for nothing`, async () => {
    const broken = new RangeError('no memory')
    const fails = () => {
      throw broken
    }
    const { link, carrier, state } = withCarrier({ [name]: fails })
    await assert.rejects(link.request('a', data), broken)
    assert.equal(link.queued.requests, 0)
    assert.equal(state.holds, 0)
    assert.equal(link.counters.failures, 1)
    carrier[name] = name === 'add' ? (...entry) => state.entries.push(entry) : () => 0
    const answer = link.request('a', data)
    assert.equal(state.holds, 1)
    await turn()
    const id = name === 'add' ? state.entries[0][1] : 2
    link.arriving()
    link.entry(1, id, 0, undefined, undefined, 'well')
    assert.equal(await answer, 'well')
    assert.equal(state.holds, 0)
  })
}

test('a request that is answered before it was sent is answered', async () => {
  const { link } = withCarrier({})
  const answer = link.request('a', 1)
  link.arriving()
  link.entry(1, 1, 0, undefined, undefined, 'soon')
  assert.equal(await answer, 'soon')
  assert.equal(link.queued.requests, 0)
})

test('a request fails after its timeout though nothing else is sent', async () => {
  const { link, state } = withCarrier({})
  // As the socket of a real carrier does.
  const alive = setInterval(() => {}, 1_000)
  assert.equal(await codeOf(link.request('a', 1)), 'ERR_IPC_TIMEOUT')
  clearInterval(alive)
  assert.equal(state.holds, 0)
})
