/** Apps of the adapter in processes of their own, and the proof that nothing is left of them. */
import { randomUUID } from 'node:crypto'
import { assertNothingLeft, marked, processesOf } from './cluster.mjs'
import { request } from './connection.mjs'
import { startMaster } from './master.mjs'
import { freePort } from './processes.mjs'
import { within } from './wait.mjs'

/**
 * Run `body` with the script `script`, below `fixtures/`, which got `port` and `settings` as an argument. `body` gets
 * the process, with what it can be told by `fixtures/xypriss/drive.mjs`.
 */
export async function withApp({ script = 'xypriss/app.mjs', env = {}, ...settings }, body) {
  const port = settings.port ?? (await freePort(8))
  const mark = randomUUID()
  const options = settings.port === undefined ? { server: { port }, ...settings.options } : settings.options
  const args = [JSON.stringify({ ...settings, options })]
  const master = startMaster(script, { args, env: { ...env, ...marked(mark) } })
  let asked = 0
  const app = {
    ...master,
    port,
    /** The report of that name, past or future. */
    report: name => master.line(line => line.name === name),
    /** Have the master do something; gives what came of it. */
    tell(name, options = {}) {
      asked += 1
      const id = asked
      master.send({ id, name, ...options })
      return master.line(line => line.name === 'done' && line.id === id)
    },
    /** Have a worker do something, by a request. */
    async ask(name, { args, ...options } = {}) {
      const query = new URLSearchParams({ ...options, ...(args && { args: JSON.stringify(args) }) })
      const response = await request(port, `/${name}?${query}`)
      if (response.status !== 200) throw new Error(`${name} was answered ${response.status}`)
      return response.json()
    },
    /** Have that worker do something, whichever others are asked first. */
    async askOnly(only, name, options = {}) {
      for (;;) {
        const answer = await app.ask(name, { ...options, only })
        if (answer.worker === only) return answer
      }
    },
    /** Its end, if it comes by itself. */
    end: () => within(master.exit, 'the end of the app'),
    processes: () => processesOf(mark),
  }
  try {
    await body(app)
  } finally {
    master.kill('SIGKILL')
    await master.exit
  }
  await assertNothingLeft(mark, port)
}

/** Options of an app with a cluster of `config`. */
export function clustered(config = {}, options = {}) {
  return { ...options, cluster: { enabled: true, config: { workers: 2, ...config } } }
}
