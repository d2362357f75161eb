/**
 * The same figures with `process.send` of the runtime, its answers matched by a number: `ipc-process-send.mjs
 * [json|advanced]`. Runs again as its own children.
 */
import { fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { BROADCAST, measureBroadcast, measureOne } from '../lib/messages.mjs'

if (process.env.IPC_PROBE_CHILD) {
  process.on('message', ({ id, data }) => process.send({ id, data }))
  process.send({ id: 0 })
} else {
  const serialization = process.argv[2] ?? 'json'
  const children = await start(1)
  const pids = () => [process.pid, ...children.map(child => child.process.pid)]
  const figures = await measureOne(children[0].ask, pids())
  children.push(...(await start(BROADCAST - 1)))
  await measureBroadcast(figures, data => Promise.all(children.map(child => child.ask(data))), pids())
  for (const { process } of children) process.kill()
  console.log(JSON.stringify(figures))

  function start(count) {
    return Promise.all(
      Array.from({ length: count }, async () => {
        const env = { ...process.env, IPC_PROBE_CHILD: '1' }
        const child = fork(fileURLToPath(import.meta.url), [], { env, serialization })
        const waiting = new Map()
        let last = 0
        const ready = new Promise(resolve => waiting.set(0, resolve))
        child.on('message', ({ id, data }) => {
          waiting.get(id)(data)
          waiting.delete(id)
        })
        await ready
        const ask = data =>
          new Promise(resolve => {
            last += 1
            waiting.set(last, resolve)
            child.send({ id: last, data })
          })
        return { process: child, ask }
      }),
    )
  }
}
