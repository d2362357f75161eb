/** The example, as it is, run beside XyPriss. */
import assert from 'node:assert/strict'
import { copyFileSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { basename, join } from 'node:path'
import { test } from 'node:test'
import { request } from '../../__test__/helpers/connection.mjs'
import { alive, freePort } from '../../__test__/helpers/processes.mjs'
import { eventually } from '../../__test__/helpers/wait.mjs'
import { withApp } from '../../__test__/helpers/xypriss.mjs'
import { PATIENCE } from './helpers.mjs'

test('the example serves, shows true figures, and ends with 0', async () => {
  const runs = join(import.meta.dirname, '.run')
  mkdirSync(runs, { recursive: true })
  const folder = mkdtempSync(join(runs, 'example-'))
  copyFileSync(join(import.meta.dirname, '../../examples/xypriss/server.mjs'), join(folder, 'server.mjs'))
  const port = await freePort(8)
  const script = `../../integration/xypriss/.run/${basename(folder)}/server.mjs`
  try {
    await withApp({ script, port, env: { PORT: String(port) } }, async app => {
      await eventually(() => app.output.includes('2 workers are ready'), 'the workers', PATIENCE)
      const status = async () => (await request(port, '/cluster/status')).json().cluster
      const before = await status()
      const asked = 30
      for (let count = 0; count < asked; count += 1) assert.equal((await request(port)).status, 200)
      const after = await status()
      assert.equal(after.runtime, process.versions.bun ? 'Bun' : 'Node.js')
      assert.deepEqual([after.metrics.totalWorkers, after.health.healthy], [2, true])
      // The question before this one is among them, and this one itself.
      assert.equal(after.metrics.totalRequests - before.metrics.totalRequests, asked + 1)
      for (const { id, pid, requests } of after.workers) {
        assert.ok(alive(pid))
        assert.ok(requests > before.workers.find(worker => worker.id === id).requests)
      }
      app.kill('SIGINT')
      assert.deepEqual(await app.end(), { code: 0, signal: null })
    })
  } finally {
    rmSync(folder, { recursive: true })
  }
})
