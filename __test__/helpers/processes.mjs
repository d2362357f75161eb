/** Questions about processes and ports of this machine. */
import { readdirSync, readFileSync } from 'node:fs'
import net from 'node:net'

/** Whether process `pid` runs. One that has ended and only waits to be reaped does not. */
export function alive(pid) {
  const stat = read(`/proc/${pid}/stat`)
  // The name, in parentheses, may contain anything, so the state is looked for behind the last one.
  return stat !== '' && !['Z', 'X'].includes(stat.slice(stat.lastIndexOf(')') + 2).charAt(0))
}

/** The ids of the running processes that were started with `value` in the environment variable `name`. */
export function startedWith(name, value) {
  const pids = readdirSync('/proc').filter(entry => /^\d+$/.test(entry))
  return pids
    .map(Number)
    .filter(pid => read(`/proc/${pid}/environ`).split('\0').includes(`${name}=${value}`) && alive(pid))
}

/** Whether `port` can be opened, on all addresses. */
export function isFree(port) {
  return new Promise(resolve => {
    const server = net.createServer()
    server.once('error', () => resolve(false))
    server.listen(port, () => server.close(() => resolve(true)))
  })
}

/** Ports below those that connections are given, and this lane's share of them: looking whether one is free takes it. */
const SHARE = 5_000
const FIRST = 10_000 + Number(process.env.XYPRISS_TEST_LANE ?? 0) * SHARE

/**
 * The first of `range` ports in a row that are all free, for a cluster and its workers. From outside the range that
 * the system takes ports of clients from, and begun at random, so that test files that run at once do not meet.
 */
export async function freePort(range = 16) {
  for (let attempt = 0; attempt < 50; attempt += 1) {
    const first = FIRST + Math.floor(Math.random() * SHARE)
    const free = await Promise.all(Array.from({ length: range }, (_, index) => isFree(first + index)))
    if (free.every(Boolean)) return first
  }
  throw new Error(`no ${range} free ports in a row`)
}

/** A file of /proc; empty when its process has ended in the meantime. */
function read(path) {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    if (['ENOENT', 'ESRCH', 'EACCES'].includes(error.code)) return ''
    throw error
  }
}
