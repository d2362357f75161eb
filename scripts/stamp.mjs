/**
 * Remembers what a set-up step was last run for, so that it is run again exactly when its inputs changed.
 *
 * Contents are hashed rather than times compared: a checkout or a cached CI folder changes every mtime.
 */
import { createHash } from 'node:crypto'
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { ROOT } from './run.mjs'

const FOLDER = join(ROOT, '.cache')

/** One hash over `inputs`, files or whole folders given relative to the repository. */
export function hashOf(inputs, salt = '') {
  const hash = createHash('sha256').update(salt)
  for (const file of inputs.flatMap(filesUnder))
    hash.update(`\0${file}\0`).update(readFileSync(join(ROOT, file)))
  return hash.digest('hex')
}

/** Whether step `name` was last completed for this `hash`. */
export function isCurrent(name, hash) {
  return read(name) === hash
}

/** Note that step `name` is complete for this `hash`. */
export function complete(name, hash) {
  mkdirSync(FOLDER, { recursive: true })
  writeFileSync(join(FOLDER, name), hash)
}

function read(name) {
  try {
    return readFileSync(join(FOLDER, name), 'utf8')
  } catch (error) {
    if (error.code === 'ENOENT') return null
    throw error
  }
}

function filesUnder(path) {
  if (!statSync(join(ROOT, path)).isDirectory()) return [path]
  return readdirSync(join(ROOT, path))
    .sort()
    .flatMap(name => filesUnder(join(path, name)))
}
