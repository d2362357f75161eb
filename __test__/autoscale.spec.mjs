/** The number of workers follows the load, within its bounds, and says why. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { withCluster, withManager } from './helpers/cluster.mjs'
import { loadGenerator } from './helpers/load.mjs'
import { within } from './helpers/wait.mjs'

/** Thresholds that 8 senders exceed whatever the machine is busy with. Processor time decides nothing here. */
const autoScaling = {
  enabled: true,
  minWorkers: 1,
  maxWorkers: 3,
  cooldownPeriod: 500,
  evaluationInterval: 200,
  scaleUpThreshold: { cpu: 100, responseTime: 60_000, queueLength: 1, consecutiveChecks: 2 },
  scaleDownThreshold: { cpu: 99, idleTime: 3_000, consecutiveChecks: 3 },
}

/** Longer than anything takes here. */
const LONG = 60_000

/** Resolves when `cluster` has scaled to `count` workers. Listens from the moment it is called. */
function scaledTo(cluster, count) {
  let listener
  const arrival = new Promise(resolve => {
    listener = ({ newCount }) => newCount === count && resolve()
    cluster.on('cluster:scaled', listener)
  })
  return within(arrival, `${count} workers`, LONG).finally(() => cluster.off('cluster:scaled', listener))
}

const steps = events =>
  events.filter(({ name }) => name === 'cluster:scaled').map(({ oldCount, newCount }) => [oldCount, newCount])

test('load scales from one worker to the most and back, one at a time and without flapping', () =>
  withCluster({ workers: 1, app: 'one-lane.mjs', autoScaling }, async (cluster, { events }) => {
    const most = scaledTo(cluster, 3)
    const load = await loadGenerator({ port: cluster.port, connections: 8 })
    await most
    const up = (await cluster.getMetrics()).lastScalingAction
    assert.deepEqual([up.action, up.from, up.to], ['up', 2, 3])
    assert.match(up.reason, /^queueLength: \d+\.\d requests waiting is above 1\.0 requests waiting$/)
    assert.equal(typeof up.timestamp, 'number')
    const least = scaledTo(cluster, 1)
    const report = await load.stop()
    await least
    assert.deepEqual(report.failed, [])
    assert.deepEqual(steps(events), [
      [1, 2],
      [2, 3],
      [3, 2],
      [2, 1],
    ])
    for (const { name, reason } of events) if (name === 'cluster:scaled') assert.match(reason, /\d/)
    const down = (await cluster.getMetrics()).lastScalingAction
    assert.deepEqual([down.action, down.from, down.to], ['down', 2, 1])
    assert.match(down.reason, /a worker has been idle for \d+ ms, and 1 worker would be enough$/)
    assert.equal(cluster.getWorkers().length, 1)
  }))

test('every evaluation tells what it decided and why, also to leave all as it is', () =>
  withManager({ workers: 1, autoScaling }, async cluster => {
    const decided = new Promise(resolve => cluster.once('autoscale:decision', resolve))
    await cluster.start()
    const decision = await within(decided, 'a decision')
    assert.deepEqual(Object.keys(decision).sort(), ['action', 'from', 'reason', 'timestamp', 'to'])
    assert.deepEqual([decision.action, decision.from, decision.to], ['hold', 1, 1])
    assert.match(decision.reason, /\w+: .*\d/)
  }))

test('the first workers are as many as minWorkers and maxWorkers allow', async () => {
  await withCluster({ workers: 1, autoScaling: { ...autoScaling, minWorkers: 2 } }, async cluster => {
    assert.equal(cluster.getWorkers().length, 2)
  })
  const most = { ...autoScaling, maxWorkers: 2, cooldownPeriod: LONG }
  await withCluster({ workers: 4, autoScaling: most }, async cluster => {
    assert.equal(cluster.getWorkers().length, 2)
  })
})

test('autoScale() evaluates once, by hand, while automatic scaling is off', () =>
  withCluster(
    { workers: 1, app: 'one-lane.mjs', autoScaling: { ...autoScaling, enabled: false, cooldownPeriod: 0 } },
    async (cluster, { events }) => {
      assert.equal((await cluster.getMetrics()).lastScalingAction, null)
      const calm = await cluster.autoScale()
      assert.deepEqual([calm.action, calm.from, calm.to], ['hold', 1, 1])
      const load = await loadGenerator({ port: cluster.port, connections: 8 })
      const decisions = []
      for (let calls = 0; calls < 100 && decisions.at(-1)?.action !== 'up'; calls += 1)
        decisions.push(await cluster.autoScale())
      await load.stop()
      const last = decisions.at(-1)
      assert.deepEqual([last.action, last.from, last.to], ['up', 1, 2], JSON.stringify(decisions))
      assert.ok(decisions.length >= 2, 'two checks in a row have to agree')
      assert.equal(cluster.getWorkers().length, 2)
      assert.deepEqual(steps(events), [[1, 2]])
      const { action, from, to, reason } = (await cluster.getMetrics()).lastScalingAction
      assert.deepEqual([action, from, to, reason], ['up', 1, 2, last.reason])
    },
  ))

test('updateConfig() turns it on and moves the bounds of a running cluster', () =>
  withCluster({ workers: 1 }, async (cluster, { events }) => {
    await cluster.updateConfig({ autoScaling: { ...autoScaling, minWorkers: 2, cooldownPeriod: LONG } })
    assert.equal(cluster.getWorkers().length, 2)
    assert.deepEqual(steps(events), [[1, 2]])
    assert.equal(events.find(({ name }) => name === 'cluster:scaled').reason, 'updateConfig()')
  }))

test('a change by hand is told with the call that asked for it', () =>
  withCluster({ workers: 1 }, async cluster => {
    await cluster.scale(2)
    const { action, from, to, reason } = (await cluster.getMetrics()).lastScalingAction
    assert.deepEqual([action, from, to, reason], ['up', 1, 2, 'scale(2)'])
    await cluster.scaleDown()
    assert.equal((await cluster.getMetrics()).lastScalingAction.reason, 'scaleDown(1)')
  }))

test('autoScale() of a cluster that does not run is refused', () =>
  withManager({ workers: 1, autoScaling }, async cluster => {
    await assert.rejects(cluster.autoScale(), { code: 'ERR_CLUSTER_NOT_RUNNING' })
  }))
