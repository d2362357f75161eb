/**
 * The process that sends what is compared: on Node.js, as Bun's client cannot choose the address from which it comes.
 *
 * It reads `{ port, secure, from, exchanges }` from stdin and writes to stdout, for each exchange, the answers as the
 * bytes that they were, or the reason why there are none.
 */
import { once } from 'node:events'
import net from 'node:net'
import { text } from 'node:stream/consumers'
import { setImmediate } from 'node:timers/promises'
import tls from 'node:tls'

/** How long one exchange may take, in milliseconds; it only ends those that hang. */
const EXCHANGE_TIMEOUT = 15_000

const { port, secure, from, exchanges } = JSON.parse(await text(process.stdin))
const results = []
for (const exchange of exchanges) results.push(await perform(exchange))
process.stdout.write(JSON.stringify(results))

/** Send the steps of an exchange on a connection of its own. */
async function perform({ steps }) {
  const options = { port, host: '127.0.0.1', localAddress: from, rejectUnauthorized: false }
  const socket = secure ? tls.connect({ ...options, ALPNProtocols: ['http/1.1'] }) : net.connect(options)
  const input = new Input(socket)
  const timer = setTimeout(
    () => socket.destroy(new Error('the answer did not come in time')),
    EXCHANGE_TIMEOUT,
  )
  const answers = []
  try {
    await once(socket, secure ? 'secureConnect' : 'connect')
    let tag = ''
    for (const { send, read, frames } of steps) {
      socket.write(Buffer.from(send.replace('{etag}', tag), 'latin1'))
      if (frames)
        for (let left = frames; left > 0; left -= 1) answers.push({ frame: await webSocketFrame(input) })
      if (!read) {
        await setImmediate()
        continue
      }
      const answer = await readers(read, input)
      answers.push(answer)
      tag = answer.head?.match(/^etag: *(.*)\r$/im)?.[1] ?? ''
      // Refused: the rest was not to be sent.
      if (read === 'continue' && !/^HTTP\/1.1 1/.test(answer.head)) break
      if (read === 'upgrade' && !/^HTTP\/1.1 101/.test(answer.head)) break
    }
    const last = answers.at(-1).head
    if (last && /^connection: *close/im.test(last) && (await input.all()).length > 0)
      throw new Error('bytes came behind the last answer')
    return { answers }
  } catch (error) {
    const rest = input.bytes.toString('latin1').slice(0, 200)
    return { answers, failed: `${error.message}${rest && `, after ${JSON.stringify(rest)}`}` }
  } finally {
    clearTimeout(timer)
    socket.destroy()
  }
}

async function readers(read, input) {
  if (read === 'end') return { rest: (await input.all()).toString('base64') }
  if (read === 'continue' || read === 'upgrade') {
    const head = await input.until('\r\n\r\n')
    return /^HTTP\/1.1 1/.test(head) ? { head } : withBody(head, 'GET', input)
  }
  return response(read, input)
}

/** The answer to a request of `method`, with those of status 1xx before it. */
async function response(method, input) {
  const interim = []
  for (;;) {
    const head = await input.until('\r\n\r\n')
    if (/^HTTP\/1.1 1/.test(head)) interim.push(head)
    else return { ...(interim.length > 0 && { interim }), ...(await withBody(head, method, input)) }
  }
}

async function withBody(head, method, input) {
  const bodiless = method === 'HEAD' || /^HTTP\/1.\d (204|304)/.test(head)
  const length = head.match(/^content-length: *(\d+)/im)?.[1]
  const chunked = /^transfer-encoding:.*chunked/im.test(head)
  if (bodiless) return { head, body: '' }
  if (chunked) return { head, ...(await chunks(input)) }
  if (length !== undefined) return { head, body: (await input.take(Number(length))).toString('base64') }
  return { head, body: (await input.all()).toString('base64'), ended: true }
}

async function chunks(input) {
  const parts = []
  for (;;) {
    const size = Number.parseInt(await input.until('\r\n'), 16)
    if (!(size >= 0)) throw new Error('a chunk has no size')
    if (size === 0) break
    parts.push(await input.take(size))
    await input.until('\r\n')
  }
  let trailers = ''
  for (let line = ''; line !== '\r\n'; trailers += line) line = await input.until('\r\n')
  return { body: Buffer.concat(parts).toString('base64'), trailers }
}

/** A frame of a server, as its bytes. */
async function webSocketFrame(input) {
  const start = await input.take(2)
  const size = start[1] & 127
  const more = size === 126 ? await input.take(2) : size === 127 ? await input.take(8) : Buffer.alloc(0)
  const length = size === 126 ? more.readUInt16BE() : size === 127 ? Number(more.readBigUInt64BE()) : size
  return Buffer.concat([start, more, await input.take(length)]).toString('base64')
}

/** What has come on a socket and was not read. */
function Input(socket) {
  this.bytes = Buffer.alloc(0)
  let ended = false
  let failure
  let wake = () => {}
  socket.on('data', data => {
    this.bytes = Buffer.concat([this.bytes, data])
    wake()
  })
  socket.on('error', error => {
    failure = error
    wake()
  })
  for (const event of ['end', 'close']) {
    socket.on(event, () => {
      ended = true
      wake()
    })
  }
  const more = async () => {
    if (failure) throw failure
    if (ended) throw new Error('the connection ended')
    await new Promise(resolve => {
      wake = resolve
    })
  }
  this.take = async length => {
    while (this.bytes.length < length) await more()
    const taken = this.bytes.subarray(0, length)
    this.bytes = this.bytes.subarray(length)
    return taken
  }
  this.until = async end => {
    let at = this.bytes.indexOf(end)
    for (; at < 0; at = this.bytes.indexOf(end)) await more()
    return (await this.take(at + end.length)).toString('latin1')
  }
  this.all = async () => {
    while (!ended && !failure) await more()
    if (failure) throw failure
    return this.take(this.bytes.length)
  }
}
