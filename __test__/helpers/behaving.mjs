/** Processes that do what a test tells them. */
import { spawn } from 'node:child_process'
import { EventEmitter, once } from 'node:events'
import { createInterface } from 'node:readline'
import { fixture } from './cluster.mjs'
import { within } from './wait.mjs'

/** Run `body` with such a process. */
export async function withBehaving(body) {
  const child = spawn(process.execPath, [fixture('behaves.mjs')], { stdio: ['pipe', 'pipe', 'inherit'] })
  const exited = once(child, 'exit')
  const said = new EventEmitter()
  let answers = 0
  createInterface({ input: child.stdout }).on('line', () => {
    answers += 1
    said.emit('answer')
  })
  let asked = 0
  const answered = async () => {
    asked += 1
    while (answers < asked) await within(once(said, 'answer'), 'what the process was told to do')
  }
  try {
    await answered()
    await body({
      pid: child.pid,
      /** Resolves when it has done so. */
      tell(act, argument) {
        child.stdin.write(`${JSON.stringify([act, argument])}\n`)
        return answered()
      },
      async kill() {
        child.kill('SIGKILL')
        await exited
      },
    })
  } finally {
    child.kill('SIGKILL')
    await exited
  }
}
