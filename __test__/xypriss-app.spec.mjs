/** Apps of the adapter, with a framework of our own in XyPriss's place. */
import assert from 'node:assert/strict'
import { createRequire } from 'node:module'
import { test } from 'node:test'
import { withCluster as adapted, createServer } from 'xypriss-cluster/xypriss'
import { withCluster } from './helpers/cluster.mjs'
import { request } from './helpers/connection.mjs'
import { alive, freePort, isFree } from './helpers/processes.mjs'
import { eventually } from './helpers/wait.mjs'
import { clustered, withApp } from './helpers/xypriss.mjs'

const METHODS = [
  'autoScale',
  'broadcastToWorkers',
  'getAllWorkers',
  'getClusterHealth',
  'getClusterMetrics',
  'getOptimalWorkerCount',
  'off',
  'on',
  'once',
  'restartCluster',
  'scaleDown',
  'scaleUp',
  'sendToRandomWorker',
  'stopCluster',
]

/** Run `body` with an app that has started. */
function withStarted(settings, body) {
  return withApp(settings, async app => {
    const started = await app.report('started')
    await body(app, started)
  })
}

const serving = (workers, count) =>
  workers.length === count && workers.every(({ status }) => status === 'running')

test('the same script is the master and every worker, and start() calls back once', () =>
  withStarted({ options: clustered() }, async (app, started) => {
    assert.deepEqual([started.callbacks, started.server], [1, false])
    const { methods, options, env } = await app.ask('facts')
    for (const method of METHODS) assert.ok(methods.includes(method), method)
    assert.equal(String(options.server.port), env.WORKER_PORT)
    assert.equal(options.cluster.enabled, false)
    assert.deepEqual([env.CLUSTER_MODE, env.XYPRISS_CLUSTER_APP], ['true', undefined])
    const master = await app.tell('facts')
    for (const method of METHODS) assert.ok(master.methods.includes(method), method)
    assert.deepEqual([master.options.server.port, master.options.cluster.enabled], [app.port, false])
    assert.equal(app.processes().length, 3)
  }))

test('the master answers for every worker', () =>
  withStarted({ options: clustered() }, async app => {
    const metrics = await app.ask('call', { method: 'getClusterMetrics' })
    assert.deepEqual([metrics.result.totalWorkers, metrics.result.activeWorkers], [2, 2])
    const health = await app.ask('call', { method: 'getClusterHealth' })
    assert.equal(health.result.healthy, true)
    const workers = await eventually(async () => {
      const answer = await app.ask('call', { method: 'getAllWorkers' })
      return serving(answer.result, 2) && answer
    }, 'a roster with both')
    assert.deepEqual(workers.result.map(({ id }) => id).sort(), ['worker-1', 'worker-2'])
    assert.ok(workers.result.some(({ pid }) => pid === workers.pid))
    for (const { pid, status, health, restarts, startTime, port } of workers.result) {
      assert.ok(alive(pid))
      assert.deepEqual([status, health.status, restarts], ['running', 'healthy', 0])
      assert.ok(startTime > 0 && port > app.port)
    }
    const optimal = await app.ask('call', { method: 'getOptimalWorkerCount' })
    assert.ok(optimal.result >= 1)
    const decision = await app.ask('call', { method: 'autoScale' })
    assert.ok(['up', 'down', 'hold'].includes(decision.result.action))
    assert.deepEqual((await app.tell('call', { method: 'getOptimalWorkerCount' })).result, optimal.result)
  }))

test('a worker scales the cluster, and every worker learns of it', () =>
  withStarted({ options: clustered() }, async app => {
    assert.equal((await app.ask('call', { method: 'scaleUp', args: [2] })).error, undefined)
    const seen = new Set()
    await eventually(async () => {
      const { worker, result } = await app.ask('call', { method: 'getAllWorkers' })
      if (serving(result, 4)) seen.add(worker)
      return seen.size === 4
    }, 'a roster of four in every worker')
    const { error } = await app.ask('call', { method: 'scaleUp', args: [100_000] })
    assert.deepEqual([error.code, error.class], ['ERR_INVALID_WORKER_COUNT', 'ConfigurationError'])
  }))

