/**
 * Sends HTTP traffic to a port of this machine until told to stop. A process of its own, so that its work and the
 * demo's drawing do not slow each other down. Its parent forks it with the port as the argument, and gets the
 * totals every {@link REPORT_INTERVAL}.
 */
import { Agent, request } from 'node:http'
import { text } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'

const [port] = process.argv.slice(2)
/** All in milliseconds. */
const REPORT_INTERVAL = 200
const ANSWER_DEADLINE = 10_000
/** New connections are paced, or the machine runs out of ports for them. */
const CONNECT_PAUSE = 10
const PAUSE_AFTER_FAILURE = 100

const totals = { ok: 0, failed: 0, slowest: 0, reasons: {} }

/** Clients that each send one request after the other while they are wanted. */
class Clients {
  #wanted
  #send
  #loops
  #count

  constructor(count, send) {
    this.#count = count
    this.#send = send
    this.resume()
  }

  resume() {
    this.#wanted = true
    this.#loops = Array.from({ length: this.#count }, () => this.#run())
  }

  /** Resolves when the last answer is in. */
  async pause() {
    this.#wanted = false
    await Promise.all(this.#loops)
  }

  async #run() {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 })
    while (this.#wanted) await counted(() => this.#send(agent))
    agent.destroy()
  }
}

async function counted(send) {
  try {
    await send()
    totals.ok += 1
  } catch (error) {
    totals.failed += 1
    totals.reasons[error.message] = (totals.reasons[error.message] ?? 0) + 1
    await sleep(PAUSE_AFTER_FAILURE)
  }
}

const get = agent => exchange('GET', '/', { agent })

async function getOnNewConnection() {
  await exchange('GET', '/', { agent: false })
  await sleep(CONNECT_PAUSE)
}

async function post(agent) {
  const sent = `sent at ${performance.now()} `.repeat(20)
  const headers = { 'content-type': 'text/plain' }
  const received = await exchange('POST', '/echo', { agent, headers }, sent)
  if (received !== sent) throw new Error('POST /echo: the answer is not what was sent')
}

/** The body of the answer; rejects with what the client got instead of a 2xx in full. */
async function exchange(method, path, options, body) {
  const started = performance.now()
  try {
    const response = await answer({ method, path, ...options }, body)
    const received = await text(response)
    if (response.statusCode < 200 || response.statusCode > 299)
      throw new Error(`status ${response.statusCode}`)
    totals.slowest = Math.max(totals.slowest, performance.now() - started)
    return received
  } catch (error) {
    throw new Error(`${method} ${path}: ${error.message}`)
  }
}

function answer(options, body) {
  return new Promise((resolve, reject) => {
    const sent = request({ host: '127.0.0.1', port, timeout: ANSWER_DEADLINE, ...options })
    sent.on('response', resolve)
    sent.on('error', reject)
    sent.on('timeout', () => sent.destroy(new Error(`silence for ${ANSWER_DEADLINE} ms`)))
    sent.end(body)
  })
}

const report = () => process.send({ ...totals, at: performance.now() })

const posts = new Clients(3, post)
const all = [new Clients(8, get), new Clients(2, getOnNewConnection), posts]
const reports = setInterval(report, REPORT_INTERVAL)

const commands = {
  'pause posts': () => posts.pause(),
  'resume posts': () => posts.resume(),
  async stop() {
    await Promise.all(all.map(clients => clients.pause()))
    clearInterval(reports)
    report()
  },
}

process.on('message', async command => {
  await commands[command]()
  process.send({ done: command })
  if (command === 'stop') process.disconnect()
})
process.on('disconnect', () => process.exit())
