/** What is left to say when the demo is over. */
import { count, seconds } from './frame.mjs'
import { leftovers } from './leftovers.mjs'

/** Everything that should not have happened, one sentence each; empty for a demo that passed. */
export async function problemsOf(model, { cut, masterExit, port }) {
  const problems = cut ? [cut.message] : []
  for (const [reason, times] of Object.entries(model.traffic?.totals.reasons ?? {})) {
    problems.push(`${count(times)} × ${reason}`)
  }
  if (masterExit !== 'code 0') problems.push(`the master ended with ${masterExit}`)
  const ports = new Set([port, ...model.seen.values()])
  problems.push(...(await leftovers([...model.seen.keys()], [...ports])))
  return [...new Set(problems)]
}

/** The summary as text. */
export function summary(model, problems) {
  const { requests, traffic, seen } = model
  const facts = [
    `${count(requests.total)} requests, ${count(requests.failed)} failed`,
    `${count(traffic?.peak ?? 0)} requests/s at best, slowest answer ${count(traffic?.totals.slowest ?? 0)} ms`,
    `${seen.size} worker processes in turn`,
    ...(problems.length > 0 ? problems : ['no process left, all ports free, the master ended with code 0']),
    `${problems.length > 0 ? 'FAILED' : 'PASSED'} after ${seconds(model.elapsed)} s`,
  ]
  return ['', ...facts.map(fact => ` ${fact}`)].join('\n')
}
