/** Apps see the address of their client, whatever the client writes. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import http from 'node:http'
import { test } from 'node:test'
import { isBun, withCluster } from './helpers/cluster.mjs'

const APPS = isBun ? ['servers/client-bun.mjs', 'servers/client-http.mjs'] : ['servers/client-http.mjs']

/** Ask by `agent` from `localAddress`; the status and what the app saw. */
async function ask(port, path, { agent, localAddress = '127.0.0.1', headers = {} } = {}) {
  const request = http.get({ host: '127.0.0.1', port, path, agent, localAddress, headers })
  const [response] = await once(request, 'response')
  const chunks = []
  for await (const chunk of response) chunks.push(chunk)
  const { localPort } = request.socket
  return { status: response.statusCode, seen: JSON.parse(Buffer.concat(chunks).toString()), localPort }
}

const plain = address => address.replace(/^::ffff:/, '')

for (const app of APPS) {
  test(`${app}: each client is seen with its own address and port`, () =>
    withCluster({ app, workers: 1 }, async cluster => {
      for (let host = 1; host <= 9; host += 1) {
        const localAddress = `127.0.0.${host}`
        const agent = new http.Agent({ keepAlive: true })
        // Twice by one connection: of two clients, both may come by the same connection to the worker.
        for (let turn = 0; turn < 2; turn += 1) {
          const { seen, localPort } = await ask(cluster.port, '/', { agent, localAddress })
          assert.equal(plain(seen.remoteAddress), localAddress)
          assert.equal(seen.remotePort, localPort)
        }
        agent.destroy()
      }
    }))

  test(`${app}: a limit per address is each client's own`, () =>
    withCluster({ app, workers: 1 }, async cluster => {
      const statuses = async (host, count) => {
        const all = []
        for (let turn = 0; turn < count; turn += 1) {
          all.push((await ask(cluster.port, '/limited', { localAddress: `127.0.0.${host}` })).status)
        }
        return all
      }
      for (let host = 2; host < 12; host += 1) assert.deepEqual(await statuses(host, 4), [200, 200, 200, 200])
      assert.deepEqual(await statuses(2, 1), [429])
    }))

  test(`${app}: what is for this machine is closed to others, whatever they write`, () =>
    withCluster({ app, workers: 1 }, async cluster => {
      assert.equal((await ask(cluster.port, '/admin')).status, 200)
      const forged = {
        'X-Forwarded-For': '127.0.0.1',
        Forwarded: 'for=127.0.0.1',
        [`x-xypriss-client-${'0'.repeat(32)}`]: '127.0.0.1 1 127.0.0.1 2',
        'x-xypriss-client-': '127.0.0.1 1 127.0.0.1 2',
      }
      const { status, seen } = await ask(cluster.port, '/admin', {
        localAddress: '127.0.0.2',
        headers: forged,
      })
      assert.equal(status, 403)
      assert.doesNotMatch(JSON.stringify(seen), /xypriss-client-[0-9a-f]{32}/)
    }))

  test(`${app}: nothing of how the address comes is visible`, () =>
    withCluster({ app, workers: 1 }, async cluster => {
      const { seen } = await ask(cluster.port, '/', { headers: { 'X-Own': 'a' } })
      assert.doesNotMatch(JSON.stringify(seen), /xypriss-client-[0-9a-f]{32}/)
      assert.deepEqual(Object.keys(seen.headers).sort(), ['host', 'x-own'])
    }))
}

if (isBun) {
  test('a WebSocket of Bun has the address of its client', () =>
    withCluster({ app: 'servers/client-bun.mjs', workers: 1 }, async cluster => {
      const socket = new WebSocket(`ws://127.0.0.1:${cluster.port}/socket`)
      await once(socket, 'open')
      socket.send('?')
      const [{ data }] = await once(socket, 'message')
      assert.equal(plain(data), '127.0.0.1')
      socket.close()
    }))
}
