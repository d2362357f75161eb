/** Unchanged apps that need few packages, alone and clustered. Those of larger ones are in `integration/apps`. */
import { fixture, isBun } from '../helpers/cluster.mjs'
import { compared } from '../helpers/compare.mjs'
import { get, requests, webSocket } from '../helpers/requests.mjs'
import { OWN } from '../helpers/rules.mjs'

const bunOnly = !isBun && 'Bun only'
const script = name => fixture(`apps/${name}`)
const exchanges = requests()
const load = [
  { path: '/echo' },
  { path: '/echo', method: 'POST', bodySize: 20_000, type: 'application/octet-stream' },
]

const pid = { exchanges: [...exchanges, get('the id of the process', '/pid')], own: [OWN.pid] }
compared('http', { script: script('http.mjs'), load, ...pid })
compared('https', { script: script('https.mjs'), exchanges, load, secure: true })
compared('Express 5', { script: script('express.mjs'), exchanges, load })
compared('Fastify', { script: script('fastify.mjs'), exchanges, load })
compared('Hono on Node.js', { script: script('hono-node.mjs'), exchanges, load })
compared('Hono on Bun', { script: script('hono-bun.mjs'), exchanges, load, skip: bunOnly })

const streams = {
  client: 'h2-client.mjs',
  load: { path: '/echo', generator: 'h2-load.mjs' },
  exchanges: [
    { path: '/echo?a=1&b=2&b=3', headers: { 'x-own': 'a', cookie: 'a=1; b=2' } },
    ...['PUT', 'PATCH', 'POST', 'DELETE'].map(method => ({ method, path: '/echo', body: 'text' })),
    { method: 'POST', path: '/echo', body: 'x'.repeat(300_000) },
    { method: 'POST', path: '/echo', body: 'text', headers: { expect: '100-continue' } },
    { method: 'OPTIONS', path: '/cors' },
    { method: 'HEAD', path: '/large' },
    ...[
      'large',
      'stream',
      'status/204',
      'status/418',
      'tagged',
      'file.txt',
      'redirect',
      'cookies',
      'nowhere',
    ],
    ...['throws', 'text', 'cors', 'hints'],
    { path: '/tagged', headers: { 'if-none-match': '"v1"' } },
    { path: '/file.txt', headers: { range: 'bytes=10-29' } },
    { path: '/file.txt', headers: { range: 'bytes=90000-' } },
    { path: `/echo?long=${'x'.repeat(7_000)}` },
    { path: '/echo', headers: { 'x-forwarded-for': '203.0.113.7' } },
    {
      path: '/echo',
      headers: Object.fromEntries(Array.from({ length: 90 }, (_, index) => [`x-number-${index}`, '1'])),
    },
  ]
    .map(request => (typeof request === 'string' ? { path: `/${request}` } : request))
    .map(request => ({
      name: `${request.method ?? 'GET'} ${request.path.slice(0, 30)}`,
      requests: [request],
    }))
    .concat({ name: 'eight streams at once', requests: Array(8).fill({ path: '/stream' }) }),
}
compared('http2 in clear text', { script: script('http2.mjs'), ...streams })
compared('http2 by TLS', { script: script('http2.mjs'), args: ['tls'], ...streams, secure: true })
compared('HTTP/1.1 to http2 by TLS', {
  script: script('http2.mjs'),
  args: ['tls'],
  exchanges,
  load,
  secure: true,
})

const messages = [
  [1, 'text'],
  [2, '\x00\xff'],
  [9, 'a ping'],
  [1, 'long '.repeat(2_000)],
]
const sockets = [
  webSocket('a WebSocket', '/socket', messages),
  webSocket('a WebSocket with headers', '/socket', messages, [
    ['Origin', 'http://other.test'],
    ['X-CuStOm', '1'],
    ['Sec-WebSocket-Protocol', 'one, two'],
    ['Sec-WebSocket-Extensions', 'permessage-deflate; client_max_window_bits'],
  ]),
  webSocket(
    'a WebSocket from an address that the client claims',
    '/socket',
    [],
    [['X-Forwarded-For', '203.0.113.7']],
  ),
  webSocket('a WebSocket that is refused', '/refused', []),
]
const socketLoad = { path: '/socket', generator: 'websocket-load.mjs' }
compared('ws', {
  script: script('ws.mjs'),
  exchanges: [...exchanges, ...sockets],
  load: [socketLoad, load[0]],
})
compared('Bun.serve', {
  script: script('bun-serve.mjs'),
  exchanges: [...exchanges, get('a static route', '/static'), ...sockets],
  load: [...load, socketLoad],
  skip: bunOnly,
})

compared('an app for PM2', {
  script: script('pm2.mjs'),
  exchanges: exchanges.slice(0, 5),
  load,
  config: { processManagement: { waitReady: true, killSignal: 'SIGINT' } },
})
compared('an app for PM2 with shutdown_with_message', {
  script: script('pm2.mjs'),
  args: ['shutdown'],
  exchanges: exchanges.slice(0, 5),
  load,
  config: { processManagement: { waitReady: true } },
})
