/** The address that an app asks for is the one that is opened. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { KINDS, nameAt, withOpens } from './helpers/opens.mjs'
import { freePort } from './helpers/processes.mjs'

/** An address of the machine beside the loopback interface's own, which the network of the tests may have. */
const HOSTS = ['127.0.0.1', '127.0.0.2', '::1']

/** Of each host, whether a connection to `port` is taken. */
async function reach(port) {
  const names = await Promise.all(HOSTS.map(host => nameAt(port, host)))
  return names.map(name => name !== 'ECONNREFUSED')
}

for (const kind of KINDS) {
  for (const [host, expected] of [
    [undefined, [true, true, true]],
    ['0.0.0.0', [true, true, false]],
    ['::', [true, true, true]],
    ['127.0.0.1', [true, false, false]],
    ['127.0.0.2', [false, true, false]],
    ['::1', [false, false, true]],
    ['localhost', undefined],
  ]) {
    test(`${kind}: ${host ?? 'no host'}, public and beside it`, async () => {
      const other = await freePort(1)
      const servers = port => [
        { name: 'other', kind, port: other, host },
        { name: 'app', kind, port, host },
      ]
      await withOpens({ servers, workers: 2 }, async (cluster, { port }) => {
        await cluster.start()
        const reached = await reach(port)
        // A name is opened at one address of it, whichever the system names first.
        if (expected) assert.deepEqual(reached, expected)
        else assert.equal(reached.filter(Boolean).length, 1)
        assert.deepEqual(await reach(other), reached)
      })
    })
  }

  test(`${kind}: two addresses on one port are two servers`, async () => {
    const other = await freePort(1)
    const servers = port =>
      [port, other].flatMap(at => [
        { name: `four-${at}`, kind, port: at, host: '127.0.0.1' },
        { name: `six-${at}`, kind, port: at, host: '::1' },
      ])
    await withOpens({ servers, workers: 2 }, async (cluster, { port }) => {
      await cluster.start()
      for (const at of [port, other]) {
        assert.equal(await nameAt(at, '127.0.0.1'), `four-${at}`)
        assert.equal(await nameAt(at, '::1'), `six-${at}`)
        assert.equal(await nameAt(at, '127.0.0.2'), 'ECONNREFUSED')
      }
    })
  })
}

test('ipv6Only leaves IPv4 out', {
  skip: process.versions.bun && 'node:http of Bun does not know it',
}, async () => {
  const other = await freePort(1)
  const servers = port => [port, other].map(at => ({ name: 'app', port: at, host: '::', ipv6Only: true }))
  await withOpens({ servers, workers: 2 }, async (cluster, { port }) => {
    await cluster.start()
    for (const at of [port, other]) assert.deepEqual(await reach(at), [false, false, true])
  })
})

test('Bun.serve: ipv6Only leaves IPv4 out', { skip: !process.versions.bun && 'Bun only' }, async () => {
  const servers = port => [{ name: 'app', kind: 'serve', port, host: '::', ipv6Only: true }]
  await withOpens({ servers, workers: 1 }, async (cluster, { port }) => {
    await cluster.start()
    assert.deepEqual(await reach(port), [false, false, true])
  })
})

test('loadBalancing.host says better than the app where the public port is opened', () => {
  const servers = port => [{ name: 'app', port, host: '0.0.0.0' }]
  const loadBalancing = { host: '127.0.0.2' }
  return withOpens({ servers, workers: 1, loadBalancing }, async (cluster, { port }) => {
    await cluster.start()
    assert.deepEqual(await reach(port), [false, true, false])
  })
})
