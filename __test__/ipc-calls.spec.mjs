/** What waits for answers, against a `Map` that is kept beside it. */
import assert from 'node:assert/strict'
import { createRequire } from 'node:module'
import { test } from 'node:test'

const { Calls } = createRequire(import.meta.url)('../dist/ipc/calls.js')

/** Numbers from 0 to below `end`, the same each time. */
function numbers(seed) {
  let state = seed
  return end => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((state / 2 ** 32) * end)
  }
}

const call = start => ({ resolve() {}, reject() {}, type: 'test', departure: { time: start } })

for (const { window, stragglers } of [
  { window: 1, stragglers: 0 },
  { window: 40, stragglers: 5 },
  { window: 256, stragglers: 1 },
  { window: 3_000, stragglers: 200 },
]) {
  test(`${window} at once, of which ${stragglers} wait for long, are each found once and in order`, () => {
    const random = numbers(window)
    const calls = new Calls()
    const model = new Map()
    const quick = []
    for (let time = 0; time < 20_000; time += 1) {
      const added = call(time)
      const id = calls.add(added)
      assert.ok(!model.has(id), 'no number comes twice')
      model.set(id, added)
      // One in a hundred is left without an answer, as long as there may be more.
      if (model.size - quick.length >= stragglers || random(100) > 0) quick.push(id)
      if (quick.length >= window) {
        const [answered] = quick.splice(random(quick.length), 1)
        assert.equal(calls.take(answered), model.get(answered))
        model.delete(answered)
        assert.equal(calls.take(answered), undefined, 'an answer that comes twice')
      }
      assert.equal(calls.size, model.size)
      if (time % 500 === 0)
        assert.equal(calls.oldest(), model.values().next().value?.departure.time ?? Infinity)
    }
    const half = [...model.values()].filter(({ departure }) => departure.time <= 19_000)
    assert.deepEqual(calls.takeUntil(19_000), half)
    assert.deepEqual(calls.takeAll(), [...model.values()].slice(half.length))
    assert.equal(calls.size, 0)
    assert.equal(calls.oldest(), Infinity)
  })
}

test('as many as there are comes and goes, and those that wait for long are found all the time', () => {
  const random = numbers(9)
  const calls = new Calls()
  const model = new Map()
  const answer = id => {
    assert.equal(calls.take(id), model.get(id), `call ${id}`)
    model.delete(id)
  }
  for (let time = 0; time < 60_000; time += 1) {
    const added = call(time)
    model.set(calls.add(added), added)
    // Between a few and a thousand, and back again.
    const window = 5 + 2 ** (Math.floor(time / 3_000) % 11)
    while (model.size > window) {
      const waiting = [...model.keys()]
      // The older one is, the less likely is its answer.
      answer(waiting.at(-1 - Math.floor(random(waiting.length ** 0.5) ** 2)))
    }
  }
  for (const id of [...model.keys()].reverse()) answer(id)
  assert.equal(calls.size, 0)
})

test('a number that nobody asked with finds nothing', () => {
  const calls = new Calls()
  for (const id of [0, 1, -1, Number.NaN, 1.5, Infinity, 2 ** 60, 'one', undefined]) {
    assert.equal(calls.take(id), undefined, String(id))
  }
  const waiting = call(0)
  const id = calls.add(waiting)
  for (const other of [id - 64, id + 64, id + 2 ** 32, id + 0.5, String(id)]) {
    assert.equal(calls.take(other), undefined, String(other))
  }
  assert.equal(calls.take(id), waiting)
})
