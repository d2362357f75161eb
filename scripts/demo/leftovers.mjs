/** Looks for what a cluster must not leave behind. */
import { createServer } from 'node:net'

/**
 * One sentence for each of `pids` that is there, or whose process group is, and each of `ports` that is in use. A
 * zombie is there too: the master should have reaped it.
 */
export async function leftovers(pids, ports) {
  const free = await Promise.all(ports.map(isFree))
  return [
    ...pids.filter(exists).map(pid => `process ${pid} is still there`),
    ...pids.filter(pid => exists(-pid)).map(pid => `a child of process ${pid} is still there`),
    ...ports.filter((_, index) => !free[index]).map(port => `port ${port} is still in use`),
  ]
}

/** Whether one can listen on `port`. */
export function isFree(port) {
  return new Promise(resolve => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)))
  })
}

/** Whether there is a process, or with a negative id a process group, that a signal would reach. */
function exists(pid) {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return error.code !== 'ESRCH'
  }
}
