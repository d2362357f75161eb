/** A worker dies while it takes a request that must not be sent twice. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fixture, withCluster } from './helpers/cluster.mjs'
import { Connection } from './helpers/connection.mjs'
import { eventually } from './helpers/wait.mjs'

const BODY = 'twelve bytes'

test('a worker killed in the middle of a POST: 502 for its client and for no other', () =>
  withCluster({ workers: 3, loadBalancing: { strategy: 'round-robin' } }, async cluster => {
    const uploads = []
    for (const _ of cluster.getWorkers()) uploads.push(await beginUpload(cluster))
    const workers = uploads.map(({ worker }) => worker)
    assert.deepEqual([...workers].sort(), ['worker-1', 'worker-2', 'worker-3'])

    const [victim, ...others] = uploads
    const { pid, port } = cluster.getWorkerById(victim.worker)
    process.kill(pid, 'SIGKILL')
    const refused = await victim.connection.response()
    assert.equal(refused.status, 502)
    assert.equal(refused.headers['content-type'], 'application/json')
    assert.equal(refused.json().error, 'Bad Gateway')
    for (const inside of [victim.worker, '127.0.0.1', String(port), String(pid), 'ECONN', fixture('')]) {
      assert.equal(refused.text.includes(inside), false, `${refused.text} names ${inside}`)
    }

    for (const { connection, worker } of others) {
      connection.send(BODY.slice(6))
      const answer = await connection.response()
      assert.equal(answer.status, 200)
      assert.deepEqual([answer.json().worker, answer.json().bytes], [worker, BODY.length])
    }
    for (const { connection } of uploads) connection.close()
  }))

/** A POST of which half the body is sent, and the worker that took it. */
async function beginUpload(cluster) {
  const busy = () => cluster.getWorkers().filter(({ activeRequests }) => activeRequests > 0)
  const before = busy().map(({ id }) => id)
  const connection = await Connection.open(cluster.port)
  connection.sendHead('/upload', { method: 'POST', headers: { 'content-length': BODY.length } })
  connection.send(BODY.slice(0, 6))
  const taken = await eventually(
    () => busy().find(({ id }) => !before.includes(id)),
    'a worker that takes the request',
  )
  return { connection, worker: taken.id }
}
