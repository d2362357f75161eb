/**
 * The unix socket beside the app's port is invisible to the app: each public member of sockets, servers, requests and
 * responses gives under the cluster what it gives alone. A member that no row and no reason names fails by its name.
 */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { test } from 'node:test'
import { namesIn, OPTIONS, SAME } from './fixtures/second-listener/same.mjs'
import { fixture, isBun, withCluster, withManager } from './helpers/cluster.mjs'
import { Connection } from './helpers/connection.mjs'
import { connectionsTo, listensOnUnix } from './helpers/sockets.mjs'
import { eventually, within } from './helpers/wait.mjs'

const APP = 'second-listener/app.mjs'
const KINDS = isBun ? ['http', 'bun'] : ['http']

/** What the client sees of a connection that ends, and what the master says in the place of a worker. */
const NO_ANSWER = 'no answer'

/** Run `body` with the port of an app of `kind` that runs without a cluster. */
async function withAlone(kind, body, own = {}) {
  const env = { ...process.env, KIND: kind, ALONE: 'true', ...own }
  const child = spawn(process.execPath, [fixture(APP)], { env, stdio: ['ignore', 'pipe', 'inherit'] })
  const exited = once(child, 'exit')
  try {
    const [line] = await within(once(createInterface({ input: child.stdout }), 'line'), 'the port of the app')
    await body(Number(line.slice('port '.length)))
  } finally {
    child.kill('SIGKILL')
    await exited
  }
}

/** Run `body` with the port of an app of `kind` alone, and the cluster of one worker that runs the same app. */
function withBoth(kind, body, env = {}) {
  const config = { app: APP, workers: 1, exec: { env: { KIND: kind, ...env } } }
  return withAlone(kind, alone => withCluster(config, cluster => body(alone, cluster)), env)
}

/** The answer to a request on a connection that has carried one before, as most have. */
async function ask(port, path, { method = 'POST', body = '' } = {}) {
  const connection = await Connection.open(port)
  try {
    await connection.request('/pid')
    const length = { 'content-length': Buffer.byteLength(body) }
    connection.sendHead(path, { method, headers: length })
    connection.send(body)
    return await answerOf(connection)
  } finally {
    connection.close()
  }
}

async function answerOf(connection) {
  const answer = await connection.response().catch(() => undefined)
  if (answer === undefined || answer.status === 502) return NO_ANSWER
  // Interim answers are not the subject here.
  if (answer.status < 200) return answerOf(connection)
  return `${answer.status} ${answer.text}`
}

const json = async (port, path) => JSON.parse((await ask(port, path)).slice('200 '.length))

for (const kind of KINDS) {
  test(`${kind}: every public member has a row, or a reason for having none`, () =>
    withAlone(kind, async port => {
      const { rows, options, ...members } = await json(port, '/members')
      for (const [subject, names] of Object.entries(members)) {
        const known = [...rows[subject], ...namesIn(SAME[kind][subject])]
        const unknown = names.filter(name => !known.includes(name))
        assert.deepEqual(unknown, [], `members of ${subject} that are not in the table`)
      }
      const known = namesIn(OPTIONS)
      const unknown = options?.filter(name => !known.includes(name)) ?? []
      assert.deepEqual(unknown, [], 'options of Bun.serve that are not in the table')
    }))

  test(`${kind}: each member gives what it gives alone`, () =>
    withBoth(kind, async (alone, { port }) => {
      const { rows } = await json(alone, '/members')
      const pid = await json(port, '/pid')
      for (const [subject, names] of Object.entries(rows)) {
        const table = async port => {
          const seen = {}
          for (const name of names) seen[name] = await ask(port, `/${subject}/${encodeURIComponent(name)}`)
          return seen
        }
        assert.deepEqual(await table(port), await table(alone), `members of ${subject}`)
      }
      assert.equal(await json(port, '/pid'), pid, 'the worker lives')
    }))
}

/** Do `act` alone and under the cluster; `follow` gives what is compared. */
function compare(kind, act, follow, env = {}) {
  return withBoth(
    kind,
    async (alone, { port }) => {
      const seen = async port => {
        const pid = await json(port, '/pid')
        const told = await follow(port, () => ask(port, `/acts/${act}`))
        assert.equal(await json(port, '/pid'), pid, 'the process lives')
        return told
      }
      assert.deepEqual(await seen(port), await seen(alone))
    },
    env,
  )
}

/** The events of the app until `count` have come: answers, as soon as the app listens again. */
async function eventsOf(port, count) {
  const events = []
  await eventually(async () => {
    const told = await ask(port, '/events').catch(() => NO_ANSWER)
    if (told.startsWith('200 ')) events.push(...JSON.parse(told.slice('200 '.length)))
    return events.length >= count
  }, 'what the app has seen')
  return events
}

/** A request that the app does not answer, and in a list, as it is not waited for, what becomes of it. */
async function hang(port) {
  const connection = await Connection.open(port)
  connection.sendHead('/acts/hang', { method: 'POST', headers: { 'content-length': 0 } })
  const outcome = answerOf(connection).finally(() => connection.close())
  assert.deepEqual(await eventsOf(port, 1), ['hangs'])
  return [outcome]
}

for (const act of ['close', 'asyncDispose']) {
  test(`http: ${act} of the server answers what is under way, and it can listen again`, () =>
    compare('http', act, async (port, ask) => [await ask(), await eventsOf(port, 1)]))
}

