/** Answers before the last one, expectations of clients, and clients that have closed one side. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isBun, withCluster } from './helpers/cluster.mjs'
import { request } from './helpers/connection.mjs'
import { exchange, Raw } from './helpers/raw.mjs'
import { eventually } from './helpers/wait.mjs'

const app = 'servers/heads.mjs'
const expecting = (length, version = '1.1') =>
  `POST / HTTP/${version}\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: ${length}\r\nConnection: close\r\n\r\n`

test('103 and 102 reach the client before the answer', { skip: isBun && 'node:http of Bun sends none' }, () =>
  withCluster({ app, workers: 1 }, async cluster => {
    const answer = await exchange(cluster.port, 'GET /hints HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n')
    const heads = answer.match(/^HTTP\/1\.1 \d+/gm)
    assert.deepEqual(heads, ['HTTP/1.1 103', 'HTTP/1.1 102', 'HTTP/1.1 200'])
    assert.ok(answer.includes('</a.css>; rel=preload'), answer)
    const old = await exchange(cluster.port, 'GET /hints HTTP/1.0\r\n\r\n')
    assert.deepEqual(old.match(/^HTTP\/1\.1 \d+/gm), ['HTTP/1.1 200'])
  }),
)

test('a body that its client waits to send is asked for, and arrives', () =>
  withCluster({ app, workers: 1 }, async cluster => {
    const client = await Raw.open(cluster.port, expecting(5))
    await client.until('HTTP/1.1 100 Continue\r\n\r\n')
    client.send('hello')
    const answer = await client.rest()
    assert.deepEqual(answer.match(/^HTTP\/1\.1 \d+/gm), ['HTTP/1.1 100', 'HTTP/1.1 200'])
    assert.ok(answer.includes('hello'), answer)
  }))

test(
  'an app refuses a body before it is sent',
  { skip: isBun && 'node:http of Bun has no checkContinue' },
  () =>
    withCluster({ app, workers: 1 }, async cluster => {
      const answer = await exchange(cluster.port, expecting(100_000))
      assert.match(answer, /^HTTP\/1\.1 413 /)
      assert.match(answer, /\r\nConnection: close\r\n/i)
      assert.ok(answer.endsWith('big'), answer)
    }),
)

test('a client that does not wait for leave is served', () =>
  withCluster({ app, workers: 1 }, async cluster => {
    const answer = await exchange(cluster.port, `${expecting(5)}hello`)
    assert.match(answer, /HTTP\/1\.1 200 [\s\S]*hello/)
    const old = await exchange(cluster.port, `${expecting(5, '1.0')}hello`)
    assert.match(old, /^HTTP\/1\.1 200 [\s\S]*hello/)
  }))

test('a client that has closed its sending side only is answered', () =>
  withCluster({ app, workers: 1 }, async cluster => {
    for (const ms of [0, 300]) {
      const client = await Raw.open(cluster.port, `GET /slow?ms=${ms} HTTP/1.1\r\nHost: a\r\n\r\n`)
      client.finish()
      const answer = await client.rest()
      assert.match(answer, /^HTTP\/1\.1 200 [\s\S]*slow/)
    }
  }))

test('a client that is gone has its request cancelled at the worker', () =>
  withCluster({ app, workers: 1 }, async cluster => {
    const state = async () => (await request(cluster.port, '/left')).json()
    const clients = []
    for (const _ of [1, 2, 3])
      clients.push(await Raw.open(cluster.port, 'GET /never HTTP/1.1\r\nHost: a\r\n\r\n'))
    await eventually(async () => (await state()).waiting === 3, 'three requests at the worker')
    for (const client of clients) client.close()
    await eventually(async () => (await state()).left === 3, 'the end of three requests')
  }))
