/**
 * Loaded before the agent: has the worker tell of itself only while it is told to, by SIGUSR2, which turns that on and
 * off, and then TELEMETRY_TIMES times at once. The file at TELEMETRY_SWITCH says how it stands.
 *
 * The agent does not find the page; it is opened here, by the same module that the agent would load. What is turned off
 * are its timer, its readings and what it does about garbage collections. What cannot be: on Node.js, two readings of the
 * clock for each collection; on both, a native thread that adds one to a number each second.
 */
const { writeFileSync } = require('node:fs')

const { TELEMETRY_SWITCH: file, TELEMETRY_TIMES: times, XYPRISS_CLUSTER_PAGE: path } = process.env
delete process.env.XYPRISS_CLUSTER_PAGE

let on = false
/** What the module asked to be called at an interval: `{ callback, period }`. */
const beats = []
/** The timers of these, while it is on. */
let timers = []
/** The functions that have to be called for collections to be seen again. */
let missed = []
/** Held here: one that is collected itself tells of nothing. */
const registries = []

process.on('SIGUSR2', () => {
  on = !on
  if (beats.length === 0) begin()
  if (on) {
    // Not all at one moment: each is to find the event loop as one alone would.
    timers = beats.map(({ callback, period }, index) => {
      const repeat = () => {
        callback()
        timers[index] = setInterval(callback, period).unref()
      }
      return setTimeout(repeat, (period * (index + 1)) / beats.length).unref()
    })
    const again = missed
    missed = []
    for (const watch of again) watch()
  } else {
    for (const timer of timers) clearTimeout(timer)
  }
  writeFileSync(file, on ? 'on' : 'off')
})

function begin() {
  const { NativeTelemetry } = require('../../binding.js')
  const module = require.resolve('../../dist/agent/telemetry.js')
  const page = new NativeTelemetry(path)
  const { countCollections } = page
  page.countCollections = full => countCollections.call(page, () => on && full())

  const { setInterval: start, FinalizationRegistry: Registry } = globalThis
  globalThis.setInterval = (callback, period) => {
    beats.push({ callback, period })
    return { unref() {} }
  }
  globalThis.FinalizationRegistry = class extends Registry {
    constructor(callback) {
      super(() => {
        if (on) callback()
        else missed.push(callback)
      })
      registries.push(this)
    }
  }
  try {
    for (let time = 0; time < Number(times); time += 1) {
      // Each has variables of its own.
      delete require.cache[module]
      require(module).tellBy(page)
    }
  } finally {
    Object.assign(globalThis, { setInterval: start, FinalizationRegistry: Registry })
  }
}
