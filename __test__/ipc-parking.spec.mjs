/** What waits for a handler is bounded by all that it has. */
import assert from 'node:assert/strict'
import { createRequire } from 'node:module'
import { test } from 'node:test'

const { Parking } = createRequire(import.meta.url)('../dist/ipc/parking.js')

const big = 'x'.repeat(1_000)

for (const [what, request] of [
  ['text', { type: 'a', data: big }],
  ['bytes', { type: 'a', data: new Uint8Array(1_000) }],
  ['records', { type: 'a', data: [{ big }] }],
  ['a type', { type: big, data: undefined }],
  ['a sender', { type: 'a', data: null, from: big }],
  ['a receiver', { type: 'a', data: 1, to: big }],
]) {
  test(`of ${what} as much as there is room for, and again when some was taken`, () => {
    const parking = new Parking({ count: 100, size: 3_500 })
    const kept = () => {
      let count = 0
      while (parking.keep(request, 1)) count += 1
      return count
    }
    assert.equal(kept(), 4)
    assert.equal(parking.count, 4)
    let taken = 0
    parking.offer(() => {
      taken += 1
      return taken <= 2
    })
    assert.equal(kept(), 2)
    assert.equal(parking.takeOverdue(1).length, 4)
    assert.equal(kept(), 4)
  })
}

test('of messages the oldest go', () => {
  const parking = new Parking({ count: 100, size: 2_500 })
  const lost = ['1', '2', '3', '4'].map(name => parking.keepPost(name + big))
  assert.deepEqual(lost, [0, 0, 1, 1])
  const seen = []
  parking.offerPosts(data => seen.push(data[0]))
  assert.deepEqual(seen, ['3', '4'])
})
