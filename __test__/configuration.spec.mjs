/** A configuration is checked whole, before anything is started; and it can be changed while the cluster runs. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import vm from 'node:vm'
import { BunClusterManager, ConfigurationError } from 'xypriss-cluster'
import { fixture, pidsOf, withCluster, withManager } from './helpers/cluster.mjs'
import { request } from './helpers/connection.mjs'
import { waitFor } from './helpers/wait.mjs'

const INVALID = [
  ['no workers', { workers: 0 }, [/^workers: 0 /]],
  ['a fraction of a worker', { workers: 1.5 }, [/^workers: 1\.5 /]],
  ['a word that is no number of workers', { workers: 'x' }, [/^workers: "x" /]],
  ['a field that does not exist', { wrokers: 2 }, [/^wrokers: 2 .* did you mean "workers"\?$/]],
  [
    'a nested field that does not exist',
    { healthCheck: { intervall: 1 } },
    [/^healthCheck\.intervall: 1 .* did you mean "interval"\?$/],
  ],
  [
    'a misspelt strategy',
    { loadBalancing: { strategy: 'least-conections' } },
    [
      /^loadBalancing\.strategy: "least-conections" is none of .*"round-robin".* did you mean "least-connections"\?$/,
    ],
  ],
  ['a strategy that is not there yet', { loadBalancing: { strategy: 'ip-hash' } }, [/not available yet/]],
  ['a size without a unit that is known', { resources: { maxMemoryPerWorker: '5XB' } }, [/"5XB" is no size/]],
  ['more memory than there is', { resources: { maxMemoryPerWorker: '900TB' } }, [/900TB is more than the /]],
  [
    'a minimum above the maximum',
    { autoScaling: { minWorkers: 5, maxWorkers: 2 } },
    [/^autoScaling\.minWorkers: 5 is not at most autoScaling\.maxWorkers, 2$/],
  ],
  [
    'a timeout that is not below its interval',
    { healthCheck: { interval: 100, timeout: 100 } },
    [/^healthCheck\.timeout: 100 ms is not below healthCheck\.interval, 100 ms$/],
  ],
  [
    'thresholds out of order',
    { autoScaling: { scaleUpThreshold: { cpu: 20 }, scaleDownThreshold: { cpu: 30 } } },
    [/^autoScaling\.scaleDownThreshold\.cpu: 30 % is not below /],
  ],
  [
    'several problems at once',
    { workers: 0, loadBalancing: { strategy: 'x' }, processManagement: { restartDelay: -1 }, ipc: { x: 1 } },
    [
      /^workers: /,
      /^processManagement\.restartDelay: -1 /,
      /^loadBalancing\.strategy: "x" /,
      /^ipc\.x: 1 .*there are enabled, channel, /,
    ],
  ],
]

const cycle = {}
cycle.healthCheck = { endpoint: cycle }
const deep = () => JSON.parse('{"healthCheck":'.repeat(200) + '{}'.padEnd(202, '}'))
const throwing = {
  get workers() {
    throw new Error('no')
  },
}
const revoked = Proxy.revocable({}, {})
revoked.revoke()
const trap = new Proxy(
  {},
  {
    ownKeys() {
      throw new RangeError('trapped')
    },
  },
)

const JUNK = [
  ['null', null, [/^the configuration: null /]],
  ['undefined', undefined, [/^the configuration: null /]],
  ['a list', [], [/^the configuration: a list of 0 /]],
  ['a text', 'workers=2', [/^the configuration: "workers=2" /]],
  ['a number', 4, [/^the configuration: 4 /]],
  ['a function', () => {}, [/^the configuration: a function /]],
  ['a symbol', Symbol('x'), [/^the configuration: a symbol /]],
  ['a Map', new Map([['workers', 2]]), [/^the configuration: a Map /]],
  ['a Date', new Date(), [/^the configuration: a Date /]],
  ['a revoked proxy', revoked.proxy, [/^the configuration: an object that throws /]],
  ['a proxy that throws', trap, [/^the configuration: an object that throws /]],
  ['a getter that throws', throwing, [/^the configuration: an object that throws /]],
  ['a list for a section', { ipc: [] }, [/^ipc: a list of 0 is not an object$/]],
  ['a section within a section', { ipc: { ipc: {} } }, [/^ipc\.ipc: an object /]],
  ['nested deeply', deep(), [/^healthCheck\.healthCheck: an object /]],
  ['a cycle', cycle, [/^healthCheck\.endpoint: a cycle /]],
  ['a BigInt', { workers: 2n }, [/^workers: a bigint /]],
  ['NaN', { maxRestarts: Number.NaN }, [/^maxRestarts: NaN /]],
  ['Infinity', { healthCheck: { interval: Infinity } }, [/^healthCheck\.interval: Infinity /]],
  ['a function for a value', { healthCheck: { interval: () => 5 } }, [/^healthCheck\.interval: a function /]],
  ['a symbol for a name', { [Symbol('x')]: 1 }, [/^Symbol\(x\): /]],
  ['__proto__', JSON.parse('{"__proto__":{"polluted":true}}'), [/^__proto__: an object /]],
  ['constructor', { constructor: { prototype: { polluted: true } } }, [/^constructor: an object /]],
  ['__proto__ in a section', JSON.parse('{"ipc":{"__proto__":{"polluted":true}}}'), [/^ipc\.__proto__: /]],
  [
    '__proto__ in the environment',
    { exec: { env: JSON.parse('{"__proto__":"x"}') } },
    [/^exec\.env: an object /],
  ],
  ['half a surrogate pair', { healthCheck: { endpoint: '/\ud800' } }, [/^the configuration: cannot be read/]],
  ['10 MB of text', { healthCheck: { endpoint: `/${'x'.repeat(10 << 20)}` } }, [/too large/]],
  [
    'a million fields',
    Object.fromEntries(Array.from({ length: 1e6 }, (_, index) => [`f${index}`, index])),
    [/too large/],
  ],
  ['a list of a million', { exec: { args: Array(1e6).fill('x') } }, [/too large/]],
]

for (const [what, config, expected] of [...INVALID, ...JUNK]) {
  test(`${what}: refused by the constructor`, () => {
    assert.throws(
      () => new BunClusterManager(config, 0),
      error => {
        assertRefused(error, expected)
        for (const problem of error.details.problems) assert.ok(error.message.includes(problem))
        return true
      },
    )
    assert.equal({}.polluted, undefined)
    assert.equal(Object.getPrototypeOf({}), Object.prototype)
  })
}

test('junk is refused by updateConfig(), and nothing is changed', () =>
  withManager({ workers: 1 }, async cluster => {
    const before = cluster.getConfig()
    for (const [, patch, expected] of JUNK) {
      await assert.rejects(cluster.updateConfig(patch), error => assertRefused(error, expected))
    }
    assert.deepEqual(cluster.getConfig(), before)
    assert.equal({}.polluted, undefined)
  }))

test('objects of another realm, without a prototype, or of a class are read', () => {
  class Config {
    workers = 3
  }
  const bare = Object.assign(Object.create(null), { workers: 3 })
  for (const config of [vm.runInNewContext('({ workers: 3 })'), bare, new Config()]) {
    assert.equal(new BunClusterManager(config, 0).getConfig().workers, 3)
  }
})

function assertRefused(error, expected) {
  assert.ok(error instanceof ConfigurationError, String(error))
  assert.equal(error.code, 'ERR_CONFIGURATION')
  const { problems } = error.details
  assert.equal(problems.length, expected.length, problems.join('\n'))
  for (const pattern of expected) {
    assert.ok(
      problems.some(problem => pattern.test(problem)),
      `${pattern} in ${problems}`,
    )
  }
  return true
}

test('fields that nothing acts on yet are kept, with a warning that names them', async () => {
  const warned = waitFor(process, 'warning', ({ message }) => message.includes('circuitBreakerThreshold'))
  const config = { loadBalancing: { circuitBreakerThreshold: 7 }, resources: { maxMemoryPerWorker: '64 mb' } }
  const manager = new BunClusterManager(config, 0)
  const effective = manager.getConfig()
  assert.equal(effective.loadBalancing.circuitBreakerThreshold, 7)
  assert.equal(effective.resources.maxMemoryPerWorker, '64MB')
  const { code, message } = await warned
  assert.equal(code, 'XYPRISS_CLUSTER_CONFIG')
  assert.match(message, /loadBalancing\.circuitBreakerThreshold is accepted, but nothing acts on it yet/)
})

test('the effective configuration makes the same one again', () => {
  const config = {
    workers: 3,
    maxRestarts: 9,
    healthCheckInterval: 1000,
    exec: { script: fixture('app.mjs') },
  }
  const effective = new BunClusterManager(config, 0).getConfig()
  assert.equal(effective.processManagement.maxRestarts, 9)
  assert.deepEqual(effective.healthCheck.timeout, 500)
  assert.deepEqual(new BunClusterManager(effective, 0).getConfig(), effective)
})

test('updateConfig() that changes what workers are started with replaces them all', () =>
  withCluster({ exec: { env: { RELEASE: '1' } } }, async cluster => {
    const before = pidsOf(cluster)
    await cluster.updateConfig({ exec: { env: { RELEASE: '2' } } })
    for (const [id, pid] of Object.entries(pidsOf(cluster))) assert.notEqual(pid, before[id])
    for (let sent = 0; sent < 4; sent += 1)
      assert.equal((await request(cluster.port, '/env')).json().RELEASE, '2')
  }))

test('updateConfig() that changes nothing for workers leaves them alone', () =>
  withCluster({}, async cluster => {
    const before = pidsOf(cluster)
    await cluster.updateConfig({ loadBalancing: { strategy: 'round-robin' }, maxRestarts: 7 })
    await cluster.updateConfig({ healthCheck: { interval: 5000 }, monitoring: { metricsInterval: 5000 } })
    await cluster.updateConfig({ autoScaling: { maxWorkers: 7 }, resources: { maxMemoryPerWorker: '64MB' } })
    assert.deepEqual(pidsOf(cluster), before)
    const { loadBalancing, processManagement, healthCheck, autoScaling, resources } = cluster.getConfig()
    assert.equal(loadBalancing.strategy, 'round-robin')
    assert.equal(processManagement.maxRestarts, 7)
    assert.deepEqual([healthCheck.interval, healthCheck.timeout], [5000, 2500])
    assert.deepEqual([autoScaling.maxWorkers, resources.maxMemoryPerWorker], [7, '64MB'])
  }))

test('updateConfig() changes the number of workers, and leaves the others alone', () =>
  withCluster({ workers: 1 }, async cluster => {
    const [first] = cluster.getWorkers()
    await cluster.updateConfig({ workers: 3 })
    assert.equal(cluster.getWorkers().length, 3)
    await cluster.updateConfig({ workers: 1 })
    assert.deepEqual(pidsOf(cluster), { [first.id]: first.pid })
  }))

test('updateConfig() that is refused changes nothing', () =>
  withCluster({}, async cluster => {
    const [config, pids] = [cluster.getConfig(), pidsOf(cluster)]
    await assert.rejects(cluster.updateConfig({ workers: 3, loadBalancing: { strategy: 'x' } }), error =>
      assertRefused(error, [/^loadBalancing\.strategy: "x" /]),
    )
    await assert.rejects(cluster.updateConfig({ workers: 3, loadBalancing: { host: '::1' } }), error =>
      assertRefused(error, [/^loadBalancing\.host: cannot change while the cluster runs/]),
    )
    assert.deepEqual(cluster.getConfig(), config)
    assert.deepEqual(pidsOf(cluster), pids)
  }))

test('updateConfig() whose workers do not start is taken back', () =>
  withCluster({ workers: 1 }, async cluster => {
    const [config, pids] = [cluster.getConfig(), pidsOf(cluster)]
    const missing = { exec: { script: fixture('missing.mjs') } }
    await assert.rejects(cluster.updateConfig({ workers: 2, ...missing }), { code: 'ERR_CONFIGURATION' })
    const broken = { exec: { script: fixture('exits-at-boot.mjs') } }
    await assert.rejects(cluster.updateConfig({ workers: 2, ...broken }), { code: 'ERR_ROLLOUT_ABORTED' })
    assert.deepEqual(cluster.getConfig(), config)
    assert.deepEqual(pidsOf(cluster), pids)
    assert.equal((await request(cluster.port)).status, 200)
  }))

test('getConfig() gives a copy', () =>
  withCluster({ workers: 1 }, cluster => {
    const config = cluster.getConfig()
    config.workers = 9
    config.processManagement.restartDelay = 9
    assert.equal(cluster.getConfig().workers, 1)
    assert.equal(cluster.getConfig().processManagement.restartDelay, 2000)
  }))
