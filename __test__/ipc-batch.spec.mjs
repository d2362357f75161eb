/** Entries that are written as a batch are read as they were, whatever is in them. */
import assert from 'node:assert/strict'
import { createRequire } from 'node:module'
import { test } from 'node:test'

const require = createRequire(import.meta.url)
const { Batch } = require('../dist/ipc/batch.js')
const { BatchReader, takeHeads } = require('../dist/ipc/batch-reader.js')
const { BATCH, NAME, TYPES } = require('../dist/ipc/entry.js')

/** Both ends of a channel: what is added to `batch` arrives in `entries` when it is sent. */
function channel() {
  const entries = []
  const link = {
    arriving: () => entries.push('arrival'),
    entry: (...entry) => entries.push(entry),
  }
  const batch = new Batch()
  const reader = new BatchReader(link)
  const { numbers, bytes } = takeHeads()
  const send = () =>
    batch.end((heads, headsLength, list, listLength) => {
      bytes.set(heads.subarray(0, headsLength))
      return reader.read(list.toString('utf8', 0, listLength), numbers, 0) * 8 - headsLength
    })
  return { batch, entries, send }
}

const TEXTS = ['', 'a', 'grüße "du"\n', '\u{1f600}\ud800', 'x'.repeat(3_000), '\u4e2d'.repeat(9_000)]

test('entries of all kinds arrive as they were given, in their order', () => {
  const { batch, entries, send } = channel()
  let state = 7
  const random = end => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((state / 2 ** 32) * end)
  }
  const one = list => list[random(list.length)]
  const before = Date.now()
  for (let time = 0; time < 2_000; time += 1) {
    const given = []
    for (let bytes = 0, left = random(200); left > 0 && bytes <= BATCH; left -= 1) {
      const id = one([0, 1, time, 2 ** 31, 2 ** 53 - 1])
      const type = one([undefined, 'echo', `type ${random(3 * TYPES)}`, one(TEXTS)])
      const address = one([undefined, undefined, 'worker-1', one(TEXTS)])
      const data = one([undefined, null, 7, one(TEXTS), { list: [one(TEXTS)] }])
      given.push([random(7), id, type, address, data])
      bytes = batch.add(...given.at(-1).with(4, JSON.stringify(data)))
    }
    assert.equal(send(), 0, 'nothing waits, and no head is left over')
    if (given.length === 0) continue
    const [arrival, ...arrived] = entries.splice(0)
    assert.equal(arrival, 'arrival')
    for (const [, , sent] of arrived) assert.ok(sent >= before && sent <= Date.now())
    const seen = arrived.map(([operation, id, , type, address, data]) => [operation, id, type, address, data])
    assert.deepEqual(seen, given)
  }
})

test('a type is named once, as long as there are numbers', () => {
  const { batch, send } = channel()
  const bytesOf = type => {
    const bytes = batch.add(0, 1, type, undefined, undefined)
    send()
    return bytes
  }
  const named = bytesOf('a type')
  assert.ok(bytesOf('a type') < named)
  for (let number = 1; number < TYPES; number += 1) bytesOf(`type ${number}`)
  assert.equal(bytesOf('more!!'), named)
  assert.equal(bytesOf('more!!'), named)
  assert.ok(bytesOf('a type') < named)
})

test('a type with a long name is named each time, and not kept', () => {
  const { batch, send } = channel()
  for (const [length, again] of [
    [NAME, 1],
    [NAME + 1, NAME + 1],
  ]) {
    const bytes = () => {
      const bytes = batch.add(0, 1, 'x'.repeat(length), undefined, undefined)
      send()
      return bytes
    }
    assert.equal(bytes() >= length, true)
    assert.equal(bytes() >= NAME, again > NAME, `${length} characters`)
  }
})

test('what is dropped is not sent', () => {
  const { batch, entries, send } = channel()
  batch.add(0, 1, 'gone', undefined, '1')
  batch.drop()
  assert.equal(send(), 0)
  batch.add(1, 2, undefined, undefined, '3')
  send()
  assert.equal(entries.length, 2)
  assert.deepEqual(entries[1].with(2, 0), [1, 2, 0, undefined, undefined, 3])
})

test('as many entries as a batch can have before it is sent', () => {
  const { batch, entries, send } = channel()
  let count = 0
  do count += 1
  while (batch.add(6, count, undefined, undefined, undefined) <= BATCH)
  send()
  assert.equal(entries.length, count + 1)
  assert.deepEqual(entries.at(-1).with(2, 0), [6, count, 0, undefined, undefined, undefined])
})
