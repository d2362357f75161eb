/** The worker's end of the channel to the master: says who this is, and does what the master asks. */
import { binding } from '../binding.js'
import type { Link } from '../ipc/link.js'
import { Clients } from './clients.js'
import { publishAgent } from './handle.js'
import { Handover } from './handover.js'
import { installProcessSend } from './process-send.js'
import { type Ports, PublicPort } from './public-port.js'
import { drain, leave, USUAL } from './shutdown.js'
import { warnsWhenWaiting } from './waiting-warning.js'

/** Where Node.js opens its inspector unless it is told otherwise. */
const DEBUG_PORT = 9229
/** Seen from the agent's bundle, in `dist/`. */
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
  const asking = JSON.parse(env.XYPRISS_CLUSTER_ASKING ?? '{}') as Omit<Ports, 'public' | 'worker'>
  delete env.XYPRISS_CLUSTER_ASKING
  const clients = new Clients(env.XYPRISS_CLUSTER_CLIENT)
  // A secret of the run besides, which no child is to be told.
  delete env.XYPRISS_CLUSTER_CLIENT
  const page = env.XYPRISS_CLUSTER_PAGE
  delete env.XYPRISS_CLUSTER_PAGE

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
        if (request.leave) leave(request.leave)
        break
    }
  })
  agent.hello(runtime(), process.version)
  const telemetry = once(() => openTelemetry(page))

  const ports = { ...asking, public: publicPort, worker: workerPort }
  const handoverBy = (rule: PublicPort) => {
    const handover = new Handover(rule, {
      open: (id, { host, port, v6Only }) => agent.open(id, port, v6Only === true, host),
      listening: report => {
        tell(() => agent.listening(report))
        if (report.public) telemetry()
        else warn()
      },
      closed: id => tell(() => agent.closed(id)),
      ready: () => {
        tell(() => agent.ready())
        telemetry()
      },
      undecided: () => tell(() => agent.undecided()),
    })
    const warn = warnsWhenWaiting(publicPort, () => handover.waiting())
    return handover
  }
  const resolve = (host: string) => agent.resolve(host) ?? undefined
  let handover: Handover
  if (process.versions.bun) {
    const { patchBun, PORT_VARIABLES } = require('./bun-servers.js') as typeof import('./bun-servers.js')
    handover = handoverBy(new PublicPort(ports, env, PORT_VARIABLES))
    patchBun(handover, { resolve, publicPort, workerPort }, clients)
  } else {
    handover = handoverBy(new PublicPort(ports, env))
    // When it hangs, the master asks it by SIGUSR1 where. Any free port: several may hang at once.
    if (process.debugPort === DEBUG_PORT) process.debugPort = 0
    const { patchNode } = require('./node-servers.js') as typeof import('./node-servers.js')
    patchNode(handover, agent, { resolve, publicPort, workerPort }, clients)
  }
  let link: { link: Link | undefined } | undefined
  const messages = () => {
    // Loaded here: a worker that sends no message is spared it.
    link ??= { link: (require(MESSAGES) as typeof import('../ipc/worker.js')).openInWorker(agent) }
    return link.link
  }
  // A turn later: a server that the app opens in the same one is told first, and its requests need not wait.
  installProcessSend(() => setImmediate(() => handover.ready()), messages)
  publishAgent({ publicPort, drain, leave: () => leave(USUAL), messages })
}

/** Seen from the agent's bundle, and not part of it: it would cost every start, and is needed after that only. */
const TELEMETRY = './agent/telemetry.js'
/** How long after it serves a worker begins to tell of itself, in milliseconds: what came first comes first. */
const SETTLED = 100

function openTelemetry(page: string | undefined): void {
  if (page === undefined) return
  setTimeout(() => {
    try {
      const { tellBy } = require(TELEMETRY) as typeof import('./telemetry.js')
      tellBy(new binding.NativeTelemetry(page))
    } catch (error) {
      // The worker serves all the same. What only it could tell is absent from its metrics.
      process.emitWarning(`this worker cannot tell its cluster of its memory: ${String(error)}`, {
        code: 'XYPRISS_CLUSTER_TELEMETRY',
      })
    }
  }, SETTLED).unref()
}

function once(action: () => void): () => void {
  let done = false
  return () => {
    if (done) return
    done = true
    action()
  }
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
