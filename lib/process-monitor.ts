/** `ProcessMonitor`: the facade over the native readings. It maps, emits and rethrows. */
import { AudienceEmitter } from './audience.js'
import { binding, type NativeEvent, type NativeProcessMonitor } from './binding.js'
import { ClusterError, rethrow, toClusterError } from './errors.js'

/** The machine, as this process may use it: inside a container, its memory is that of the container. */
export interface SystemStats {
  /** Processors. */
  cpu: {
    /** Processors that this process may use: the smaller of its affinity and the quota of its container, rounded up. */
    cores: number
    /** Per cent of all processors of the machine that were busy since the last reading, 0 to 100. */
    usage: number
    /** Means of the processes that run or want to, over 1, 5 and 15 minutes. */
    loadAverage: number[]
  }
  /** Memory, in bytes. */
  memory: {
    total: number
    /** Used for nothing at all. */
    free: number
    /** `total` without what is available. */
    used: number
    /** What a new process could have, caches that can be given up included. */
    available: number
    /** `used` of `total`, 0 to 100. */
    usagePercentage: number
  }
  /** Swap space, in bytes; all 0 where there is none. */
  swap: { total: number; free: number; used: number; usagePercentage: number }
  /** Since the machine was started, in milliseconds. */
  uptime: number
  /** When this was read, in milliseconds since the epoch. */
  timestamp: number
}

/** One process. */
export interface ProcessStats {
  pid: number
  /** Memory, in bytes. The heap is known of this process and of workers of clusters in it; absent for others. */
  memory: {
    /** Resident, shared pages counted whole. */
    rss: number
    /** Address space. */
    vms: number
    /** JavaScript heap that was taken from the system. */
    heapTotal?: number
    /** JavaScript heap in use. */
    heapUsed?: number
    /** Memory outside of the heap that JavaScript objects hold. */
    external?: number
  }
  cpu: {
    /** Per cent of one core since the last reading of this process by this monitor: 200 is two cores. */
    usage: number
    /** Of all its threads since it was started, in milliseconds. */
    totalTime: number
  }
  threads: number
  /** Open descriptors. */
  fileDescriptors: number
  /** Since it was started, in milliseconds. */
  uptime: number
  /** When this was read, in milliseconds since the epoch. */
  timestamp: number
}

/** One process without what takes as long to find out as all the rest. */
export type BriefProcessStats = Omit<ProcessStats, 'threads' | 'fileDescriptors'>

/** What `stats` tells of. */
export interface MonitorStats extends SystemStats {
  /** The processes that are watched. */
  processes: ProcessStats[]
}

/** Name of an event of a {@link ProcessMonitor} → its arguments. */
export interface ProcessMonitorEvents {
  /** A reading, every interval. */
  stats: [stats: MonitorStats]
  /** A watched process could not be read, most often because it has ended. It is not watched any more. */
  error: [error: ClusterError]
}

/** Processes that are read at once, which takes a tenth of a millisecond; for more, another thread is asked. */
const AT_ONCE = 64
/** Numbers of a process in what the addon gives. */
const FIELDS = 12

/** Where the addon writes what it reads at once. Nobody sees it: it is read before another call can be made. */
let scratch: Float64Array | undefined

/**
 * The first `count` processes of `numbers`. Written out, without a function for each number: a monitor that asks
 * every few seconds seldom gets to run code that was compiled.
 */
function toStats(numbers: Float64Array, count: number, brief: boolean): BriefProcessStats[] {
  const all: BriefProcessStats[] = []
  for (let at = 0; at < count * FIELDS; at += FIELDS) {
    const pid = numbers[at] as number
    const memory: ProcessStats['memory'] = { rss: numbers[at + 1] as number, vms: numbers[at + 2] as number }
    const heapTotal = numbers[at + 3] as number
    if (!Number.isNaN(heapTotal)) {
      memory.heapTotal = heapTotal
      memory.heapUsed = numbers[at + 4] as number
      memory.external = numbers[at + 5] as number
    }
    const stats: BriefProcessStats = {
      pid,
      memory,
      cpu: { usage: numbers[at + 6] as number, totalTime: numbers[at + 7] as number },
      uptime: numbers[at + 10] as number,
      timestamp: numbers[at + 11] as number,
    }
    if (!brief) {
      const whole = stats as ProcessStats
      whole.threads = numbers[at + 8] as number
      whole.fileDescriptors = numbers[at + 9] as number
    }
    all.push(pid === OWN ? withHeap(stats) : stats)
  }
  return all
}

/** Looked up once: on Bun it takes a call out of JavaScript. */
const OWN = process.pid

/** The heap of this very process is known to its own JavaScript only. */
function withHeap<Stats extends BriefProcessStats>(stats: Stats): Stats {
  const { heapTotal, heapUsed, external } = process.memoryUsage()
  Object.assign(stats.memory, { heapTotal, heapUsed, external })
  return stats
}

/** Between two readings where {@link ProcessMonitor.startMonitoring} is not told, in milliseconds. */
const DEFAULT_INTERVAL = 5_000

