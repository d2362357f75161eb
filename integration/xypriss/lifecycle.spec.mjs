/** How XyPriss apps start, fail and end as clusters. */
import assert from 'node:assert/strict'
import http from 'node:http'
import { test } from 'node:test'
import { freePort } from '../../__test__/helpers/processes.mjs'
import { eventually } from '../../__test__/helpers/wait.mjs'
import { clustered } from '../../__test__/helpers/xypriss.mjs'
import { withXypriss } from './helpers.mjs'

for (const way of ['esm', 'cjs', 'wrapped']) {
  test(`createServer, ${way}: it serves, calls back once, and a handler of SIGINT ends it with 0`, () =>
    withXypriss({ way, options: clustered(), stopsBy: ['SIGINT'] }, async (app, started) => {
      assert.deepEqual([started.name, started.callbacks], ['started', 1])
      const { env, worker } = await app.ask('facts')
      assert.match(worker, /^worker-\d$/)
      assert.equal(env.CLUSTER_MODE, 'true')
      assert.notEqual(env.NODE_ENV, 'worker')
      await eventually(async () => {
        const { result } = await app.ask('call', { method: 'getAllWorkers' })
        return result.length === 2 && result.every(({ status }) => status === 'running')
      }, 'a roster with both')
      app.kill('SIGINT')
      assert.deepEqual(await app.end(), { code: 0, signal: null })
      assert.deepEqual(
        app.errors.filter(line => /EMERGENCY/.test(line)),
        [],
      )
    }))
}

test('a worker restarts and stops the cluster that it belongs to', () =>
  withXypriss({ options: clustered() }, async app => {
    assert.equal((await app.ask('call', { method: 'restartCluster' })).error, undefined)
    assert.equal((await app.ask('call', { method: 'stopCluster' })).error, undefined)
    await eventually(() => app.processes().length === 1, 'the end of the workers')
    assert.deepEqual(
      app.errors.filter(line => /EMERGENCY/.test(line)),
      [],
    )
  }))

test('a port that is taken: the start is refused in words of the cluster', async () => {
  const taken = await freePort(1)
  const server = http.createServer().listen(taken, '127.0.0.1')
  try {
    const options = clustered({}, { server: { port: taken, host: '127.0.0.1' } })
    await withXypriss({ options }, async (_app, { name, message, code }) => {
      assert.deepEqual([name, code], ['failed', 'ERR_PORT_IN_USE'])
      assert.match(message, /the cluster did not start/)
    })
  } finally {
    server.close()
  }
})

test('with fallback, a cluster that does not start leaves the app in one process', () =>
  withXypriss(
    { options: clustered({ fallback: true, exec: { script: 'gone.mjs' } }) },
    async (app, started) => {
      assert.deepEqual([started.name, started.callbacks], ['started', 1])
      const { pid, worker } = await app.ask('facts')
      assert.deepEqual([pid, worker], [started.pid, null])
    },
  ))

test('switched off, it is XyPriss as it is', async () => {
  const own = await factsOf({ way: 'plain', options: { cluster: { enabled: false } } })
  assert.equal(own.methods.includes('scaleUp'), false)
  for (const settings of [
    { options: { cluster: { enabled: false, config: { workers: 2 } } } },
    { options: clustered(), env: { DISABLE_CLUSTERING: 'true' } },
  ]) {
    const facts = await factsOf(settings)
    assert.deepEqual(facts.methods, own.methods)
    assert.deepEqual([facts.addon, facts.count], [false, 1])
  }
})

async function factsOf(settings) {
  let facts
  await withXypriss(settings, async app => {
    facts = { ...(await app.ask('facts')), count: app.processes().length }
  })
  return facts
}

test('the cluster says nothing when components.cluster is off', () =>
  withXypriss(
    { options: clustered({}, { logging: { types: { debug: true }, components: { cluster: false } } }) },
    async (app, started) => {
      assert.equal(started.name, 'started')
      assert.deepEqual(
        app.output.filter(line => line.includes('[CLUSTER]')),
        [],
      )
    },
  ))
