/** Clusters in the process of the test, and the proof that nothing is left of them. */
import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { fileURLToPath } from 'node:url'
import { BunClusterManager } from 'xypriss-cluster'
import { isFree, startedWith } from './processes.mjs'
import { eventually } from './wait.mjs'

/** Whether this is Bun. */
export const isBun = process.versions.bun !== undefined

/** Set in every worker to a value of its own for each cluster, so that all that it started can be found. */
const MARK = 'XYPRISS_SPEC'

/** Every event that a cluster emits. */
const EVENTS = [
  'worker:started',
  'worker:stopped',
  'worker:exit',
  'worker:error',
  'worker:restart',
  'cluster:started',
  'cluster:stopped',
  'cluster:scaled',
  'memory:warning',
  'memory:critical',
  'memory:leak',
  'memory:gc',
  'health:changed',
  'metrics:updated',
]

/** The path of a file in `fixtures/`. */
export function fixture(name) {
  return fileURLToPath(new URL(`../fixtures/${name}`, import.meta.url))
}

/** Run `body` with a cluster that has started. What it leaves is stopped, and nothing may be left then. */
export function withCluster(config, body) {
  return withManager(config, async (cluster, context) => {
    await cluster.start()
    await body(cluster, context)
  })
}

/** The port that most fixtures ask for. */
export const APP_PORT = 3000

/**
 * Run `body` with a cluster manager that has not started. `app` is the fixture that its workers run; the rest of
 * `config` is that of the manager. Any free port is taken unless `port` names one; then `exec.port` says which port
 * the fixture asks for.
 */
export async function withManager({ app = 'app.mjs', port = 0, ...config }, body) {
  const mark = randomUUID()
  const exec = {
    script: fixture(app),
    args: [],
    execArgv: [],
    ...(port > 0 && { port: APP_PORT }),
    ...config.exec,
    env: { ...config.exec?.env, [MARK]: mark },
  }
  const cluster = new BunClusterManager({ workers: 2, ...config, exec }, port)
  const events = record(cluster)
  // The port is forgotten when the cluster has stopped.
  let opened = port
  cluster.on('worker:started', () => {
    opened = cluster.port ?? opened
  })
  try {
    await body(cluster, { events })
  } finally {
    await cluster.stop(false)
  }
  assert.equal(cluster.state, 'stopped')
  await assertNothingLeft(mark, opened)
}

/** No process with `mark` runs and `port` can be opened by somebody else. */
export async function assertNothingLeft(mark, port) {
  // Processes that were killed along with a worker are not waited for by anybody.
  await eventually(() => startedWith(MARK, mark).length === 0, 'the end of every process of the cluster')
  if (port > 0) assert.equal(await isFree(port), true, `port ${port} is still taken`)
}

/** The environment that marks a process and all that it starts. */
export function marked(mark) {
  return { [MARK]: mark }
}

/** The processes that carry `mark`. */
export function processesOf(mark) {
  return startedWith(MARK, mark)
}

/** Everything that `cluster` emits from now on, in order. */
export function record(cluster) {
  const events = []
  for (const name of EVENTS) cluster.on(name, payload => events.push({ name, ...payload }))
  return events
}

/** The process ids of the workers, by worker. */
export function pidsOf(cluster) {
  return Object.fromEntries(cluster.getWorkers().map(({ id, pid }) => [id, pid]))
}
