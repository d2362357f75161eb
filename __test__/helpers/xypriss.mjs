/** Apps of the adapter in processes of their own, and the proof that nothing is left of them. */
import { randomUUID } from 'node:crypto'
import http from 'node:http'
import { assertNothingLeft, marked, processesOf } from './cluster.mjs'
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
      return getJson(port, `/${name}?${query}`)
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

/** How long an answer may take for which XyPriss has to be started, perhaps twice, on a busy machine; in milliseconds. */
const PATIENCE = 50_000

/** What a GET, on a connection of its own, is answered in JSON; an error unless the status is 200. */
export function getJson(port, path) {
  const answer = new Promise((resolve, reject) => {
    const request = http.get({ host: '127.0.0.1', port, path, agent: false })
    request.on('error', reject)
    request.on('response', async response => {
      try {
        const parts = []
        for await (const part of response) parts.push(part)
        const text = Buffer.concat(parts).toString()
        if (response.statusCode === 200) resolve(JSON.parse(text))
        else reject(new Error(`${path} was answered ${response.statusCode}: ${text}`))
      } catch (error) {
        reject(error)
      }
    })
  })
  return within(answer, `an answer to ${path}`, PATIENCE)
}

/** Options of an app with a cluster of `config`. */
export function clustered(config = {}, options = {}) {
  return { ...options, cluster: { enabled: true, config: { workers: 2, ...config } } }
}