/**
 * Reads the machine and its processes, off the JavaScript thread. It never keeps the process alive, and nothing at
 * all runs between calls while nobody listens to it.
 *
 * ```js
 * const monitor = new ProcessMonitor()
 * const { cpu, memory } = await monitor.getProcessStats(process.pid)
 * ```
 */
export class ProcessMonitor extends AudienceEmitter<ProcessMonitorEvents> {
  readonly #native: NativeProcessMonitor
  /** As it was asked for. */
  #interval: number | undefined
  /** As it is carried out: not while nobody listens. */
  #running: number | undefined
  #destroyed = false

  constructor() {
    super()
    this.#native = new binding.NativeProcessMonitor(event => this.#dispatch(event))
  }

  /** The machine, now. The first call takes a tenth of a second, so that the use of processors is a measured one. */
  getSystemStats(): Promise<SystemStats> {
    return this.#call(native => native.systemStats() as Promise<SystemStats>)
  }

  /**
   * One process, now. The first call for a process takes a tenth of a second, so that its processor time is a
   * measured one; later ones tell of the time since the last.
   *
   * Rejects with `ERR_PROCESS_NOT_FOUND` when there is no such process, `ERR_PROCESS_FORBIDDEN` when it may not be read.
   */
  getProcessStats(pid: number): Promise<ProcessStats> {
    return this.#call(async native => {
      const stats = (await native.processStats(pid)) as ProcessStats
      return pid === OWN ? withHeap(stats) : stats
    })
  }

  /**
   * All of `pids` at once, in that order and much cheaper than one by one; those that cannot be read are left out.
   * With `brief`, threads and descriptors are left out, in two thirds of the time.
   */
  getProcessesStats(pids: number[], options?: { brief?: false }): Promise<ProcessStats[]>
  getProcessesStats(pids: number[], options: { brief: true }): Promise<BriefProcessStats[]>
  getProcessesStats(pids: number[], { brief = false } = {}): Promise<BriefProcessStats[]> {
    return this.#call(async native => {
      // To ask another thread and wait for its answer takes longer than to read; only the first time has to wait.
      if (pids.length <= AT_ONCE) {
        scratch ??= new Float64Array(AT_ONCE * FIELDS)
        scratch.set(pids)
        const count = native.processesStatsNow(scratch, pids.length, brief)
        if (count >= 0) return toStats(scratch, count, brief)
      }
      const numbers = await native.processesStats(Float64Array.from(pids), brief)
      return toStats(numbers, numbers.length / FIELDS, brief)
    })
  }

  /** Have `stats` tell of process `pid`, too. Throws as {@link getProcessStats} rejects. */
  watch(pid: number): void {
    this.#now(native => native.watch(pid))
  }

  /** Have `stats` not tell of process `pid` any more. Says whether it did. */
  unwatch(pid: number): boolean {
    return this.#now(native => native.unwatch(pid))
  }

  /**
   * Emit `stats` at an interval, as long as somebody listens. Another call changes the interval.
   *
   * @param interval In milliseconds, from 1 to a day. Default 5 000.
   */
  startMonitoring(interval: number = DEFAULT_INTERVAL): void {
    this.#now(native => native.check(interval))
    this.#interval = interval
    this.#follow()
  }

  /** Emit nothing any more, until the next {@link startMonitoring}. */
  stopMonitoring(): void {
    this.#interval = undefined
    this.#follow()
  }

  /** Stop monitoring for good and give everything back. Calls that ask for something fail with `ERR_DESTROYED`. */
  destroy(): void {
    this.stopMonitoring()
    this.#destroyed = true
    this.#native.destroy()
    this.removeAllListeners()
  }

  protected override audienceChanged(): void {
    this.#follow()
  }

  /** Read at the interval exactly while somebody listens. */
  #follow(): void {
    const heard = this.listenerCount('stats') + this.listenerCount('error') > 0
    const interval = heard ? this.#interval : undefined
    if (interval === this.#running) return
    this.#running = interval
    if (interval === undefined) this.#native.stop()
    else this.#native.start(interval)
  }

  #dispatch({ name, payload }: NativeEvent): void {
    // What was on its way when it was told to stop.
    if (this.#interval === undefined) return
    if (name === 'stats') {
      const stats = payload as unknown as MonitorStats
      for (const one of stats.processes) if (one.pid === OWN) withHeap(one)
      this.emit('stats', stats)
    } else if (this.listenerCount('error') > 0) {
      // Without a listener it would be thrown, and that a process ends is nothing to throw about.
      this.emit('error', toClusterError(payload as unknown as Parameters<typeof toClusterError>[0]))
    }
  }

  async #call<T>(call: (native: NativeProcessMonitor) => Promise<T>): Promise<T> {
    try {
      return await call(this.#alive())
    } catch (cause) {
      rethrow(cause)
    }
  }

  #now<T>(call: (native: NativeProcessMonitor) => T): T {
    try {
      return call(this.#alive())
    } catch (cause) {
      rethrow(cause)
    }
  }

  #alive(): NativeProcessMonitor {
    if (!this.#destroyed) return this.#native
    throw new ClusterError('this ProcessMonitor was destroyed; make another one', 'ERR_DESTROYED', {
      what: 'ProcessMonitor',
    })
  }
}
