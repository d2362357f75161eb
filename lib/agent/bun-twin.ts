/**
 * A second way into a server of `Bun.serve`: a unix socket, by which a request costs a fifth less than by the loopback
 * interface. In Bun a server has one address, so this is a server of its own; both are made to look like the one that
 * the app holds.
 *
 * Upgrades do not come this way: a WebSocket belongs to the server that upgraded it, and `publish` reaches its own.
 */
import { LOOPBACK } from './disguise.js'
import { heir } from './heir.js'

/** What `Bun.serve` and `Bun.listen` give, as far as it is needed here. */
export interface Server {
  readonly port: number
  readonly hostname: string
  /** Of `Bun.serve` only. */
  readonly pendingRequests?: number
  stop(closeActiveConnections?: boolean): Promise<void> | undefined
}

/** What `Bun.serve` gives. */
export interface TwinnedServer extends Server {
  reload(options: object): unknown
  requestIP(request: object): object | null
  ref(): void
  unref(): void
  /** In newer versions only. */
  closeIdleConnections?(): void
}

type Serve = (options: never) => unknown
type Handler = (this: unknown, ...args: unknown[]) => unknown
/** `handler`, called as `server` calls it. */
type Adapter = (server: TwinnedServer, handler: Handler) => Handler

/** What `requestIP` gives for a request that came by the unix socket. */
const ADDRESS = { address: LOOPBACK, family: 'IPv4', port: 0 }

const adaptRoute: Adapter = (server, handler) => request => handler.call(server, request, server)

/** The handlers among the options, beside the routes. The last one is that of `node:http`. */
const ADAPTERS: Record<string, Adapter> = {
  fetch: adaptRoute,
  error: (server, handler) => error => handler.call(server, error),
  onNodeHTTPRequest:
    (server, handler) =>
    (_twin, ...rest) =>
      handler.call(server, server, ...rest),
}

/**
 * Have `server`, which was opened with `options`, take requests at a unix socket too, and give its name. `undefined`
 * where there are no abstract names, and for an app whose routes are more than handlers and responses: Bun would
 * bundle its pages twice.
 */
export function openTwin(server: TwinnedServer, options: object, serve: Serve): string | undefined {
  if (process.platform !== 'linux') return undefined
  const adapted = adapt(server, options)
  if (!adapted) return undefined
  // The process id is not enough: containers may share the names and not the ids.
  const name = `xypriss-${process.pid}-${Math.random().toString(36).slice(2)}`
  const place = { unix: `\0${name}`, port: undefined, hostname: undefined }
  let twin: TwinnedServer
  try {
    twin = Reflect.apply(serve, undefined, [heir(options, { ...adapted, ...place })]) as TwinnedServer
  } catch {
    // The master comes by the port, as it does on other platforms.
    return undefined
  }
  join(server, twin)
  return name
}

/** The handlers of `options`, adapted; `undefined` if there is one that cannot be. */
function adapt(server: TwinnedServer, options: object): object | undefined {
  const given = options as Record<string, unknown>
  const adapted: Record<string, unknown> = {}
  for (const [name, adapter] of Object.entries(ADAPTERS)) {
    const handler = given[name]
    if (typeof handler === 'function') adapted[name] = adapter(server, handler as Handler)
  }
  for (const name of ['routes', 'static']) {
    const routes = given[name]
    if (!routes) continue
    const own = adaptRoutes(server, routes, true)
    if (!own) return undefined
    adapted[name] = own
  }
  return adapted
}

/** Routes by path, and what answers one of them by method. */
function adaptRoutes(server: TwinnedServer, routes: object, nested: boolean): object | undefined {
  const adapted: Record<string, unknown> = {}
  for (const [name, route] of Object.entries(routes)) {
    const own = adaptAnswer(server, route, nested)
    if (own === undefined) return undefined
    adapted[name] = own
  }
  return adapted
}

function adaptAnswer(server: TwinnedServer, route: unknown, nested: boolean): unknown {
  if (typeof route === 'function') return adaptRoute(server, route as Handler)
  if (typeof route !== 'object' || route === null) return route
  if (route instanceof Response || route instanceof Blob) return route
  const byMethod = nested && Object.getPrototypeOf(route) === Object.prototype
  return byMethod ? adaptRoutes(server, route, false) : undefined
}

/** What is done to the one that the app holds is done to both. */
function join(server: TwinnedServer, twin: TwinnedServer): void {
  const { stop, reload, requestIP, ref, unref, closeIdleConnections } = server
  const members = {
    stop: async (closeActiveConnections?: boolean) => {
      await Promise.all([server, twin].map(one => stop.call(one, closeActiveConnections)))
    },
    reload(options: object) {
      reload.call(server, options)
      // Pages, which `adapt` refuses, are bundled twice now: the socket is in use already.
      reload.call(twin, heir(options, adapt(server, options) ?? {}))
      return server
    },
    // Of a request of the other one it is told nothing.
    requestIP: (request: object) => requestIP.call(server, request) ?? ADDRESS,
    ref() {
      ref.call(server)
      ref.call(twin)
    },
    unref() {
      unref.call(server)
      unref.call(twin)
    },
    closeIdleConnections() {
      closeIdleConnections?.call(server)
      closeIdleConnections?.call(twin)
    },
    [Symbol.dispose]: () => void server.stop(true),
  }
  // Some of them cannot be assigned.
  for (const name of Reflect.ownKeys(members)) {
    const value = members[name as keyof typeof members]
    Object.defineProperty(server, name, { value, writable: true, configurable: true })
  }
  // Asked where a handler is given the other one all the same, as by routes that `adapt` refuses.
  Object.defineProperty(twin, 'requestIP', { value: () => ADDRESS })
  const pending = Object.getOwnPropertyDescriptor(Object.getPrototypeOf(server), 'pendingRequests')
  Object.defineProperty(server, 'pendingRequests', {
    get: () => pending?.get?.call(server) + pending?.get?.call(twin),
    configurable: true,
  })
}
