/** Whose word on the client counts. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { BunClusterManager, ConfigurationError } from 'xypriss-cluster'
import { withCluster } from './helpers/cluster.mjs'
import { bodyOf, exchange } from './helpers/raw.mjs'

const app = 'servers/heads.mjs'
const CLAIMS = [
  ...[
    'X-Forwarded-For: 1.1.1.1',
    'x-forwarded-for: 2.2.2.2',
    'X-Forwarded-Proto: https',
    'X-Forwarded-Host: b.test',
  ],
  ...['X-Forwarded-Port: 443', 'X-Forwarded-Prefix: /p', 'X-Real-IP: 3.3.3.3', 'X_Forwarded_For: 4.4.4.4'],
  'Forwarded: for=5.5.5.5',
]

/** What the app sees of these lines, names in lower case. */
async function seen(cluster, lines, localAddress = '127.0.0.1') {
  const head = ['GET /raw HTTP/1.1', 'Host: a.test', ...lines, 'Connection: close', '', ''].join('\r\n')
  const raw = JSON.parse(bodyOf(await exchange(cluster.port, head, { localAddress })))
  const fields = []
  for (let at = 0; at < raw.length; at += 2) fields.push(`${raw[at].toLowerCase()}: ${raw[at + 1]}`)
  return fields.filter(field => /forwarded|real/.test(field))
}

test('nothing is added that the client did not send', () =>
  withCluster({ app, workers: 1 }, async cluster => {
    assert.deepEqual(await seen(cluster, []), [])
  }))

test('a trusted proxy is believed, in one line each', () =>
  withCluster({ app, workers: 1 }, async cluster => {
    assert.deepEqual((await seen(cluster, CLAIMS)).sort(), [
      ...['forwarded: for=5.5.5.5', 'x-forwarded-for: 1.1.1.1, 2.2.2.2', 'x-forwarded-host: b.test'],
      ...[
        'x-forwarded-port: 443',
        'x-forwarded-prefix: /p',
        'x-forwarded-proto: https',
        'x-real-ip: 3.3.3.3',
      ],
      'x_forwarded_for: 4.4.4.4',
    ])
    assert.deepEqual(await seen(cluster, ['X-Forwarded-Proto: javascript']), ['x-forwarded-proto: http'])
  }))

test('any other peer is replaced by what its connection says, and the list can be changed', () =>
  withCluster({ app, workers: 1, loadBalancing: { trustedProxies: ['127.0.0.3/32'] } }, async cluster => {
    const own = address => [
      ...[`forwarded: for=${address};host=a.test;proto=http`, `x-forwarded-for: ${address}`],
      ...['x-forwarded-host: a.test', `x-forwarded-port: ${cluster.port}`, 'x-forwarded-proto: http'],
      `x-real-ip: ${address}`,
    ]
    assert.deepEqual((await seen(cluster, CLAIMS, '127.0.0.2')).sort(), own('127.0.0.2'))
    assert.equal((await seen(cluster, CLAIMS, '127.0.0.3')).length, 8)
    await cluster.updateConfig({ loadBalancing: { trustedProxies: 'none' } })
    assert.deepEqual((await seen(cluster, CLAIMS, '127.0.0.3')).sort(), own('127.0.0.3'))
    await cluster.updateConfig({ loadBalancing: { trustedProxies: 'private' } })
    assert.equal((await seen(cluster, CLAIMS, '127.0.0.3')).length, 8)
  }))

test('an entry that is none is named', () => {
  for (const [trustedProxies, entry] of [
    ['all', 'all'],
    [['loopback', '10.0.0.0/33'], '10.0.0.0/33'],
    [['private', 7], '7'],
  ]) {
    const refused = error =>
      error instanceof ConfigurationError &&
      error.message.includes('loadBalancing.trustedProxies') &&
      error.message.includes(entry)
    assert.throws(() => new BunClusterManager({ loadBalancing: { trustedProxies } }, 3000), refused)
  }
})
