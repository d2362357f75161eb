/** The first program of the manual, whose file is run by the master and by every worker. */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { test } from 'node:test'
import { promisify } from 'node:util'
import { fixture, isBun } from './helpers/cluster.mjs'
import { request } from './helpers/connection.mjs'
import { freePort } from './helpers/processes.mjs'
import { withMaster } from './helpers/with-master.mjs'

/** Run `body` with the program, whose master and workers get the port as an argument. */
async function withSameScript(body) {
  const port = await freePort(3)
  await withMaster('same-script.mjs', { port }, async master => {
    await body(master, port)
  })
}

test('start() in a worker starts nothing', () =>
  withSameScript(async (master, port) => {
    const answers = [(await request(port)).json(), (await request(port)).json()]
    assert.deepEqual(answers.map(({ worker }) => worker).sort(), ['worker-1', 'worker-2'])
    for (const { isWorker, config } of answers) {
      assert.equal(isWorker, true)
      assert.deepEqual([config.workers, config.processManagement.maxRestarts], [2, 3])
    }
    assert.equal(master.processes().length, 3, 'the master and its two workers')
    assert.equal(master.lines.length, 1)
  }))

test('every other call in a worker rejects with ERR_NOT_MASTER', () =>
  withSameScript(async (_, port) => {
    const { codes } = (await request(port)).json()
    assert.equal(Object.keys(codes).length, 12)
    for (const [call, code] of Object.entries(codes)) assert.equal(code, 'ERR_NOT_MASTER', call)
  }))

// Bun does not know the last two.
for (const flag of ['-e', '--eval', '-p', ...(isBun ? [] : ['-pe', '--eval='])]) {
  test(`a master whose code was given by ${flag} runs the script that it names`, async () => {
    const code = `
      const { BunClusterManager } = require('xypriss-cluster')
      const cluster = new BunClusterManager({ workers: 1, exec: { script: process.env.APP } }, 0)
      cluster.start().then(async () => {
        console.log(JSON.stringify({ workers: cluster.getWorkers().length }))
        await cluster.stop()
      })`
    const env = { ...process.env, APP: fixture('app.mjs') }
    const { stdout } = await promisify(execFile)(
      process.execPath,
      flag.endsWith('=') ? [flag + code] : [flag, code],
      {
        env,
        cwd: import.meta.dirname,
      },
    )
    assert.match(stdout, /"workers":1/)
  })
}

test('an argument of such a master is not taken for its script', async () => {
  const code = `
    const { BunClusterManager } = require('xypriss-cluster')
    const cluster = new BunClusterManager({ workers: 1 }, 0)
    cluster.start().then(() => cluster.stop(), error => console.log(error.code, error.message))`
  const { stdout } = await promisify(execFile)(process.execPath, ['-e', code, fixture('app.mjs')], {
    cwd: import.meta.dirname,
  })
  assert.match(stdout, /^ERR_CONFIGURATION .*exec\.script/)
})
