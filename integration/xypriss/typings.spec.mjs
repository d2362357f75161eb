/** The typings of the adapter on those of XyPriss itself. */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { test } from 'node:test'

test('an app has the types of XyPriss and of the cluster', async () => {
  const args = [
    join(import.meta.dirname, '../../node_modules/typescript/bin/tsc'),
    ...['-p', join(import.meta.dirname, 'types'), '--pretty', 'false'],
  ]
  const output = await new Promise(resolve => {
    execFile(process.execPath, args, (error, stdout, stderr) =>
      resolve(error ? stdout + stderr || String(error) : ''),
    )
  })
  assert.equal(output, '')
})
