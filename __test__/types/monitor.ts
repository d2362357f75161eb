/** The names of the reference around processes. */
import type { EventEmitter } from 'node:events'
import type { ProcessMonitor, ProcessStats, SystemStats } from 'xypriss-cluster'
import type { Different, Equal, Expect } from './equal.js'
import type * as Monitor from './reference/monitor/process-monitor.js'
import type * as Statistics from './reference/monitor/statistics.js'

export type Checks = [
  Expect<Equal<Different<Monitor.ProcessMonitor, ProcessMonitor, EventEmitter>, never>>,
  Expect<Equal<ConstructorParameters<typeof ProcessMonitor>, []>>,
  Expect<Equal<Different<Statistics.SystemStats, SystemStats>, never>>,
  Expect<Equal<Different<Statistics.ProcessStats, ProcessStats>, never>>,
]
