/** Heads arrive as they were sent, names in their case and order, both ways. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isBun, withCluster } from './helpers/cluster.mjs'
import { bodyOf, exchange, Raw } from './helpers/raw.mjs'

const app = 'servers/heads.mjs'
const CLOSE = 'Connection: close\r\n\r\n'

test('the app sees names as the client sent them', () =>
  withCluster({ app, workers: 1 }, async cluster => {
    const sent = [
      ...['hOST', 'a.test', 'X-b', '1', 'x-B', '2', 'ACCEPT', '*/*', 'x-One', 'first', 'X-ONE', 'second'],
    ]
    const lines = sent.map((text, at) => (at % 2 === 0 ? `${text}: ` : `${text}\r\n`)).join('')
    const answer = await exchange(cluster.port, `GET /raw HTTP/1.1\r\n${lines}${CLOSE}`)
    const seen = JSON.parse(bodyOf(answer))
    // Bun's node:http gives names in lower case itself, alone as well.
    const expected = isBun ? sent.map((text, at) => (at % 2 === 0 ? text.toLowerCase() : text)) : sent
    if (isBun) assert.equal(seen.length > 0, true)
    else assert.deepEqual(seen, expected)
  }))

test('the client sees names as the app sent them', { skip: isBun && 'Bun itself changes them' }, () =>
  withCluster({ app, workers: 1 }, async cluster => {
    const answer = await exchange(cluster.port, `GET /names HTTP/1.1\r\nHost: a\r\n${CLOSE}`)
    const lines = answer.slice(0, answer.indexOf('\r\n\r\n')).split('\r\n')
    assert.deepEqual(lines, [
      'HTTP/1.1 200 Very Fine',
      ...['X-one: 1', 'Set-Cookie: a=1', 'x-TWO: 2', 'set-cookie: b=2', 'DATE: today', 'content-LENGTH: 2'],
      'Connection: close',
    ])
  }),
)

test('more than 100 headers of a request and more than 128 of an answer pass', () =>
  withCluster({ app, workers: 1 }, async cluster => {
    const many = Array.from({ length: 150 }, (_, at) => `X-${at}: v\r\n`).join('')
    const asked = await exchange(cluster.port, `GET /raw HTTP/1.1\r\nHost: a\r\n${many}${CLOSE}`)
    assert.match(asked, /^HTTP\/1\.1 200 /)
    assert.equal(JSON.parse(bodyOf(asked)).filter(text => /^x-\d+$/i.test(text)).length, 150)
    const answered = await exchange(cluster.port, `GET /many?count=200 HTTP/1.1\r\nHost: a\r\n${CLOSE}`)
    assert.equal(answered.match(/^x-\d+: v\r$/gim)?.length, 200)
  }))

test('limits of heads are settings', () =>
  withCluster({ app, workers: 1, loadBalancing: { limits: { requestHeaders: 10 } } }, async cluster => {
    const many = Array.from({ length: 20 }, (_, at) => `X-${at}: v\r\n`).join('')
    const ask = () => exchange(cluster.port, `GET /raw HTTP/1.1\r\nHost: a\r\n${many}${CLOSE}`)
    assert.match(await ask(), /^HTTP\/1\.1 431 /)
    await cluster.updateConfig({ loadBalancing: { limits: { requestHeaders: 50, responseHeaders: 10 } } })
    assert.match(await ask(), /^HTTP\/1\.1 200 /)
    const answer = await exchange(cluster.port, `GET /many?count=50 HTTP/1.1\r\nHost: a\r\n${CLOSE}`)
    assert.match(answer, /^HTTP\/1\.1 502 /)
    assert.equal(cluster.getWorkers().length, 1)
  }))

const REFUSED = {
  'GET / HTTP/1.1\nHost: a\n\n': 400,
  'GET / HTTP/1.1\r\nHost: a\r\nX: b\r\n c\r\n\r\n': 400,
  'GET / HTTP/1.1\r\nHost : a\r\n\r\n': 400,
  'GET / HTTP/1.1\r\nHost: ::1\r\n\r\n': 400,
  'GET / HTTP/1.1\r\nHost: x:abc\r\n\r\n': 400,
  'GET / HTTP/1.1\r\nHost: <x>\r\n\r\n': 400,
  'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\na': 400,
  'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n': 400,
  'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX: y\n\r\n': 400,
  'TRACE / HTTP/1.1\r\nHost: a\r\n\r\n': 405,
  'CONNECT a:80 HTTP/1.1\r\nHost: a\r\n\r\n': 405,
  'BREW / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n': 400,
}

test('what is ambiguous is refused, and nothing behind it is answered', () =>
  withCluster({ app, workers: 1 }, async cluster => {
    for (const [request, status] of Object.entries(REFUSED)) {
      const answer = await exchange(cluster.port, `${request}GET /slow HTTP/1.1\r\nHost: a\r\n\r\n`)
      // An app may take a method that Node.js does not know.
      const known = isBun && request.startsWith('BREW') ? '[24]0\\d' : status
      assert.match(answer, new RegExp(`^HTTP/1\\.1 ${known} `), request)
      assert.equal(answer.split('HTTP/1.1 ').length, 2, `${JSON.stringify(request)} got ${answer}`)
    }
    const good = await exchange(cluster.port, `GET /raw HTTP/1.1\r\nHost: [::1]:80\r\n${CLOSE}`)
    assert.match(good, /^HTTP\/1\.1 200 /)
  }))

test('requests in one piece are answered in order', () =>
  withCluster({ app, workers: 2 }, async cluster => {
    const ask = path => `GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`
    const client = await Raw.open(cluster.port, ask('/slow?ms=100') + ask('/many?count=1') + ask('/left'))
    await client.until('"left":0')
    client.close()
    const answers = [/slow/, /many/, /waiting/].map(answer => client.text.search(answer))
    assert.deepEqual(
      answers,
      answers.toSorted((a, b) => a - b),
    )
    assert.ok(answers.every(at => at > 0))
  }))
