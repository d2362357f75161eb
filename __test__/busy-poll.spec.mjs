/** Looking for an answer before sleeping until it comes: when that is worth it, and that it ends. */
import assert from 'node:assert/strict'
import { createRequire } from 'node:module'
import { availableParallelism } from 'node:os'
import { test } from 'node:test'
import { withIPC } from './helpers/ipc.mjs'
import { eventually } from './helpers/wait.mjs'

const require = createRequire(import.meta.url)
const { Expectation } = require('../dist/ipc/expectation.js')
const { BusyPoll } = require('../dist/ipc/busy-poll.js')

/** What happens to an expectation: `s`oon or `l`ate while asleep, `h`it or `m`iss while looking. */
const EVENTS = { s: 'slept', l: 'slept', h: 'hit', m: 'miss' }

function after(events) {
  const expectation = new Expectation()
  for (const event of events) expectation[EVENTS[event]](event === 's')
  return expectation.isWorthwhile
}

test('it is looked for after eight answers at once, until some are looked for in vain', () => {
  const eight = 's'.repeat(8)
  const cases = [
    ['', false],
    ['s'.repeat(7), false],
    [eight, true],
    [`${'s'.repeat(7)}l${'s'.repeat(7)}`, false],
    [`${eight}m`, false],
    // What was charged as a miss is not charged again when it comes at last.
    [`${eight}hhhhml`, true],
    [`${eight}hhhhmm`, false],
    [`${eight}${'h'.repeat(1000)}mm`, true],
    [`${eight}${'h'.repeat(1000)}mmm`, false],
    // It has to be earned by twice as many each time, and hits take that back.
    [`${eight}m${'s'.repeat(15)}`, false],
    [`${eight}m${'s'.repeat(16)}`, true],
    [`${eight}m${'s'.repeat(16)}m${'s'.repeat(31)}`, false],
    [`${eight}m${'s'.repeat(16)}${'h'.repeat(8)}mmm${'s'.repeat(16)}`, true],
  ]
  for (const [events, expected] of cases) assert.equal(after(events), expected, events)
})

test('what is wasted is bounded, whatever the pattern', () => {
  // Worst of all: answers come at once exactly until somebody looks for them.
  const expectation = new Expectation()
  let misses = 0
  for (let arrival = 0; arrival < 100_000; arrival++) {
    while (expectation.isWorthwhile) {
      expectation.miss()
      misses += 1
    }
    expectation.slept(true)
  }
  assert.ok(misses > 0 && misses < (3 * 100_000) / 1024 + 3 * 7 + 3, `${misses} in vain`)
})

const skip = availableParallelism() < 2 && 'nobody looks with one processor'

test('looking begins with quick answers, ends by itself, and leaves the event loop to others', {
  skip,
}, async () => {
  const poll = new BusyPoll(1_000)
  await eventually(() => {
    for (let turn = 0; turn < 8; turn++) {
      poll.sent()
      poll.arrived()
    }
    poll.sent()
    return poll.isLooking
  }, 'a conversation')
  await new Promise(setImmediate)
  await eventually(() => !poll.isLooking, 'its end')
})

test('nobody looks when there is no time for it, or what was sent is answered', () => {
  // One of another version says nothing of it.
  const never = [new BusyPoll(0), new BusyPoll(undefined)]
  const poll = new BusyPoll(1_000)
  for (let turn = 0; turn < 20; turn++) {
    for (const each of [...never, poll]) each.sent()
    for (const each of never) assert.equal(each.isLooking, false)
    for (const each of [...never, poll]) each.arrived()
    assert.equal(poll.isLooking, false)
  }
  poll.sent()
  poll.stop()
  assert.equal(poll.isLooking, false)
})

for (const busyPoll of [0, 1_000]) {
  test(`a conversation is complete and in order when ${busyPoll} µs are looked`, () =>
    withIPC({ workers: 1, ipc: { busyPoll } }, async ipc => {
      const heard = []
      ipc.registerHandler('hear', async message => heard.push(message.data))
      const told = Array.from({ length: 500 }, (_, turn) => turn)
      for (const turn of told) {
        assert.equal(
          await ipc.sendToWorker('worker-1', 'call-master', { type: 'hear', data: turn }),
          turn + 1,
        )
      }
      assert.deepEqual(heard.splice(0), told)
      const all = told.map(turn => ipc.sendToWorker('worker-1', 'call-master', { type: 'hear', data: turn }))
      await Promise.all(all)
      assert.deepEqual(heard, told)
    }))
}

/** Whether the event loop is kept turning in a conversation with a worker, which goes on until it is or has had `turns`. */
async function looksIn(ipc, turns) {
  const original = globalThis.setImmediate
  let looked = false
  globalThis.setImmediate = (...given) => {
    looked = true
    return original(...given)
  }
  try {
    for (let turn = 0; turn < turns && !looked; turn++) await ipc.sendToWorker('worker-1', 'echo', turn)
  } finally {
    globalThis.setImmediate = original
  }
  return looked
}

test('a link looks for the answers of a conversation', { skip }, () =>
  withIPC({ workers: 1, ipc: { busyPoll: 1_000 } }, async ipc => {
    await eventually(() => looksIn(ipc, 500), 'a look')
  }),
)

test('a link does not when it is told so', () =>
  withIPC({ workers: 1, ipc: { busyPoll: 0 } }, async ipc => {
    assert.equal(await looksIn(ipc, 500), false)
  }))
