/**
 * The process behind `load.mjs`: sends until its stdin ends, lets every request that is under way finish, and writes
 * a report.
 */
import http from 'node:http'
import https from 'node:https'

const {
  port,
  connections,
  method,
  path,
  bodySize,
  pause,
  type,
  body: given,
  secure,
} = JSON.parse(process.argv[2])
/** Longer than any request takes, even one that waits for a worker to start; in milliseconds. */
const REQUEST_TIMEOUT = 20_000
/** Of the timeline, in milliseconds. */
const RESOLUTION = 100

const body = given ?? Buffer.alloc(bodySize, 'x')
const { request: open, Agent } = secure ? https : http
const timeline = new Map()
const failures = new Map()
let ok = 0
let stopping = false

/** Send one request after the other, all on one connection if there is an agent. */
async function keepSending(agent) {
  while (!stopping) {
    await send(agent).then(succeeded, failed)
    await new Promise(resolve => setTimeout(resolve, pause))
  }
}

function send(agent) {
  return new Promise((resolve, reject) => {
    const headers = body.length > 0 ? { 'content-length': Buffer.byteLength(body) } : {}
    if (type) headers['content-type'] = type
    const timeout = REQUEST_TIMEOUT
    const host = '127.0.0.1'
    const options = { host, port, method, path, headers, agent, timeout, rejectUnauthorized: false }
    const request = open(options)
    request.on('timeout', () => request.destroy(new Error('no response in time')))
    request.on('error', reject)
    request.on('response', response => {
      response.resume()
      response.on('error', reject)
      response.on('end', () => {
        if (response.statusCode === 200) resolve()
        else reject(new Error(`status ${response.statusCode}`))
      })
    })
    request.end(body)
  })
}

function succeeded() {
  if (ok === 0) process.stdout.write('started\n')
  ok += 1
  count(timeline, Math.floor(Date.now() / RESOLUTION) * RESOLUTION)
}

function failed(error) {
  count(failures, error.message)
}

function count(counters, key) {
  counters.set(key, (counters.get(key) ?? 0) + 1)
}

process.stdin.resume().on('end', () => {
  stopping = true
})
const agents = Array.from({ length: connections }, (_, index) =>
  index % 2 === 0 ? new Agent({ keepAlive: true, maxSockets: 1 }) : false,
)
await Promise.all(agents.map(keepSending))
for (const agent of agents) if (agent) agent.destroy()
const report = {
  ok,
  failed: Array.from(failures, ([reason, number]) => ({ reason, count: number })),
  timeline: [...timeline],
}
process.stdout.write(`${JSON.stringify(report)}\n`)
