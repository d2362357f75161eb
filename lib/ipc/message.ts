/** A request as handlers see it. */
import type { IPCMessage } from '../ipc.js'
import type { Incoming } from './types.js'

/** The worker that this process is. Asked once: the environment is slow to read. */
let ownId: string | undefined

/** The message that `request` is. */
export function messageOf({ link, id, type, data, time, from }: Incoming): IPCMessage {
  const name = String(id)
  if (link.pid !== 0) {
    const workerId = link.peer
    return { id: name, type, data, timestamp: time, from: 'worker', correlationId: name, workerId }
  }
  ownId ??= process.env.WORKER_ID ?? ''
  const to = ownId
  if (from === undefined)
    return { id: name, type, data, timestamp: time, from: 'master', to, correlationId: name }
  return { id: name, type, data, timestamp: time, from: 'worker', to, correlationId: name, workerId: from }
}
