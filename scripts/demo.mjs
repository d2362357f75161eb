/**
 * Serves one of `examples/` with a cluster under traffic, while a worker is killed, the cluster is scaled and all
 * workers are replaced. Exits with 0 if no request failed and nothing was left behind.
 *
 *     npm run demo -- [--runtime bun|node|node20|node22|node24|node26] [--app bun-serve|express|fastify|hono|websocket]
 */
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { isFree } from './demo/leftovers.mjs'
import { Model } from './demo/model.mjs'
import { RemoteMaster } from './demo/remote.mjs'
import { open } from './demo/screen.mjs'
import { show } from './demo/show.mjs'
import { problemsOf, summary } from './demo/summary.mjs'
import { main } from './run.mjs'
import { runtimePath } from './runtimes.mjs'
import { setup } from './setup.mjs'

const WORKERS = 4
/** For the whole show, in milliseconds. The traffic and the master may then take ten seconds each to end. */
const DEADLINE = 35_000

main(async () => {
  const { values } = parseArgs({
    options: { runtime: { type: 'string', default: 'bun' }, app: { type: 'string' } },
  })
  const { runtime, app = runtime === 'bun' ? 'bun-serve' : 'express' } = values
  await setup()

  const executable = runtime === 'node' ? process.execPath : runtimePath(runtime)
  const script = `examples/${app}.mjs`
  const port = await freePort()
  const master = new RemoteMaster({ runtime: executable, app: script, port, workers: WORKERS })
  const model = new Model(`${script} on ${runtime}, http://localhost:${port}`)
  model.follow(master)

  const close = open(model)
  const cut = await run(model, master, port)
  const masterExit = await master.end()
  close()

  const problems = await problemsOf(model, { cut, masterExit, port })
  console.log(summary(model, problems))
  process.exitCode = problems.length === 0 ? 0 : 1
})

/** Run the show and end its traffic; the error that cut it short, if one did. */
async function run(model, master, port) {
  const ending = new AbortController()
  const { signal } = ending
  try {
    await Promise.race([
      show({ model, master, port, workers: WORKERS, signal }),
      interrupt(),
      deadline(signal),
    ])
    return undefined
  } catch (error) {
    ending.abort(error)
    return error
  } finally {
    ending.abort()
    await model.traffic?.stop()
  }
}

async function interrupt() {
  await Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM')])
  throw new Error('interrupted')
}

async function deadline(signal) {
  await sleep(DEADLINE, undefined, { signal })
  throw new Error(`not done after ${DEADLINE / 1000} s`)
}

/** The first usual port that nobody has. Those of the workers follow it. */
async function freePort() {
  for (let port = 8085; port < 9085; port += 100) if (await isFree(port)) return port
  throw new Error('the demo found no free port between 8085 and 8985')
}
