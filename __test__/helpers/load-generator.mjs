/**
 * The process behind `load.mjs`: sends until its stdin ends, lets every request that is under way finish, and writes
 * a report.
 */
import http from 'node:http'

const { port, connections, method, path, bodySize, pause } = JSON.parse(process.argv[2])
/** Longer than any request takes, even one that waits for a worker to start; in milliseconds. */
const REQUEST_TIMEOUT = 20_000
/** Of the timeline, in milliseconds. */
const RESOLUTION = 100

const body = Buffer.alloc(bodySize, 'x')
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
    const headers = bodySize > 0 ? { 'content-length': bodySize } : {}
    const timeout = REQUEST_TIMEOUT
    const request = http.request({ host: '127.0.0.1', port, method, path, headers, agent, timeout })
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
  index % 2 === 0 ? new http.Agent({ keepAlive: true, maxSockets: 1 }) : false,
)
await Promise.all(agents.map(keepSending))
for (const agent of agents) if (agent) agent.destroy()
const report = {
  ok,
  failed: Array.from(failures, ([reason, number]) => ({ reason, count: number })),
  timeline: [...timeline],
}
process.stdout.write(`${JSON.stringify(report)}\n`)
