/** Every port that the workers of an app ask for is balanced: at the start, in a restart, after a crash. */
import assert from 'node:assert/strict'
import net from 'node:net'
import { test } from 'node:test'
import { connectionText, request } from './helpers/connection.mjs'
import { KINDS, nameAt, withOpens } from './helpers/opens.mjs'
import { freePort, isFree } from './helpers/processes.mjs'
import { underLoad } from './helpers/under-load.mjs'
import { eventually, waitFor } from './helpers/wait.mjs'

/** The workers that answer at `port`, in `count` requests. */
async function workersAt(port, count = 4) {
  const workers = new Set()
  for (let sent = 0; sent < count; sent += 1) workers.add((await request(port)).text.split(' ')[1])
  return [...workers].sort()
}

for (const kind of KINDS) {
  test(`${kind}: two ports are balanced over both workers, and one of this machine stays that`, async () => {
    const [metrics, admin] = [await freePort(1), await freePort(1)]
    const servers = port => [
      { name: 'metrics', kind, port: metrics },
      { name: 'admin', kind, port: admin, host: '127.0.0.1' },
      { name: 'app', kind, port },
    ]
    await withOpens({ servers }, async (cluster, { port }) => {
      await cluster.start()
      for (const [at, name] of [
        [port, 'app'],
        [metrics, 'metrics'],
        [admin, 'admin'],
      ]) {
        assert.equal(await nameAt(at), name)
        assert.deepEqual(await workersAt(at), ['worker-1', 'worker-2'])
      }
      assert.equal(await nameAt(metrics, '127.0.0.2'), 'metrics')
      assert.equal(await nameAt(admin, '127.0.0.2'), 'ECONNREFUSED')
      assert.ok((await cluster.getMetrics()).totalRequests >= 15, 'requests at every port count')
      await cluster.stop()
      for (const at of [metrics, admin]) assert.equal(await isFree(at), true)
    })
  })

  test(`${kind}: a restart under load loses no request at any port`, async () => {
    const metrics = await freePort(1)
    const servers = port => [
      { name: 'metrics', kind, port: metrics },
      { name: 'app', kind, port },
    ]
    await withOpens({ servers }, async (cluster, { port }) => {
      await cluster.start()
      const load = [port, metrics].map(at => ({ port: at, connections: 4, pause: 10 }))
      const { ok, failed } = await underLoad(load, () => cluster.restart())
      assert.deepEqual(failed, [])
      assert.ok(ok > 20, `only ${ok} requests: that is no load`)
      assert.equal(await nameAt(metrics), 'metrics')
    })
  })

  test(`${kind}: a worker that is started again after a crash is behind every port again`, async () => {
    const metrics = await freePort(1)
    const servers = port => [
      { name: 'metrics', kind, port: metrics },
      { name: 'app', kind, port },
    ]
    const processManagement = { restartDelay: 0 }
    await withOpens({ servers, workers: 1, processManagement }, async (cluster, { port }) => {
      await cluster.start()
      const again = waitFor(cluster, 'worker:started')
      process.kill(cluster.getWorkers()[0].pid, 'SIGKILL')
      // In the gap, clients wait.
      assert.equal(await nameAt(metrics), 'metrics')
      await again
      assert.equal(await nameAt(port), 'app')
    })
  })

  test(`${kind}: a port that another process has fails as it does alone`, async () => {
    const taken = await freePort(1)
    const holder = net.createServer()
    await new Promise(resolve => holder.listen(taken, resolve))
    const servers = port => [
      { name: 'taken', kind, port: taken },
      { name: 'app', kind, port },
    ]
    try {
      await withOpens({ servers, workers: 1 }, async (cluster, { port }) => {
        await cluster.start()
        const { taken: failure } = (await request(port, '/address')).json()
        assert.equal(failure.code, 'EADDRINUSE')
        assert.equal(failure.syscall, 'listen')
      })
    } finally {
      holder.close()
    }
  })

  test(`${kind}: servers say what the app asked for`, async () => {
    const metrics = await freePort(1)
    const servers = port => [
      { name: 'metrics', kind, port: metrics, host: '127.0.0.1' },
      { name: 'app', kind, port },
    ]
    await withOpens({ servers, workers: 1 }, async (cluster, { port }) => {
      await cluster.start()
      const told = (await request(port, '/address')).json()
      assert.equal(told.metrics.port, metrics)
      assert.equal(told.app.port, port)
      if (kind === 'serve') {
        assert.equal(told.metrics.hostname, '127.0.0.1')
        assert.equal(told.metrics.url, `http://127.0.0.1:${metrics}/`)
        assert.equal(told.app.url, `http://localhost:${port}/`)
        assert.deepEqual(told.app.address, { address: '::', family: 'IPv6', port })
      } else {
        assert.deepEqual(told.metrics, { address: '127.0.0.1', family: 'IPv4', port: metrics })
        assert.deepEqual(told.app, { address: '::', family: 'IPv6', port })
      }
    })
  })

  test(`${kind}: the port that only a ready app's one server asked for stays open beside the public one`, async () => {
    const own = await freePort(1)
    await withOpens({ servers: [{ name: 'app', kind, port: own }, 'ready'] }, async (cluster, { port }) => {
      await cluster.start()
      for (const at of [port, own]) assert.deepEqual(await workersAt(at), ['worker-1', 'worker-2'])
    })
  })

  test(`${kind}: a guess that was wrong gets the port that it asked for`, async () => {
    const own = await freePort(1)
    const servers = [
      { name: 'other', kind, port: own },
      { name: 'app', kind, port: '$WORKER_PORT' },
    ]
    await withOpens({ servers, port: 0 }, async cluster => {
      await cluster.start()
      await eventually(async () => (await nameAt(cluster.port)) === 'app', 'the public server')
      // Each worker opens it again by itself, once it knows that its guess was wrong.
      await eventually(async () => (await workersAt(own)).length === 2, 'both workers at the other port')
      assert.equal(await nameAt(own), 'other')
    })
  })
}

