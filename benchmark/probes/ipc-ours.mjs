/** Figures of this package's IPC, in one line of JSON: `ipc-ours.mjs`. Runs again as its own workers. */
import { fileURLToPath } from 'node:url'
import { BunClusterManager, BunIPCManager } from 'xypriss-cluster'
import { BROADCAST, measureBroadcast, measureOne } from '../lib/messages.mjs'

const cluster = new BunClusterManager(
  { workers: 1, ipc: { maxMessageSize: '4MB' }, exec: { script: fileURLToPath(import.meta.url), args: [] } },
  0,
)
const ipc = new BunIPCManager()
if (cluster.isWorker) {
  ipc.registerHandler('echo', message => message.data)
  process.send('ready')
} else {
  cluster.setIPCManager(ipc)
  await cluster.start()
  const pids = () => [process.pid, ...cluster.getWorkers().map(worker => worker.pid)]
  const figures = await measureOne(data => ipc.sendToWorker('worker-1', 'echo', data), pids())
  await cluster.scale(BROADCAST)
  await measureBroadcast(figures, data => ipc.broadcastToWorkers('echo', data), pids())
  await cluster.stop()
  console.log(JSON.stringify(figures))
}
