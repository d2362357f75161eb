/** `BunClusterManager` is a real EventEmitter, one class for both module systems. */
import assert from 'node:assert/strict'
import { EventEmitter, errorMonitor } from 'node:events'
import { createRequire } from 'node:module'
import { test } from 'node:test'
import * as esm from 'xypriss-cluster'
import { fixture } from './helpers/cluster.mjs'

const { BunClusterManager, ClusterError, ConfigurationError } = esm
const script = fixture('app.mjs')

test('import and require give the same names and classes', () => {
  const cjs = createRequire(import.meta.url)('xypriss-cluster')
  const imported = new Map(Object.entries(esm))
  for (const [name, value] of Object.entries(cjs)) assert.equal(imported.get(name), value, name)
  assert.ok(Object.keys(cjs).includes('BunClusterManager'))
})

test('it is an EventEmitter', () => {
  const manager = new BunClusterManager({ exec: { script } }, 8085)
  assert.ok(manager instanceof EventEmitter)
  const seen = []
  const listener = value => seen.push(value)
  manager.once('cluster:started', listener)
  manager.on('cluster:stopped', listener)
  assert.equal(manager.listenerCount('cluster:started'), 1)
  manager.emit('cluster:started', 1)
  manager.emit('cluster:started', 2)
  manager.off('cluster:stopped', listener)
  manager.emit('cluster:stopped', 3)
  assert.deepEqual(seen, [1])
})

test('an error event without a listener throws, and errorMonitor sees it', () => {
  const manager = new BunClusterManager({ exec: { script } }, 8085)
  const seen = []
  manager.on(errorMonitor, error => seen.push(error))
  const error = new Error('of the app')
  assert.throws(() => manager.emit('error', error), error)
  assert.deepEqual(seen, [error])
})

test('a configuration that cannot be used is refused with every problem', () => {
  const refused = problem => error => {
    assert.ok(error instanceof ConfigurationError && error instanceof ClusterError && error instanceof Error)
    assert.equal(error.name, 'ConfigurationError')
    assert.equal(error.code, 'ERR_CONFIGURATION')
    assert.match(error.details.problems.join(), problem)
    assert.match(error.stack, /ConfigurationError: /)
    return true
  }
  assert.throws(() => new BunClusterManager({ workers: 1.5 }, 8085), refused(/workers/))
  for (const port of [-1, 70_000, 1.5, Number.NaN, '8085', undefined]) {
    assert.throws(() => new BunClusterManager({}, port), refused(/basePort/))
  }
})

test('a value of the wrong type is refused with a typed error', async () => {
  const manager = new BunClusterManager({ exec: { script } }, 8085)
  await assert.rejects(manager.stopWorker(1), error => {
    assert.ok(error instanceof ConfigurationError)
    assert.equal(error.code, 'ERR_INVALID_ARGUMENT')
    return true
  })
})
