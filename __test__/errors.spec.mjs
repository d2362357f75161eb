/** The list of errors is that of the source, and each has its class. */
import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import * as imported from 'xypriss-cluster'

const ROOT = fileURLToPath(new URL('..', import.meta.url))
const require = createRequire(import.meta.url)
const cjs = require('xypriss-cluster')
/** The names that `import` gives; looked up by name below. */
const esm = { ...imported }
const { rethrow, toClusterError } = require('../dist/errors.js')

const CLASSES = [
  'ClusterError',
  'ConfigurationError',
  'HealthCheckError',
  'ResourceExhaustionError',
  'WorkerCommunicationError',
  'WorkerStartupError',
]

/** Code → class, as documented. */
const documented = new Map(
  [...read('docs/errors.md').matchAll(/^\| `(ERR_\w+)` \| `(\w+)` \| ([^|]+) \|[^|]*\| ([^|]+) \|$/gm)].map(
    ([, code, name]) => [code, name],
  ),
)

function read(file) {
  return readFileSync(join(ROOT, file), 'utf8')
}

function sources(folder, extension) {
  return readdirSync(join(ROOT, folder), { recursive: true, withFileTypes: true })
    .filter(entry => entry.isFile() && entry.name.endsWith(extension))
    .map(entry => join(entry.parentPath ?? entry.path, entry.name))
}

test('every code of the source is documented, once, and nothing else is', () => {
  const files = [...sources('src', '.rs'), ...sources('lib', '.ts')]
  const codes = files.flatMap(
    file => readFileSync(file, 'utf8').match(/(?<=["'`])ERR_[A-Z_]{3,}(?=["'`])/g) ?? [],
  )
  assert.deepEqual([...documented.keys()].sort(), [...new Set(codes)].sort())
  assert.equal(read('docs/errors.md').match(/^\| `ERR_/gm).length, documented.size)
})

test('every code has the class that is documented', () => {
  for (const [code, name] of documented) {
    if (code === 'ERR_INVALID_ARGUMENT') continue
    const error = toClusterError({ code, message: 'm', details: { a: 1 } })
    assert.equal(error.constructor, esm[name], code)
    assert.deepEqual([error.name, error.code, error.details], [name, code, { a: 1 }])
  }
  const wrong = Object.assign(new TypeError('no'), { code: 'StringExpected' })
  assert.throws(() => rethrow(wrong), {
    name: documented.get('ERR_INVALID_ARGUMENT'),
    code: 'ERR_INVALID_ARGUMENT',
  })
})

test('what the README says of errors is documented', () => {
  const rows = [...read('README.md').matchAll(/^\| `(ERR_\w+)` \| `(\w+)` \|/gm)]
  assert.ok(rows.length > 5)
  for (const [, code, name] of rows) assert.equal(documented.get(code), name, code)
})

test('the classes of import and require are the same', () => {
  for (const name of CLASSES) {
    const error = new cjs[name]('what happened', 'ERR_X', { why: 'because' })
    assert.ok(error instanceof esm[name] && error instanceof esm.ClusterError && error instanceof Error, name)
    assert.deepEqual([error.name, error.message, error.code], [name, 'what happened', 'ERR_X'])
    assert.deepEqual(error.details, { why: 'because' })
    assert.ok(Math.abs(error.timestamp - Date.now()) < 60_000)
    assert.match(error.stack, new RegExp(`^${name}: what happened`))
    const bare = new esm[name]('m')
    assert.deepEqual([bare.code, bare.details], [undefined, undefined])
  }
})

test('an error of the core arrives as the class of the other module system', async () => {
  const manager = new cjs.BunClusterManager({ workers: 1 }, 0)
  await assert.rejects(manager.restart(), error => {
    assert.ok(error instanceof esm.ClusterError)
    assert.equal(error.code, 'ERR_CLUSTER_NOT_RUNNING')
    assert.deepEqual(error.details, { state: 'stopped', call: 'restart' })
    return true
  })
  assert.throws(() => new esm.BunClusterManager({ workers: 0 }, 0), cjs.ConfigurationError)
})
