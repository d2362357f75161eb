/** The workload of the IPC benchmark, whatever carries the messages. */
import { nanosecondsOf } from './proc.mjs'

const KIB = 1024

/** About 1 KiB of JSON, as apps send it: a few records of numbers and short texts. */
export function record() {
  const items = Array.from({ length: 9 }, (_, index) => ({
    id: 1000 + index,
    name: `item number ${index}`,
    price: index * 1.25,
    tags: ['cluster', 'bench'],
    active: index % 2 === 0,
  }))
  return { kind: 'order', session: 'f3b1c9d2-77aa-4f5e-9a1e-0b6f2f1f8c11', items }
}

/** Text of about that size, as a page or a file has it. */
const text = size => 'The quick "brown" fox jumps over it.\n'.repeat(size / 37)

/** JSON of that size: records. */
const records = size => Array.from({ length: size / KIB }, record)

/** Ask for `seconds`, `window` at a time; gives how many are answered, and per second. */
async function rate(ask, window, seconds) {
  const begin = performance.now()
  const end = begin + seconds * 1000
  let answers = 0
  const lane = async () => {
    do {
      await ask()
      answers += 1
    } while (performance.now() < end)
  }
  await Promise.all(Array.from({ length: window }, lane))
  return { answers, perSecond: (answers / (performance.now() - begin)) * 1000 }
}

async function medianLatency(ask, times) {
  const all = []
  for (let time = 0; time < times; time++) {
    const begin = performance.now()
    await ask()
    all.push(performance.now() - begin)
  }
  all.sort((a, b) => a - b)
  return all[times >> 1] * 1000
}

/** 150 bytes of JSON or so. */
const tiny = () => ({ kind: 'status', id: 12_345, ok: true, text: 'x'.repeat(100) })

/** Processor time that all of `pids` have used, in microseconds. */
const cpuOf = pids => pids.reduce((sum, pid) => sum + nanosecondsOf(pid), 0) / 1000

/** Answers per second once it has run for `warmUp` seconds, and the processor time of one in microseconds. */
async function steady(ask, window, pids, warmUp = 0.3) {
  await rate(ask, window, warmUp)
  const before = cpuOf(pids)
  const { perSecond, answers } = await rate(ask, window, 1)
  return { perSecond, cpu: (cpuOf(pids) - before) / answers }
}

/** Round trips with one worker: `ask(data)` resolves with the echo of `data`; `pids` are the processes that take part. */
export async function measureOne(ask, pids) {
  const small = record()
  const figures = { cpu: {} }
  const measure = async (name, data, window, size) => {
    const { perSecond, cpu } = await steady(() => ask(data), window, pids)
    figures[name] = size ? (perSecond * 2 * size) / 2 ** 20 : perSecond
    figures.cpu[name] = cpu
  }
  await steady(() => ask(small), 256, pids)
  await medianLatency(() => ask(small), 2_000)
  const before = cpuOf(pids)
  figures.latency = await medianLatency(() => ask(small), 5_000)
  figures.cpu.latency = (cpuOf(pids) - before) / 5_000
  await measure('pipelinedTiny', tiny(), 256)
  await measure('pipelined', small, 256)
  await measure('text64K', text(64 * KIB), 16, 64 * KIB)
  await measure('text1M', text(1024 * KIB), 4, 1024 * KIB)
  await measure('json64K', records(64 * KIB), 16, 64 * KIB)
  await measure('json1M', records(1024 * KIB), 4, 1024 * KIB)
  await measure('bytes64K', new Uint8Array(64 * KIB).fill(7), 16, 64 * KIB)
  await measure('bytes1M', new Uint8Array(1024 * KIB).fill(7), 4, 1024 * KIB)
  return figures
}

/** Add broadcasts to `figures`: `askAll(data)` resolves when all of `pids` but one have answered. */
export async function measureBroadcast(figures, askAll, pids) {
  for (const [name, data] of [
    ['broadcast', record()],
    ['broadcastTiny', tiny()],
  ]) {
    // As many messages for each worker as one alone has before it is measured.
    const { perSecond, cpu } = await steady(() => askAll(data), 16, pids, 0.3 * BROADCAST)
    figures[name] = perSecond
    figures.cpu[name] = cpu
  }
}

/** How many workers are asked by a broadcast. */
export const BROADCAST = 8

/**
 * The same figures for somebody who only writes JSON and reads it, and carries nothing. Both processes of a round trip
 * do both; they do so one after the other when one waits for the other, else at the same time. A master that
 * broadcasts writes once and reads an answer of each.
 */
export function measureJSON() {
  const small = costs(record(), 1.5)
  const short = costs(tiny(), 0.5)
  const figures = {
    latency: 2 * (small.write + small.read),
    pipelined: 1e6 / (small.write + small.read),
    pipelinedTiny: 1e6 / (short.write + short.read),
    broadcast: 1e6 / (small.write + BROADCAST * small.read),
    broadcastTiny: 1e6 / (short.write + BROADCAST * short.read),
  }
  const echo = ({ write, read }) => 2 * (write + read)
  const toAll = ({ write, read }) => write + BROADCAST * (2 * read + write)
  const cpu = {
    latency: echo(small),
    pipelined: echo(small),
    pipelinedTiny: echo(short),
    broadcast: toAll(small),
    broadcastTiny: toAll(short),
  }
  for (const [name, size] of [
    ['json64K', 64 * KIB],
    ['json1M', 1024 * KIB],
  ]) {
    const { write, read } = costs(records(size), 1.5)
    figures[name] = ((1e6 / (write + read)) * 2 * size) / 2 ** 20
    cpu[name] = 2 * (write + read)
  }
  return { ...figures, cpu }
}

/** Microseconds of writing `data` as JSON, and of reading that; the median over parts of `seconds`. */
function costs(data, seconds) {
  const text = JSON.stringify(data)
  return {
    write: median(() => JSON.stringify(data), seconds / 2),
    read: median(() => JSON.parse(text), seconds / 2),
  }
}

function median(action, seconds) {
  const parts = []
  const end = performance.now() + seconds * 1000
  // The first parts are the warm-up; the median does not see them.
  while (performance.now() < end || parts.length < 9) {
    const begin = performance.now()
    let times = 0
    do {
      for (let time = 0; time < 4; time++) action()
      times += 4
    } while (performance.now() - begin < 5)
    parts.push((performance.now() - begin) / times)
  }
  parts.sort((a, b) => a - b)
  return parts[parts.length >> 1] * 1000
}
