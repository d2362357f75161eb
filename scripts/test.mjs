/**
 * All tests: sets the clone up, then runs `cargo test`, then every spec file on every runtime, and sums up. Those in
 * `integration/` come last.
 *
 *     npm test -- [--runtime bun,node22] [--only <part of a file name>] [--no-rust]
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { main, ROOT } from './run.mjs'
import { RUNTIMES, runtimePath } from './runtimes.mjs'
import { setup } from './setup.mjs'
import { setupXypriss } from './setup-xypriss.mjs'

/** Folders with spec files, and what stands in front of their names. */
const FOLDERS = [
  ['__test__', ''],
  ['integration/xypriss', 'xypriss/'],
]

/**
 * Unchanged apps, compared byte by byte alone and clustered: run by `--only apps` alone. Some rows still differ, and
 * `docs/compatibility.md` says which.
 */
const COMPARISON = { name: 'apps', folder: ['__test__/comparison', ''] }

/** How many spec files run beside each other: most of their time they wait for something to happen. */
const LANES = Math.min(availableParallelism(), 4)
/** How long one spec file may take on one runtime, in milliseconds: nothing that hangs may stop the rest. */
const FILE_TIMEOUT = 300_000
/** How long `cargo test` may take, with a cold build on two cores. */
const RUST_TIMEOUT = 1_200_000
/** How long one test may take where its file does not say; only Bun needs to be told. */
const TEST_TIMEOUT = 60_000

/** How each tool tells its results; every match is added up. */
const RUST_COUNTS = { passed: /(\d+) passed/g, failed: /(\d+) failed/g, skipped: /(\d+) ignored/g }
const NODE_COUNTS = {
  passed: /^# pass (\d+)/gm,
  failed: /^# (?:fail|cancelled) (\d+)/gm,
  skipped: /^# (?:skipped|todo) (\d+)/gm,
}
const BUN_COUNTS = {
  passed: /^ *(\d+) pass$/gm,
  failed: /^ *(\d+) (?:fail|errors?)$/gm,
  skipped: /^ *(\d+) (?:skip|todo)$/gm,
}

main(async () => {
  const { values } = parseArgs({
    options: {
      runtime: { type: 'string', default: Object.keys(RUNTIMES).join() },
      only: { type: 'string', default: '' },
      'no-rust': { type: 'boolean', default: false },
    },
  })
  const folders = values.only === COMPARISON.name ? [...FOLDERS, COMPARISON.folder] : FOLDERS
  const files = folders.flatMap(specsIn).filter(({ name }) => name.includes(values.only))
  // Else a misspelt name would pass.
  if (files.length === 0) throw new Error(`no file of a test has "${values.only}" in its name`)
  await setup()
  if (files.some(({ path }) => path.startsWith('integration/xypriss'))) await setupXypriss()

  const results = []
  if (!values['no-rust']) results.push(await rust())
  const jobs = values.runtime
    .split(',')
    .flatMap(runtime => files.map(file => lane => spec(runtime, file, lane)))
  results.push(...(await inLanes(jobs)))
  report(results)
})

function rust() {
  return suite('cargo test', 'rust', RUST_COUNTS, RUST_TIMEOUT, () => [
    'cargo',
    ['test', '--locked', '--no-fail-fast'],
  ])
}

/** Run `jobs`, `LANES` at a time; what they give, in their order. Each is told its lane, whose ports it may use. */
async function inLanes(jobs) {
  const results = []
  let next = 0
  const run = async (_, lane) => {
    while (next < jobs.length) {
      const index = next++
      results[index] = await jobs[index](lane)
    }
  }
  await Promise.all(Array.from({ length: LANES }, run))
  return results
}

/** The spec files of a folder, with the names by which they are called. */
function specsIn([folder, prefix]) {
  return readdirSync(join(ROOT, folder))
    .filter(file => file.endsWith('.spec.mjs'))
    .sort()
    .map(file => ({ name: `${prefix}${file}`, path: `${folder}/${file}` }))
}

function spec(runtime, { name, path: file }, lane) {
  const path = `./${file}`
  const counts = runtime === 'bun' ? BUN_COUNTS : NODE_COUNTS
  const env = { ...process.env, XYPRISS_TEST_LANE: String(lane) }
  return suite(name, runtime, counts, FILE_TIMEOUT, () => [
    runtimePath(runtime),
    runtime === 'bun' ? ['test', '--timeout', String(TEST_TIMEOUT), path] : ['--test-reporter=tap', path],
    env,
  ])
}

/** Run one suite; whatever goes wrong is a result, a failed one. */
async function suite(name, runtime, counts, timeout, command) {
  const start = Date.now()
  const outcome = await execute(command, timeout).catch(error => ({ output: '', problem: error.message }))
  console.log(`\n── ${name} on ${runtime}\n${outcome.output}`)
  const result = { name, runtime, seconds: (Date.now() - start) / 1000 }
  for (const [kind, pattern] of Object.entries(counts)) result[kind] = sum(outcome.output, pattern)
  // A file without a test, or one that died before it could count, must not look like a success.
  const ran = result.passed + result.failed + result.skipped > 0
  const problem = outcome.problem ?? (ran ? null : 'no test was run')
  if (problem && result.failed === 0) result.failed = 1
  if (problem) console.log(`── ${name} on ${runtime}: ${problem}`)
  return result
}

async function execute(command, timeout) {
  const [program, args, env = process.env] = command()
  // A group of its own, so that what a hanging test has started ends with it.
  const child = spawn(program, args, { cwd: ROOT, env, detached: true, stdio: ['ignore', 'pipe', 'pipe'] })
  const chunks = []
  for (const stream of [child.stdout, child.stderr]) stream.on('data', chunk => chunks.push(chunk))
  let problem
  const timer = setTimeout(() => {
    problem = `not done after ${timeout / 1000} s, killed`
    process.kill(-child.pid, 'SIGKILL')
  }, timeout)
  // Not `close`: a process that a test left behind may hold the pipes open for ever.
  const [code, signal] = await once(child, 'exit')
  clearTimeout(timer)
  await drained(child)
  if (code !== 0) problem ??= `ended with ${signal ?? `code ${code}`}`
  return { output: Buffer.concat(chunks).toString(), problem }
}

/** Until what the child wrote has been read, or a survivor of it has had a second. */
async function drained(child) {
  const late = AbortSignal.timeout(1000)
  const ends = [child.stdout, child.stderr].filter(stream => !stream.readableEnded)
  await Promise.all(ends.map(stream => once(stream, 'end', { signal: late }))).catch(() => {})
  child.stdout.destroy()
  child.stderr.destroy()
}

function sum(output, pattern) {
  return [...output.matchAll(pattern)].reduce((total, [, number]) => total + Number(number), 0)
}

function report(results) {
  const columns = ['name', 'runtime', 'passed', 'failed', 'skipped', 'seconds']
  const rows = results.map(result =>
    columns.map(column => (column === 'seconds' ? result[column].toFixed(1) : String(result[column]))),
  )
  const table = [columns.with(0, 'suite'), ...rows]
  const widths = columns.map((_, index) => Math.max(...table.map(row => row[index].length)))
  const align = (cell, index) => (index < 2 ? cell.padEnd(widths[index]) : cell.padStart(widths[index]))
  console.log(`\n${table.map(row => row.map(align).join('  ')).join('\n')}`)

  const total = kind => results.reduce((number, result) => number + result[kind], 0)
  console.log(`\n${total('passed')} passed, ${total('failed')} failed`)
  if (total('failed') > 0 || results.length === 0) process.exitCode = 1
}