test('a worker that takes itself away is answered and answers', () =>
  withStarted({ options: clustered() }, async app => {
    // The youngest goes.
    const { error } = await app.askOnly('worker-2', 'call', { method: 'scaleDown' })
    assert.equal(error, undefined)
    await eventually(
      async () => serving((await app.tell('call', { method: 'getAllWorkers' })).result, 1),
      'one worker',
    )
    const last = await app.ask('call', { method: 'scaleDown' })
    assert.deepEqual([last.worker, last.error.code], ['worker-1', 'ERR_INVALID_WORKER_COUNT'])
  }))

test('a worker that has all workers replaced is answered and answers', () =>
  withStarted({ options: clustered() }, async app => {
    const before = (await app.tell('call', { method: 'getAllWorkers' })).result.map(({ pid }) => pid)
    const answers = await Promise.all([1, 2].map(() => app.ask('call', { method: 'restartCluster' })))
    for (const { error } of answers) assert.equal(error, undefined)
    await eventually(async () => {
      const { result } = await app.tell('call', { method: 'getAllWorkers' })
      return serving(result, 2) && !result.some(({ pid }) => before.includes(pid))
    }, 'successors of both')
    for (const pid of before) await eventually(() => !alive(pid), `the end of ${pid}`)
  }))

test('workers that want different things at once wait for each other, and not for ever', () =>
  withStarted({ options: clustered() }, async app => {
    const answers = await Promise.all([
      app.askOnly('worker-1', 'call', { method: 'restartCluster' }),
      app.askOnly('worker-2', 'call', { method: 'scaleUp' }),
      app.askOnly('worker-1', 'call', { method: 'scaleUp' }),
      app.askOnly('worker-2', 'call', { method: 'restartCluster' }),
    ])
    for (const { error } of answers) assert.equal(error, undefined)
    await eventually(
      async () => serving((await app.tell('call', { method: 'getAllWorkers' })).result, 4),
      'four workers',
    )
  }))

for (const graceful of [true, false]) {
  test(`a worker that stops the cluster, graceful ${graceful}, is answered and answers`, () =>
    withStarted({ options: clustered() }, async app => {
      const { error } = await app.ask('call', { method: 'stopCluster', args: [graceful] })
      assert.equal(error, undefined)
      await eventually(() => app.processes().length === 1, 'the end of all workers')
      await eventually(
        async () => (await app.tell('call', { method: 'getAllWorkers' })).result.length === 0,
        'the end of the cluster',
      )
    }))
}

test('events reach the master, and the workers that listen', () =>
  withStarted({ options: clustered() }, async app => {
    const listening = new Set()
    while (listening.size < 2) listening.add((await app.ask('listen', { event: 'worker:exit' })).worker)
    await app.tell('listen', { event: 'worker:exit' })
    const { result } = await app.tell('call', { method: 'getAllWorkers' })
    process.kill(result[0].pid, 'SIGKILL')
    const fits = ({ event, pid, signal }) =>
      event === 'worker:exit' && pid === result[0].pid && signal === 'SIGKILL'
    await eventually(async () => (await app.tell('heard')).heard.some(fits), 'the exit in the master')
    await eventually(async () => {
      const { pid, heard } = await app.ask('heard')
      return pid === result[1].pid && heard.some(fits)
    }, 'the exit in the other worker')
  }))

