/** The typings have every name of the reference with its signature, and the tests of them notice what goes missing. */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'

const ROOT = fileURLToPath(new URL('..', import.meta.url))
const FILES = [
  'tsconfig.json',
  'tsconfig.types.json',
  'index.d.ts',
  'binding.d.ts',
  'xypriss.d.ts',
  'dist',
  '__test__/types',
]

/** What tsc says of the typings after `change` of the text of `index.d.ts`; nothing when all is well. */
async function compile(change = text => text) {
  // Below the root, where packages are found, and where git and the linter do not look.
  mkdirSync(join(ROOT, '.cache'), { recursive: true })
  const copy = mkdtempSync(join(ROOT, '.cache', 'types-'))
  try {
    for (const file of FILES) cpSync(join(ROOT, file), join(copy, file), { recursive: true })
    const typings = join(copy, 'index.d.ts')
    writeFileSync(typings, change(readFileSync(typings, 'utf8')))
    const args = [
      'node_modules/typescript/bin/tsc',
      '-p',
      join(copy, 'tsconfig.types.json'),
      '--pretty',
      'false',
    ]
    return await new Promise(resolve => {
      execFile(process.execPath, args, { cwd: ROOT }, (error, stdout, stderr) =>
        resolve(error ? stdout + stderr || String(error) : ''),
      )
    })
  } finally {
    rmSync(copy, { recursive: true })
  }
}

/** A change that must do something. */
function replacing(pairs) {
  return text =>
    pairs.reduce((changed, [from, to]) => {
      assert.ok(changed.includes(from), `the typings have no ${from}`)
      return changed.replace(from, to)
    }, text)
}

test('every snippet of the documents compiles', async () => {
  assert.equal(await compile(), '')
})

test('a name that goes missing is noticed', async () => {
  const names = [
    ...['BunClusterManager', 'RobustClusterManager', 'ClusterFactory', 'ClusterBuilder', 'buildCluster'],
    ...['createCluster', 'ClusterError', 'WorkerStartupError', 'WorkerCommunicationError', 'ClusterState'],
    ...['ResourceExhaustionError', 'ConfigurationError', 'HealthCheckError', 'WorkerState', 'DEFAULT_VALUES'],
    ...[
      'ClusterConfig',
      'ResourceConfig',
      'ProcessManagementConfig',
      'HealthCheckConfig',
      'LoadBalancingConfig',
    ],
    ...['IPCConfig', 'AutoScalingConfig', 'MonitoringConfig', 'ErrorHandlingConfig', 'SecurityConfig'],
    ...[
      'ResilienceConfig',
      'BunWorker',
      'BunClusterMetrics',
      'ClusterMetrics',
      'ClusterHealth',
      'ClusterEvents',
    ],
  ]
  const output = await compile(text =>
    names.reduce((changed, name) => {
      const declared = new RegExp(
        `^export (declare )?(abstract )?(class|interface|type|enum|const|function) ${name}\\b`,
        'gm',
      )
      assert.match(changed, declared)
      return changed.replace(declared, `export $1$2$3 ${name}_`)
    }, text),
  )
  for (const name of names) {
    assert.match(output, new RegExp(`types/.*no exported member (named )?'${name}'`), name)
  }
})

test('a signature that changes is noticed', async () => {
  const changes = [
    ['stop(graceful?: boolean): Promise<void>', 'stop(graceful: boolean): Promise<void>'],
    ['getWorkers(): BunWorker[]', 'getWorkers(): any'],
    ['getHealth(): Promise<ClusterHealth>', 'getHealth(): Promise<any>'],
    ['validateConfig(config: ClusterConfig)', 'validateConfig(config: unknown)'],
    ["withWorkers(count: number | 'auto')", 'withWorkers(count: number)'],
    ['maxCpuPerWorker?: number', 'maxCpuPerWorker?: any'],
    ['readonly timestamp: number', 'readonly timestamp: string'],
    ['readonly MAX_RESTARTS: 3', 'readonly MAX_RESTARTS: 4'],
    ['SCALING = "scaling"', 'SCALING = "scale"'],
    [
      "'cluster:scaled': (data: {\n        oldCount: number",
      "'cluster:scaled': (data: {\n        oldCount: string",
    ],
  ]
  for (const change of changes) {
    assert.match(await compile(replacing([change])), /types\/reference\.ts/, change[0])
  }
})
