/** What happens in the demo, in order. Every step waits for an event; the pauses between them are for the eye. */
import { setTimeout as sleep } from 'node:timers/promises'
import { count } from './frame.mjs'
import { Traffic } from './traffic.mjs'

/** How long a step's outcome is left to be looked at, in milliseconds. */
const PAUSE = 2500

/** Run all steps with `master`; rejects at the first that cannot be done. `signal` ends the pauses. */
export async function show({ model, master, port, workers, signal }) {
  const step = (name, body, pause = PAUSE) =>
    perform(model, name, body, () => sleep(pause, undefined, { signal }))

  await step(`start ${workers} workers`, () => master.call('start'), 0)

  const traffic = new Traffic(port)
  model.traffic = traffic
  await step('GET and POST traffic', () => traffic.flows())

  // A POST whose worker dies with it is answered 502, not sent twice: it may have been carried out already.
  await traffic.pausePosts()
  const victim = model.workers.find(worker => worker.status === 'running')
  await step(`kill -9 ${victim.id}`, async () => {
    const healed = master.nextStart(victim.id)
    process.kill(victim.pid, 'SIGKILL')
    await healed
  })
  await traffic.resumePosts()

  for (const target of [workers + 2, workers - 1]) {
    await step(`scale to ${target} workers`, () => master.call('scale', target))
  }
  await step('replace all workers', () => master.call('restart'))

  await traffic.stop()
  await step('stop', () => master.call('stop'), 0)
}

/** One step: how long `body` took, and what became of the requests until the end of `pause`. */
async function perform(model, name, body, pause) {
  const entry = { name, state: 'running', result: '' }
  model.steps.push(entry)
  const { requests } = model
  const started = performance.now()
  try {
    await body()
    entry.result = `${count(performance.now() - started)} ms`
    await pause()
  } catch (error) {
    entry.state = 'failed'
    // Of a pause that was ended, the cause says why.
    const { message } = error.cause ?? error
    entry.result = message.split('\n')[0]
    throw error
  }
  const answered = model.requests.ok - requests.ok
  const failed = model.requests.failed - requests.failed
  entry.state = failed > 0 ? 'failed' : 'done'
  if (answered + failed > 0) entry.result += `, ${count(answered)} requests answered, ${count(failed)} failed`
}
