/** What a result belongs to: the versions of everything, and the machine. */
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { availableParallelism, cpus, loadavg, release, totalmem } from 'node:os'
import { join } from 'node:path'
import { ROOT } from '../../scripts/run.mjs'
import { fixed } from './table.mjs'

/** How each program is asked for its version. */
const VERSION_FLAG = { nginx: '-v', haproxy: '-v', wrk: '-v' }

/** Print, and give, name → version. `executables` is name → path. */
export function environment(executables) {
  const versions = Object.entries(executables).map(([name, path]) => {
    return [name, version(path, VERSION_FLAG[name] ?? '--version')]
  })
  const facts = {
    'xypriss-cluster': `${packageVersion()} (${revision()})`,
    ...Object.fromEntries(versions),
    kernel: release(),
    processor: `${cpus()[0].model}, ${availableParallelism()} usable`,
    memory: `${fixed(totalmem() / 2 ** 30, 1)} GiB`,
    load: `${loadavg()
      .map(load => fixed(load, 2))
      .join(' ')} before the first run`,
  }
  for (const [name, fact] of Object.entries(facts)) console.log(`  ${name.padEnd(16)}${fact}`)
  return facts
}

function version(path, flag) {
  const { stdout, stderr } = spawnSync(path, [flag], { encoding: 'utf8' })
  return /\d+\.\d+[^\s,]*/.exec(stdout + stderr)?.[0] ?? 'unknown'
}

function packageVersion() {
  return JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')).version
}

/** The commit, marked when the tree differs from it; a package from the registry has none. */
function revision() {
  const args = ['describe', '--always', '--dirty', '--exclude=*']
  const { status, stdout } = spawnSync('git', args, { cwd: ROOT, encoding: 'utf8' })
  return status === 0 ? stdout.trim() : 'no git'
}
