/** Servers whose protocol is not HTTP/1 in plain are balanced per connection. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import http2 from 'node:http2'
import net from 'node:net'
import { test } from 'node:test'
import { withCluster } from './helpers/cluster.mjs'
import { Connection } from './helpers/connection.mjs'
import { beginRequest } from './helpers/slow-request.mjs'
import { eventually, within } from './helpers/wait.mjs'

/** In milliseconds: more than a restart takes, and far less than gracefulShutdownTimeout, which is 30 s. */
const SOON = 8000

const PROTOCOLS = { https: askHttps, net: askLines, http2: askHttp2 }

for (const [name, ask] of Object.entries(PROTOCOLS)) {
  test(`${name} is balanced per connection`, () =>
    withCluster({ app: `servers/${name}.mjs`, workers: 2 }, async cluster => {
      const chosen = new Set()
      for (let connection = 0; connection < 4; connection += 1) {
        const answers = await within(ask(cluster.port), `the answers over ${name}`)
        assert.equal(new Set(answers).size, 1, `one connection was answered by ${answers}`)
        chosen.add(answers[0])
      }
      assert.deepEqual([...chosen].sort(), ['worker-1', 'worker-2'])
    }))
}

test('an https request in flight is finished before its worker leaves', () =>
  withCluster({ app: 'servers/https.mjs', workers: 2 }, async cluster => {
    const slow = await beginRequest(cluster.port, { secure: true })
    const stopping = cluster.stopWorker(slow.worker)
    await eventually(() => cluster.getWorkerById(slow.worker).status === 'stopping', 'the status stopping')
    assert.equal(await slow.finish(), 'goodbye')
    slow.connection.close()
    await within(stopping, 'the end of the worker')
  }))

test('an idle https connection does not hold up a restart', () =>
  withCluster({ app: 'servers/https.mjs', workers: 1 }, async cluster => {
    const connection = await Connection.open(cluster.port, { secure: true })
    await connection.request()
    await within(cluster.restart(), 'the end of the restart', SOON)
    await connection.closed()
  }))

/** Three requests on one connection; the workers that answered. */
async function askHttps(port) {
  const connection = await Connection.open(port, { secure: true })
  const answers = []
  for (let sent = 0; sent < 3; sent += 1) answers.push((await connection.request()).json().worker)
  connection.close()
  return answers
}

/** Three lines on one connection. */
async function askLines(port) {
  const socket = net.connect(port, '127.0.0.1').setEncoding('utf8')
  const answers = []
  for (let sent = 0; sent < 3; sent += 1) {
    socket.write('who are you?\n')
    const [line] = await once(socket, 'data')
    answers.push(line.trim())
  }
  socket.destroy()
  return answers
}

/** Three streams on one connection. */
async function askHttp2(port) {
  const session = http2.connect(`http://127.0.0.1:${port}`)
  const answers = []
  for (let sent = 0; sent < 3; sent += 1) {
    const stream = session.request({ ':path': '/' }).setEncoding('utf8')
    let text = ''
    stream.on('data', part => {
      text += part
    })
    await once(stream, 'end')
    answers.push(JSON.parse(text).worker)
  }
  session.close()
  return answers
}
