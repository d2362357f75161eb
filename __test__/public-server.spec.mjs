/** Which server of an app is the public one: at the start, in a restart, after a crash. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { record, withCluster } from './helpers/cluster.mjs'
import { request } from './helpers/connection.mjs'
import { KINDS, nameAt, withOpens } from './helpers/opens.mjs'
import { freePort } from './helpers/processes.mjs'
import { eventually, waitFor, within } from './helpers/wait.mjs'

/** The error with which a start fails. */
const failure = cluster =>
  within(
    cluster.start().then(
      () => assert.fail('the cluster started'),
      error => error,
    ),
    'the end of the start',
  )

for (const kind of KINDS) {
  test(`${kind}: a server on all addresses, opened before the public one, stays what it is`, () =>
    withOpens(
      {
        workers: 1,
        servers: port => [
          { name: 'internal', kind, port: 0 },
          { name: 'app', kind, port },
        ],
      },
      async (cluster, { port }) => {
        await cluster.start()
        assert.equal(await nameAt(port), 'app')
        const { internal } = (await request(port, '/address')).json()
        assert.equal(await nameAt(internal.port), 'internal')
        const names = new Set()
        let done = false
        const load = (async () => {
          while (!done) names.add(await nameAt(port))
        })()
        await cluster.restart()
        const exits = waitFor(cluster, 'worker:exit')
        await request(port, '/exit').catch(() => {})
        await exits
        await eventually(async () => (await nameAt(port)) === 'app', 'the worker that took the place')
        done = true
        await load
        assert.equal(names.has('internal'), false)
      },
    ))

  test(`${kind}: exec.port says which server is public, also one of this machine only`, async () => {
    const [app, other] = [await freePort(1), await freePort(1)]
    await withOpens(
      {
        workers: 1,
        exec: { port: app },
        servers: [
          { name: 'other', kind, port: other },
          { name: 'app', kind, port: app, host: '127.0.0.1' },
        ],
      },
      async (cluster, { port }) => {
        await cluster.start()
        assert.equal(await nameAt(port), 'app')
        assert.equal(await nameAt(port, '127.0.0.2'), 'ECONNREFUSED')
      },
    )
  })

  test(`${kind}: so does PORT of the environment`, async () => {
    const [app, other] = [await freePort(1), await freePort(1)]
    const servers = [
      { name: 'other', kind, port: other },
      { name: 'app', kind, port: '$PORT' },
    ]
    await withOpens({ workers: 1, env: { PORT: String(app) }, servers }, async (cluster, { port }) => {
      await cluster.start()
      assert.equal(await nameAt(port), 'app')
    })
  })

  test(`${kind}: and WORKER_PORT`, async () => {
    const servers = [
      { name: 'other', kind, port: await freePort(1) },
      { name: 'app', kind, port: '$WORKER_PORT' },
    ]
    await withOpens({ workers: 1, servers }, async (cluster, { port }) => {
      await cluster.start()
      assert.equal(await nameAt(port), 'app')
    })
  })

  test(`${kind}: the only server that others can reach is public when the app says ready`, async () => {
    const servers = [
      { name: 'internal', kind, port: await freePort(1), host: '127.0.0.1' },
      { name: 'app', kind, port: await freePort(1) },
      'ready',
    ]
    await withOpens({ workers: 1, servers }, async (cluster, { port }) => {
      await cluster.start()
      assert.equal(await nameAt(port), 'app')
    })
  })

  test(`${kind}: one of several is not guessed: the error lists them`, async () => {
    const [first, second] = [await freePort(1), await freePort(1)]
    const servers = [
      { name: 'first', kind, port: first },
      { name: 'second', kind, port: second, host: '0.0.0.0' },
      'ready',
    ]
    await withOpens({ workers: 1, servers }, async (cluster, { port }) => {
      const error = await failure(cluster)
      assert.equal(error.name, 'WorkerStartupError')
      assert.equal(error.code, 'ERR_WORKER_PUBLIC_SERVER')
      const text = `public port ${port}; it opened port ${first} (http), 0.0.0.0:${second} (http)`
      assert.ok(error.message.includes(text), error.message)
      assert.match(error.message, new RegExp(`exec\\.port: ${first}`))
      assert.deepEqual(error.details.servers, [
        { host: null, port: first, protocol: 'http' },
        { host: '0.0.0.0', port: second, protocol: 'http' },
      ])
    })
  })

  test(`${kind}: an app that never asks for the public port does not start: the error lists its servers`, async () => {
    const servers = [{ name: 'app', kind, port: await freePort(1) }]
    const processManagement = { startupTimeout: 3_000 }
    await withOpens({ workers: 1, servers, processManagement }, async cluster => {
      const error = await failure(cluster)
      assert.equal(error.code, 'ERR_WORKER_STARTUP_TIMEOUT')
      assert.match(error.message, new RegExp(`it opened port ${servers[0].port} \\(http\\)`))
      assert.match(error.message, /set exec\.port/)
      assert.deepEqual(error.details.servers, [{ host: null, port: servers[0].port, protocol: 'http' }])
    })
  })
}

test('a worker that waits with other servers open warns once', async () => {
  const servers = [{ name: 'app', port: await freePort(1) }]
  const processManagement = { startupTimeout: 8_000 }
  await withOpens({ workers: 1, servers, processManagement }, async cluster => {
    const error = await failure(cluster)
    const warnings = error.details.stderr.filter(line => line.includes('XYPRISS_CLUSTER_PORT'))
    assert.equal(warnings.length, 1)
    assert.match(warnings[0], new RegExp(`it opened port ${servers[0].port} \\(http\\).* set exec\\.port`))
  })
})

test('with a port that the cluster chose, the first server that others can reach is public', () => {
  const servers = [
    { name: 'internal', port: 0, host: '127.0.0.1' },
    { name: 'app', port: 3000 },
  ]
  return withOpens({ workers: 1, port: 0, servers }, async cluster => {
    await cluster.start()
    assert.equal(await nameAt(cluster.port), 'app')
  })
})

test('an app that is ready without a server, and opens one later, gets requests then', () => {
  const servers = port => ['ready', { name: 'app', port }]
  return withOpens({ workers: 1, servers }, async (cluster, { port }) => {
    await cluster.start()
    await eventually(async () => (await nameAt(port)) === 'app', 'the public port')
  })
})

test('a change of exec.port replaces the workers', async () => {
  const [first, second] = [await freePort(1), await freePort(1)]
  const servers = [
    { name: 'first', port: first, host: '127.0.0.1' },
    { name: 'second', port: second, host: '127.0.0.1' },
  ]
  await withOpens({ workers: 1, exec: { port: first }, servers }, async (cluster, { port }) => {
    await cluster.start()
    const events = record(cluster)
    assert.equal(await nameAt(port), 'first')
    await cluster.stop()
    await cluster.updateConfig({ exec: { port: second } })
    await cluster.start()
    assert.equal(await nameAt(port), 'second')
    assert.ok(events.some(({ name }) => name === 'worker:started'))
  })
})

test('exec.port is checked', async () => {
  for (const port of [0, 65_536, 1.5, '3000']) {
    await assert.rejects(
      withCluster({ exec: { port } }, () => {}),
      { code: 'ERR_CONFIGURATION', message: /exec\.port/ },
    )
  }
})
