/** A graceful stop tells clients to connect elsewhere, and resets none of them. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { withCluster } from './helpers/cluster.mjs'
import { Connection } from './helpers/connection.mjs'
import { loadGenerator } from './helpers/load.mjs'
import { freePort } from './helpers/processes.mjs'
import { beginRequest } from './helpers/slow-request.mjs'
import { eventually, within } from './helpers/wait.mjs'

/** What a client meets once nobody listens any more. */
const REFUSED = /ECONNREFUSED/

test('a stop under load: every request is answered, until connections are refused', async () => {
  const port = await freePort()
  await withCluster({ workers: 2, port }, async cluster => {
    const gets = { port, connections: 8, pause: 5 }
    const posts = { port, connections: 8, pause: 5, method: 'POST', path: '/upload', bodySize: 16 * 1024 }
    const loads = await Promise.all([gets, posts].map(loadGenerator))
    await within(cluster.stop(), 'the end of the cluster')
    for (const load of loads) {
      const { ok, failed } = await load.stop()
      assert.ok(ok > 0)
      assert.deepEqual(
        failed.filter(({ reason }) => !REFUSED.test(reason)),
        [],
      )
    }
  })
})

test('answers during a stop say that they are the last of their connection', () =>
  withCluster({ workers: 1 }, async cluster => {
    const idle = await Connection.open(cluster.port)
    assert.equal((await idle.request()).headers.connection, undefined)
    const slow = await beginRequest(cluster.port)
    const stopping = cluster.stop()
    await eventually(() => cluster.state === 'stopping', 'the state stopping')
    const { status, headers } = await idle.request()
    assert.deepEqual([status, headers.connection], [200, 'close'])
    await within(idle.closed(), 'the end of the connection')
    assert.equal(await slow.finish(), 'goodbye')
    await within(stopping, 'the end of the cluster')
  }))
