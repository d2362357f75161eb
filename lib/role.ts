/** What this process is, a master or a worker, and how a worker is started from a master. */
import { join } from 'node:path'
import type { NativeHost } from '../binding'
import { currentAgent } from './agent/handle.js'
import { ClusterError } from './errors.js'

/** Whether this process is a worker, of this package or of anybody else. */
export function isWorker(): boolean {
  return currentAgent() !== undefined || process.env.CLUSTER_MODE === 'true'
}

/** `start()` in a worker: the agent has connected before the script ran, or there is none. */
export async function joinCluster(): Promise<void> {
  if (currentAgent()) return
  throw new ClusterError(
    'CLUSTER_MODE=true says that this process is a worker, but no master of xypriss-cluster started it. ' +
      'If another cluster manager did, let that one do the work; if not, unset CLUSTER_MODE',
    'ERR_NO_MASTER',
  )
}

/** This process, as the workers are to be started like it. */
export function host(): NativeHost {
  const execArgv = withoutCode(process.execArgv)
  // Where there was code, no script was run: what stands in its place is an argument.
  const hasScript = execArgv.length === process.execArgv.length
  const [script, ...args] = hasScript ? process.argv.slice(1) : []
  return {
    execPath: process.execPath,
    execArgv,
    ...(script === undefined ? {} : { script }),
    args,
    agent: join(__dirname, process.versions.bun ? 'agent.bun.js' : 'agent.node.js'),
    runtime: process.versions.bun ? 'bun' : 'node',
  }
}

/** Flags that carry code, or say what kind of code it is. It is the master's own, and a worker runs a script. */
const CODE = new Set(['-e', '--eval', '-p', '--print', '-pe', '--input-type'])

/** `execArgv` without the code of `node -e` and the like. */
function withoutCode(execArgv: string[]): string[] {
  return execArgv.filter((argument, index) => {
    const [flag = ''] = argument.split('=', 1)
    const previous = execArgv[index - 1] ?? ''
    return !CODE.has(flag) && !CODE.has(previous)
  })
}

/** What workers find in `process.env`, besides what is added for them. */
export function environment(): Record<string, string> {
  // A copy is without `undefined`, and never changes under the thread that starts processes.
  return { ...process.env } as Record<string, string>
}
