/** Load on a contender, and what it costs. */
import { once } from 'node:events'
import { availableParallelism } from 'node:os'
import { fileURLToPath } from 'node:url'
import { cpuOf, cpuOfEndedChildren, machineCpu } from './proc.mjs'
import { launch, report } from './processes.mjs'

const REPORT = fileURLToPath(new URL('report.lua', import.meta.url))
const CONNECTIONS = 64

/**
 * What is sent. `pause` is in milliseconds: wrk cannot be given a rate, but connections that rest between requests
 * come to nearly the same number of them per second whoever answers, as long as it is not overloaded.
 */
export const LOADS = {
  full: { title: 'GET, 13 bytes, as fast as it goes', path: '/', method: 'GET', body: 0, pause: 0 },
  paced: { title: 'GET, 13 bytes, the same load for all', path: '/', method: 'GET', body: 0, pause: 12 },
  large: { title: 'GET, 4 KiB, as fast as it goes', path: '/4k', method: 'GET', body: 0, pause: 0 },
  post: { title: 'POST, 1 KiB, as fast as it goes', path: '/', method: 'POST', body: 1024, pause: 0 },
}

/**
 * Send `load` for so many seconds. Gives requests per second, latencies in milliseconds, failed requests, and
 * processor time per request in microseconds: `cpu` of all processes that serve, `front` of those that clients
 * connect to, `machine` of everything that ran but wrk. What the kernel does for a process counts as the process's.
 * `others` is what nobody of these used, as a share of all processors from 0 to 1: how busy the neighbours were.
 */
export async function measure(wrk, contender, load, seconds) {
  const begin = clocks(contender)
  const { requests, failed, p50, p99, ...run } = await send(wrk, contender, load, seconds)
  const end = clocks(contender)
  const used = clock => end[clock] - begin[clock]
  const perRequest = seconds => (seconds * 1e6) / requests
  const serving = used('front') + used('workers')
  const machine = used('machine') - used('wrk')
  return {
    rate: requests / run.seconds,
    p50,
    p99,
    cpu: perRequest(serving),
    front: perRequest(used('front')),
    machine: perRequest(machine),
    others: Math.max(0, machine - serving) / run.seconds / availableParallelism(),
    failed,
  }
}

/** Send `load` to `port` for so many seconds; what wrk reports. */
export async function send(wrk, { port }, { path, method, body, pause }, seconds) {
  const options = ['-t1', `-c${CONNECTIONS}`, `-d${seconds}s`, '-s', REPORT]
  const url = `http://127.0.0.1:${port}${path}`
  const child = launch(wrk, [...options, url, method, String(body), String(pause)])
  const [result] = await Promise.all([report(child), once(child, 'exit')])
  return result
}

/** No other child of ours ends while wrk runs, so what ended children have used grows by wrk's share. */
function clocks({ front, workers }) {
  const sum = pids => pids.map(cpuOf).reduce((total, seconds) => total + seconds, 0)
  return { machine: machineCpu(), wrk: cpuOfEndedChildren(), front: sum(front), workers: sum(workers) }
}
