/** A configuration, call by call. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  BunClusterManager,
  buildCluster,
  ClusterBuilder,
  ClusterFactory,
  ConfigurationError,
} from 'xypriss-cluster'

const factory = ClusterFactory.getInstance()

test('every call adds its part', () => {
  const builder = buildCluster()
  assert.ok(builder instanceof ClusterBuilder)
  const config = builder
    .withWorkers(3)
    .withHealthCheck({ interval: 30000, timeout: 10000 })
    .withAutoScaling({ enabled: true, minWorkers: 2, maxWorkers: 8 })
    .withLoadBalancing('round-robin', { queue: { maxSize: 5 } })
    .withMonitoring({ metricsInterval: 1000 })
    .withSecurity({ isolateWorkers: true })
    .withResilience({ retryPolicy: { maxRetries: 1 } })
    .build()
  assert.deepEqual(config, {
    workers: 3,
    healthCheck: { interval: 30000, timeout: 10000 },
    autoScaling: { enabled: true, minWorkers: 2, maxWorkers: 8 },
    loadBalancing: { strategy: 'round-robin', queue: { maxSize: 5 } },
    monitoring: { metricsInterval: 1000 },
    security: { isolateWorkers: true },
    resilience: { retryPolicy: { maxRetries: 1 } },
  })
})

test('with nothing said it builds an empty configuration', () => {
  assert.deepEqual(buildCluster().build(), {})
})

test('what is said later is laid over what was said before', () => {
  const config = buildCluster()
    .withHealthCheck({ interval: 5000, maxFailures: 2 })
    .withHealthCheck({ interval: 7000 })
    .withLoadBalancing('round-robin', { strategy: 'least-connections' })
    .build()
  assert.deepEqual(config.healthCheck, { interval: 7000, maxFailures: 2 })
  assert.equal(config.loadBalancing.strategy, 'round-robin')
})

test('a mode is a preset below all that is said, whenever it is enabled; the last one holds', () => {
  const said = { interval: 9000, timeout: 1000 }
  const production = factory.getEnvironmentConfig('production')
  for (const builder of [
    buildCluster().withHealthCheck(said).enableProductionMode(),
    buildCluster().enableDevelopmentMode().enableProductionMode().withHealthCheck(said),
  ]) {
    assert.deepEqual(builder.build(), factory.mergeConfigs(production, { healthCheck: said }))
  }
  assert.deepEqual(
    buildCluster().enableDevelopmentMode().build(),
    factory.getEnvironmentConfig('development'),
  )
})

test('create() gives a manager', () => {
  const cluster = buildCluster().withWorkers('auto').enableProductionMode().create()
  assert.ok(cluster instanceof BunClusterManager)
  assert.equal(cluster.getConfig().processManagement.maxRestarts, 10)
  assert.equal(cluster.state, 'stopped')
})

test('what was given is read at the call, and what is built is the caller’s own', () => {
  const health = { interval: 5000 }
  const builder = buildCluster().withHealthCheck(health)
  health.interval = 1
  builder.build().healthCheck.interval = 2
  assert.equal(builder.build().healthCheck.interval, 5000)
})

test('build() and create() refuse with every problem', () => {
  const builder = buildCluster()
    .withWorkers(Number.NaN)
    .withLoadBalancing('fastest')
    .withHealthCheck({ interval: 10, timeout: 20 })
    .withSecurity(null)
  for (const finish of [() => builder.build(), () => builder.create()]) {
    assert.throws(finish, error => {
      assert.ok(error instanceof ConfigurationError)
      assert.match(error.details.problems.join('\n'), /workers: NaN/)
      assert.match(error.details.problems.join('\n'), /loadBalancing\.strategy: "fastest"/)
      return true
    })
  }
  const late = buildCluster().withHealthCheck({ interval: 10, timeout: 20 })
  assert.throws(() => late.build(), /healthCheck\.timeout: 20 ms is not below healthCheck\.interval, 10 ms/)
})
