/** One set-up at a time: two commands that are started at once would install into the same folder. */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { ROOT } from './run.mjs'

const FILE = join(ROOT, '.cache', 'setup.lock')
const POLL_INTERVAL = 200

/** Run `body` while no other process runs one. */
export async function exclusively(body) {
  mkdirSync(dirname(FILE), { recursive: true })
  let told = false
  while (!take()) {
    const owner = holder()
    if (owner === null) continue
    if (!told) console.log(`waiting for process ${owner}, which sets this folder up`)
    told = true
    await setTimeout(POLL_INTERVAL)
  }
  try {
    return await body()
  } finally {
    rmSync(FILE, { force: true })
  }
}

function take() {
  try {
    writeFileSync(FILE, String(process.pid), { flag: 'wx' })
    return true
  } catch (error) {
    if (error.code === 'EEXIST') return false
    throw error
  }
}

/** The process that holds the lock; `null`, and the lock is free, when that has ended without giving it back. */
function holder() {
  let pid
  try {
    pid = Number(readFileSync(FILE, 'utf8'))
    // Empty for the moment between creation and writing.
    if (pid > 0) process.kill(pid, 0)
    return pid
  } catch (error) {
    if (error.code === 'EPERM') return pid
    rmSync(FILE, { force: true })
    return null
  }
}
