/** A configuration is checked whole, before anything is started; and it can be changed while the cluster runs. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { BunClusterManager, ConfigurationError } from 'xypriss-cluster'
import { pidsOf, withCluster } from './helpers/cluster.mjs'
import { request } from './helpers/connection.mjs'

const INVALID = [
  ['no workers', { workers: 0 }, [/^workers: 0 /]],
  ['a fraction of a worker', { workers: 1.5 }, [/^workers: 1\.5 /]],
  ['a word that is no number of workers', { workers: 'x' }, [/^workers: "x" /]],
  ['a field that does not exist', { wrokers: 2 }, [/wrokers/]],
  ['a nested field that does not exist', { healthCheck: { intervall: 1 } }, [/^healthCheck.*intervall/]],
  [
    'a strategy that does not exist',
    { loadBalancing: { strategy: 'x' } },
    [/^loadBalancing\.strategy: "x" /],
  ],
  [
    'several problems at once',
    { workers: 0, loadBalancing: { strategy: 'x' }, processManagement: { restartDelay: -1 } },
    [/^workers: /, /^processManagement\.restartDelay: /, /^loadBalancing\.strategy: /],
  ],
]

for (const [what, config, expected] of INVALID) {
  test(`${what}: refused by the constructor`, () => {
    assert.throws(
      () => new BunClusterManager(config, 0),
      error => {
        assert.ok(error instanceof ConfigurationError)
        assert.equal(error.code, 'ERR_CONFIGURATION')
        assertProblems(error.details.problems, expected)
        for (const problem of error.details.problems) assert.ok(error.message.includes(problem))
        return true
      },
    )
  })
}

function assertProblems(problems, expected) {
  assert.equal(problems.length, expected.length, problems.join('\n'))
  for (const pattern of expected)
    assert.ok(
      problems.some(problem => pattern.test(problem)),
      `${pattern} in ${problems}`,
    )
}

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
    assert.deepEqual(pidsOf(cluster), before)
    assert.equal(cluster.getConfig().loadBalancing.strategy, 'round-robin')
    assert.equal(cluster.getConfig().processManagement.maxRestarts, 7)
  }))

test('updateConfig() that is refused changes nothing', () =>
  withCluster({}, async cluster => {
    const [config, pids] = [cluster.getConfig(), pidsOf(cluster)]
    await assert.rejects(cluster.updateConfig({ workers: 3, loadBalancing: { strategy: 'x' } }), error => {
      assert.ok(error instanceof ConfigurationError)
      assertProblems(error.details.problems, [/^loadBalancing\.strategy: "x" /])
      return true
    })
    assert.deepEqual(cluster.getConfig(), config)
    assert.deepEqual(pidsOf(cluster), pids)
  }))

test('getConfig() gives a copy', () =>
  withCluster({ workers: 1 }, cluster => {
    const config = cluster.getConfig()
    config.workers = 9
    config.processManagement.restartDelay = 9
    assert.equal(cluster.getConfig().workers, 1)
    assert.equal(cluster.getConfig().processManagement.restartDelay, 2000)
  }))
