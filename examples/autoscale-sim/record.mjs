/**
 * Records the requests per second that a real cluster answers, as a trace for the simulator:
 *
 *     node examples/autoscale-sim/record.mjs [seconds] > examples/autoscale-sim/traces/visitors.csv
 *
 * Visitors come at random, more of them in the two waves of a "day" and when a link is passed around. Each asks for a
 * page, reads for as long as people do, asks for the next, and leaves after some. Nobody waits for anybody else, so
 * the numbers have the bursts and lulls that curves do not have.
 */
import http from 'node:http'
import { availableParallelism } from 'node:os'
import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { BunClusterManager } from 'xypriss-cluster'

const seconds = Number(process.argv[2] ?? 1200)
/** Pages of a visit, on average, and how long one is read, in milliseconds. */
const PAGES = 6
const READING = 1500

const exec = { script: fileURLToPath(new URL('../hello-http.mjs', import.meta.url)), args: [] }
const cluster = new BunClusterManager({ workers: 2, exec }, 0)
await cluster.start()
const agent = new http.Agent({ keepAlive: true, maxSockets: 256 })
const began = Date.now()
const elapsed = () => (Date.now() - began) / 1000

/** Visits that begin per second: two waves, and a link that is passed around at a third and at three quarters. */
function arrivals(at) {
  const part = at / seconds
  const waves = 18 + 14 * Math.sin(2 * Math.PI * (2 * part - 0.25))
  const crowd = from => (part > from ? 55 * Math.exp(-(part - from) * 40) : 0)
  return waves + crowd(0.33) + crowd(0.75)
}

/** A random time of this mean between two things that know nothing of each other. */
const exponential = mean => -mean * Math.log(1 - Math.random())

async function visit() {
  do {
    await new Promise(resolve => {
      const request = http.get({ port: cluster.port, agent }, response =>
        response.resume().on('end', resolve),
      )
      request.on('error', resolve)
    })
    await pause(exponential(READING))
  } while (Math.random() < 1 - 1 / PAGES && elapsed() < seconds)
}

async function comeAndGo() {
  while (elapsed() < seconds) {
    await pause(exponential(1000 / arrivals(elapsed())))
    void visit()
  }
}

console.log(
  `# Requests per second at a cluster of two workers, recorded by examples/autoscale-sim/record.mjs`,
)
console.log(`# ${process.version}, ${availableParallelism()} processors`)
console.log('second,requests')
void comeAndGo()
let before = 0
for (let second = 0; second < seconds; second += 1) {
  await pause(began + 1000 * (second + 1) - Date.now())
  const { totalRequests } = await cluster.getMetrics()
  console.log(`${second},${totalRequests - before}`)
  before = totalRequests
}
await cluster.stop(false)
process.exit(0)
