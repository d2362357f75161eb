/** A real memory cgroup below the one of the tests, where this machine lets us make one. */
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { eventually } from './wait.mjs'

/**
 * Run `body` with a way to start a program in a new cgroup that may have `limit` bytes. Gives what is in the way of
 * that, if anything is.
 */
export async function withContainer(limit, body) {
  const place = findPlace()
  if (!place) return 'no memory cgroup can be made here'
  const directory = join(place.parent, `xypriss-spec-${process.pid}-${Date.now()}`)
  const scratch = mkdtempSync(join(tmpdir(), 'xypriss-spec-'))
  try {
    mkdirSync(directory)
    writeFileSync(join(directory, place.limit), String(limit))
    if (place.swap && existsSync(join(directory, place.swap)))
      writeFileSync(join(directory, place.swap), place.noSwap(limit))
  } catch (error) {
    rmSync(scratch, { recursive: true })
    if (existsSync(directory)) rmdirSync(directory)
    return `no memory cgroup can be made here: ${error.message}`
  }
  try {
    const wrapper = join(scratch, 'enter')
    writeFileSync(
      wrapper,
      `#!/bin/sh\necho $$ > '${directory}/cgroup.procs' || exit 70\nexec '${process.execPath}' "$@"\n`,
    )
    chmodSync(wrapper, 0o755)
    await body(wrapper)
  } finally {
    rmSync(scratch, { recursive: true })
    await eventually(
      () => readFileSync(join(directory, 'cgroup.procs'), 'utf8').trim() === '',
      'the end of every process in the cgroup',
    )
    rmdirSync(directory)
  }
  return undefined
}

function findPlace() {
  if (existsSync('/sys/fs/cgroup/cgroup.controllers')) {
    // A cgroup with processes in it has no children with controllers, so it has to be beside ours.
    const controllers = readFileSync('/sys/fs/cgroup/cgroup.subtree_control', 'utf8')
    if (!controllers.split(/\s/).includes('memory')) return undefined
    return { parent: '/sys/fs/cgroup', limit: 'memory.max', swap: 'memory.swap.max', noSwap: () => '0' }
  }
  const parent = '/sys/fs/cgroup/memory'
  if (!existsSync(join(parent, 'memory.limit_in_bytes'))) return undefined
  return { parent, limit: 'memory.limit_in_bytes', swap: 'memory.memsw.limit_in_bytes', noSwap: String }
}
