/** The handlers among the options of `Bun.serve`, and copies of those options with other handlers. */

export type Handler = (this: unknown, ...args: unknown[]) => unknown

/** The options that are handlers themselves. `onNodeHTTPRequest` is that of `node:http`. */
export type Role = 'fetch' | 'error' | 'onNodeHTTPRequest' | 'route'

const DIRECT = ['fetch', 'error', 'onNodeHTTPRequest'] as const
const ROUTES = ['routes', 'static']

/**
 * The options of `options` that hold handlers, with the handler that `replace` gives for each. `undefined` for routes
 * that are more than handlers and responses, such as pages, which Bun bundles for one server.
 */
export function replaceHandlers(
  options: object,
  replace: (role: Role, handler: Handler) => Handler,
): object | undefined {
  const given = options as Record<string, unknown>
  const replaced: Record<string, unknown> = {}
  for (const name of DIRECT) {
    const handler = given[name]
    if (typeof handler === 'function') replaced[name] = replace(name, handler as Handler)
  }
  for (const name of ROUTES) {
    const routes = given[name]
    // An app that is an instance of a framework may hold a list by that name, which is no affair of Bun.
    if (typeof routes !== 'object' || routes === null || Array.isArray(routes)) continue
    const own = replaceRoutes(routes, handler => replace('route', handler), true)
    if (!own) return undefined
    replaced[name] = own
  }
  return replaced
}

/** Routes by path, and what answers one of them by method. */
function replaceRoutes(
  routes: object,
  replace: (handler: Handler) => Handler,
  nested: boolean,
): object | undefined {
  const replaced: Record<string, unknown> = {}
  for (const [name, route] of Object.entries(routes)) {
    const own = replaceRoute(route, replace, nested)
    if (own === undefined) return undefined
    replaced[name] = own
  }
  return replaced
}

function replaceRoute(route: unknown, replace: (handler: Handler) => Handler, nested: boolean): unknown {
  if (typeof route === 'function') return replace(route as Handler)
  if (typeof route !== 'object' || route === null) return route
  if (route instanceof Response || route instanceof Blob) return route
  const byMethod = nested && Object.getPrototypeOf(route) === Object.prototype
  return byMethod ? replaceRoutes(route, replace, false) : undefined
}
