/** The decisions of the adapter for XyPriss, without a process. */
import assert from 'node:assert/strict'
import { createRequire } from 'node:module'
import { test } from 'node:test'

const require = createRequire(import.meta.url)
const { partOf } = require('../dist/xypriss/switches.js')
const { forWorker, publicPort, sectionOf, unclustered } = require('../dist/xypriss/options.js')
const { Roster } = require('../dist/xypriss/roster.js')
const { logSettings } = require('../dist/xypriss/log.js')
const { passOn, received } = require('../dist/xypriss/events.js')
const { releaseSignals } = require('../dist/xypriss/signals.js')
const { WorkerStartupError } = require('../dist/errors.js')

const on = { cluster: { enabled: true } }

test('an app is clustered when its options enable it and nothing forbids it', () => {
  const multi = { ...on, multiServer: { enabled: true, servers: [{}] } }
  const cases = [
    // Options, environment, whether a master of ours started this process, and what it is.
    [undefined, {}, false, 'plain'],
    [{}, {}, false, 'plain'],
    [null, {}, false, 'plain'],
    [{ cluster: { enabled: false } }, {}, false, 'plain'],
    [{ cluster: { config: { workers: 2 } } }, {}, false, 'plain'],
    [{ cluster: { enabled: 'true' } }, {}, false, 'plain'],
    [{ cluster: { enabled: false } }, {}, true, 'plain'],
    [on, {}, false, 'master'],
    [on, { CLUSTER_MODE: 'false' }, false, 'master'],
    [on, { CLUSTER_MODE: 'true' }, true, 'worker'],
    [on, { CLUSTER_MODE: 'true' }, false, 'off'],
    [on, { DISABLE_CLUSTERING: 'true' }, false, 'off'],
    [on, { SINGLE_PROCESS: 'true' }, false, 'off'],
    [on, { DISABLE_CLUSTERING: 'false', SINGLE_PROCESS: '' }, false, 'master'],
    [multi, {}, false, 'off'],
    [{ ...on, multiServer: { enabled: false, servers: [{}] } }, {}, false, 'master'],
  ]
  for (const [options, env, isOurs, part] of cases) {
    assert.equal(partOf(options, env, isOurs), part, JSON.stringify([options, env, isOurs]))
  }
})

test('options are passed on as they are, but for the cluster, and in a worker the port', () => {
  const key = Symbol('key')
  const given = {
    server: { port: 80, host: '0.0.0.0' },
    cluster: { enabled: true, config: { workers: 3 } },
    cache: new Map(),
    filter: /x/,
    handler() {},
    [key]: 1,
  }
  const before = structuredClone({ server: given.server, cluster: given.cluster })
  for (const changed of [unclustered(given), forWorker(given, 8086)]) {
    assert.deepEqual(changed.cluster, { enabled: false, config: { workers: 3 } })
    for (const name of ['cache', 'filter', 'handler', key]) assert.equal(changed[name], given[name])
  }
  assert.deepEqual(unclustered(given).server, given.server)
  assert.deepEqual(forWorker(given, 8086).server, { port: 8086, host: '0.0.0.0' })
  assert.deepEqual(forWorker({ cluster: { enabled: true } }, 8086).server, { port: 8086 })
  assert.deepEqual({ server: given.server, cluster: given.cluster }, before, 'what was given is not changed')
})

test('workers watch no files', () => {
  const watched = { ...on, fileWatcher: { enabled: true, watchPaths: ['.'] } }
  assert.deepEqual(forWorker(watched, 1).fileWatcher, { enabled: false, watchPaths: ['.'] })
  assert.equal('fileWatcher' in forWorker(on, 1), false)
})

test('the public port is that of start(), of the options, of PORT, or 8085', () => {
  assert.equal(publicPort(1, { server: { port: 2 } }, { PORT: '3' }), 1)
  assert.equal(publicPort(undefined, { server: { port: 2 } }, { PORT: '3' }), 2)
  assert.equal(publicPort(0, { server: {} }, { PORT: '3' }), 3)
  assert.equal(publicPort(undefined, {}, {}), 8085)
})