test('a message of the app reaches all workers, or one', () =>
  withStarted({ options: clustered() }, async app => {
    const listening = new Set()
    while (listening.size < 2) listening.add((await app.ask('messages')).worker)
    const { result } = await app.ask('call', {
      method: 'broadcastToWorkers',
      args: [{ type: 'reload', what: 1 }],
    })
    assert.deepEqual(
      result.map(({ success }) => success),
      [true, true],
    )
    const one = await app.tell('call', { method: 'sendToRandomWorker', args: [{ type: 'one' }] })
    assert.equal(one.error, undefined)
    const heard = new Map()
    while (heard.size < 2) {
      const { worker, heard: messages } = await app.ask('heard')
      heard.set(
        worker,
        messages.map(({ message }) => message.type),
      )
    }
    const all = [...heard.values()]
    for (const types of all) assert.equal(types.filter(type => type === 'reload').length, 1)
    assert.equal(all.flat().filter(type => type === 'one').length, 1)
  }))

test('a start that fails says that it is the cluster', () =>
  withApp({ options: clustered({}, { failing: true }) }, async app => {
    const { message, code, callbacks } = await app.report('failed')
    assert.match(message, /the cluster did not start: .*worker-\d/)
    assert.match(message, /nothing to serve/)
    assert.deepEqual([code, callbacks], ['ERR_WORKER_STARTUP_EXIT', 0])
  }))

test('a start that fails goes on in one process if it may', () =>
  withApp(
    { options: clustered({ fallback: true, exec: { env: { FAILING: '1' }, script: 'gone.mjs' } }) },
    async app => {
      const started = await app.report('started')
      assert.deepEqual([started.callbacks, started.server], [1, true])
      const { pid, worker } = await app.ask('facts')
      assert.deepEqual([pid, worker], [started.pid, null])
      assert.deepEqual((await app.ask('call', { method: 'getAllWorkers' })).result, [])
      assert.equal((await app.ask('call', { method: 'scaleUp' })).error.code, 'ERR_CLUSTER_NOT_RUNNING')
      assert.equal((await app.ask('call', { method: 'stopCluster' })).error, undefined)
    },
  ))

const PLAIN = [
  ['enabled: false', { cluster: { enabled: false, config: { workers: 2 } } }, {}],
  ['DISABLE_CLUSTERING', clustered(), { DISABLE_CLUSTERING: 'true' }],
  ['SINGLE_PROCESS', clustered(), { SINGLE_PROCESS: 'true' }],
  ['the worker of somebody else', clustered(), { CLUSTER_MODE: 'true' }],
]
for (const [name, options, env] of PLAIN) {
  test(`${name}: the app is the framework's alone`, () =>
    withStarted({ options, env }, async (app, started) => {
      assert.deepEqual([started.callbacks, started.server], [1, true])
      const { methods, addon, pid } = await app.ask('facts')
      assert.deepEqual(methods.sort(), ['get', 'start'])
      assert.deepEqual([addon, pid], [false, started.pid])
      assert.equal(app.processes().length, 1)
    }))
}

test('the port of start() goes before that of the options', async () => {
  const other = await freePort(1)
  await withStarted(
    { options: { ...clustered(), server: { port: other } }, port: await freePort(8) },
    async app => {
      assert.equal((await app.ask('facts')).options.server.port > 0, true)
      assert.equal(await isFree(other), true)
    },
  )
})

test('the worker of a cluster that is no such app serves, and says whom to ask', () =>
  withCluster(
    { app: 'xypriss/app.mjs', exec: { args: [JSON.stringify({ options: clustered() })] } },
    async cluster => {
      const ask = async path => (await request(cluster.port, path)).json()
      assert.equal((await ask('/facts')).env.CLUSTER_MODE, 'true')
      for (const method of ['getAllWorkers', 'getClusterMetrics']) {
        assert.equal((await ask(`/call?method=${method}`)).error.code, 'ERR_NO_MASTER')
      }
    },
  ))

test('several servers in one app are not clustered, and a warning says so', async () => {
  const warnings = []
  const listener = ({ code }) => warnings.push(code)
  process.on('warning', listener)
  try {
    const createServer = options => ({ options })
    const app = adapted(createServer)({ ...clustered(), multiServer: { enabled: true, servers: [{}] } })
    assert.equal(app.options.cluster.enabled, false)
    assert.equal(app.scaleUp, undefined)
    await eventually(() => warnings.includes('XYPRISS_CLUSTER_MULTI_SERVER'), 'the warning')
  } finally {
    process.off('warning', listener)
  }
})

