/** What workers write appears on the master's own output, line by line, with the name of its worker. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { request } from './helpers/connection.mjs'
import { eventually } from './helpers/wait.mjs'
import { withMaster } from './helpers/with-master.mjs'

const WORKERS = ['worker-1', 'worker-2', 'worker-3', 'worker-4']
const LINES = 50

test('lines that four workers write in fragments at the same time stay whole and in order', () =>
  withMaster('masters/runs.mjs', { app: 'talkative.mjs', workers: 4 }, async master => {
    const expected = new Set(WORKERS.flatMap(worker => ['out', 'err'].map(stream => `${worker} ${stream}`)))
    await eventually(() => master.output.length >= expected.size * LINES, 'every line')
    const spoken = new Map(Array.from(expected, key => [key, []]))
    for (const line of master.output) {
      const [, worker, number, stream] =
        line.match(/^\[(worker-\d)\] line (\d+) of (out|err) is whole$/) ?? []
      assert.ok(spoken.has(`${worker} ${stream}`), `unexpected: ${line}`)
      spoken.get(`${worker} ${stream}`).push(Number(number))
    }
    const inOrder = Array.from({ length: LINES }, (_, index) => index + 1)
    for (const [key, numbers] of spoken) assert.deepEqual(numbers, inOrder, key)
  }))

test('each stream of a worker goes to the same stream of the master', () =>
  withMaster('masters/runs.mjs', { app: 'talkative.mjs', workers: 1 }, async master => {
    await eventually(() => master.output.length >= 2 * LINES, 'every line')
    assert.equal(master.errors.length, LINES)
    for (const line of master.errors) assert.match(line, /of err is whole$/)
  }))

test('the last words of a dying worker arrive', () =>
  withMaster('masters/runs.mjs', { app: 'last-words.mjs', workers: 1 }, async (master, { port }) => {
    // It is not safe to send it again, so one worker dies of it.
    await request(port, '/', { method: 'POST' })
    await eventually(() => master.output.length >= 2, 'the last words')
    assert.deepEqual([...master.output].sort(), [
      '[worker-1] on stderr: an unfinished line',
      '[worker-1] on stdout: so long',
    ])
  }))
