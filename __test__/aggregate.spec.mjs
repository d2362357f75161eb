/** The pages of the cluster as a whole, which a platform probes. */
import assert from 'node:assert/strict'
import net from 'node:net'
import { test } from 'node:test'
import { withCluster, withManager } from './helpers/cluster.mjs'
import { Connection, request } from './helpers/connection.mjs'
import { freePort, isFree } from './helpers/processes.mjs'
import { beginRequest } from './helpers/slow-request.mjs'
import { eventually, waitFor } from './helpers/wait.mjs'
import { withMaster } from './helpers/with-master.mjs'

/** A configuration with pages on a free port, and that port. */
async function probed(more = {}) {
  const port = await freePort(1)
  return { port, config: { healthCheck: { aggregate: { port, ...more } } } }
}

/** The status and body of both pages. */
async function pages(port) {
  const [live, ready] = await Promise.all(['/health/live', '/health/ready'].map(path => request(port, path)))
  return { live: [live.status, live.json()], ready: [ready.status, ready.json()] }
}

test('a cluster that serves is live and ready, and the routes of the app stay its own', async () => {
  const { port, config } = await probed()
  await withCluster({ app: 'sickly.mjs', ...config }, async cluster => {
    const { live, ready } = await pages(port)
    const common = {
      state: 'running',
      health: 'healthy',
      workers: { total: 2, healthy: 2, inRotation: 2 },
    }
    assert.deepEqual(live, [200, { status: 'live', ...common }])
    assert.deepEqual(ready, [200, { status: 'ready', ...common }])
    for (const path of ['/health/live', '/health/ready'])
      assert.match((await request(cluster.port, path)).json().worker, /^worker-\d$/)
    assert.equal((await request(port, '/')).status, 404)
    assert.equal((await request(port, '/health/live?verbose=1')).status, 200)
    const post = await request(port, '/health/live', { method: 'POST', body: 'x' })
    assert.deepEqual([post.status, post.headers.allow], [405, 'GET, HEAD'])
    const connection = await Connection.open(port)
    connection.sendHead('/health/ready', { method: 'HEAD' })
    const head = await connection.head()
    assert.deepEqual([head.status, head.headers['cache-control']], [200, 'no-store'])
    await connection.closed()
  })
  assert.equal(await isFree(port), true)
})

for (const [how, processManagement, status] of [
  ['while one is to come back, it is live', { restartDelay: 3_600_000 }, 200],
  ['where none will come back, it is not live', { respawn: false }, 503],
]) {
  test(`without a worker in rotation it is not ready; ${how}`, async () => {
    const { port, config } = await probed()
    await withCluster({ workers: 1, processManagement, ...config }, async cluster => {
      const critical = waitFor(cluster, 'health:changed', ({ status }) => status === 'critical')
      process.kill(cluster.getWorkerById('worker-1').pid, 'SIGKILL')
      await critical
      const { live, ready } = await pages(port)
      assert.equal(live[0], status)
      assert.deepEqual(
        [ready[0], ready[1].status, ready[1].health, ready[1].workers],
        [503, 'not ready', 'critical', { total: 1, healthy: 0, inRotation: 0 }],
      )
    })
  })
}

test('while it starts it is live and not ready, also by paths and an address of its own', async () => {
  const { port, config } = await probed({ host: '127.0.0.1', live: '/alive', ready: '/ready?not=read' })
  await assert.rejects(
    withManager({ ...config, healthCheck: { aggregate: { port, live: '/same', ready: '/same' } } }, () => {}),
    { code: 'ERR_CONFIGURATION' },
  )
  config.healthCheck.aggregate.ready = '/ready'
  await withManager({ app: 'never-listens.mjs', ...config }, async cluster => {
    const started = cluster.start().then(
      () => 'started',
      ({ code }) => code,
    )
    const alive = await eventually(() => request(port, '/alive').catch(() => null), 'the port of the pages')
    const ready = await request(port, '/ready')
    assert.deepEqual([alive.status, alive.json().state], [200, 'starting'])
    assert.deepEqual([ready.status, ready.json().status], [503, 'not ready'])
    await cluster.stop(false)
    assert.equal(await started, 'ERR_CLUSTER_STOPPED')
    assert.equal(await isFree(port), true)
  })
})

test('while it stops it is live until the last request is answered, and not ready', async () => {
  const { port, config } = await probed()
  await withCluster(config, async cluster => {
    const slow = await beginRequest(cluster.port)
    const stopping = cluster.stop()
    await eventually(async () => (await request(port, '/health/ready')).status === 503, 'a page that says so')
    for (let time = 0; time < 3; time += 1) {
      const { live, ready } = await pages(port)
      assert.deepEqual([live[0], live[1].state, ready[0]], [200, 'stopping', 503])
    }
    assert.equal(await slow.finish(), 'goodbye')
    await stopping
    assert.equal(await isFree(port), true)
  })
})

test('the pages are answered while the JavaScript of the master is blocked', async () => {
  const { port, config } = await probed()
  const own = { port: await freePort(), ...config }
  await withMaster('masters/blocks.mjs', own, async master => {
    master.kill('SIGUSR2')
    await master.report('blocked')
    const { live, ready } = await pages(port)
    assert.equal(
      master.lines.some(({ name }) => name === 'unblocked'),
      false,
      'answered while it was blocked',
    )
    assert.deepEqual([live[0], ready[0]], [200, 200])
  })
})

test('a port that is taken fails the start and leaves nothing; it is free again after a stop', async () => {
  const { port, config } = await probed()
  const holder = net.createServer().listen(port)
  await new Promise(resolve => holder.once('listening', resolve))
  await withManager(config, async cluster => {
    await assert.rejects(cluster.start(), { code: 'ERR_PORT_IN_USE' })
    await new Promise(resolve => holder.close(resolve))
    for (let time = 0; time < 2; time += 1) {
      await cluster.start()
      assert.equal((await pages(port)).ready[0], 200)
      await cluster.stop()
    }
  })
})
