/**
 * Free ports of 127.0.0.1, from below those that Linux gives to outgoing connections: one of the latter is free only
 * until somebody connects.
 */
import { randomInt } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:net'

let next = randomInt(10_000, 20_000)

/** `count` ports that are free now; none is given twice. */
export async function freePorts(count) {
  const ports = []
  for (; ports.length < count; next++) if (await isFree(next)) ports.push(next)
  return ports
}

async function isFree(port) {
  const server = createServer()
  try {
    await once(server.listen(port, '127.0.0.1'), 'listening')
  } catch (error) {
    if (error.code === 'EADDRINUSE') return false
    throw error
  }
  await once(server.close(), 'close')
  return true
}
