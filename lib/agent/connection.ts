/** The worker's end of the channel to the master: says who this is, and does what the master asks. */
import { binding } from '../binding.js'
import type { Link } from '../ipc/link.js'
import { publishAgent } from './handle.js'
import { Handover } from './handover.js'
import { installProcessSend } from './process-send.js'
import { drain, leave } from './shutdown.js'

/** Seen from the agent's bundle, `dist/agent.js`. */
const MESSAGES = './ipc/worker.js'

/** Take over the inherited descriptor `fd`, and prepare the process for the app. */
export function connect(fd: number): void {
  const { env } = process
  const publicPort = Number(env.XYPRISS_CLUSTER_PORT)
  const workerPort = Number(env.WORKER_PORT)
  // Descriptor and port are this process's: a child that inherits the environment must not act on them.
  delete env.XYPRISS_CLUSTER_FD
  delete env.XYPRISS_CLUSTER_PORT
  delete env.XYPRISS_CLUSTER_ADDON

  const agent = binding.NativeAgent.connect(fd, request => {
    switch (request.kind) {
      case 'ping':
        // From JavaScript, on purpose: it proves that the event loop turns.
        tell(() => agent.pong(request.id ?? 0))
        break
      case 'messages':
        messages()
        break
      case 'shutdown':
        leave()
        break
    }
  })
  agent.hello(runtime(), process.version)

  const handover = new Handover(publicPort, workerPort, {
    listening: report => tell(() => agent.listening(report)),
    closed: () => tell(() => agent.closed()),
  })
  if (process.versions.bun) {
    const { patchBun } = require('./bun-servers.js') as typeof import('./bun-servers.js')
    patchBun(handover)
  } else {
    const { patchNode } = require('./node-servers.js') as typeof import('./node-servers.js')
    patchNode(handover, agent)
  }
  let link: { link: Link | undefined } | undefined
  const messages = () => {
    // Loaded here: a worker that sends no message is spared it.
    link ??= { link: (require(MESSAGES) as typeof import('../ipc/worker.js')).openInWorker(agent) }
    return link.link
  }
  installProcessSend(() => tell(() => agent.ready()), messages)
  publishAgent({ publicPort, drain, leave, messages })
}

function runtime(): string {
  return process.versions.bun ? 'bun' : 'node'
}

/** A write can fail only because the master is gone, and that ends this process at once. */
function tell(write: () => void): void {
  try {
    write()
  } catch {}
}
