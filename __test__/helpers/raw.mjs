/** Bytes on a bare socket, for tests that look at every one of them. */
import { once } from 'node:events'
import net from 'node:net'
import { eventually, within } from './wait.mjs'

/** A connection that keeps everything that it receives as text. */
export class Raw {
  text = ''
  ended = false

  /** Connect to `port`, from `localAddress` if given, and send `bytes`. */
  static async open(port, bytes, { localAddress } = {}) {
    const socket = net.connect({ port, host: '127.0.0.1', localAddress, allowHalfOpen: true })
    const raw = new Raw(socket)
    await within(once(socket, 'connect'), `a connection to port ${port}`)
    socket.write(bytes)
    return raw
  }

  constructor(socket) {
    this.socket = socket
    socket.setEncoding('latin1')
    socket.on('data', data => {
      this.text += data
    })
    socket.on('error', () => {})
    socket.on('end', () => {
      this.ended = true
    })
    socket.on('close', () => {
      this.ended = true
    })
  }

  send(bytes) {
    this.socket.write(bytes)
  }

  /** Close the sending side only. */
  finish() {
    this.socket.end()
  }

  /** All that has come, once `expected` is in it. */
  async until(expected) {
    await eventually(
      () => this.text.includes(expected),
      `${JSON.stringify(expected)} in ${JSON.stringify(this.text)}`,
    )
    return this.text
  }

  /** All that has come, once the other side has closed the connection. */
  async rest() {
    await eventually(() => this.ended, 'the end of the connection')
    this.socket.destroy()
    return this.text
  }

  close() {
    this.socket.destroy()
  }
}

/** All that is answered to `bytes` until the other side closes the connection. */
export async function exchange(port, bytes, options) {
  return (await Raw.open(port, bytes, options)).rest()
}

/** The body of an answer with a length. */
export function bodyOf(text) {
  return text.slice(text.indexOf('\r\n\r\n') + 4)
}
