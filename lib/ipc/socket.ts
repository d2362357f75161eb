/**
 * Reading from a descriptor by the event loop of the runtime: one wake-up from the kernel to the app, where a thread
 * of ours would need two.
 */
import type net from 'node:net'

/** Who is told of what arrives. */
export interface Reader {
  /** The first `length` bytes of `chunk` arrived; they are only valid now. */
  chunk(chunk: Uint8Array, length: number): void
  /** Nothing more comes. */
  end(): void
}

/** A descriptor that is read. */
export interface Reading {
  /** Whether it keeps the process alive. */
  hold(alive: boolean): void
  /** Stop, and close the descriptor. */
  close(): void
}

/** Read size: a batch of messages is at most that. */
const CHUNK = 64 * 1024

/** One for all: what is read is gone from it before the next is. */
let buffer: Buffer | undefined

/** Read the socket `fd`, which is given away. It does not keep the process alive. */
export function read(fd: number, reader: Reader): Reading {
  return process.versions.bun ? readOnBun(fd, reader) : readOnNode(fd, reader)
}

function readOnNode(fd: number, reader: Reader): Reading {
  const { Socket } = require('node:net') as typeof net
  buffer ??= Buffer.allocUnsafeSlow(CHUNK)
  const socket = new Socket({
    fd,
    readable: true,
    writable: false,
    onread: {
      buffer,
      callback(length: number, chunk: Uint8Array) {
        reader.chunk(chunk, length)
        return true
      },
    },
  } as net.SocketConstructorOpts)
  socket.unref()
  // What went wrong matters to nobody: the peer is gone.
  socket.on('error', () => {})
  socket.once('close', () => reader.end())
  socket.once('end', () => socket.destroy())
  socket.resume()
  return {
    hold: alive => void (alive ? socket.ref() : socket.unref()),
    close: () => void socket.destroy(),
  }
}

/** What is used of Bun, whose types are not among ours. */
interface BunSocket {
  ref(): void
  unref(): void
  terminate(): void
}
interface BunRuntime {
  connect(options: {
    fd: number
    socket: Record<string, (socket: BunSocket, data: Uint8Array) => void>
  }): Promise<BunSocket>
}

function readOnBun(fd: number, reader: Reader): Reading {
  const { Bun } = globalThis as unknown as { Bun: BunRuntime }
  let socket: BunSocket | undefined
  let alive = false
  let closed = false
  let ended = false
  const apply = () => {
    if (closed) socket?.terminate()
    else if (alive) socket?.ref()
    else socket?.unref()
  }
  const end = () => {
    if (ended) return
    ended = true
    reader.end()
  }
  const opened = (opening: BunSocket) => {
    socket = opening
    apply()
  }
  Bun.connect({
    fd,
    socket: {
      open: opened,
      data: (_socket, data) => reader.chunk(data, data.length),
      end: socket => socket.terminate(),
      close: end,
      error: () => {},
    },
  }).then(opened, end)
  return {
    hold(wanted) {
      alive = wanted
      apply()
    },
    close() {
      closed = true
      apply()
    },
  }
}
