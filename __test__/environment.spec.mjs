/** What a worker is started with: environment, arguments, directory. */
import assert from 'node:assert/strict'
import { realpathSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { test } from 'node:test'
import { isBun, withCluster } from './helpers/cluster.mjs'
import { request } from './helpers/connection.mjs'
import { withMaster } from './helpers/with-master.mjs'

const environment = async port => (await request(port, '/env')).json()

test('a worker knows from its environment who it is', () =>
  withCluster({ workers: 1 }, async cluster => {
    const [{ id, port }] = cluster.getWorkers()
    const env = await environment(cluster.port)
    assert.deepEqual([env.CLUSTER_MODE, env.WORKER_ID, env.WORKER_PORT], ['true', id, String(port)])
    // What is only between the master and this process must not reach the children of the app.
    const internal = Object.keys(env).filter(name => name.startsWith('XYPRISS_CLUSTER'))
    assert.deepEqual(internal, [])
  }))

test('a worker has the NODE_ENV of its master', () =>
  withMaster('masters/runs.mjs', { env: { NODE_ENV: 'staging' } }, async (_, { port }) => {
    assert.equal((await environment(port)).NODE_ENV, 'staging')
  }))

test('a worker has what the master added to its own environment before it started the worker', async () => {
  process.env.SPEC_ADDED = 'by the master'
  try {
    await withCluster({ workers: 1 }, async cluster => {
      assert.equal((await environment(cluster.port)).SPEC_ADDED, 'by the master')
    })
  } finally {
    delete process.env.SPEC_ADDED
  }
})

test('exec.env is laid over the environment of the master', () =>
  withCluster({ workers: 1, exec: { env: { PATH: '/nowhere', SPEC_OWN: 'yes' } } }, async cluster => {
    const env = await environment(cluster.port)
    assert.deepEqual([env.PATH, env.SPEC_OWN, env.HOME], ['/nowhere', 'yes', process.env.HOME])
  }))

test('exec says with which arguments and where a worker runs', async () => {
  const flag = isBun ? '--smol' : '--no-warnings'
  const cwd = realpathSync(tmpdir())
  const exec = { args: ['--verbose', 'a b'], execArgv: [flag], cwd }
  await withCluster({ workers: 1, exec }, async cluster => {
    const seen = (await request(cluster.port, '/process')).json()
    assert.deepEqual([seen.args, seen.cwd], [exec.args, cwd])
    assert.ok(seen.execArgv.includes(flag), `${flag} in ${seen.execArgv}`)
  })
})

test('the stdin of a worker is empty, and that of what it starts as well', () =>
  withCluster({ app: 'stdin.mjs', workers: 1 }, async cluster => {
    assert.deepEqual((await request(cluster.port)).json(), { own: '', ofChild: '' })
  }))
