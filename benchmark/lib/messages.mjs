/** The workload of the IPC benchmark, whatever carries the messages. */

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

/** Ask for `seconds`, `window` at a time; gives answers per second. */
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
  return (answers / (performance.now() - begin)) * 1000
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

/** Round trips with one worker: `ask(data)` resolves with the echo of `data`. */
export async function measureOne(ask) {
  const small = record()
  const steady = async (data, window) => {
    await rate(() => ask(data), window, 0.3)
    return rate(() => ask(data), window, 1)
  }
  const throughput = async (data, size, window) => ((await steady(data, window)) * 2 * size) / 2 ** 20
  await steady(small, 256)
  await medianLatency(() => ask(small), 2_000)
  return {
    latency: await medianLatency(() => ask(small), 5_000),
    pipelinedTiny: await steady(tiny(), 256),
    pipelined: await steady(small, 256),
    text64K: await throughput(text(64 * KIB), 64 * KIB, 16),
    text1M: await throughput(text(1024 * KIB), 1024 * KIB, 4),
    json64K: await throughput(records(64 * KIB), 64 * KIB, 16),
    json1M: await throughput(records(1024 * KIB), 1024 * KIB, 4),
    bytes64K: await throughput(new Uint8Array(64 * KIB).fill(7), 64 * KIB, 16),
    bytes1M: await throughput(new Uint8Array(1024 * KIB).fill(7), 1024 * KIB, 4),
  }
}

/** Broadcasts per second: `askAll(data)` resolves when all have answered. */
export async function measureBroadcast(askAll) {
  const small = record()
  // As many messages for each worker as one alone has before it is measured.
  await rate(() => askAll(small), 16, 0.3 * BROADCAST)
  return { broadcast: await rate(() => askAll(small), 16, 1) }
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
  const figures = {
    latency: 2 * (small.write + small.read),
    pipelined: 1e6 / (small.write + small.read),
    broadcast: 1e6 / (small.write + BROADCAST * small.read),
  }
  const short = costs(tiny(), 0.5)
  figures.pipelinedTiny = 1e6 / (short.write + short.read)
  for (const [name, size] of [
    ['json64K', 64 * KIB],
    ['json1M', 1024 * KIB],
  ]) {
    const { write, read } = costs(records(size), 1.5)
    figures[name] = ((1e6 / (write + read)) * 2 * size) / 2 ** 20
  }
  return figures
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
