/** The names of the reference around memory. */
import type { EventEmitter } from 'node:events'
import type { MemoryConfig, MemoryManager, MemoryStats, WorkerMemoryStats } from 'xypriss-cluster'
import type { Different, Equal, Expect } from '../../equal.js'
import type * as Manager from './memory-manager.js'
import type * as Statistics from './statistics.js'

export type Checks = [
  Expect<Equal<Different<Manager.MemoryManager, MemoryManager, EventEmitter>, never>>,
  Expect<Equal<ConstructorParameters<typeof MemoryManager>, [config: MemoryConfig]>>,
  Expect<Equal<Different<Statistics.MemoryStats, MemoryStats>, never>>,
  Expect<Equal<Different<Statistics.WorkerMemoryStats, WorkerMemoryStats>, never>>,
]
