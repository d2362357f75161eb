/** Running something while requests come in. */
import { loadGenerator } from './load.mjs'

/** Run `body` under each of `loads` at once, and give what became of all their requests, and of each load's. */
export async function underLoad(loads, body) {
  const generators = await Promise.all(loads.map(loadGenerator))
  let reports
  try {
    await body()
  } finally {
    reports = await Promise.all(generators.map(generator => generator.stop()))
  }
  return {
    ok: reports.reduce((sum, { ok }) => sum + ok, 0),
    failed: reports.flatMap(({ failed }) => failed),
    timeline: reports.flatMap(({ timeline }) => timeline),
    reports,
  }
}
