/** The same requests to the same app, plain and clustered: the answers are the same. */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { promisify } from 'node:util'
import { brotliDecompressSync, gunzipSync, inflateSync } from 'node:zlib'
import { within } from '../../__test__/helpers/wait.mjs'
import { clustered } from '../../__test__/helpers/xypriss.mjs'
import { runtimePath } from '../../scripts/runtimes.mjs'
import { ask } from './ask.mjs'
import { QUIET, startApp } from './helpers.mjs'

/** Of a connection, of a moment, or of one process of several. */
const OWN = /^(connection|keep-alive|date|transfer-encoding|content-length|ratelimit-.*|x-response-time)$/

const options = {
  ...QUIET,
  // With `xss`, XyPriss 2.3.3 never answers a request that has a query.
  security: { enabled: true, csrf: false, xss: false, rateLimit: { max: 1_000_000 }, slowDown: false },
}
const apps = {}

before(async () => {
  apps.plain = await startApp('compared.mjs', { way: 'plain', options })
  apps.clustered = await startApp('compared.mjs', { options: clustered({}, options) })
  apps.trusting = await startApp('compared.mjs', {
    options: clustered({}, { ...options, server: { trustProxy: true } }),
  })
})
after(() => Promise.all(Object.values(apps).map(app => app.stop())))

/** The answer of one of the apps, without what is its own. */
async function answer({ port }, { path, method = 'GET', headers = {}, body, from }) {
  const all = { host: 'spec.test', ...(body && { 'content-length': Buffer.byteLength(body) }), ...headers }
  const options = { port, path, method, headers: all }
  const asked = from ? askFrom(from, options) : ask(options, body)
  const given = await within(asked, `an answer to ${method} ${path}`)
  const kept = Object.entries(given.headers).filter(([name]) => !OWN.test(name))
  const content = decoded(given.body, given.headers['content-encoding'])
  return { status: given.status, headers: Object.fromEntries(kept), body: content }
}

/** As `ask`, from another address of this machine. */
async function askFrom(localAddress, options) {
  const args = [join(import.meta.dirname, 'ask.mjs'), JSON.stringify({ ...options, localAddress })]
  const { stdout } = await promisify(execFile)(runtimePath('node22'), args)
  const { body, ...rest } = JSON.parse(stdout)
  return { ...rest, body: Buffer.from(body, 'base64') }
}

function decoded(bytes, encoding) {
  const decode = { gzip: gunzipSync, br: brotliDecompressSync, deflate: inflateSync }[encoding]
  return (decode ? decode(bytes) : bytes).toString()
}

const boundary = 'spec'
const part = (name, text, more = '') =>
  `--${boundary}\r\ncontent-disposition: form-data; name="${name}"${more}\r\n\r\n${text}\r\n`
const multipart = parts => ({
  method: 'POST',
  headers: { 'content-type': `multipart/form-data; boundary=${boundary}` },
  body: `${parts.join('')}--${boundary}--\r\n`,
})
const file = (name, text) =>
  part(name, text, `; filename="${text.slice(0, 4)}.txt"\r\ncontent-type: text/plain`)
const json = body => ({ method: 'POST', headers: { 'content-type': 'application/json' }, body })
const form = 'application/x-www-form-urlencoded'

const REQUESTS = {
  'a query': { path: '/echo?a=1&b=2&b=3&c=%20x' },
  'parameters of a path': { path: '/items/7/parts/a%20b' },
  'a path that is not there': { path: '/nowhere' },
  'a method that is not there': { path: '/items/7/parts/1', method: 'POST' },
  'a JSON body': { path: '/echo', ...json('{"a":[1,{"b":"ü"}]}') },
  'a large JSON body': { path: '/echo', ...json(JSON.stringify({ text: 'x'.repeat(200_000) })) },
  'a JSON body that is none': { path: '/echo', ...json('{"a":') },
  'a form': { path: '/echo', method: 'PUT', headers: { 'content-type': form }, body: 'a=1&b=x%20y' },
  'a text': { path: '/echo', method: 'PATCH', headers: { 'content-type': 'text/plain' }, body: 'plain text' },
  'a DELETE': { path: '/echo', method: 'DELETE' },
  'cookies that are sent': { path: '/echo', headers: { cookie: 'a=1; b=x=y; c' } },
  'cookies that are set': { path: '/cookies' },
  'a redirect': { path: '/redirect' },
  'a status without a body': { path: '/status?code=204' },
  'a status of its own': { path: '/status?code=418' },
  'a compressed text': { path: '/text', headers: { 'accept-encoding': 'gzip' } },
  'a text as it is': { path: '/text', headers: { 'accept-encoding': 'identity' } },
  'a file': { path: '/file', headers: { 'accept-encoding': 'identity' } },
  'a static file': { path: '/served.mjs', headers: { 'accept-encoding': 'identity' } },
  'a part of a static file': {
    path: '/served.mjs',
    headers: { 'accept-encoding': 'identity', range: 'bytes=10-29' },
  },
  'a static file that was not changed': {
    path: '/served.mjs',
    headers: { 'if-modified-since': 'Fri, 01 Jan 2100 00:00:00 GMT' },
  },
  'the head of a static file': { path: '/served.mjs', method: 'HEAD' },
  'a static file that is not there': { path: '/gone.mjs' },
  'an answer in parts': { path: '/streamed' },
  'a middleware that ends the request': { path: '/ended' },
  'a middleware that refuses': { path: '/refused' },
  'a handler that throws': { path: '/throws' },
  'a handler that rejects': { path: '/rejects' },
  'an upload': {
    path: '/upload',
    ...multipart([part('title', 'a title'), file('file', 'text of the file')]),
  },
  'a large upload': { path: '/upload', ...multipart([file('file', 'large '.repeat(50_000))]) },
  'an upload without a file': { path: '/upload', ...multipart([part('title', 'a title')]) },
  uploads: { path: '/uploads', ...multipart([file('files', 'one'), file('files', 'second')]) },
  'too many uploads': {
    path: '/uploads',
    ...multipart(['a', 'b', 'c', 'd'].map(name => file('files', name))),
  },
  'X-Forwarded-For': { path: '/echo', headers: { 'x-forwarded-for': '203.0.113.7' } },
  'a chain in X-Forwarded-For': { path: '/echo', headers: { 'x-forwarded-for': '203.0.113.7, 10.1.2.3' } },
  'X-Forwarded-Proto': { path: '/echo', headers: { 'x-forwarded-proto': 'https' } },
  'X-Real-IP': { path: '/echo', headers: { 'x-real-ip': '203.0.113.9' } },
  'a request of a page': {
    path: '/echo',
    headers: { origin: 'http://other.test', 'x-requested-with': 'XMLHttpRequest' },
  },
  'another address': { path: '/echo', from: '127.0.0.9' },
}

for (const [name, request] of Object.entries(REQUESTS)) {
  test(name, async () => {
    const plain = await answer(apps.plain, request)
    // By every worker.
    for (let times = 0; times < 2; times += 1) assert.deepEqual(await answer(apps.clustered, request), plain)
    assert.deepEqual(await answer(apps.trusting, request), plain)
  })
}
