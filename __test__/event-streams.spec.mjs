/** Streams of events and long polls do not hold up a worker that goes, and lose nothing. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { withCluster } from './helpers/cluster.mjs'
import { Raw } from './helpers/raw.mjs'
import { within } from './helpers/wait.mjs'

const app = 'servers/heads.mjs'
/** In milliseconds: more than a worker takes to be replaced, and far less than gracefulShutdownTimeout, which is 30 s. */
const SOON = 12_000
const spread = drainWindow => ({ advanced: { deployment: { drainWindow } } })
const EVENTS = 'GET /events HTTP/1.1\r\nHost: a\r\nAccept: text/event-stream\r\n\r\n'

/** The events that a text has, which ends after one of them and with the last chunk. */
function eventsOf(text) {
  const chunks = text.slice(text.indexOf('\r\n\r\n') + 4)
  assert.ok(chunks.endsWith('\r\n0\r\n\r\n'), JSON.stringify(text.slice(-80)))
  let body = ''
  for (let at = 0; ; ) {
    const end = chunks.indexOf('\r\n', at)
    const size = Number.parseInt(chunks.slice(at, end), 16)
    if (size === 0) break
    body += chunks.slice(end + 2, end + 2 + size)
    at = end + 2 + size + 2
  }
  assert.ok(body.endsWith('\n\n'), JSON.stringify(body.slice(-40)))
  return body.trimEnd().split('\n\n')
}

test('streams of events end between two events when their workers are replaced, and begin again elsewhere', () =>
  withCluster({ app, workers: 2, ...spread(300) }, async cluster => {
    const clients = await Promise.all(Array.from({ length: 8 }, () => Raw.open(cluster.port, EVENTS)))
    await Promise.all(clients.map(client => client.until('data: ')))
    await within(cluster.restart(), 'the end of the restart', 2 * SOON)
    for (const client of clients) {
      await client.until('\r\n0\r\n\r\n')
      const events = eventsOf(client.text)
      assert.ok(
        events.every(event => /^data: worker-\d \d+$/.test(event)),
        events.join(),
      )
      // The connection of the client lives on: what reads streams of events asks again.
      client.text = ''
      client.send(EVENTS)
      await client.until('data: worker-')
      client.close()
    }
  }))

test('a client of events does not hold up a stop', () =>
  withCluster({ app, workers: 1 }, async cluster => {
    const client = await Raw.open(cluster.port, EVENTS)
    await client.until('data: ')
    await within(cluster.stop(), 'the end of the cluster', SOON)
    eventsOf(await client.rest())
  }))

test('a request without an answer is given to another worker when its own goes', () =>
  withCluster({ app, workers: 1, ...spread(100) }, async cluster => {
    const client = await Raw.open(cluster.port, 'GET /poll HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n')
    const updated = cluster.updateConfig({ exec: { env: { ANSWERS: 'yes' } } })
    const answer = await client.rest()
    assert.match(answer, /^HTTP\/1\.1 200 [\s\S]*news/)
    await within(updated, 'the end of the deployment', 2 * SOON)
  }))

test('a long poll is answered 503 when the whole cluster stops', () =>
  withCluster({ app, workers: 1 }, async cluster => {
    const client = await Raw.open(cluster.port, 'GET /poll HTTP/1.1\r\nHost: a\r\nPrefer: wait=60\r\n\r\n')
    const polling = await Raw.open(
      cluster.port,
      'GET /poll?EIO=4&transport=polling HTTP/1.1\r\nHost: a\r\n\r\n',
    )
    await within(cluster.stop(), 'the end of the cluster', SOON)
    for (const answer of [await client.rest(), await polling.rest()]) {
      assert.match(answer, /^HTTP\/1\.1 503 /)
      assert.match(answer, /\r\nRetry-After: 1\r\n/)
      assert.match(answer, /\r\nConnection: close\r\n/)
    }
  }))
