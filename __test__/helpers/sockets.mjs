/** What the kernel tells of the sockets of other processes on this machine. */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs'

/** Set in the flags of a unix socket that listens. */
const LISTENS = 0x10000
/** The state of a TCP connection that is open. */
const ESTABLISHED = '01'

/** Whether the process `pid` listens on a unix socket with an abstract name. */
export function listensOnUnix(pid) {
  const own = new Set(
    readdirSync(`/proc/${pid}/fd`).map(fd => {
      try {
        return readlinkSync(`/proc/${pid}/fd/${fd}`)
      } catch {
        // Closed in the meantime.
        return undefined
      }
    }),
  )
  return linesOf(`/proc/${pid}/net/unix`).some(columns => {
    const [, , , flags, , , inode, name] = columns
    return Number.parseInt(flags, 16) & LISTENS && name?.startsWith('@') && own.has(`socket:[${inode}]`)
  })
}

/** How many TCP connections to `port` of this machine are open. */
export function connectionsTo(port) {
  const local = `:${port.toString(16).toUpperCase().padStart(4, '0')}`
  const at = columns => columns[1].endsWith(local) && columns[3] === ESTABLISHED
  return linesOf('/proc/self/net/tcp').filter(at).length
}

function linesOf(path) {
  const [, ...lines] = readFileSync(path, 'utf8').trim().split('\n')
  return lines.map(line => line.trim().split(/\s+/))
}
