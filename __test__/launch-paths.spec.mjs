/** Which file `exec.script` names: relative to the directory in which the worker runs, and refused when it is missing. */
import assert from 'node:assert/strict'
import { mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, relative } from 'node:path'
import { after, before, test } from 'node:test'
import { ConfigurationError } from 'xypriss-cluster'
import { fixture, withCluster, withManager } from './helpers/cluster.mjs'
import { request } from './helpers/connection.mjs'

const APP = `
  const answer = () => JSON.stringify({ cwd: process.cwd(), script: process.argv[1] })
  require('node:http').createServer((_, response) => response.end(answer())).listen(3000)`

let directory
before(() => {
  directory = realpathSync(mkdtempSync(join(tmpdir(), 'launch-paths-')))
  writeFileSync(join(directory, 'main.js'), APP)
})
after(() => rmSync(directory, { recursive: true }))

/** What the app says of where it runs, started like this. */
async function place(exec) {
  let said
  await withCluster({ workers: 1, exec }, async cluster => {
    said = (await request(cluster.port)).json()
  })
  return said
}

/** The one problem of a start with this. */
async function problem(exec) {
  let found
  await withManager({ workers: 1, exec }, async cluster => {
    const error = await cluster.start().then(
      () => assert.fail('it started'),
      error => error,
    )
    assert.ok(error instanceof ConfigurationError, String(error))
    ;[found] = error.details.problems
  })
  return found
}

test('a relative script is taken from exec.cwd', async () => {
  for (const script of ['main.js', './main.js', `../${directory.split('/').at(-1)}/main.js`]) {
    const said = await place({ script, cwd: directory })
    assert.deepEqual(said, { cwd: directory, script: join(directory, 'main.js') })
  }
})

test('exec.cwd itself is taken from the directory of the master', async () => {
  const said = await place({ script: 'main.js', cwd: relative(process.cwd(), directory) })
  assert.deepEqual(said, { cwd: directory, script: join(directory, 'main.js') })
})

test('without exec.cwd it is taken from the directory of the master', async () => {
  const said = await place({ script: relative(process.cwd(), join(directory, 'main.js')) })
  assert.deepEqual(said, { cwd: process.cwd(), script: join(directory, 'main.js') })
})

test('an absolute script is what it is', async () => {
  const said = await place({ script: join(directory, 'main.js'), cwd: dirname(directory) })
  assert.deepEqual(said, { cwd: dirname(directory), script: join(directory, 'main.js') })
})

test('a name that the runtime completes is left to it', async () => {
  const { cwd, script } = await place({ script: 'main', cwd: directory })
  assert.equal(cwd, directory)
  assert.match(script, new RegExp(`^${directory}/main(\\.js)?$`))
})

test('a script that is not there is named with its full path', async () => {
  for (const script of ['none.js', 'none', 'sub/none.js']) {
    const said = await problem({ script, cwd: directory })
    assert.equal(said, `exec.script: there is no file ${join(directory, script)}`)
  }
})

test('one that is there for the master alone is not there for a worker in another directory', async () => {
  const script = relative(process.cwd(), fixture('app.mjs'))
  assert.equal(
    await problem({ script, cwd: directory }),
    `exec.script: there is no file ${join(directory, script)}`,
  )
})

test('a directory that is not there is named before its script', async () => {
  const said = await problem({ script: 'main.js', cwd: join(directory, 'none') })
  assert.equal(said, `exec.cwd: there is no directory ${join(directory, 'none')}`)
})
