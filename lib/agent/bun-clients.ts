/**
 * Servers of `Bun.serve` whose requests have the addresses of clients: each handler gets its request without the
 * header that the master added, and `requestIP` and WebSockets tell what was in it.
 *
 * The header is taken out before a handler runs. Bun's `headers` cannot be overridden, and a request that still had it
 * would pass it on by `clone()`, `new Request(request)`, `fetch(request)` and `console.log(request)`.
 */
import { replace, type TwinnedServer } from './bun-twin.js'
import { type Address, type Clients, parseEnds } from './clients.js'
import { Given } from './given.js'
import { heir } from './heir.js'

type Handler = (this: unknown, ...args: unknown[]) => unknown
type WebSocketHandlers = { open?: Handler }

/** What is needed here of a request. */
interface Request {
  readonly headers: Headers
}

interface Headers {
  get(name: string): string | null
  delete(name: string): void
}

/** The client of a request, kept in the request itself. */
class Known extends Given {
  readonly #address: string

  constructor(request: object, address: string) {
    super(request)
    this.#address = address
  }

  static of(request: object): string | undefined {
    return #address in request ? (request as Known).#address : undefined
  }
}

/** What `requestIP` gives for a request that came through the master; `undefined` for any other one. */
export function clientOf(request: object): Address | undefined {
  const value = Known.of(request)
  return value === undefined ? undefined : { ...parseEnds(value).peer }
}

/** Options of `Bun.serve` whose handlers get requests without the header. */
export function withoutHeader<T extends object>(options: T, clients: Clients): T {
  const { header } = clients
  if (header === undefined) return options
  const given = options as Record<string, unknown>
  const replaced: Record<string, unknown> = {}
  const { fetch } = given
  if (typeof fetch === 'function') replaced.fetch = taking(header, fetch as Handler)
  const { onNodeHTTPRequest } = given
  if (typeof onNodeHTTPRequest === 'function') {
    const { takingFromHandles } = require('./bun-http-clients.js') as typeof import('./bun-http-clients.js')
    replaced.onNodeHTTPRequest = takingFromHandles(header, onNodeHTTPRequest as Handler)
  }
  for (const name of ['routes', 'static']) {
    const routes = given[name]
    // An app that is an instance of a framework may hold a list by that name, which is no affair of Bun.
    if (typeof routes === 'object' && routes !== null && !Array.isArray(routes))
      replaced[name] = routesTaking(header, routes)
  }
  return heir(options, replaced)
}

function taking(header: string, handler: Handler): Handler {
  return function (this: unknown, request, ...rest) {
    take(header, request as Request)
    return handler.call(this, request, ...rest)
  }
}

function take(header: string, request: Request): void {
  const { headers } = request
  const value = headers.get(header)
  // A check of the master, or a process of this machine at the port of the worker. A copy of a request is never known:
  // alone it has no address either, and must not look like one from this machine.
  if (value === null) {
    new Known(request, '127.0.0.1 0 127.0.0.1 0')
    return
  }
  headers.delete(header)
  new Known(request, value)
}

/** Routes by path, each of which may be handlers by method. */
function routesTaking(header: string, routes: object, nested = true): object {
  const entries = Object.entries(routes).map(([name, route]) => {
    if (typeof route === 'function') return [name, taking(header, route as Handler)]
    const byMethod = nested && route !== null && Object.getPrototypeOf(route) === Object.prototype
    return [name, byMethod ? routesTaking(header, route, false) : route]
  })
  return Object.fromEntries(entries)
}

/** The address of the client whose upgrade is under way: Bun calls `open` before `upgrade` returns. */
let upgrading: Address | undefined | null

/** Options of `Bun.serve` whose WebSockets tell the address of the client that was upgraded. */
export function withRemoteAddress<T extends object>(options: T): T {
  const { websocket } = options as { websocket?: WebSocketHandlers }
  if (!websocket) return options
  const { open } = websocket
  const named = heir(websocket, {
    open(this: unknown, socket: object) {
      if (upgrading) {
        const { address: value } = upgrading
        Object.defineProperty(socket, 'remoteAddress', { value, configurable: true })
      }
      return open?.call(this, socket)
    },
  })
  return heir(options, { websocket: named })
}

/** Have `server` tell the addresses of clients; `find` gives that of a request. */
export function tellClients(
  server: TwinnedServer,
  find: (request: object) => Address | null | undefined,
  prepare: (options: object) => object,
): void {
  const { upgrade, reload, requestIP } = server
  const addressOf = (request: object) => find(request) ?? (requestIP.call(server, request) as Address | null)
  const members = {
    requestIP: (request: object) => addressOf(request),
    upgrade(request: object, ...rest: unknown[]) {
      const outer = upgrading
      // Bun refuses what is no request in its own words.
      upgrading = typeof request === 'object' && request !== null ? find(request) : undefined
      try {
        return upgrade.call(server, request, ...rest)
      } finally {
        upgrading = outer
      }
    },
    reload(options: object, _second: unknown) {
      reload.call(server, prepare(options))
      return server
    },
  }
  for (const [name, value] of Object.entries(members)) replace(server, name, value)
}
