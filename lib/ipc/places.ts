/** Where the links of this process are found: on the workers that a cluster shows, and at the agent in a worker. */
import { currentAgent } from '../agent/handle.js'
import { binding } from '../binding.js'
import type { Link } from './link.js'
import type { Settings } from './types.js'

/** The link of a worker, on the object that shows it. */
export const LINK = Symbol.for('xypriss-cluster.link')

/** Has a registry take requests of a link from the start, before its worker is ready. */
export const ATTACH = Symbol.for('xypriss-cluster.attach')

/** Where a process that was started with a connection of a manager finds it. */
export const VARIABLE = 'XYPRISS_CLUSTER_IPC'

const PARENT = Symbol.for('xypriss-cluster.parent')

/** The link to the process that started this one; `undefined` when there is none. */
export function parentLink(): Link | undefined {
  const agent = currentAgent()
  if (agent) return agent.messages() as Link | undefined
  const place = globalThis as { [PARENT]?: Link }
  const connection = process.env[VARIABLE]
  if (connection !== undefined) {
    delete process.env[VARIABLE]
    const { connectParent } = require('./parent.js') as typeof import('./parent.js')
    place[PARENT] = connectParent(connection)
  }
  return place[PARENT]
}

/** What the section `ipc` of a configuration comes to. */
export function settingsOf(section: object): Settings {
  return binding.NativeLink.settings(section) as Settings
}
