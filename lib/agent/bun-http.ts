/**
 * The `http.Server` behind a server that `node:http` opened by `Bun.serve`. Bun's `node:http` has connections and
 * keep-alive timers of its own, which can be reached by it only.
 *
 * Patching its `listen` instead would mean to load `node:http` in every worker before the app, which costs more than
 * all the rest of the agent.
 */
import type http from 'node:http'

type Found = (server: http.Server) => void

/** Whom each server that was opened, and has not said so yet, is for. */
const opened = new Map<object, Found>()

/** Call `found` with the `http.Server` that holds `handle`, when it says that it listens. */
export function findHttpServer(handle: object, found: Found): void {
  if (opened.size === 0) intercept()
  opened.set(handle, found)
}

/** `listening` is emitted in the next tick. Until then, and no longer, every event of HTTP servers is looked at. */
function intercept(): void {
  const { Server } = require('node:http') as typeof http
  const inherited = Server.prototype.emit
  Server.prototype.emit = function (this: http.Server, event: string, ...args: unknown[]): boolean {
    if (event === 'listening') {
      const handle = [...opened.keys()].find(handle => holds(this, handle))
      const found = handle && opened.get(handle)
      if (handle) opened.delete(handle)
      if (opened.size === 0) Server.prototype.emit = inherited
      found?.(this)
    }
    return Reflect.apply(inherited, this, [event, ...args])
  }
}

/** The property has a private symbol for its name, so it is known by its value. */
function holds(server: http.Server, handle: object): boolean {
  const own = server as unknown as Record<symbol, unknown>
  return Object.getOwnPropertySymbols(server).some(symbol => own[symbol] === handle)
}
