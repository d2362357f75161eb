/** The first program of the manual, whose file is run by the master and by every worker. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fixture } from './helpers/cluster.mjs'
import { request } from './helpers/connection.mjs'
import { freePort } from './helpers/processes.mjs'
import { withMaster } from './helpers/with-master.mjs'

const asItself = { exec: { script: fixture('same-script.mjs') } }

/** The reports of a worker; the master's arguments go to the workers as well. */
async function withSameScript(body) {
  const port = await freePort(3)
  await withMaster('same-script.mjs', { ...asItself, port }, async master => {
    await body(master, port)
  })
}

test('start() in a worker starts nothing', () =>
  withSameScript(async (master, port) => {
    const { worker, isWorker } = (await request(port)).json()
    assert.deepEqual([worker, isWorker], ['worker-1', true])
    assert.equal((await request(port)).json().worker, 'worker-2')
    assert.equal(master.processes().length, 3, 'the master and its two workers')
    assert.equal(master.lines.length, 1)
  }))

test('every other call in a worker rejects with ERR_NOT_MASTER', () =>
  withSameScript(async (_, port) => {
    const { codes } = (await request(port)).json()
    assert.equal(Object.keys(codes).length, 12)
    for (const [call, code] of Object.entries(codes)) assert.equal(code, 'ERR_NOT_MASTER', call)
  }))
