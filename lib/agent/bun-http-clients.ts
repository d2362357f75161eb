/**
 * Requests of `node:http` on Bun with the addresses of clients. `Bun.serve` hands each of them to `node:http` as a
 * handle, which builds the headers when the app asks for them, and the handle of the connection, which tells the
 * address.
 */
import { type Address, parseEnds } from './clients.js'
import { Given } from './given.js'

type Handler = (this: unknown, ...args: unknown[]) => unknown

/** The headers by name, in lower case. */
type Headers = Record<string, unknown>

/** What is needed here of the handle of a request. */
interface RequestHandle {
  headersObject(): Headers | undefined
  /** Names and values in turn; can be taken once. */
  takeRawHeaders(headers: unknown): string[] | undefined
}

/** What is needed here of the handle of a connection. */
interface SocketHandle {
  readonly remoteAddress: Address | undefined
  readonly localAddress: Address | undefined
}

/** Headers that were built to find the address, for the app, which mostly asks for them. */
class Built extends Given {
  #headers: Headers | undefined

  constructor(handle: object, headers: Headers) {
    super(handle)
    this.#headers = headers
  }

  static has(handle: object): boolean {
    return #headers in handle
  }

  /** The headers, once: the app may change them. */
  static take(handle: object): Headers | undefined {
    const built = handle as Built
    const headers = built.#headers
    built.#headers = undefined
    return headers
  }
}

/** Where requests come from that are no client's. */
const MASTER: Address = { address: '127.0.0.1', family: 'IPv4', port: 0 }

let patched = false

/** `handler`, which is `onNodeHTTPRequest`, for requests without the header. */
export function takingFromHandles(header: string, handler: Handler): Handler {
  return function (this: unknown, ...args) {
    const request = args.find(isRequestHandle)
    const socket = args.find(isSocketHandle)
    if (request && socket) {
      if (!patched) patch(request, header)
      const headers = build.call(request)
      const value = headers?.[header]
      if (headers && typeof value === 'string') {
        delete headers[header]
        new Built(request, headers)
        const { peer, local } = parseEnds(value)
        Object.defineProperty(socket, 'remoteAddress', { value: peer, configurable: true })
        Object.defineProperty(socket, 'localAddress', { value: local, configurable: true })
      } else if (!socket.remoteAddress) {
        // A check of the master, by the unix socket. On the handle: the next request may be that of a client.
        Object.defineProperty(socket, 'remoteAddress', { value: MASTER, configurable: true })
        Object.defineProperty(socket, 'localAddress', { value: MASTER, configurable: true })
      }
    }
    return handler.apply(this, args)
  }
}

let build: RequestHandle['headersObject']

/** All handles have one prototype, which can be reached by one of them only. */
function patch(handle: RequestHandle, header: string): void {
  patched = true
  const prototype = Object.getPrototypeOf(handle) as RequestHandle
  const { takeRawHeaders } = prototype
  build = prototype.headersObject
  prototype.headersObject = function (this: RequestHandle) {
    const built = Built.has(this) ? Built.take(this) : undefined
    if (built) return built
    const headers = build.call(this)
    if (headers) delete headers[header]
    return headers
  }
  prototype.takeRawHeaders = function (this: RequestHandle, headers) {
    const lines = takeRawHeaders.call(this, headers)
    if (lines?.[0] === header) lines.splice(0, 2)
    return lines
  }
}

function isRequestHandle(argument: unknown): argument is RequestHandle {
  return typeof argument === 'object' && argument !== null && 'takeRawHeaders' in argument
}

function isSocketHandle(argument: unknown): argument is SocketHandle {
  // The socket of the app has both as well, and no `ondrain`.
  return (
    typeof argument === 'object' && argument !== null && 'ondrain' in argument && 'remoteAddress' in argument
  )
}
