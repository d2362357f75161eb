/**
 * The second listener of a server of `Bun.serve`: a unix socket, by which a request costs a fifth less than by the
 * loopback interface. In Bun a server has one address, so this is a server of its own; both are made to look like the
 * one that the app holds.
 *
 * Upgrades do not come this way: a WebSocket belongs to the server that upgraded it, and `publish` reaches its own.
 */
import { isSwitchedOn } from '../compat.js'
import { type Handler, type Role, replaceHandlers } from './bun-handlers.js'
import { heir } from './heir.js'

/** What `Bun.serve` and `Bun.listen` give, as far as it is needed here. */
export interface Server {
  readonly port: number
  readonly hostname: string
  /** Of `Bun.serve` only. */
  readonly address?: { readonly address: string }
  /** Of `Bun.serve` only. */
  readonly url?: URL
  /** Of `Bun.serve` only. */
  readonly pendingRequests?: number
  stop(closeActiveConnections?: boolean): Promise<void> | undefined
}

/** What `Bun.serve` gives. */
export interface TwinnedServer extends Server {
  reload(options: object): unknown
  requestIP(request: object): object | null
  upgrade(request: object, ...options: unknown[]): boolean
  ref(): unknown
  unref(): unknown
  /** In newer versions only. */
  closeIdleConnections?(): unknown
}

type Serve = (options: never) => unknown

/** The options of one server and one address. With the `id` of another server, `bun --hot` would take it for that one. */
const PLACE = { port: undefined, hostname: undefined, host: undefined, id: undefined }

/**
 * Have `server`, which was opened with `options`, take requests at a unix socket too, and give its name. `undefined`
 * where there are no abstract names, and for an app whose routes are more than handlers and responses: Bun would
 * bundle its pages twice. `withdraw` is called when the app has become such an app: the master is to come by the port.
 */
export function openTwin(
  server: TwinnedServer,
  options: object,
  serve: Serve,
  withdraw: () => void,
): string | undefined {
  if (process.platform !== 'linux' || isSwitchedOn('no-second-listener')) return undefined
  const adapted = adapt(server, options)
  if (!adapted) return undefined
  // The process id is not enough: containers may share the names and not the ids.
  const name = `xypriss-${process.pid}-${Math.random().toString(36).slice(2)}`
  let twin: TwinnedServer
  try {
    const own = heir(options, { ...adapted, ...PLACE, unix: `\0${name}` })
    twin = Reflect.apply(serve, undefined, [own]) as TwinnedServer
  } catch {
    // The master comes by the port, as it does on other platforms.
    return undefined
  }
  join(server, twin, withdraw)
  return name
}

/** The handlers of `options`, called as `server` calls them; `undefined` if there is one that cannot be. */
function adapt(server: TwinnedServer, options: object): object | undefined {
  return replaceHandlers(options, (role, handler) => ADAPTERS[role](server, handler))
}

const adaptRoute = (server: TwinnedServer, handler: Handler): Handler => {
  return request => handler.call(server, request, server)
}

const ADAPTERS: Record<Role, (server: TwinnedServer, handler: Handler) => Handler> = {
  fetch: adaptRoute,
  route: adaptRoute,
  error: (server, handler) => error => handler.call(server, error),
  onNodeHTTPRequest:
    (server, handler) =>
    (_twin, ...rest) =>
      handler.call(server, server, ...rest),
}

/**
 * What is done to the server that the app holds is done to both. Members keep the names and the numbers of parameters
 * that Bun gives them.
 */
function join(server: TwinnedServer, twin: TwinnedServer, withdraw: () => void): void {
  const { stop, reload, requestIP, upgrade, ref, unref, closeIdleConnections } = server
  const members = {
    stop: async (closeActiveConnections?: boolean) => {
      await Promise.all([server, twin].map(one => stop.call(one, closeActiveConnections)))
    },
    reload(options: object, _second: unknown) {
      reload.call(server, options)
      const adapted = adapt(server, options)
      // Pages, which `adapt` refuses, are bundled twice for the moment until the master has heard of it.
      reload.call(twin, heir(options, adapted ?? {}))
      if (!adapted) withdraw()
      return server
    },
    requestIP: (request: object) => requestIP.call(server, request),
    upgrade(request: object, ...options: unknown[]) {
      // Each server refuses a request of the other one. Those that come here most are plain ones of the second.
      if (request instanceof Request) {
        try {
          return upgrade.call(twin, request, ...options)
        } catch {}
      }
      return upgrade.call(server, request, ...options)
    },
    ref() {
      ref.call(twin)
      ref.call(server)
      return server
    },
    unref() {
      unref.call(twin)
      unref.call(server)
      return server
    },
    ...(closeIdleConnections && {
      closeIdleConnections() {
        closeIdleConnections.call(twin)
        return closeIdleConnections.call(server)
      },
    }),
  }
  for (const [name, value] of Object.entries(members)) replace(server, name, value)
  // Asked where a handler is given the other one all the same, as by routes that `adapt` refuses.
  replace(twin, 'requestIP', (request: object) => server.requestIP(request))
  const pending = Object.getOwnPropertyDescriptor(Object.getPrototypeOf(server), 'pendingRequests')
  Object.defineProperty(server, 'pendingRequests', {
    get: () => pending?.get?.call(server) + pending?.get?.call(twin),
    configurable: true,
  })
}

/** Some members cannot be assigned, and none is to be listed. */
export function replace(server: object, name: string | symbol, value: unknown): void {
  Object.defineProperty(server, name, { value, writable: true, configurable: true })
}
