/** The names of the reference around messages. */
import type { EventEmitter } from 'node:events'
import type { BunClusterManager, BunIPCManager, IPCMessage, IPCResponse } from 'xypriss-cluster'
import type { Different, Equal, Expect } from './equal.js'
import type * as Manager from './reference/ipc/ipc-manager.js'
import type * as Messages from './reference/ipc/messages.js'

export type Checks = [
  Expect<Equal<Different<Manager.BunIPCManager, BunIPCManager, EventEmitter>, never>>,
  Expect<[] extends ConstructorParameters<typeof BunIPCManager> ? true : false>,
  Expect<Equal<Different<Messages.IPCMessage, IPCMessage>, never>>,
  Expect<Equal<Different<Messages.IPCResponse, IPCResponse>, never>>,
  Expect<BunIPCManager extends Parameters<BunClusterManager['setIPCManager']>[0] ? true : false>,
]
