/** A master in a real cgroup: it sees the limit, and knows a worker that the kernel killed for lack of memory. */
import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { test } from 'node:test'
import { assertNothingLeft, fixture, marked } from './helpers/cluster.mjs'
import { request } from './helpers/connection.mjs'
import { withContainer } from './helpers/container.mjs'
import { startMaster } from './helpers/master.mjs'

const MB = 1024 * 1024
const LIMIT = 512 * MB

/** Bun has no way to skip a test that has begun. */
function skip(t, reason) {
  if (process.versions.bun) console.log(`skipped: ${reason}`)
  else t.skip(reason)
}

test('the kernel kills a worker that wants more than the container has, and the cause is named', async t => {
  const mark = randomUUID()
  const obstacle = await withContainer(LIMIT, async execPath => {
    const exec = { script: fixture('memory.mjs'), args: [] }
    const config = { workers: 1, exec, processManagement: { restartDelay: 20 } }
    const args = [JSON.stringify({ port: 0, config })]
    const master = startMaster('masters/contained.mjs', { args, execPath, env: marked(mark) })
    let port = 0
    try {
      const started = await master.line(line => line.name === 'started')
      port = started.port
      assert.equal(started.system.memory.total, LIMIT)
      assert.ok(started.system.memory.available < LIMIT)
      await request(port, '/hold?mb=700').catch(() => {})
      const { workerId, reason, signal } = await master.line(line => line.name === 'exit')
      assert.deepEqual(
        { workerId, reason, signal },
        {
          workerId: 'worker-1',
          reason: 'was killed by the kernel because there was no memory left',
          signal: 'SIGKILL',
        },
      )
    } finally {
      master.kill('SIGKILL')
      await master.exit
    }
    await assertNothingLeft(mark, port)
  })
  if (obstacle) skip(t, obstacle)
})

test('a worker that somebody else kills was not killed for lack of memory', async t => {
  const mark = randomUUID()
  const obstacle = await withContainer(LIMIT, async execPath => {
    const exec = { script: fixture('memory.mjs'), args: [] }
    const args = [JSON.stringify({ port: 0, config: { workers: 1, exec } })]
    const master = startMaster('masters/contained.mjs', { args, execPath, env: marked(mark) })
    let port = 0
    try {
      port = (await master.line(line => line.name === 'started')).port
      const { pid } = (await request(port, '/')).json()
      process.kill(pid, 'SIGKILL')
      const { reason } = await master.line(line => line.name === 'exit')
      assert.equal(reason, 'was killed by SIGKILL')
    } finally {
      master.kill('SIGKILL')
      await master.exit
    }
    await assertNothingLeft(mark, port)
  })
  if (obstacle) skip(t, obstacle)
})