test('XyPriss that is not installed is missed by the first app, not before', () => {
  assert.throws(() => createServer({}), { code: 'ERR_XYPRISS_NOT_FOUND', message: /not installed/ })
  const { createServer: required } = createRequire(import.meta.url)('xypriss-cluster/xypriss')
  assert.throws(() => required({}), { code: 'ERR_XYPRISS_NOT_FOUND' })
})

test('a configuration that cannot be used is refused before anything starts', () => {
  const createServer = () => assert.fail('XyPriss was called')
  const app = config => adapted(createServer)({ cluster: { enabled: true, config } })
  assert.throws(() => app({ workers: 0 }), { code: 'ERR_CONFIGURATION', message: /workers/ })
  assert.throws(() => app({ wrokers: 2 }), { code: 'ERR_CONFIGURATION', message: /wrokers.*workers/s })
  assert.throws(() => app({ fallback: 'yes' }), { code: 'ERR_CONFIGURATION', message: /fallback/ })
  assert.throws(() => app(7), { code: 'ERR_CONFIGURATION' })
  assert.throws(() => adapted('xypriss'), TypeError)
})

test('the short forms of the documents are taken', () => {
  const createServer = () => ({ start() {} })
  const config = { workers: 'auto', autoRestart: true, maxRestarts: 5, healthCheckInterval: 30_000 }
  const app = adapted(createServer)({ cluster: { enabled: true, config } })
  assert.deepEqual(app.getAllWorkers(), [])
})

test('listeners of other events stay with the app', () => {
  const own = []
  const createServer = () => ({ start() {}, on: (...args) => own.push(args) })
  const app = adapted(createServer)({ cluster: { enabled: true } })
  const listener = () => {}
  app.on('request', listener)
  assert.equal(app.on('worker:exit', listener), app)
  assert.deepEqual(own, [['request', listener]])
})

test('two clustered apps in one script are refused', () =>
  withApp({ options: clustered(), twice: 1 }, async app => {
    assert.match((await app.report('failed')).message, /another clustered app runs in this process/)
  }))

test('a handler of SIGINT that stops the cluster ends with 0', () =>
  withStarted({ options: clustered(), stopsBy: ['SIGINT', 'SIGTERM'] }, async app => {
    app.kill('SIGINT')
    assert.deepEqual(await app.end(), { code: 0, signal: null })
  }))

test('a worker whose handler of SIGTERM stops the cluster leaves alone', () =>
  withStarted({ options: clustered(), stopsBy: ['SIGINT', 'SIGTERM'] }, async app => {
    const workers = async () => (await app.tell('call', { method: 'getAllWorkers' })).result
    const before = await workers()
    // Told by its master, and by somebody else.
    assert.equal((await app.tell('call', { method: 'restartCluster' })).error, undefined)
    const between = await workers()
    assert.ok(serving(between, 2))
    for (const { pid } of before) assert.ok(!between.some(worker => worker.pid === pid))
    process.kill(between[0].pid, 'SIGTERM')
    await eventually(async () => {
      const now = await workers()
      return serving(now, 2) && now[0].pid !== between[0].pid
    }, 'a new worker')
    assert.equal((await workers())[1].pid, between[1].pid)
  }))

test('without a channel for messages a worker says what is missing', () =>
  withStarted({ options: clustered({ ipc: { enabled: false } }) }, async app => {
    for (const method of ['getAllWorkers', 'getClusterMetrics', 'stopCluster']) {
      assert.equal((await app.ask('call', { method })).error.code, 'ERR_IPC_DISABLED', method)
    }
    assert.equal((await app.tell('call', { method: 'getAllWorkers' })).result.length, 2)
  }))
