/**
 * Names that the reference uses and that this package does not have yet. See `exclude` in `tsconfig.types.json`.
 *
 * `BunIPCManager`: until there is one, `setIPCManager()` takes whatever is told of workers.
 */
export type { IPCWorkerRegistry as BunIPCManager } from 'xypriss-cluster'
