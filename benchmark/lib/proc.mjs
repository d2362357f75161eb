/** Readings from Linux's `/proc`. Processor time is in seconds, memory in bytes. */
import { readdirSync, readFileSync } from 'node:fs'

/** Clock ticks per second in `/proc`: 100 on every Linux that Node runs on. */
const TICKS = 100

/** Time that all processors have been busy. Not counted: time taken away by a hypervisor. */
export function machineCpu() {
  const [, user, nice, system, , , irq, softirq] = readFileSync('/proc/stat', 'utf8')
    .split(/\s+/, 8)
    .map(Number)
  return (user + nice + system + irq + softirq) / TICKS
}

/** Time that process `pid` has used, with all of its threads. */
export function cpuOf(pid) {
  const { utime, stime } = stat(pid)
  return (utime + stime) / TICKS
}

/**
 * Nanoseconds that the threads of process `pid` have used which it has now: a million times finer than {@link cpuOf},
 * and without those that ended.
 */
export function nanosecondsOf(pid) {
  const threads = readdirSync(`/proc/${pid}/task`)
  const used = thread => Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').split(' ')[0])
  return threads.map(used).reduce((sum, nanoseconds) => sum + nanoseconds, 0)
}

/** Time that the ended children of this process have used. */
export function cpuOfEndedChildren() {
  const { cutime, cstime } = stat('self')
  return (cutime + cstime) / TICKS
}

/** The processes that `pid` has started and that still run. */
export function childrenOf(pid) {
  return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean).map(Number)
}

/** Memory of process `pid`: `rss` is what it has mapped, `pss` counts each shared page by its share. */
export function memoryOf(pid) {
  const text = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8')
  const bytes = field => Number(text.match(new RegExp(`^${field}:\\s+(\\d+) kB$`, 'm'))[1]) * 1024
  return { rss: bytes('Rss'), pss: bytes('Pss') }
}

function stat(pid) {
  const text = readFileSync(`/proc/${pid}/stat`, 'utf8')
  // The second field is the command in parentheses, and may hold anything; what follows are fields 3 and up.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
  const [utime, stime, cutime, cstime] = fields.slice(11, 15).map(Number)
  return { utime, stime, cutime, cstime }
}
