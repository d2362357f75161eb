/** One app, alone and as the workers of a cluster: the same answers, and no request is lost when workers go. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import net from 'node:net'
import { text } from 'node:stream/consumers'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { runtimePath } from '../../scripts/runtimes.mjs'
import { withManager } from './cluster.mjs'
import { loadGenerator } from './load.mjs'
import { alive, freePort } from './processes.mjs'
import { comparable } from './rules.mjs'
import { eventually, within } from './wait.mjs'

/** The address of the clients: none that the proxy or a worker uses, so that an app which shows it shows the right one. */
const CLIENT = '127.0.0.2'
/** How long an app may take to start or stop; large ones start several at once on two cores. In milliseconds. */
const PATIENCE = 60_000
/** How long one app may take with all that is done to it, in milliseconds. */
const TEST_TIMEOUT = 180_000
/** What a client meets when the port is closed: no request was sent. */
const REFUSED = /ECONNREFUSED/

/**
 * A test of the app at `script`: `exchanges` get the same answers alone and clustered, then `restart()` and `stop()`
 * under `load` lose no request.
 *
 * `load` is what {@link loadGenerator} takes, one or several. `client` sends the exchanges. `own` are the rules of
 * `rules.mjs` that the app needs. `execArgv`, `env` and `config` start it.
 */
export function compared(name, app) {
  const { skip = false } = app
  test(`${name}: the same alone and clustered, and nothing is lost`, { timeout: TEST_TIMEOUT, skip }, () =>
    compare(app),
  )
}

async function compare({ exchanges, load = {}, own, client, config = {}, secure = false, ...app }) {
  const port = await freePort()
  const options = { port, secure, client, from: CLIENT, exchanges }
  const alone = await runAlone({ ...app, port }, () => send(options))
  for (const [index, { failed }] of alone.entries()) {
    const { name, mayFail } = exchanges[index]
    if (!mayFail) assert.equal(failed, undefined, `alone, ${name}: ${failed}`)
  }
  const loads = [load].flat().map(one => ({ port, secure, connections: 4, pause: 5, ...one }))
  const exec = {
    script: app.script,
    args: app.args ?? [],
    execArgv: app.execArgv ?? [],
    env: environment(app, port),
  }
  await withManager({ workers: 2, port, ...config, exec }, async cluster => {
    await within(cluster.start(), 'the start of the cluster', PATIENCE)
    const clustered = await send(options)
    const different = exchanges.flatMap(({ name }, index) =>
      difference(name, alone[index], clustered[index], own),
    )
    const lost = await loseNothing(cluster, loads)
    const problems = [...different, ...lost]
    assert.equal(problems.length, 0, problems.join('\n'))
  })
}

/** Restart and stop under load; the requests that failed. */
async function loseNothing(cluster, loads) {
  const before = cluster.getWorkers().map(({ pid }) => pid)
  const generators = await Promise.all(loads.map(loadGenerator))
  const problems = []
  const attempt = (what, promise) =>
    within(promise, what, PATIENCE).catch(error => problems.push(`${what}: ${error.message}`))
  await attempt('restart()', cluster.restart())
  if (before.some(alive)) problems.push('a process is left from before the restart')
  await attempt('stop()', cluster.stop())
  for (const generator of generators) {
    const { ok, failed } = await generator.stop()
    if (ok === 0) problems.push('no request was answered')
    for (const { reason, count } of failed) if (!REFUSED.test(reason)) problems.push(`${count} × ${reason}`)
  }
  return problems
}

/** The differences between two results of one exchange, for a report. */
function difference(name, alone, clustered, own) {
  const [one, other] = [alone, clustered].map(({ answers, failed }) => ({
    ...Object.assign({}, ...answers.map((answer, index) => numbered(comparable(answer, own), index))),
    ...(failed && { failed }),
  }))
  const parts = [...new Set([...Object.keys(one), ...Object.keys(other)])]
  return parts
    .filter(part => one[part] !== other[part])
    .map(part => `${name}, ${part}: ${firstDifference(one[part] ?? '', other[part] ?? '')}`)
}

/** The parts of an answer as texts; `index` tells the answers of one connection apart. */
function numbered(answer, index) {
  const parts = Object.entries(answer).map(([part, value]) => [`${part} ${index + 1}`, String(value)])
  return Object.fromEntries(parts)
}

/** Around the first character that differs. */
function firstDifference(alone, clustered) {
  let at = 0
  while (alone[at] === clustered[at]) at += 1
  const around = text => JSON.stringify(text.slice(Math.max(at - 40, 0), at + 80))
  return `alone ${around(alone)}, clustered ${around(clustered)}`
}

/** The answers to `exchanges`, sent by a process of its own. */
async function send({ client = 'raw-client.mjs', ...options }) {
  const script = fileURLToPath(new URL(client, import.meta.url))
  const child = spawn(runtimePath('node22'), [script], { stdio: ['pipe', 'pipe', 'inherit'] })
  child.stdin.end(JSON.stringify(options))
  return JSON.parse(await within(text(child.stdout), 'the answers', PATIENCE))
}

/** Run `body` while the app runs alone, on its own port. */
async function runAlone({ script, args = [], execArgv = [], port, ...app }, body) {
  const child = spawn(process.execPath, [...execArgv, script, ...args], {
    env: { ...process.env, ...environment(app, port) },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const output = []
  for (const stream of [child.stdout, child.stderr]) stream.on('data', data => output.push(data))
  const exited = once(child, 'exit')
  try {
    await eventually(
      async () => {
        if (child.exitCode !== null) throw new Error(`the app ended: ${Buffer.concat(output)}`)
        return accepts(port)
      },
      'the server of the app',
      PATIENCE,
    )
    return await body()
  } finally {
    child.kill('SIGKILL')
    await exited
  }
}

/** Whether a server takes connections on `port`. Opening the port to find out could take it from the app. */
async function accepts(port) {
  const socket = net.connect(port, '127.0.0.1')
  try {
    await once(socket, 'connect')
    return true
  } catch {
    return false
  } finally {
    socket.destroy()
  }
}

/** What an app is told by its environment, alone and clustered alike. */
function environment({ env }, port) {
  return { PORT: String(port), NODE_ENV: 'production', ...env }
}
