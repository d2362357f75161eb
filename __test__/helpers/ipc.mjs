/** Clusters with an IPC manager, and what is said of a failure. */
import { BunIPCManager } from 'xypriss-cluster'
import { withCluster } from './cluster.mjs'

/** Run `body` with a cluster whose workers answer as `fixtures/ipc.mjs` does, and the manager that reaches them. */
export function withIPC(config, body) {
  const ipc = new BunIPCManager(config.ipc)
  const used = { app: 'ipc.mjs', ...config }
  return withCluster(used, async (cluster, context) => {
    cluster.setIPCManager(ipc)
    await body(ipc, cluster, context)
  }).finally(() => ipc.destroy())
}

/** The code of what `promise` rejects with; `undefined` when it resolves. */
export function codeOf(promise) {
  return promise.then(
    () => undefined,
    error => error.code,
  )
}
