/** What passes through the balancer: headers, large bodies, streams. */
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import { withCluster } from './helpers/cluster.mjs'
import { Connection, request } from './helpers/connection.mjs'

const LARGE = 16 * 1024 * 1024

const sha256 = bytes => createHash('sha256').update(bytes).digest('hex')

test('an upload of 16 MB arrives intact', () =>
  withCluster({ workers: 1 }, async cluster => {
    const body = Buffer.alloc(LARGE, 'an upload')
    const answer = (await request(cluster.port, '/upload', { method: 'POST', body })).json()
    assert.deepEqual([answer.bytes, answer.sha256], [LARGE, sha256(body)])
  }))

test('a download of 16 MB arrives intact', () =>
  withCluster({ workers: 1 }, async cluster => {
    const { body } = await request(cluster.port, `/bytes?size=${LARGE}`)
    assert.deepEqual([body.length, sha256(body)], [LARGE, sha256(Buffer.alloc(LARGE, 'bytes'))])
  }))

test('a response arrives piece by piece, as the app sends it', () =>
  withCluster({ workers: 1 }, async cluster => {
    const connection = await Connection.open(cluster.port)
    connection.sendHead('/halves')
    const pieces = connection.body(await connection.head())
    assert.equal((await pieces.next()).value.toString(), 'data: first\n\n')
    // Only this makes the app send the second piece.
    await request(cluster.port, '/release')
    assert.equal((await pieces.next()).value.toString(), 'data: second\n\n')
    assert.equal((await pieces.next()).done, true)
    connection.close()
  }))

test('an app sees its requests come from their client to the public port, by whatever way they came', () =>
  withCluster({ workers: 1 }, async cluster => {
    const { remoteAddress, localPort } = (await request(cluster.port, '/socket')).json()
    assert.match(remoteAddress, /^(::ffff:)?127\.0\.0\.1$/)
    assert.equal(localPort, cluster.port)
  }))
