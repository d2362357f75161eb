/** What masters and workers of an app say to each other, beside the messages of the app. */
import type { ClusterEvents } from '../events.js'
import type { Remote } from '../ipc/failure.js'
import type { Any, ClusterMethods, WorkerInfo } from './types.js'

/** Types of messages. */
export const Said = {
  /** Worker to master: answer with the roster, and tell of changes from now on. */
  HELLO: 'xypriss-cluster:hello',
  /** Worker to master: call a method. The answer says only that it is heard; the result comes as `SETTLED`. */
  CALL: 'xypriss-cluster:call',
  /** Worker to master: pass on these events. */
  LISTEN: 'xypriss-cluster:listen',
  /** Master to worker: what became of a call. However long that took, no deadline of messages stands over it. */
  SETTLED: 'xypriss-cluster:settled',
  /** Master to worker: the roster has changed. */
  ROSTER: 'xypriss-cluster:roster',
  /** Master to worker: an event. */
  EVENT: 'xypriss-cluster:event',
} as const

/** Methods that the master answers. `getAllWorkers` is answered from the roster. */
export const REMOTE = [
  'scaleUp',
  'scaleDown',
  'autoScale',
  'getClusterMetrics',
  'getClusterHealth',
  'getOptimalWorkerCount',
  'restartCluster',
  'stopCluster',
  'broadcastToWorkers',
  'sendToRandomWorker',
] as const satisfies readonly (keyof ClusterMethods)[]

/** One of them. */
export type Method = (typeof REMOTE)[number]

/** `error` stays with the cluster: an app's own `error` is something else. */
type Shown = Exclude<keyof ClusterEvents, 'error'>

/** All events that an app can listen to. */
export const EVENTS = [
  'worker:started',
  'worker:stopped',
  'worker:exit',
  'worker:error',
  'worker:restart',
  'cluster:started',
  'cluster:stopped',
  'cluster:scaled',
  'autoscale:decision',
  'memory:warning',
  'memory:critical',
  'memory:leak',
  'memory:gc',
  'health:changed',
  'metrics:updated',
  'message',
] as const satisfies readonly Shown[]

/** One of them. */
export type EventName = (typeof EVENTS)[number]

/** The compiler refuses a list above that lacks an event. */
type Complete = Shown extends EventName ? true : never
export const EVENTS_ARE_COMPLETE: Complete = true

export interface Call {
  /** The worker's number for it. */
  call: number
  method: Method
  args: Any[]
}

export interface Settled {
  call: number
  /** Absent when it failed. */
  result?: Any
  error?: Remote
  workers: WorkerInfo[]
}

export interface Passed {
  name: EventName
  args: Any[]
}
