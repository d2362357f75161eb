/** A worker as users see it. */
import type { NativeWorker } from '../binding'

/** A worker, as it was at the moment of the call that gave it; ask again to see what became of it. */
export interface BunWorker extends NativeWorker {
  /**
   * Send `message`, JSON values, to listeners of `process.on('message')` in the worker, as with `node:cluster`.
   * `false` when the worker is slow to read. Throws a `WorkerCommunicationError`, or gives it to `callback`.
   */
  send(message: unknown, callback?: (error: Error | null) => void): boolean
}
