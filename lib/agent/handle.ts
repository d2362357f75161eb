/**
 * How the package's classes find the agent of the worker that they run in. The agent is preloaded, and the app may
 * resolve another copy of the package, so they meet on the global object.
 */
const KEY = Symbol.for('xypriss-cluster.agent')

/** The agent, as the rest of the package sees it. */
export interface WorkerAgent {
  /** The port that clients connect to. */
  readonly publicPort: number
  /** Stop accepting; resolves when what was accepted is answered. */
  drain(): Promise<void>
  /** Finish what is in flight and leave. */
  leave(): void
  /** The link for messages of the app, opened by the first call; `undefined` when they are switched off. */
  messages(): unknown
}

/** Make `agent` known to every copy of the package in this process. */
export function publishAgent(agent: WorkerAgent): void {
  Object.defineProperty(globalThis, KEY, { value: agent })
}

/** The agent of this process; `undefined` in a master. */
export function currentAgent(): WorkerAgent | undefined {
  return (globalThis as { [KEY]?: WorkerAgent })[KEY]
}
