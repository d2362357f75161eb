/** What every process answers without a handler of the app's; one of the app's own goes first. */
import { currentAgent } from '../agent/handle.js'
import type { Incoming } from './types.js'

type Handler<Message> = (message: Message) => unknown

const HANDLERS: Record<string, Handler<{ data: unknown }>> = {
  ping: () => 'pong',
  heartbeat: () => ({ pid: process.pid, uptime: process.uptime(), timestamp: Date.now() }),
  app_message({ data }) {
    // For listeners of `message`: those of the manager have it already.
    if (currentAgent()) process.emit('message' as never, data as never)
  },
  shutdown() {
    const agent = currentAgent()
    if (!agent) return false
    // After the answer is on its way.
    setImmediate(() => agent.leave())
    return true
  },
}

/** The built-in handler of `type`. */
export function builtIn(type: string): Handler<{ data: unknown }> | undefined {
  return Object.hasOwn(HANDLERS, type) ? HANDLERS[type] : undefined
}

/** Answer `request` with a built-in handler, if it has one: for processes without a manager. */
export function answerBuiltIn(request: Incoming): boolean {
  const handler = builtIn(request.type)
  if (!handler || request.to !== undefined) return false
  respond(request, handler, request)
  return true
}

/** Answer `request` with what `handler` makes of `message`. */
export function respond<Message>(request: Incoming, handler: Handler<Message>, message: Message): void {
  const { link } = request
  let result: unknown
  try {
    result = handler(message)
  } catch (error) {
    link.refuse(request, error)
    return
  }
  if (!isThenable(result)) {
    link.answer(request, result)
    return
  }
  result.then(
    data => link.answer(request, data),
    error => link.refuse(request, error),
  )
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function'
}
