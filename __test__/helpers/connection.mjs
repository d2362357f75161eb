/**
 * An HTTP/1.1 client on a bare socket: the same on every runtime, always on the connection that the test means, and
 * each byte is sent when the test says so.
 */
import { once } from 'node:events'
import net from 'node:net'
import tls from 'node:tls'
import { within } from './wait.mjs'

/** One request on a connection of its own; the response with its whole body. */
export async function request(port, path = '/', options = {}) {
  const connection = await Connection.open(port, { host: options.hostname })
  try {
    return await connection.request(path, options)
  } finally {
    connection.close()
  }
}

/** All that a server at `port` sends by itself before it ends the connection. */
export async function connectionText(port) {
  const socket = net.connect(port, '127.0.0.1')
  let text = ''
  socket.on('data', data => {
    text += data
  })
  await within(once(socket, 'close'), `the end of a connection to port ${port}`)
  return text
}

/** A connection to a server on this machine. */
export class Connection {
  #socket
  /** What arrived and was not read. */
  #input = Buffer.alloc(0)
  #ended = false
  #error
  #wake = () => {}

  /** Connect to `port`, or to a unix socket of that path, by TLS when `secure` (no certificate is checked). */
  static async open(port, { secure = false, host = '127.0.0.1' } = {}) {
    const place = typeof port === 'string' ? { path: port } : { port, host }
    const socket = secure ? tls.connect({ ...place, rejectUnauthorized: false }) : net.connect(place)
    const connection = new Connection(socket)
    await within(once(socket, secure ? 'secureConnect' : 'connect'), `a connection to port ${port}`)
    return connection
  }

  constructor(socket) {
    this.#socket = socket
    socket.on('data', data => {
      this.#input = Buffer.concat([this.#input, data])
      this.#wake()
    })
    socket.on('error', error => {
      this.#error = error
      this.#wake()
    })
    socket.on('close', () => {
      this.#ended = true
      this.#wake()
    })
    socket.on('end', () => {
      this.#ended = true
      this.#wake()
    })
  }

  /** Send a request and give the response with its whole body. */
  async request(path = '/', { method = 'GET', headers = {}, body = '' } = {}) {
    const length = body.length > 0 ? { 'content-length': Buffer.byteLength(body) } : {}
    this.sendHead(path, { method, headers: { ...length, ...headers } })
    if (body.length > 0) this.send(body)
    return this.response()
  }

  /** Send the head of a request only. */
  sendHead(path = '/', { method = 'GET', headers = {} } = {}) {
    const lines = Object.entries({ host: 'spec.test', ...headers }).map(
      ([name, value]) => `${name}: ${value}\r\n`,
    )
    this.send(`${method} ${path} HTTP/1.1\r\n${lines.join('')}\r\n`)
  }

  /** Send anything. */
  send(bytes) {
    this.#socket.write(bytes)
  }

  /** The next response with its whole body. */
  async response() {
    const head = await this.head()
    const parts = []
    for await (const part of this.body(head)) parts.push(part)
    const body = Buffer.concat(parts)
    return { ...head, body, text: body.toString(), json: () => JSON.parse(body.toString()) }
  }

  /** Status and headers of the next response; the names of headers are in lower case. */
  async head() {
    const text = (await this.#readUntil('\r\n\r\n')).toString('latin1')
    const [first, ...lines] = text.trimEnd().split('\r\n')
    const headers = Object.fromEntries(
      lines.map(line => [
        line.slice(0, line.indexOf(':')).toLowerCase(),
        line.slice(line.indexOf(':') + 1).trim(),
      ]),
    )
    return { status: Number(first.split(' ')[1]), headers }
  }

  /** The body of the response that `head` began, piece by piece as it arrives. */
  async *body({ headers }) {
    if (headers['transfer-encoding'] === 'chunked') {
      for (;;) {
        const size = Number.parseInt((await this.#readUntil('\r\n')).toString('latin1'), 16)
        const chunk = await this.#read(size)
        await this.#readUntil('\r\n')
        if (size === 0) return
        yield chunk
      }
    }
    let left = Number(headers['content-length'] ?? 0)
    while (left > 0) {
      await this.#fill(1)
      const part = this.#take(Math.min(left, this.#input.length))
      left -= part.length
      yield part
    }
  }

  /** Resolves when the other side has closed the connection. */
  async closed() {
    while (!this.#ended && !this.#error) await this.#arrival('the end of the connection')
  }

  /** Close it, whatever is under way. */
  close() {
    this.#socket.destroy()
  }

  async #readUntil(end) {
    for (;;) {
      const at = this.#input.indexOf(end)
      if (at >= 0) return this.#take(at + end.length)
      await this.#fill(this.#input.length + 1)
    }
  }

  async #read(length) {
    await this.#fill(length)
    return this.#take(length)
  }

  #take(length) {
    const taken = this.#input.subarray(0, length)
    this.#input = this.#input.subarray(length)
    return taken
  }

  async #fill(length) {
    while (this.#input.length < length) {
      if (this.#error) throw this.#error
      if (this.#ended) throw new Error(`the connection ended after ${JSON.stringify(this.#input.toString())}`)
      await this.#arrival('more of a response')
    }
  }

  #arrival(what) {
    return within(
      new Promise(resolve => {
        this.#wake = resolve
      }),
      what,
    )
  }
}
