/**
 * As `load-generator.mjs`, in HTTP/2: each of `connections` sessions has two streams under way. A session that says
 * GOAWAY is followed by another one; a stream above its last id was not processed, and its request is sent again.
 */
import { once } from 'node:events'
import http2 from 'node:http2'

const { port, connections, path, pause, secure } = JSON.parse(process.argv[2])
/** Longer than a request takes, even one that waits for a worker to start; in milliseconds. */
const REQUEST_TIMEOUT = 20_000
const url = `${secure ? 'https' : 'http'}://127.0.0.1:${port}`
const failures = new Map()
let ok = 0
let stopping = false

class Sender {
  #session

  /** The session, or the next one when it takes no more streams. */
  async #open() {
    const old = this.#session
    if (old && !old.closed && !old.destroyed && !old.leaves) return old
    const session = http2.connect(url, { rejectUnauthorized: false })
    this.#session = session
    session.on('error', () => {})
    session.on('goaway', () => {
      session.leaves = true
    })
    await once(session, 'connect')
    return session
  }

  async keepSending() {
    while (!stopping) {
      await this.#send().then(succeeded, failed)
      await new Promise(resolve => setTimeout(resolve, pause))
    }
  }

  async #send() {
    const session = await this.#open()
    if (session.leaves || session.closed || session.destroyed) return this.#send()
    const stream = session.request({ ':path': path })
    const signal = AbortSignal.timeout(REQUEST_TIMEOUT)
    try {
      const [headers] = await once(stream, 'response', { signal })
      stream.resume()
      await once(stream, 'end', { signal })
      if (headers[':status'] !== 200) throw new Error(`status ${headers[':status']}`)
      if (stream.rstCode !== 0) throw new Error(`a stream ended with code ${stream.rstCode}`)
      return 'answered'
    } catch (error) {
      if (stream.rstCode === http2.constants.NGHTTP2_REFUSED_STREAM) return 'refused'
      throw error
    } finally {
      stream.destroy()
    }
  }

  close() {
    this.#session?.destroy()
  }
}

function succeeded(how) {
  if (how !== 'answered') return
  if (ok === 0) process.stdout.write('started\n')
  ok += 1
}

function failed(error) {
  const reason = error.cause?.message ?? error.message
  failures.set(reason, (failures.get(reason) ?? 0) + 1)
}

process.stdin.resume().on('end', () => {
  stopping = true
})
const senders = Array.from({ length: connections }, () => new Sender())
await Promise.all(senders.flatMap(sender => [sender.keepSending(), sender.keepSending()]))
for (const sender of senders) sender.close()
const report = { ok, failed: Array.from(failures, ([reason, count]) => ({ reason, count })), timeline: [] }
process.stdout.write(`${JSON.stringify(report)}\n`)
