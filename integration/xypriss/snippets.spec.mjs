/** Every snippet of the documents, as it stands there, runs. */
import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import http from 'node:http'
import { availableParallelism } from 'node:os'
import { basename, join } from 'node:path'
import { after, test } from 'node:test'
import { alive, freePort } from '../../__test__/helpers/processes.mjs'
import { eventually } from '../../__test__/helpers/wait.mjs'
import { getJson, withApp } from '../../__test__/helpers/xypriss.mjs'
import { PATIENCE } from './helpers.mjs'

const SNIPPETS = join(import.meta.dirname, '../../__test__/types/usage')
const RUNS = join(import.meta.dirname, '.run')
mkdirSync(RUNS, { recursive: true })
/** Where the snippets become scripts: beside XyPriss, where they find it. */
const folder = mkdtempSync(join(RUNS, 'snippets-'))
after(() => rmSync(folder, { recursive: true }))

const executed = new Set()

/** The code of a snippet. The line that imports is the one that is to change; the app it names is one of ours. */
function snippet(name) {
  executed.add(name)
  return readFileSync(join(SNIPPETS, `${name}.mts`), 'utf8')
    .replace(/^import (.*) from ['"]xypriss['"];?$/m, "import $1 from 'xypriss-cluster/xypriss'")
    .replace(/^import (.*) from ['"]xypriss\/cluster['"];?$/m, "import $1 from 'xypriss-cluster'")
    .replace(/^declare const app: .*$/m, '')
    .replace(/^export \{\}$/m, '')
}

/** The same without its imports, to stand inside of other code. */
const fragment = name => snippet(name).replace(/^import .*$/gm, '')

const TO_REPORT = `
import { report } from '../../../../__test__/fixtures/xypriss/drive.mjs'
// Node.js 20 has no navigator, and whoever runs this there has to know the number from somewhere else.
globalThis.navigator ??= { hardwareConcurrency: (await import('node:os')).availableParallelism() }
const { options } = JSON.parse(process.argv[2])
process.env.PORT = String(options.server.port)
`

/** Run \`code\` as a script of its own. */
function withScript(name, code, body) {
  const file = join(folder, `${name}.mjs`)
  writeFileSync(file, code)
  const script = `../../integration/xypriss/.run/${basename(folder)}/${name}.mjs`
  return withApp({ script, options: {} }, body)
}

/** Snippets that make an app, and how many workers it has then. */
const APPS = {
  'basic-configuration': 4,
  'advanced-configuration': availableParallelism(),
  'automatic-runtime-detection': availableParallelism(),
  'debug-mode': 2,
  'migration-from-node-js': availableParallelism(),
  'worker-count-optimization': availableParallelism(),
}

for (const [name, workers] of Object.entries(APPS)) {
  test(`${name} makes an app that serves`, () =>
    withScript(
      name,
      `${TO_REPORT.replace(/^import .*$/m, '')}
${snippet(name).replace(/^import .*$/m, line => `const { report } = await import('../../../../__test__/fixtures/xypriss/drive.mjs')\n${line}`)}
app.get('/', (req, res) => res.json({ worker: process.env.WORKER_ID }))
await app.start()
if (!process.env.WORKER_ID) report('started', { workers: app.getAllWorkers().length })
`,
      async app => {
        const started = await app.line(({ name }) => name === 'started', PATIENCE)
        assert.equal(started.workers, workers)
        assert.match((await getJson(app.port, '/')).worker, /^worker-\d$/)
        const debug = app.output.some(line => /^\[CLUSTER\] worker-1 \(\d+\) is ready/.test(line))
        assert.equal(debug, name === 'debug-mode')
      },
    ))
}

/** An app with those snippets that need one. */
const whole = () => `${TO_REPORT}
import { createServer } from 'xypriss-cluster/xypriss'
${fragment('worker-information')}
const app = createServer({
  security: { enabled: false },
  cluster: { enabled: true, config: { workers: 2, processManagement: { restartDelay: 100 } } },
})
const say = (...words) => console.log('said', ...words)
const management = async () => {
  const console = { log: say }
  ${fragment('cluster-management')}
  return { metrics, health, workers }
}
const monitoring = async () => {
  const console = { log: say }
  ${fragment('health-monitoring')}
  return health
}
${fragment('cluster-status-endpoint')}
app.get('/management', async (req, res) => res.json(await management()))
app.get('/monitoring', async (req, res) => res.json(await monitoring()))
${fragment('graceful-shutdown')}
${fragment('error-handling')}
if (!process.env.WORKER_ID) {
  const { workers, health } = await management()
  await monitoring()
  report('started', { workers: workers.map(({ pid }) => pid), healthy: health.healthy })
}
`

test('the cluster is managed from the master and from handlers, tells the truth, and shuts down', () =>
  withScript('whole', whole(), async app => {
    const started = await app.line(({ name }) => name === 'started', PATIENCE)
    // Two more, and one less.
    assert.equal(started.workers.length, 3)
    assert.equal(started.healthy, true)
    assert.ok(app.output.includes('Running as cluster master'))
    for (const line of [/^\[worker-1\] Running as worker: worker-1$/, /^\[worker-1\] Worker port: \d+$/]) {
      assert.ok(
        app.output.some(text => line.test(text)),
        String(line),
      )
    }
    const status = async () => (await getJson(app.port, '/cluster/status')).cluster
    const first = await status()
    assert.equal(first.metrics.totalWorkers, 3)
    assert.equal(first.metrics.activeWorkers, 3)
    assert.equal(first.health.healthy, true)
    assert.deepEqual(first.workers.map(({ id }) => id).sort(), ['worker-1', 'worker-2', 'worker-3'])
    for (const { status, health, uptime, restarts } of first.workers) {
      assert.deepEqual([status, health, restarts], ['running', 'healthy', 0])
      assert.ok(uptime > 0)
    }
    for (let count = 0; count < 20; count += 1) await getJson(app.port, '/monitoring')
    const second = await status()
    assert.ok(second.metrics.totalRequests >= first.metrics.totalRequests + 21)
    for (const pid of second.metrics.workers.map(({ pid }) => pid)) assert.ok(alive(pid))
    assert.deepEqual(second.metrics.workers.map(({ pid }) => pid).sort(), [...started.workers].sort())

    const managed = await getJson(app.port, '/management')
    assert.equal(managed.health.healthy, true)
    assert.ok(managed.workers.length >= 3)

    const pid =
      second.metrics.workers.find(({ workerId }) => workerId === 'worker-1')?.pid ?? started.workers[0]
    process.kill(pid, 'SIGKILL')
    await eventually(
      () => app.output.some(line => /^Worker worker-\d exited with code null$/.test(line)),
      'its exit',
    )

    app.kill('SIGINT')
    assert.deepEqual(await app.end(), { code: 0, signal: null })
    assert.ok(app.output.includes('Shutting down Bun cluster gracefully...'))
  }))

test('a start that fails reaches the branch of the documents for it', async () => {
  const code = `${TO_REPORT}
import { createServer } from 'xypriss-cluster/xypriss'
const app = createServer({
  server: { host: '127.0.0.1', port: Number(process.env.TAKEN) },
  security: { enabled: false },
  cluster: { enabled: true, config: { workers: 1 } },
})
${fragment('error-handling')}
if (!process.env.WORKER_ID) report('survived')
`
  const taken = await freePort(1)
  const server = http.createServer().listen(taken, '127.0.0.1')
  process.env.TAKEN = String(taken)
  try {
    await withScript('failing', code, async app => {
      await app.line(({ name }) => name === 'survived', PATIENCE)
      assert.ok(app.output.includes('Cluster failed to start, falling back to single process'))
    })
  } finally {
    delete process.env.TAKEN
    server.close()
  }
})

test('a cluster is built as the documents build one', () =>
  withScript(
    'builder',
    `${TO_REPORT}
${snippet('builder')}
report('started', { state: cluster.state, workers: cluster.getConfig().autoScaling.maxWorkers })
process.exit(0)
`,
    async app => {
      const { state, workers } = await app.line(({ name }) => name === 'started', PATIENCE)
      assert.deepEqual([state, workers], ['stopped', 8])
    },
  ))

test('no snippet is left out', () => {
  const all = readdirSync(SNIPPETS).map(name => basename(name, '.mts'))
  assert.deepEqual([...executed].sort(), all.sort())
})
