/** XyPriss apps in processes of their own. */
import { randomUUID } from 'node:crypto'
import { assertNothingLeft, marked } from '../../__test__/helpers/cluster.mjs'
import { startMaster } from '../../__test__/helpers/master.mjs'
import { freePort } from '../../__test__/helpers/processes.mjs'
import { withApp } from '../../__test__/helpers/xypriss.mjs'

/** Options of apps that say little, and refuse no request for coming too often. */
export const QUIET = { logging: { level: 'error' }, security: { enabled: false } }

/** Where apps are, for whoever looks from the fixtures of `__test__`. */
const APPS = '../../integration/xypriss/apps/'

/** An app is given that long: it is large, and several may start at once on two cores. In milliseconds. */
export const PATIENCE = 60_000

/** Run `body` with `apps/app.mjs`, as `withApp` does, when it has started. */
export function withXypriss(settings, body) {
  const options = { ...QUIET, ...settings.options }
  return withApp({ script: `${APPS}app.mjs`, ...settings, options }, async app => {
    const started = await app.line(({ name }) => ['started', 'failed'].includes(name), PATIENCE)
    await body(app, started)
  })
}

/** Start the app `script`; it has started. `stop()` ends it, and nothing may be left then. */
export async function startApp(script, { options, ...settings }) {
  const port = await freePort(8)
  const mark = randomUUID()
  const server = { host: '127.0.0.1', ...options.server, port }
  const args = [JSON.stringify({ ...settings, options: { ...options, server } })]
  const process = startMaster(`${APPS}${script}`, { args, env: marked(mark) })
  await process.line(({ name }) => name === 'started', PATIENCE)
  return {
    port,
    async stop() {
      process.kill('SIGKILL')
      await process.exit
      await assertNothingLeft(mark, port)
    },
  }
}
