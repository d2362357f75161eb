/** As `raw-client.mjs`, in HTTP/2: an exchange is the list `requests` of `{ method, path, headers, body }`, sent at once. */
import { once } from 'node:events'
import http2 from 'node:http2'
import { buffer, text } from 'node:stream/consumers'

const EXCHANGE_TIMEOUT = 15_000

const { port, secure, from, exchanges } = JSON.parse(await text(process.stdin))
const results = []
for (const { requests } of exchanges) results.push(await perform(requests))
process.stdout.write(JSON.stringify(results))

async function perform(requests) {
  const url = `${secure ? 'https' : 'http'}://127.0.0.1:${port}`
  const session = http2.connect(url, { localAddress: from, rejectUnauthorized: false })
  const timer = setTimeout(
    () => session.destroy(new Error('the answer did not come in time')),
    EXCHANGE_TIMEOUT,
  )
  let failure
  session.on('error', error => {
    failure = error.message
  })
  try {
    return { answers: await Promise.all(requests.map(request => ask(session, request))) }
  } catch (error) {
    return { answers: [], failed: failure ?? error.message }
  } finally {
    clearTimeout(timer)
    session.destroy()
  }
}

async function ask(session, { method = 'GET', path, headers = {}, body }) {
  const pseudo = { ':method': method, ':path': path, ':authority': 'app.test' }
  const stream = session.request({ ...pseudo, ...headers }, { endStream: body === undefined })
  const answer = { interim: [] }
  stream.on('headers', (_, __, raw) => answer.interim.push(lines(raw)))
  stream.on('trailers', (_, __, raw) => {
    answer.trailers = lines(raw)
  })
  stream.on('push', () => stream.destroy(new Error('a push that was not asked for')))
  if (headers.expect) await once(stream, 'continue')
  if (body !== undefined) stream.end(Buffer.from(body, 'latin1'))
  const [, , raw] = await once(stream, 'response')
  return { ...answer, head: lines(raw), body: (await buffer(stream)).toString('base64') }
}

/** The headers in the order and case in which they came, as text of HTTP/1. */
function lines(raw) {
  return `${raw.map((part, index) => (index % 2 === 0 ? `${part}: ` : `${part}\r\n`)).join('')}\r\n`
}
