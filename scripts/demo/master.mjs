/**
 * `examples/master.mjs` with a remote control, for the demo: calls come in as JSON lines on stdin, answers, starts
 * of workers and the worker table go out as JSON lines on stdout, between the lines that the example logs.
 */
import { createInterface } from 'node:readline'
import { cluster } from '../../examples/master.mjs'

/** How often the worker table is sent, in milliseconds. */
const TABLE_INTERVAL = 100

const send = message => process.stdout.write(`${JSON.stringify(message)}\n`)
const sendTable = () => send({ workers: cluster.getWorkers() })

cluster.on('worker:started', started => send({ started }))
setInterval(sendTable, TABLE_INTERVAL).unref()

const calls = createInterface({ input: process.stdin })
calls.on('line', async line => {
  const { id, method, args } = JSON.parse(line)
  try {
    await cluster[method](...args)
    sendTable()
    send({ id })
  } catch (error) {
    send({ id, error: error.message })
  }
  // Nothing else keeps the process alive then.
  if (method === 'stop') process.stdin.destroy()
})
// The demo is gone, however it ended.
calls.on('close', () => cluster.stop())
