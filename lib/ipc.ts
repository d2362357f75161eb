/** What the cluster manager needs of an IPC manager. */
import type { BunWorker } from './worker.js'

/** Told which workers there are, so that it can reach them. */
export interface IPCWorkerRegistry {
  /** A worker is ready. Called again with the same id when its process was replaced. */
  registerWorker(workerId: string, worker: BunWorker): void
  /** A worker is gone. */
  unregisterWorker(workerId: string): void
}
