/** Cluster managers from the factory, presets, recommendations, merging. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { test } from 'node:test'
import {
  BunClusterManager,
  ClusterFactory,
  ClusterState,
  ConfigurationError,
  createCluster,
  DEFAULT_VALUES,
  RobustClusterManager,
  WorkerState,
} from 'xypriss-cluster'
import { fixture, withCluster } from './helpers/cluster.mjs'
import { freePort } from './helpers/processes.mjs'

const ENVIRONMENTS = ['development', 'production', 'test']
const SERVERS = ['api', 'web', 'microservice', 'worker']
const factory = ClusterFactory.getInstance()

test('there is one factory, also for require', () => {
  assert.equal(ClusterFactory.getInstance(), factory)
  const cjs = createRequire(import.meta.url)('xypriss-cluster')
  assert.equal(cjs.ClusterFactory.getInstance(), factory)
  assert.ok(factory.createWithDefaults() instanceof cjs.RobustClusterManager)
  assert.equal(RobustClusterManager, BunClusterManager)
})

test('create() gives a manager that runs', async () => {
  const port = await freePort()
  const exec = { script: fixture('app.mjs'), args: [], execArgv: [], port: 3000 }
  const cluster = factory.create({ workers: 1, exec }, port)
  assert.ok(cluster instanceof BunClusterManager)
  try {
    const started = cluster.start()
    assert.ok(['initializing', 'starting'].includes(cluster.state), cluster.state)
    await started
    assert.equal(cluster.port, port)
  } finally {
    await cluster.stop(false)
  }
})

test('createWithDefaults(), createForEnvironment() and createCluster() give managers', () => {
  assert.equal(factory.createWithDefaults().getConfig().processManagement.maxRestarts, 3)
  for (const environment of ENVIRONMENTS) {
    const config = factory.createForEnvironment(environment, 0).getConfig()
    const preset = factory.getEnvironmentConfig(environment)
    assert.equal(config.processManagement.restartDelay, preset.processManagement.restartDelay ?? 2000)
  }
  assert.equal(createCluster({ workers: 3 }).getConfig().workers, 3)
  assert.throws(() => createCluster({ workers: 0 }), ConfigurationError)
  assert.throws(() => factory.create({}, 70_000), /basePort/)
})

test('every preset and recommendation can be used, alone and together', () => {
  const configs = [
    factory.getIntelligentDefaults(),
    ...ENVIRONMENTS.map(name => factory.getEnvironmentConfig(name)),
    ...SERVERS.map(name => factory.getRecommendedConfig(name)),
  ]
  for (const one of configs) {
    assert.deepEqual(factory.validateConfig(one), { valid: true, errors: [] })
    for (const other of configs) {
      assert.deepEqual(factory.validateConfig(factory.mergeConfigs(one, other)).errors, [])
    }
  }
})

test('recommendations follow the machine', () => {
  const { workers, resources } = factory.getRecommendedConfig('api')
  assert.ok(Number.isInteger(workers) && workers >= 1)
  assert.match(resources.maxMemoryPerWorker, /^\d+(MB|GB)$/)
  assert.ok(factory.getRecommendedConfig('microservice').workers <= workers)
  assert.ok(factory.getIntelligentDefaults().workers >= 1)
})

test('a preset that does not exist is refused, with the name that was meant', () => {
  const refused = pattern => error => {
    assert.ok(error instanceof ConfigurationError)
    assert.match(error.details.problems.join(), pattern)
    return true
  }
  assert.throws(() => factory.getEnvironmentConfig('prodution'), refused(/did you mean "production"\?/))
  assert.throws(() => factory.getRecommendedConfig('apis'), refused(/did you mean "api"\?/))
  assert.throws(() => factory.createForEnvironment('staging'), refused(/"development", "production", "test"/))
  assert.throws(() => factory.getEnvironmentConfig(5), ConfigurationError)
})

test('validateConfig() tells every problem and throws for none', () => {
  assert.deepEqual(factory.validateConfig({}), { valid: true, errors: [] })
  const { valid, errors } = factory.validateConfig({ workers: -1, ipc: { timout: 5 } })
  assert.equal(valid, false)
  assert.equal(errors.length, 2)
  assert.ok(errors.some(error => error.startsWith('workers: -1 ')))
  assert.ok(errors.some(error => error.startsWith('ipc.timout: 5 ') && error.includes('"timeout"')))
  for (const junk of [null, undefined, [], 'x', () => {}, 5n, { workers: 'x'.repeat(5_000_000) }]) {
    assert.equal(factory.validateConfig(junk).valid, false)
  }
})

test('mergeConfigs() lays one over the other and leaves both alone', () => {
  const base = Object.freeze({
    workers: 2,
    healthCheck: Object.freeze({ interval: 5000 }),
    exec: { args: ['a', 'b'] },
  })
  const override = Object.freeze({
    workers: 'auto',
    healthCheck: Object.freeze({ timeout: 1000 }),
    exec: { args: ['c'] },
  })
  assert.deepEqual(factory.mergeConfigs(base, override), {
    workers: 'auto',
    healthCheck: { interval: 5000, timeout: 1000 },
    exec: { args: ['c'] },
  })
  assert.deepEqual(factory.mergeConfigs({ workers: 2, maxRestarts: 1 }, { workers: null }), {
    processManagement: { maxRestarts: 1 },
  })
  assert.deepEqual(
    factory.mergeConfigs({ processManagement: { respawn: true } }, { autoRestart: false }).processManagement,
    { respawn: false },
  )
  for (const junk of [null, [], 'x', { x: 1 }, JSON.parse('{"__proto__":{"polluted":1}}')]) {
    assert.throws(() => factory.mergeConfigs({}, junk), ConfigurationError)
    assert.throws(() => factory.mergeConfigs(junk, {}), ConfigurationError)
  }
  assert.equal({}.polluted, undefined)
})

test('named defaults and states are those of the reference', () => {
  assert.deepEqual(DEFAULT_VALUES, {
    WORKER_TIMEOUT: 60000,
    HEALTH_CHECK_INTERVAL: 30000,
    HEALTH_CHECK_TIMEOUT: 10000,
    RESTART_DELAY: 2000,
    MAX_RESTARTS: 3,
    GRACEFUL_SHUTDOWN_TIMEOUT: 30000,
    IPC_TIMEOUT: 30000,
    MEMORY_CHECK_INTERVAL: 30000,
    METRICS_INTERVAL: 60000,
  })
  assert.ok(Object.isFrozen(DEFAULT_VALUES))
  const core = readFileSync(new URL('../src/cluster/state.rs', import.meta.url), 'utf8')
  const states = [...core.matchAll(/Self::(\w+) => "(\w+)",/g)].map(([, name, value]) => [
    name.toUpperCase(),
    value,
  ])
  assert.deepEqual(Object.fromEntries(states), { ...ClusterState })
  assert.deepEqual(Object.values(WorkerState), ['starting', 'running', 'stopping', 'stopped', 'error'])
})

test('the state of a cluster can be read, and is scaling while it scales', () =>
  withCluster({ workers: 1 }, async cluster => {
    assert.equal(cluster.state, ClusterState.RUNNING)
    assert.equal(cluster.getWorkers()[0].status, WorkerState.RUNNING)
    const seen = []
    cluster.on('worker:started', () => seen.push(cluster.state))
    await cluster.scale(3)
    assert.ok(seen.length > 0 && seen.every(state => ['scaling', 'running'].includes(state)), String(seen))
    assert.equal(cluster.state, ClusterState.RUNNING)
    const stopping = cluster.stop()
    await stopping
    assert.equal(cluster.state, ClusterState.STOPPED)
  }))
