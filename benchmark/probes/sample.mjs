/**
 * Samples processes by one contender, and says what that cost this process and those it started.
 *
 *     sample.mjs <contender> <module> <rounds> <pid>...
 */
import { createRequire } from 'node:module'
import { setTimeout as pause } from 'node:timers/promises'
import { cpuOfEndedChildren } from '../lib/proc.mjs'

const [, , contender, module, rounds, ...rest] = process.argv
const pids = rest.map(Number)
const loaded = contender.startsWith('xypriss-cluster')
  ? await import('xypriss-cluster')
  : createRequire(module)(module)
/** Rounds that are not counted: what is loaded and compiled with the first. */
const WARM_UP = 5

const contenders = {
  'xypriss-cluster': () => {
    const monitor = new loaded.ProcessMonitor()
    return async () => (await monitor.getProcessesStats(pids)).map(stats => stats.memory.rss)
  },
  // What pidusage reads, without threads and descriptors.
  'xypriss-cluster, brief': () => {
    const monitor = new loaded.ProcessMonitor()
    return async () =>
      (await monitor.getProcessesStats(pids, { brief: true })).map(({ memory }) => memory.rss)
  },
  pidusage: () => async () => Object.values(await loaded(pids)).map(({ memory }) => memory),
  systeminformation: () => async () => {
    const { list } = await loaded.processes()
    return list.filter(({ pid }) => pids.includes(pid)).map(({ memRss }) => memRss)
  },
}

const sample = contenders[contender]()
for (let round = 0; round < WARM_UP; round += 1) await sample()

let used = 0
for (let round = 0; round < Number(rounds); round += 1) {
  // It answers from a cache until half a second has passed. The others are asked again at once: most of what one
  // sample costs after a rest is to wake the machine, which is the same for both.
  if (contender === 'systeminformation') await pause(600)
  const children = cpuOfEndedChildren()
  const before = process.cpuUsage()
  const memory = await sample()
  const { user, system } = process.cpuUsage(before)
  used += user + system + (cpuOfEndedChildren() - children) * 1e6
  if (memory.length !== pids.length || !memory.every(bytes => bytes > 0)) {
    throw new Error(`${contender} read ${memory.length} of ${pids.length} processes`)
  }
}
console.log(JSON.stringify({ micros: used / Number(rounds) }))
process.exit(0)
