/** The names of the reference around memory. */
import type { EventEmitter } from 'node:events'
import type { MemoryConfig, MemoryManager, MemoryStats, WorkerMemoryStats } from 'xypriss-cluster'
import type { Different, Equal, Expect } from './equal.js'
import type * as Manager from './reference/memory/memory-manager.js'
import type * as Statistics from './reference/memory/statistics.js'

export type Checks = [
  Expect<Equal<Different<Manager.MemoryManager, MemoryManager, EventEmitter>, never>>,
  Expect<[config: MemoryConfig] extends ConstructorParameters<typeof MemoryManager> ? true : false>,
  Expect<Equal<Different<Statistics.MemoryStats, MemoryStats>, never>>,
  // What is not known of a process is absent, and the reference makes it up.
  Expect<Equal<Different<Statistics.WorkerMemoryStats, WorkerMemoryStats>, 'memoryUsage'>>,
  Expect<Statistics.WorkerMemoryStats['memoryUsage'] extends WorkerMemoryStats['memoryUsage'] ? true : false>,
]
