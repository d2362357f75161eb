/**
 * As `load-generator.mjs`, by WebSockets: each sends a message, waits for the answer, and so on. One that is closed with
 * a close frame is followed by another one; one that ends without is a failure. `body` is sent when it has been opened,
 * if there is one, and `path` has its query.
 */
const { port, connections, path, pause, body, type } = JSON.parse(process.argv[2])
const failures = new Map()
let ok = 0
let stopping = false

/** One WebSocket from its handshake to its end. */
function live() {
  return new Promise(resolve => {
    const socket = new WebSocket(`ws://127.0.0.1:${port}${path}`)
    let opened = false
    let sent = false
    const send = () => {
      if (stopping) return socket.close(1000)
      sent = true
      socket.send(type ?? 'hello')
    }
    socket.onopen = () => {
      opened = true
      if (body) socket.send(body)
      setTimeout(send, pause)
    }
    socket.onmessage = ({ data }) => {
      // The server's own: a ping of Socket.IO, or a greeting.
      if (data === '2') return socket.send('3')
      if (!sent || !data.includes('hello')) return
      succeeded()
      setTimeout(send, pause)
    }
    socket.onclose = ({ code }) => {
      if (!opened) failed('a WebSocket was not opened')
      else if (code === 1006) failed('a WebSocket ended without a close frame')
      resolve()
    }
  })
}

async function keepLiving() {
  while (!stopping) {
    if (await refused()) failed('ECONNREFUSED')
    else await live()
    await new Promise(resolve => setTimeout(resolve, pause))
  }
}

/** Whether the port is closed: `WebSocket` does not tell why it could not connect. */
async function refused() {
  const net = await import('node:net')
  return new Promise(resolve => {
    const socket = net.connect(port, '127.0.0.1', () => {
      socket.destroy()
      resolve(false)
    })
    socket.on('error', () => resolve(true))
  })
}

function succeeded() {
  if (ok === 0) process.stdout.write('started\n')
  ok += 1
}

function failed(reason) {
  failures.set(reason, (failures.get(reason) ?? 0) + 1)
}

process.stdin.resume().on('end', () => {
  stopping = true
})
await Promise.all(Array.from({ length: connections }, keepLiving))
const report = { ok, failed: Array.from(failures, ([reason, count]) => ({ reason, count })), timeline: [] }
process.stdout.write(`${JSON.stringify(report)}\n`)
