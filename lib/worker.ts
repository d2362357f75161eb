/** A worker as users see it. */
import type { NativeWorker } from '../binding'

/** A worker, as it was at the moment of the call that gave it; ask again to see what became of it. */
export interface BunWorker extends NativeWorker {}
