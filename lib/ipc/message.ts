/** A request as handlers see it. */
import type { IPCMessage } from '../ipc.js'
import type { Incoming } from './types.js'

/** The message that `request` is. */
export function messageOf({ link, id, type, data, time, from }: Incoming): IPCMessage {
  const name = String(id)
  const common = { id: name, type, data, timestamp: time }
  if (link.pid !== 0) return { ...common, from: 'worker', correlationId: name, workerId: link.peer }
  const to = process.env.WORKER_ID ?? ''
  if (from === undefined) return { ...common, from: 'master', to, correlationId: name }
  return { ...common, from: 'worker', to, correlationId: name, workerId: from }
}
