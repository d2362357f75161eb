/** Puts frames on the terminal; where there is none, or a dumb one, plain lines once a second. */
import { frame, numbers, step } from './frame.mjs'

const SGR = { bold: 1, dim: 2, red: 31, green: 32, yellow: 33 }
const REPAINT_INTERVAL = 100
const PLAIN_INTERVAL = 1000
const HIDE_CURSOR = '\x1b[?25l'
const SHOW_CURSOR = '\x1b[?25h'
const CLEAR_SCREEN = '\x1b[2J\x1b[H'
const CLEAR_LINE_END = '\x1b[K'
const CLEAR_BELOW = '\x1b[J'
const up = lines => (lines > 0 ? `\x1b[${lines}A` : '')

const { stdout, env } = process
const isTerminal = stdout.isTTY && env.TERM !== 'dumb'
const hasColours = isTerminal && !env.NO_COLOR

/** Show `model` from now on; the function that is given back draws it for the last time. */
export const open = model => (isTerminal ? repaint(model) : print(model))

/** In place, on a terminal. */
function repaint(model) {
  let drawn = 0
  const draw = () => {
    const lines = frame(model, { rows: stdout.rows, columns: stdout.columns })
    const text = lines.map(line => `${paint(line)}${CLEAR_LINE_END}\n`).join('')
    stdout.write(`${up(drawn)}\r${text}${CLEAR_BELOW}`)
    drawn = lines.length
  }
  const redraw = () => {
    // Lines that the terminal has wrapped anew cannot be counted.
    stdout.write(CLEAR_SCREEN)
    drawn = 0
    draw()
  }
  const showCursor = () => stdout.write(SHOW_CURSOR)
  stdout.write(HIDE_CURSOR)
  process.once('exit', showCursor)
  stdout.on('resize', redraw)
  const timer = setInterval(draw, REPAINT_INTERVAL)
  return () => {
    clearInterval(timer)
    stdout.off('resize', redraw)
    process.off('exit', showCursor)
    draw()
    showCursor()
  }
}

/** Without a terminal that can go back a line. */
function print(model) {
  let steps = 0
  let lines = 0
  const printNews = () => {
    // Steps first: what is logged in the same moment belongs to the next one.
    const done = model.steps.filter(({ state }) => state !== 'running')
    for (; steps < done.length; steps += 1) console.log(paint(step(done[steps])))
    for (; lines < model.log.length; lines += 1) console.log(`   ${model.log[lines]}`)
  }
  console.log(model.title)
  const timers = [
    setInterval(printNews, REPAINT_INTERVAL),
    setInterval(() => console.log(paint(numbers(model))), PLAIN_INTERVAL),
  ]
  return () => {
    for (const timer of timers) clearInterval(timer)
    printNews()
  }
}

function paint(line) {
  const styled = ([style, text]) => (hasColours && SGR[style] ? `\x1b[${SGR[style]}m${text}\x1b[0m` : text)
  return line.map(styled).join('')
}