test('the configuration of the cluster is what is under cluster.config, without fallback', () => {
  const read = config => sectionOf({ cluster: { enabled: true, config } })
  const mark = { env: { XYPRISS_CLUSTER_APP: 'true' } }
  assert.deepEqual(read(undefined), { config: { exec: mark }, fallback: false })
  const short = { autoRestart: true, maxRestarts: 5, healthCheckInterval: 30_000 }
  assert.deepEqual(read({ ...short, fallback: true }), { config: { ...short, exec: mark }, fallback: true })
  const exec = { script: 'a.mjs', env: { A: '1' } }
  assert.deepEqual(read({ exec }).config.exec, {
    script: 'a.mjs',
    env: { A: '1', XYPRISS_CLUSTER_APP: 'true' },
  })
  assert.deepEqual(exec, { script: 'a.mjs', env: { A: '1' } })
  // What it cannot be is left for the core to refuse.
  for (const wrong of [7, 'x', [1]]) {
    assert.deepEqual(read(wrong).config, wrong)
    assert.deepEqual(read({ exec: wrong }).config.exec, wrong)
    assert.deepEqual(read({ exec: { env: wrong } }).config.exec, { env: wrong })
  }
  for (const fallback of ['yes', 1, null, {}]) {
    assert.throws(() => read({ fallback }), {
      code: 'ERR_CONFIGURATION',
      message: /fallback: must be true or false/,
    })
  }
})

test('the logging section decides what is said', () => {
  const heard = logging => [...logSettings(logging).heard].sort().join(' ')
  const cases = [
    [undefined, 'error info warn'],
    [{}, 'error info warn'],
    [{ enabled: false }, ''],
    [{ level: 'silent' }, ''],
    [{ components: { cluster: false } }, ''],
    [{ components: { cluster: true } }, 'error info warn'],
    [{ enabled: true, types: { debug: true }, components: { cluster: true } }, 'debug error info warn'],
    [{ types: { debug: true }, components: { cluster: false } }, ''],
    [{ level: 'debug' }, 'debug error info warn'],
    [{ level: 'verbose', types: { debug: false } }, 'error info warn'],
    [{ level: 'warn' }, 'error warn'],
    [{ level: 'error' }, 'error'],
    [{ level: 'what' }, 'error info warn'],
    [{ types: { errors: false, warnings: false } }, 'info'],
    [{ componentLevels: { cluster: 'error' } }, 'error'],
    [{ level: 'error', componentLevels: { cluster: { level: 'debug' } } }, 'debug error info warn'],
    [{ componentLevels: { cluster: { enabled: false } } }, ''],
  ]
  for (const [logging, expected] of cases) assert.equal(heard(logging), expected, JSON.stringify(logging))
  const custom = () => {}
  assert.equal(logSettings({ customLogger: custom }).custom, custom)
  assert.equal(logSettings({ customLogger: 'x' }).custom, undefined)
})

test('the roster is a copy, and asks for news once when it is old', () => {
  const roster = new Roster()
  assert.deepEqual(roster.list(), [])
  assert.equal(roster.wantsNews(0), true, 'nothing was told yet')
  const told = [{ id: 'worker-1', health: { status: 'healthy' } }]
  roster.update(told, 5_000)
  const copy = roster.list()
  assert.deepEqual(copy, told)
  copy[0].health.status = 'changed'
  assert.deepEqual(roster.list(), [{ id: 'worker-1', health: { status: 'healthy' } }])
  assert.equal(roster.wantsNews(5_999), false)
  assert.equal(roster.wantsNews(6_000), true)
  assert.equal(roster.wantsNews(6_001), false, 'it was asked for')
})

test('an event arrives as it was, its error of its class', () => {
  const travel = (name, args) => received(JSON.parse(JSON.stringify(passOn(name, args))))
  const exit = { workerId: 'worker-1', pid: 7, exitCode: 1, signal: null, reason: 'ended', timestamp: 1 }
  assert.deepEqual(travel('worker:exit', [exit]), [exit])
  const error = new WorkerStartupError('no', 'ERR_WORKER_CRASH_LOOP', { workerId: 'worker-1' })
  const [data] = travel('worker:error', [{ workerId: 'worker-1', error, timestamp: 1 }])
  assert.equal(data.error instanceof WorkerStartupError, true)
  assert.deepEqual(
    [data.error.message, data.error.code, data.error.details],
    ['no', 'ERR_WORKER_CRASH_LOOP', { workerId: 'worker-1' }],
  )
})

test('of the listeners of signals, only those of XyPriss are taken, and they come back in their place', () => {
  function handleGracefulShutdown() {
    return 'Shutting down XyPrissSecurity CS gracefully...'
  }
  const others = [() => 'XyPrissSecurity CS', { handleGracefulShutdown: () => 'mine' }.handleGracefulShutdown]
  const before = process.listeners('SIGTERM')
  for (const listener of [handleGracefulShutdown, ...others]) process.on('SIGTERM', listener)
  try {
    const putBack = releaseSignals()
    assert.deepEqual(process.listeners('SIGTERM'), [...before, ...others])
    putBack()
    assert.deepEqual(process.listeners('SIGTERM'), [handleGracefulShutdown, ...before, ...others])
    putBack()
    assert.equal(process.listenerCount('SIGTERM'), before.length + 3, 'once is enough')
  } finally {
    for (const listener of [handleGracefulShutdown, ...others]) process.off('SIGTERM', listener)
  }
})