test('http: closeAllConnections ends the requests under way', () =>
  compare('http', 'closeAllConnections', async (port, ask) => {
    const [outcome] = await hang(port)
    const own = ask()
    return [await own, await outcome, (await eventsOf(port, 2)).sort()]
  }))

test(
  'http: a connection above maxConnections is dropped, and the app is told',
  {
    skip: isBun && 'not in Bun',
  },
  () =>
    compare('http', 'drop', async port => {
      const connection = await Connection.open(port)
      connection.sendHead('/acts/drop', { method: 'POST', headers: { 'content-length': 0 } })
      // The head of the answer says that the limit holds.
      const body = connection.body(await connection.head())
      // More than the proxy has idle connections.
      const others = await Promise.all(
        Array.from({ length: 8 }, async () => {
          const other = await Connection.open(port).catch(() => undefined)
          other?.sendHead('/acts/hang', { method: 'POST', headers: { 'content-length': 0 } })
          return other
        }),
      )
      let told = ''
      for await (const part of body) told += part
      for (const open of [connection, ...others]) open?.close()
      return told
    }),
)

const onBun = (name, body) => test(`bun: ${name}`, { skip: !isBun && 'Bun only' }, body)

onBun('stop answers what is under way, and the app can serve again', () =>
  compare('bun', 'stop', async (port, ask) => [await ask(), await eventsOf(port, 1)]),
)

for (const act of ['stop at once', 'dispose']) {
  onBun(`${act} ends the requests under way`, () =>
    compare('bun', encodeURIComponent(act), async (port, ask) => {
      const [outcome] = await hang(port)
      return [await ask(), await outcome, (await eventsOf(port, 2)).sort()]
    }),
  )
}

onBun('reload replaces the handlers for all requests', () =>
  compare('bun', 'reload', async (port, reload) => [
    await reload(),
    await ask(port, '/server/id'),
    await ask(port, '/acts/back'),
    await ask(port, '/server/id'),
  ]),
)

onBun('routes and handlers of errors are called as they are alone', () =>
  compare('bun', 'counts', async port => [
    await ask(port, '/route/name', { method: 'GET' }),
    await ask(port, '/fails'),
  ]),
)

onBun('a body above maxRequestBodySize is refused', () =>
  compare('bun', 'counts', async port => [
    await ask(port, '/request/text', { body: 'x'.repeat(1000) }),
    await ask(port, '/request/text', { body: 'x'.repeat(1001) }),
  ]),
)

onBun('a WebSocket belongs to the server that the app holds', () =>
  compare('bun', 'websocket', async (port, refused) => {
    const socket = new WebSocket(`ws://127.0.0.1:${port}/acts/websocket`)
    const heard = once(socket, 'message')
    await within(once(socket, 'open'), 'the WebSocket')
    const counts = await ask(port, '/acts/counts')
    const [{ data }] = await within(heard, 'what is published')
    const closed = once(socket, 'close')
    socket.close()
    await within(closed, 'the end of the WebSocket')
    return [await refused(), counts, data]
  }),
)

onBun('a request that takes longer than a short idleTimeout ends', () =>
  compare(
    'bun',
    'counts',
    async port => {
      const [outcome] = await hang(port)
      return [await outcome, await eventsOf(port, 1)]
    },
    { IDLE_TIMEOUT: '1' },
  ),
)

onBun('an app that is given pages goes by its port from then on', () =>
  withCluster({ app: APP, workers: 1, exec: { env: { KIND: 'bun' } } }, async cluster => {
    const [worker] = cluster.getWorkers()
    await ask(cluster.port, '/pid')
    assert.equal(connectionsTo(worker.port), 0)
    assert.equal(await ask(cluster.port, '/acts/pages'), '200 reloaded')
    await eventually(async () => {
      assert.match(await ask(cluster.port, '/page', { method: 'GET' }), /^200 .*bundled/s)
      return connectionsTo(worker.port) > 0
    }, 'a connection to the port of the worker')
  }),
)

test('requests come by the second listener', () =>
  withCluster({ app: APP, workers: 1, exec: { env: { KIND: 'http' } } }, async cluster => {
    const [{ pid, port }] = cluster.getWorkers()
    await ask(cluster.port, '/pid')
    assert.deepEqual([listensOnUnix(pid), connectionsTo(port)], [true, 0])
  }))

for (const kind of KINDS) {
  test(`${kind}: XYPRISS_CLUSTER_COMPAT=no-second-listener leaves the port alone`, () => {
    const env = { KIND: kind, XYPRISS_CLUSTER_COMPAT: 'no-second-listener' }
    return withCluster({ app: APP, workers: 1, exec: { env } }, async cluster => {
      const [{ pid, port }] = cluster.getWorkers()
      await ask(cluster.port, '/pid')
      assert.equal(listensOnUnix(pid), false)
      assert.ok(connectionsTo(port) > 0)
    })
  })
}

test('XYPRISS_CLUSTER_COMPAT refuses what it does not know', () =>
  withManager({ app: APP, exec: { env: { KIND: 'http' } } }, async cluster => {
    process.env.XYPRISS_CLUSTER_COMPAT = 'no-second-listener, no-third'
    try {
      await assert.rejects(cluster.start(), { code: 'ERR_CONFIGURATION', message: /"no-third"/ })
    } finally {
      delete process.env.XYPRISS_CLUSTER_COMPAT
    }
  }))
