/**
 * Who takes part. Each contender serves the same app by as many workers. A started one is
 * `{ name, port, front, workers }`: the pids of what clients connect to, unless those are the workers themselves, and
 * the pids of the workers.
 */
import { fileURLToPath } from 'node:url'
import { haproxy, nginx } from './peers.mjs'
import { freePorts } from './ports.mjs'
import { childrenOf } from './proc.mjs'
import { launch, report } from './processes.mjs'

export const OURS = 'xypriss-cluster'

const WORKERS = 2

/** Start all that can run on `runtime` with the `tools` at hand; those that cannot are named. */
export async function startContenders(runtime, tools) {
  const ports = await freePorts(WORKERS)
  // The workers behind every proxy but ours, which starts its own.
  const backend = { ports, workers: await Promise.all(ports.map(port => startApp(runtime, port))) }
  const starters = [
    port => ours(runtime, port),
    port => packaged('nginx', nginx, tools, port, backend),
    port => packaged('haproxy', haproxy, tools, port, backend),
    port => javascriptProxy(runtime, port, backend),
    port => (runtime.name === 'bun' ? reusePort(runtime, port) : nodeCluster(runtime, port)),
    () => ({ name: 'one worker, direct', port: ports[0], front: [], workers: [backend.workers[0]] }),
  ]
  const contenders = []
  for (const start of starters) contenders.push(await start(...(await freePorts(1))))
  return contenders.filter(Boolean)
}

async function ours({ path, app }, port) {
  const child = launch(path, [script('app/cluster.mjs'), app, String(WORKERS), String(port)])
  const { workers } = await report(child)
  return { name: OURS, port, front: [child.pid], workers }
}

async function packaged(name, start, tools, port, { ports, workers }) {
  if (!tools[name]) {
    console.log(`\nLeft out: ${name}, which is not installed and could not be`)
    return undefined
  }
  const { pid } = await start(tools[name], port, ports)
  // nginx works in children of its main process, HAProxy in the process itself.
  return { name, port, front: [pid, ...childrenOf(pid)], workers }
}

async function javascriptProxy({ path }, port, { ports, workers }) {
  const child = launch(path, [script('peers/js-proxy.mjs'), ...ports.map(String)], { PORT: port })
  await report(child)
  return { name: 'JavaScript proxy', port, front: [child.pid], workers }
}

async function nodeCluster({ path, app }, port) {
  const child = launch(path, [script('peers/node-cluster.mjs'), app, String(WORKERS)], { PORT: port })
  await report(child)
  return { name: 'node:cluster', port, front: [child.pid], workers: childrenOf(child.pid) }
}

/** The kernel shares connections out among processes that listen on the same port. */
async function reusePort(runtime, port) {
  const workers = Array.from({ length: WORKERS }, () => startApp(runtime, port, { REUSE_PORT: 'true' }))
  return { name: 'Bun reusePort', port, front: [], workers: await Promise.all(workers) }
}

/** Start one worker; resolves to its pid when it listens. */
async function startApp({ path, app }, port, env = {}) {
  const { pid } = await report(launch(path, [app], { PORT: port, ...env }))
  return pid
}

function script(path) {
  return fileURLToPath(new URL(`../${path}`, import.meta.url))
}