for (const kind of [...KINDS, 'net']) {
  test(`${kind}: a private port is one of each worker, and another one for its successor`, async () => {
    const first = await freePort(8)
    const servers = port => [
      { name: 'own', kind, port: first },
      { name: 'app', port },
    ]
    const own = async () => {
      const texts = kind === 'net' ? connectionText : async at => (await request(at)).text
      const ports = Array.from({ length: 5 }, (_, index) => first + index)
      const found = await Promise.all(ports.map(at => texts(at).catch(() => undefined)))
      return found.map(text => text?.replace('own worker-', ''))
    }
    await withOpens({ servers, exec: { privatePorts: [first] } }, async (cluster, { port }) => {
      await cluster.start()
      assert.deepEqual(await own(), ['1', '2', undefined, undefined, undefined])
      assert.equal((await request(port, '/address')).json().app.port, port)
      await cluster.restartWorker('worker-1')
      assert.deepEqual(await own(), [undefined, '2', '1', undefined, undefined])
    })
  })
}

test('a port of plain sockets is balanced per connection', async () => {
  const plain = await freePort(1)
  const servers = port => [
    { name: 'plain', kind: 'net', port: plain },
    { name: 'app', port },
  ]
  await withOpens({ servers }, async cluster => {
    await cluster.start()
    const texts = new Set()
    for (let opened = 0; opened < 4; opened += 1) texts.add(await connectionText(plain))
    assert.deepEqual([...texts].sort(), ['plain worker-1', 'plain worker-2'])
  })
})

test('a port is closed when the last worker that asked for it is gone', async () => {
  const extra = await freePort(1)
  const servers = port => [
    { name: 'extra', port: extra, only: 'worker-2' },
    { name: 'app', port },
  ]
  await withOpens({ servers }, async cluster => {
    await cluster.start()
    assert.equal(await nameAt(extra), 'extra')
    await cluster.stopWorker('worker-2')
    await eventually(async () => (await nameAt(extra)) === 'ECONNREFUSED', 'the end of the port')
  })
})
