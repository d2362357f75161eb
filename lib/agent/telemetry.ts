/**
 * What a worker tells of itself, by a page of memory that it shares with its master: no message is sent, and none is
 * waited for. Loaded when the app serves already.
 */
import { PerformanceObserver, performance } from 'node:perf_hooks'
import type { NativeTelemetry } from '../binding.js'

/** Between two beats, in milliseconds: the master listens once a second, and an idle worker is woken for each. */
const BEAT = 500
/** Beats between two readings of the memory. */
const READING = 2

/** V8's number for a collection that looks at the whole heap. */
const MAJOR = 4

/** Tell by `page` from now on. Never keeps the process alive. */
export function tellBy(page: NativeTelemetry): void {
  const bun = process.versions.bun !== undefined
  if (bun) countOnBun(page)
  else if (!page.countCollections(() => page.live(held()))) countOnNode(page)
  readMemory(page)

  let busy = performance.eventLoopUtilization()
  let beats = 0
  let due = performance.now() + BEAT
  setInterval(() => {
    const now = performance.now()
    const asked = page.beat(Math.max(0, now - due))
    due = now + BEAT
    if (asked > 0) collect(page, asked)
    beats += 1
    if (beats % READING > 0) return
    readMemory(page)
    // Bun has the function, and it says 0.
    page.utilization(bun ? -1 : performance.eventLoopUtilization(busy).utilization)
    if (!bun) busy = performance.eventLoopUtilization()
  }, BEAT).unref()
}

function readMemory(page: NativeTelemetry): void {
  const { heapUsed, heapTotal, external, arrayBuffers } = process.memoryUsage()
  page.held(heapUsed, heapTotal, external, arrayBuffers)
}

/** Heap, and what it holds outside. */
function held(): number {
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}

/** By an observer, which costs a busy worker a hundredth of its throughput: only where the engine does not count. */
function countOnNode(page: NativeTelemetry): void {
  const observer = new PerformanceObserver(list => {
    const entries = list.getEntries() as { duration: number; detail?: { kind?: number } }[]
    const took = entries.reduce((sum, { duration }) => sum + duration, 0)
    page.collected(entries.length, took)
    if (entries.some(({ detail }) => detail?.kind === MAJOR)) page.live(held())
  })
  observer.observe({ entryTypes: ['gc'] })
}

/** Held here: a registry that is collected itself tells of nothing any more. */
let registry: FinalizationRegistry<undefined> | undefined

/** Bun tells nothing of collections, so an object that nobody holds does: it is gone after one. */
function countOnBun(page: NativeTelemetry): void {
  const watch = () => registry?.register({}, undefined)
  registry = new FinalizationRegistry(() => {
    // Whether it was a full one is not told, so this says nothing of what is left.
    page.collected(1, -1)
    watch()
  })
  watch()
}

/** Collect the garbage, as the master asked. */
function collect(page: NativeTelemetry, asked: number): void {
  const [before, begin] = [held(), performance.now()]
  collector()()
  const after = held()
  page.answer(asked, before, after, performance.now() - begin)
  page.live(after)
  readMemory(page)
}

let found: (() => void) | undefined

/** The function that collects. Node.js keeps it to itself unless it is asked. */
function collector(): () => void {
  if (found) return found
  const { Bun, gc } = globalThis as { Bun?: { gc(force: boolean): void }; gc?: () => void }
  if (Bun) {
    found = () => Bun.gc(true)
  } else if (gc) {
    found = () => gc()
  } else {
    const v8 = require('node:v8') as typeof import('node:v8')
    const vm = require('node:vm') as typeof import('node:vm')
    v8.setFlagsFromString('--expose-gc')
    found = vm.runInNewContext('gc') as () => void
    // Only new contexts of the app would see it: they have it no longer.
    v8.setFlagsFromString('--no-expose-gc')
  }
  return found
}
