/**
 * An `idleTimeout` of an app on Bun that is shorter than the proxy keeps idle connections. The connections of the proxy
 * live longer, and the limit of the app holds for each of their requests until it is answered.
 */
import { type Handler, replaceHandlers } from './bun-handlers.js'
import { replace } from './bun-twin.js'
import { heir } from './heir.js'

/** Longer than the proxy keeps an idle connection, in seconds; Bun's own default. */
const IDLE_TIMEOUT = 10

/** The options and the server, as far as they are needed here. */
interface Options {
  idleTimeout?: unknown
}
interface Server {
  timeout(request: object, seconds: number): void
  reload(options: object): unknown
}

/** `options` for the connections of the proxy. */
export function outliveProxy<T extends Options>(options: T): T {
  const seconds = tooShort(options)
  return seconds ? heir(options, { idleTimeout: IDLE_TIMEOUT, ...limited(options, seconds) }) : options
}

/** Have the handlers that `server`, which was asked for with `options`, is given later keep to the same limit. */
export function keepIdleTimeout(server: object, options: Options): void {
  const seconds = tooShort(options)
  if (!seconds || !('reload' in server)) return
  const { reload } = server as Server
  replace(server, 'reload', function (this: Server, next: object) {
    return reload.call(this, heir(next, limited(next, seconds) ?? {}))
  })
}

function tooShort({ idleTimeout }: Options): number | undefined {
  const short = typeof idleTimeout === 'number' && idleTimeout > 0 && idleTimeout < IDLE_TIMEOUT
  return short ? idleTimeout : undefined
}

function limited(options: object, seconds: number): object | undefined {
  return replaceHandlers(options, (role, handler) =>
    role === 'fetch' || role === 'route' ? limit(handler, seconds) : handler,
  )
}

function limit(handler: Handler, seconds: number): Handler {
  return function (this: unknown, request, server, ...rest) {
    const { timeout } = server as Server
    const set = (limit: number) => timeout.call(server as Server, request as object, limit)
    set(seconds)
    const answer = Reflect.apply(handler, this, [request, server, ...rest])
    if (!(answer instanceof Promise)) {
      set(IDLE_TIMEOUT)
      return answer
    }
    return answer.finally(() => set(IDLE_TIMEOUT))
  }
}
