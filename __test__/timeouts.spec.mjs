/** Clients and workers that are silent for too long are given up. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { withCluster } from './helpers/cluster.mjs'
import { exchange, Raw } from './helpers/raw.mjs'

const app = 'servers/heads.mjs'
const limits = timeouts => ({ loadBalancing: { timeouts } })

test('a worker that does not answer in time is answered for, by a limit that can be changed', () =>
  withCluster({ app, workers: 1, ...limits({ responseHead: 200 }) }, async cluster => {
    const ask = () =>
      exchange(cluster.port, 'GET /slow?ms=1000 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n')
    assert.match(await ask(), /^HTTP\/1\.1 504 /)
    await cluster.updateConfig(limits({ responseHead: 0 }))
    assert.match(await ask(), /^HTTP\/1\.1 200 /)
  }))

test('a client that owes its body is answered 408', () =>
  withCluster({ app, workers: 1, ...limits({ requestBody: 200 }) }, async cluster => {
    const answer = await exchange(cluster.port, 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc')
    assert.match(answer, /^HTTP\/1\.1 408 /)
  }))

test('a stream of events may be silent', () =>
  withCluster({ app, workers: 1, ...limits({ responseBody: 10, responseHead: 1000 }) }, async cluster => {
    const client = await Raw.open(cluster.port, 'GET /events HTTP/1.1\r\nHost: a\r\n\r\n')
    // They come every 20 ms.
    await client.until('worker-1 10\n')
    client.close()
  }))
