/** However the master ends, its workers end with it. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { Connection, request } from './helpers/connection.mjs'
import { alive } from './helpers/processes.mjs'
import { eventually } from './helpers/wait.mjs'
import { withMaster, withStartingMaster } from './helpers/with-master.mjs'

/** The workers of `started` end. */
const workersEnd = started =>
  eventually(() => started.workers.every(({ pid }) => !alive(pid)), 'the end of the workers')

/** Whether a process has used a second of processor time, which an idle worker does not. */
function isBusy(pid) {
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
  // User time is the twelfth field after the name, in hundredths of a second.
  return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[11]) > 100
}

test('kill -9 of the master ends its workers', () =>
  withMaster('masters/runs.mjs', {}, async (master, started) => {
    master.kill('SIGKILL')
    assert.deepEqual(await master.end(), { code: null, signal: 'SIGKILL' })
    await workersEnd(started)
  }))

test('kill -9 of the master ends what its workers started', () =>
  withMaster('masters/runs.mjs', { app: 'with-child.mjs', workers: 1 }, async master => {
    // The worker and its child; the master itself is not among them once it is gone.
    await eventually(() => master.processes().length >= 3, 'the child of the worker')
    master.kill('SIGKILL')
    await eventually(() => master.processes().length === 0, 'the end of all of them')
  }))

test('kill -9 of the master ends a worker whose JavaScript stands still', () =>
  withMaster('masters/runs.mjs', { workers: 1 }, async (master, { port, workers }) => {
    const connection = await Connection.open(port)
    connection.sendHead('/block?ms=600000')
    await eventually(() => isBusy(workers[0].pid), 'a worker that is busy')
    master.kill('SIGKILL')
    await workersEnd({ workers })
    connection.close()
  }))

test('kill -9 of a master whose workers are starting ends them', () =>
  withStartingMaster('masters/runs.mjs', { app: 'never-listens.mjs' }, async master => {
    await eventually(() => master.processes().length === 3, 'the start of the workers')
    master.kill('SIGKILL')
    await eventually(() => master.processes().length === 0, 'the end of the workers')
  }))

test('process.exit() in the master ends its workers and what they started', () =>
  withMaster('masters/exits.mjs', { app: 'with-child.mjs' }, async (master, started) => {
    assert.deepEqual(await master.end(), { code: 3, signal: null })
    await workersEnd(started)
  }))

test('an uncaught exception in the master ends its workers', () =>
  withMaster('masters/throws.mjs', {}, async (master, started) => {
    assert.deepEqual(await master.end(), { code: 1, signal: null })
    assert.match(master.output.join('\n'), /the master failed/)
    await workersEnd(started)
  }))

test('a running cluster keeps the master alive when its script has ended', () =>
  withMaster(
    'masters/runs.mjs',
    { processManagement: { restartDelay: 20 } },
    async (master, { port, workers }) => {
      // A while that does not depend on a clock: a worker dies and comes back.
      process.kill(workers[0].pid, 'SIGKILL')
      await eventually(
        async () => (await request(port)).json().pid !== workers[1].pid,
        'the return of the worker',
      )
      assert.equal(alive(master.pid), true)
    },
  ))

test('after stop() the master ends by itself', () =>
  withMaster('masters/stops.mjs', {}, async master => {
    await master.report('stopped')
    assert.deepEqual(await master.end(), { code: 0, signal: null })
  }))
