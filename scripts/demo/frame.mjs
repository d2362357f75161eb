/**
 * The model as lines for a terminal of a given size. Pure. A line is a list of `[style, text]`, so that it can be
 * measured and cut before colours make its length something else than its width.
 */
const COLUMNS = [
  ['worker', 10, worker => worker.id],
  ['pid', 8, worker => worker.pid ?? '-'],
  ['port', 6, worker => worker.port],
  ['state', 9, worker => worker.status],
  ['uptime', 8, worker => (worker.startTime ? `${seconds((Date.now() - worker.startTime) / 1000)} s` : '-')],
  ['restarts', 9, worker => worker.restarts],
  ['requests', 11, worker => count(worker.requests)],
]
/** These read from their left edge, numbers from their right. */
const LEFT = ['worker', 'state']
const STATE_STYLE = { running: 'green', starting: 'yellow', stopping: 'yellow', stopped: 'dim', error: 'red' }
const STEP_MARK = { running: ['yellow', ' > '], done: ['green', ' ✓ '], failed: ['red', ' ✗ '] }
const STEP_WIDTH = 26

/** The whole picture; the log gets the rows that the rest leaves. */
export function frame(model, { rows, columns }) {
  const fixed = [
    header(model, columns),
    [],
    ...model.steps.map(step),
    [],
    [['dim', ` ${row(([title]) => title)}`]],
    ...model.workers.map(worker),
    [],
    numbers(model),
    [],
  ]
  const log = model.log.slice(-Math.max(1, rows - fixed.length - 1)).map(line => [['dim', ` ${line}`]])
  // The last row stays free: the cursor stands there, and writing into it would scroll.
  return [...fixed, ...log].slice(0, rows - 1).map(line => cut(line, columns))
}

/** A step as one line; also what is printed where nothing can be repainted. */
export function step({ name, state, result }) {
  return [STEP_MARK[state], ['', `${name.padEnd(STEP_WIDTH)} `], ['dim', result]]
}

/** Requests in numbers; also what is printed where nothing can be repainted. */
export function numbers({ traffic, requests }) {
  return [
    ['bold', ` ${count(traffic?.rate ?? 0)} requests/s`],
    ['', `   ${count(requests.ok)} answered   `],
    [requests.failed > 0 ? 'red' : 'green', `${count(requests.failed)} failed`],
  ]
}

/** A number with separators, and nothing behind the point. */
export const count = number => Math.round(number).toLocaleString('en-US')

/** Seconds with one digit behind the point. */
export const seconds = number => number.toFixed(1)

function header(model, columns) {
  const time = `${seconds(model.elapsed)} s `
  const gap = Math.max(1, columns - model.title.length - 1 - time.length)
  return [
    ['bold', ` ${model.title}`],
    ['dim', ' '.repeat(gap) + time],
  ]
}

function worker(data) {
  return [[STATE_STYLE[data.status], ` ${row(([, , cell]) => cell(data))}`]]
}

function row(cell) {
  return COLUMNS.map(column => {
    const [title, width] = column
    const text = String(cell(column))
    return LEFT.includes(title) ? text.padEnd(width) : text.padStart(width - 2).padEnd(width)
  }).join(' ')
}

/** A line that wraps would shift everything below it. */
function cut(line, columns) {
  let room = columns
  return line.map(([style, text]) => {
    const shown = text.slice(0, room)
    room -= shown.length
    return [style, shown]
  })
}
