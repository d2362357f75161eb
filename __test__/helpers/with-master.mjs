/** Masters in processes of their own, and the proof that nothing is left of them. */
import { randomUUID } from 'node:crypto'
import { APP_PORT, assertNothingLeft, fixture, marked, processesOf } from './cluster.mjs'
import { startMaster } from './master.mjs'
import { within } from './wait.mjs'

/**
 * Run `body` with a process that runs the fixture `script`, which is told to start a cluster of `config` on `port`;
 * its workers run the fixture `app`. `body` gets the master and the facts that it reported of its cluster when that
 * had started. Whatever became of the master, nothing that it started may be left.
 */
export function withMaster(script, config, body) {
  return withStartingMaster(script, config, async master => body(master, await master.report('started')))
}

/** As {@link withMaster}, without waiting for the cluster. */
export async function withStartingMaster(script, { app = 'app.mjs', port = 0, env = {}, ...config }, body) {
  const mark = randomUUID()
  const exec = { script: fixture(app), args: [], ...(port > 0 && { port: APP_PORT }), ...config.exec }
  const options = { port, config: { workers: 2, ...config, exec } }
  const process = startMaster(script, { args: [JSON.stringify(options)], env: { ...env, ...marked(mark) } })
  const master = {
    ...process,
    /** The report of that name, past or future. */
    report: name => process.line(line => line.name === name),
    /** How it ends, if it does so by itself. */
    end: () => within(process.exit, 'the end of the master'),
    /** The processes that run on its account, itself included. */
    processes: () => processesOf(mark),
  }
  try {
    await body(master)
  } finally {
    process.kill('SIGKILL')
    await process.exit
  }
  const started = process.lines.filter(({ name }) => name === 'started')
  for (const opened of [port, ...started.map(report => report.port)]) await assertNothingLeft(mark, opened)
}
